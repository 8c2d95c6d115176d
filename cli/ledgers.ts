// The ledgers of a company in this workspace: .headcount/<company>/ledger/<n>.jsonl. Each process writes one of its own and
// checks the stream against all of them before it writes anything.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bus, Stored } from '../bus/bus.ts';
import { BusFailure } from '../bus/errors.ts';
import { checkStream, type Verdict } from '../bus/ledger/check.ts';
import { goneWith, StreamDamaged } from '../bus/ledger/errors.ts';
import { Ledger } from '../bus/ledger/ledger.ts';
import { markOf, type Pages, readLedger } from '../bus/ledger/lines.ts';
import { isAlive } from '../bus/server/alive.ts';
import { placesIn } from './assemble.ts';

/** Folder of a company's ledgers. */
export function ledgersDir(workspace: string, company: string): string {
  return join(placesIn(workspace, company).work, 'ledger');
}

export type Kept = Pages & { readonly path: string };

/** Every ledger that vouches for something, the furthest first. Throws LedgerDamaged. */
export async function readLedgers(workspace: string, company: string): Promise<Kept[]> {
  const dir = ledgersDir(workspace, company);
  const names = (await readdir(dir).catch(() => [])).filter((name) => /^\d+\.jsonl$/.test(name));
  const kept: Kept[] = [];
  for (const name of names) {
    const path = join(dir, name);
    const pages = await readLedger(path);
    if (pages && markOf(pages) > 0) kept.push({ ...pages, path });
  }
  return kept.sort((a, b) => markOf(b) - markOf(a));
}

/** Compares a stream with every ledger of the workspace. Returns the first damage, or how far it was compared. */
export async function checkAgainst(
  bus: Pick<Bus, 'info' | 'replay'>,
  kept: readonly Kept[],
  all: boolean,
): Promise<Verdict> {
  let whole: Verdict = { ok: true, from: 0, to: 0 };
  for (const pages of kept) {
    const verdict = await checkStream(bus, pages, all);
    if (!verdict.ok) return verdict;
    if (whole.ok && verdict.to > whole.to) whole = verdict;
  }
  return whole;
}

export type CompanyLedger = {
  /** True when the stream was there before, and must be there still. */
  readonly known: boolean;
  /** Compares the stream with what is known, before anything is written. Throws StreamDamaged, BusFailure. */
  check(bus: Bus): Promise<void>;
  /** Notes a message that the stream has shown, in order. */
  seen(stored: Stored, bytes?: Uint8Array): void;
  close(): Promise<void>;
};

export type CompanyLedgerOptions = {
  readonly workspace: string;
  readonly company: string;
  /** The stream begins again: what was known of it is put aside. */
  readonly fresh: boolean;
  readonly log: (level: 'info' | 'warn', line: string) => void;
};

/** Opens this process's ledger. Throws LedgerDamaged. */
export async function openCompanyLedger(options: CompanyLedgerOptions): Promise<CompanyLedger> {
  const { workspace, company, fresh, log } = options;
  const dir = ledgersDir(workspace, company);
  mkdirSync(dir, { recursive: true });
  const kept = fresh ? [] : await readLedgers(workspace, company);
  const { path, release } = takePlace(dir);
  const ledger = await Ledger.open(path, (line) => log('warn', line));
  if (fresh && ledger.pages) await ledger.startOver('a scenario begins with an empty stream');
  return {
    known: kept.length > 0,
    check: async (bus) => {
      const verdict = await checkAgainst(bus, kept, false);
      if (!verdict.ok) throw new StreamDamaged(company, verdict.damage);
      const { lastSeq } = await bus.info();
      if (kept.length === 0 && lastSeq > 0)
        log(
          'info',
          `no ledger yet: whether the ${lastSeq} messages of ${company} are what they were, nobody here can tell`,
        );
    },
    seen: (stored, bytes) => ledger.seen(stored, bytes),
    close: async () => {
      await ledger.close();
      release();
    },
  };
}

/** Throws what kept the company from being opened; a stream that was there before and is gone is named as such. */
export async function explainGone(error: unknown, workspace: string, company: string): Promise<unknown> {
  if (!(error instanceof BusFailure) || !['STREAM_GONE', 'NO_COMPANY'].includes(error.code)) return error;
  const [furthest] = await readLedgers(workspace, company);
  if (!furthest) return error;
  const tasks = new Set(furthest.links.flatMap((link) => link.tasks ?? []));
  return new StreamDamaged(company, goneWith(markOf(furthest), [...tasks]));
}

/** A ledger that no living process writes. */
function takePlace(dir: string): { path: string; release: () => void } {
  for (let n = 1; ; n += 1) {
    const lock = join(dir, `${n}.pid`);
    try {
      writeFileSync(lock, `${process.pid}\n`, { flag: 'wx' });
    } catch {
      const holder = Number(readOr(lock, '0'));
      if (holder > 0 && holder !== process.pid && isAlive(holder)) continue;
      writeFileSync(lock, `${process.pid}\n`);
    }
    return { path: join(dir, `${n}.jsonl`), release: () => rmSync(lock, { force: true }) };
  }
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
