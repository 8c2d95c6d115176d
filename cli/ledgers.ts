// The ledgers of a company in this workspace: .headcount/<company>/ledger/<n>.jsonl. Each process writes one of its own and
// checks the stream against all of them before it writes anything.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bus, Stored } from '../bus/bus.ts';
import type { HeadcountError } from '../bus/errors.ts';
import { Check, checkStream, type Verdict } from '../bus/ledger/check.ts';
import { StreamDamaged } from '../bus/ledger/errors.ts';
import { Ledger } from '../bus/ledger/ledger.ts';
import { LedgerDamaged, markOf, type Pages, putAside, readLedger } from '../bus/ledger/lines.ts';
import { isAlive } from '../bus/server/alive.ts';
import { placesIn } from './places.ts';

/** Folder of a company's ledgers. */
export function ledgersDir(workspace: string, company: string): string {
  return join(placesIn(workspace, company).work, 'ledger');
}

export type Kept = Pages & { readonly path: string };

/** Every ledger that vouches for something, the furthest first. Throws LedgerDamaged. */
export async function readLedgers(workspace: string, company: string): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (const path of await ledgerPaths(workspace, company)) {
    const pages = await readLedger(path);
    if (pages && markOf(pages) > 0) kept.push({ ...pages, path });
  }
  return kept.sort((a, b) => markOf(b) - markOf(a));
}

async function ledgerPaths(workspace: string, company: string): Promise<string[]> {
  const dir = ledgersDir(workspace, company);
  const names = await readdir(dir).catch(() => []);
  return names.filter((name) => /^\d+\.jsonl$/.test(name)).map((name) => join(dir, name));
}

/** Takes the ledgers that cannot be read out of use. Returns where they are now. */
export async function putUnreadableAside(workspace: string, company: string): Promise<string[]> {
  const aside: string[] = [];
  for (const path of await ledgerPaths(workspace, company)) {
    const read = await readLedger(path).catch(unreadable);
    const kept = read instanceof LedgerDamaged ? await putAside(path) : undefined;
    if (kept !== undefined) aside.push(kept);
  }
  return aside;
}

/** Takes every ledger of a company out of use: what they vouch for is not the stream that there is now. */
export async function putAllAside(workspace: string, company: string): Promise<void> {
  for (const path of await ledgerPaths(workspace, company)) await putAside(path);
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

/**
 * Reads everything that the stream holds, and compares it on the way with every ledger of its workspace. What is wrong is
 * returned, not thrown. Throws BusFailure.
 * @param workspace undefined when no ledger here is of this stream
 */
export async function readCompared(
  bus: Pick<Bus, 'company' | 'info' | 'replay'>,
  workspace: string | undefined,
): Promise<{ readonly history: Stored[]; readonly trouble: HeadcountError | undefined }> {
  // The ledgers first: what the stream gets meanwhile makes it longer than they are, never shorter.
  const known = workspace === undefined ? [] : await readLedgers(workspace, bus.company).catch(unreadable);
  const length = await bus.info();
  const checks = known instanceof LedgerDamaged ? [] : known.map((pages) => new Check(pages, length, true));
  const history: Stored[] = [];
  let raw: Uint8Array | undefined;
  const bytes = (one: Uint8Array) => {
    raw = one;
  };
  for await (const stored of bus.replay({ filter: '>', bytes })) {
    for (const check of checks) check.look(stored, raw);
    history.push(stored);
  }
  if (known instanceof LedgerDamaged) return { history, trouble: known };
  const verdict = checks.map((check) => check.verdict()).find(({ ok }) => !ok);
  return { history, trouble: verdict && !verdict.ok ? new StreamDamaged(bus.company, verdict.damage) : undefined };
}

function unreadable(error: unknown): LedgerDamaged {
  if (error instanceof LedgerDamaged) return error;
  throw error;
}

/** The comparison of a stream with what is known of it, fed by whoever reads the past anyway. */
export type Checking = {
  /** The next message of the past, in order. */
  look(stored: Stored, bytes?: Uint8Array): void;
  /** All of the past has been shown. Call it before anything is written. Throws StreamDamaged. */
  end(): Promise<void>;
};

export type CompanyLedger = {
  /** True when the stream was there before, and must be there still. */
  readonly known: boolean;
  /** Forgets what was known, before a stream that is not kept is removed. */
  forget(why: string): Promise<void>;
  /** Begins to compare the stream with what is known. Throws StreamDamaged when its length says enough, BusFailure. */
  check(bus: Bus): Promise<Checking>;
  /** Notes a message that the stream has shown, in order. */
  seen(stored: Stored, bytes?: Uint8Array): void;
  /** Notes what the stream holds and nobody has shown yet: the last words of a company that ends. Throws BusFailure. */
  catchUp(bus: Pick<Bus, 'replay'>): Promise<void>;
  close(): Promise<void>;
};

export type CompanyLedgerOptions = {
  readonly workspace: string;
  readonly company: string;
  /** The stream begins again: what was known of it is forgotten. */
  readonly fresh: boolean;
  readonly log: (level: 'info' | 'warn', line: string) => void;
};

/** Opens this process's ledger. Throws LedgerDamaged. */
export async function openCompanyLedger(options: CompanyLedgerOptions): Promise<CompanyLedger> {
  const { workspace, company, fresh, log } = options;
  const dir = ledgersDir(workspace, company);
  mkdirSync(dir, { recursive: true });
  let kept = fresh ? [] : await readLedgers(workspace, company);
  const { path, release } = takePlace(dir);
  const openHere = () => Ledger.open(path, (line) => log('warn', line));
  // What is here may be of a company, beside which no scenario is played: it is left alone until the stream is ours.
  let ledger = fresh ? undefined : await openHere();
  if (kept.length > 0) ledger?.hold();
  return {
    known: kept.length > 0,
    forget: async (why) => {
      for (const other of kept) if (other.path !== path) rmSync(other.path, { force: true });
      kept = [];
      const old = ledger?.pages && (await ledger.startOver(why));
      if (old !== undefined) rmSync(old, { force: true });
    },
    check: async (bus) => {
      if (fresh) {
        rmSync(path, { force: true });
        ledger = await openHere();
      }
      const length = await bus.info();
      if (kept.length === 0 && length.lastSeq > 0)
        log(
          'info',
          `no ledger yet: whether the ${length.lastSeq} messages of ${company} are what they were, nobody here can tell`,
        );
      const checks = kept.map((pages) => new Check(pages, length, false));
      const refuse = (verdict: Verdict) => {
        if (!verdict.ok) throw new StreamDamaged(company, verdict.damage);
      };
      if (checks.some(({ suspect }) => suspect)) refuse(await checkAgainst(bus, kept, false));
      return {
        look: (stored, bytes) => {
          for (const check of checks) check.look(stored, bytes);
        },
        end: async () => {
          for (const check of checks) refuse(check.verdict());
          ledger?.release();
        },
      };
    },
    seen: (stored, bytes) => ledger?.seen(stored, bytes),
    catchUp: async (bus) => {
      if (!ledger || ledger.held) return;
      let raw: Uint8Array | undefined;
      const bytes = (one: Uint8Array) => {
        raw = one;
      };
      const rest = { filter: '>', fromSeq: ledger.last + 1, foreign: () => {}, bytes };
      for await (const stored of bus.replay(rest)) ledger.seen(stored, raw);
    },
    close: async () => {
      await ledger?.close();
      release();
    },
  };
}

/** Every task that was written about. */
export function tasksIn({ links }: Pages): string[] {
  return [...new Set(links.flatMap((link) => link.tasks ?? []))];
}

/** A ledger that no living process writes. Processes that start in the same instant each get one of their own. */
function takePlace(dir: string): { path: string; release: () => void } {
  for (let n = 1; ; n += 1) {
    const lock = join(dir, `${n}.pid`);
    if (!isPut(lock)) {
      const holder = Number(readOr(lock, ''));
      // Without a number in it somebody is just taking it.
      if (holder === 0 || (holder !== process.pid && isAlive(holder)) || !inherits(lock, holder)) continue;
    }
    return { path: join(dir, `${n}.jsonl`), release: () => rmSync(lock, { force: true }) };
  }
}

/** Puts this process's number into a file that is not there yet. */
function isPut(path: string): boolean {
  try {
    writeFileSync(path, `${process.pid}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Takes over from a process that is gone: one does, of all that find it gone. */
function inherits(lock: string, gone: number): boolean {
  const heir = `${lock}.${gone}`;
  if (!isPut(heir)) return false;
  const isLeft = Number(readOr(lock, '')) === gone;
  if (isLeft) writeFileSync(lock, `${process.pid}\n`);
  rmSync(heir, { force: true });
  return isLeft;
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}
