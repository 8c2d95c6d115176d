// Companies of a workspace whose streams are not what its ledgers have seen of them, also those that nobody asked about.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BusFailure, HeadcountError } from '../bus/errors.ts';
import { Check } from '../bus/ledger/check.ts';
import { goneWith, StreamDamaged } from '../bus/ledger/errors.ts';
import { markOf } from '../bus/ledger/lines.ts';
import type { Known } from './connect.ts';
import { isElsewhere } from './elsewhere.ts';
import { checkAgainst, type Kept, readLedgers, tasksIn } from './ledgers.ts';
import { openStream } from './stream.ts';

/** Throws what kept the company from being opened; a stream that was there before and is gone is named as such. */
export async function explainGone(error: unknown, workspace: string, company: string): Promise<unknown> {
  if (!(error instanceof BusFailure) || !['STREAM_GONE', 'NO_COMPANY'].includes(error.code)) return error;
  return (await lostCompany(workspace, company)) ?? error;
}

/** What to say of a company that is not on its server although a ledger of the workspace has seen its stream. */
export async function lostCompany(workspace: string, company: string): Promise<StreamDamaged | undefined> {
  const kept = await readLedgers(workspace, company);
  return goneFor(company, kept);
}

/** The first company of the workspace's own store that is lost. */
export async function firstLost(workspace: string, there: readonly Pick<Known, 'company'>[]) {
  for (const company of await companiesIn(workspace)) {
    if (there.some((one) => one.company === company)) continue;
    const lost = await lostCompany(workspace, company);
    if (lost) return lost;
  }
  return undefined;
}

export type Trouble = { readonly company: string; readonly error: HeadcountError };

/**
 * What is wrong with the companies of the workspace's own store but one, as far as that shows without reading every stream:
 * one that is gone, one that is shorter than it was or has holes, a ledger that cannot be read. Throws BusFailure.
 * @param url of the server that holds `known`
 */
export async function othersInTrouble(
  { url, known, but }: { readonly url: string; readonly known: readonly Known[]; readonly but: string },
  workspace: string,
): Promise<Trouble[]> {
  const found: Trouble[] = [];
  for (const company of await companiesIn(workspace)) {
    if (company === but) continue;
    const there = known.find((one) => one.company === company);
    const error = await troubleOf(company, there && { ...there, url }, workspace).catch((thrown: unknown) => {
      if (thrown instanceof HeadcountError) return thrown;
      throw thrown;
    });
    if (error) found.push({ company, error });
  }
  return found;
}

async function troubleOf(company: string, there: (Known & { readonly url: string }) | undefined, workspace: string) {
  const kept = await readLedgers(workspace, company);
  if (!there) return goneFor(company, kept);
  if (!kept.some((pages) => new Check(pages, there, false).suspect)) return undefined;
  const { bus, close } = await openStream(there.url, company);
  const verdict = await checkAgainst(bus, kept, true).finally(close);
  return verdict.ok ? undefined : new StreamDamaged(company, verdict.damage);
}

function goneFor(company: string, [furthest]: readonly Kept[]): StreamDamaged | undefined {
  return furthest && new StreamDamaged(company, goneWith(markOf(furthest), tasksIn(furthest)));
}

/** Those whose streams the workspace's own store should hold, as far as a folder of theirs says so. */
async function companiesIn(workspace: string): Promise<string[]> {
  const names = await readdir(join(workspace, '.headcount')).catch(() => []);
  return names.filter((name) => !isElsewhere(workspace, name)).sort();
}
