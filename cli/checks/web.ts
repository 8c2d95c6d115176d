// The search engine that org.yaml names: its address and its key; and, when asked, one search.

import type { Org } from '../../org/org.ts';
import { openWeb, webMissing } from '../../tools/web/open.ts';
import { WebFailure } from '../../tools/web/web.ts';
import { bad, type Finding, good, type Machine } from './finding.ts';
import { orgHere } from './org.ts';

/** Nothing is said of a company without a web. */
export async function checkWeb(machine: Machine): Promise<Finding | readonly Finding[]> {
  const settings = orgHere(machine)?.web;
  return settings === undefined ? [] : checkSearch(settings, machine);
}

/** A company survives without its search engine; but who asked for one has to know. */
async function checkSearch(settings: NonNullable<Org['web']>, machine: Machine): Promise<Finding> {
  const { env, live, liveMs } = machine;
  const { provider } = settings;
  const missing = webMissing(settings, env);
  if (missing) return bad('web', missing.message, missing.next);
  if (!live) return good('web', `${provider}; --live searches once`);
  try {
    const found = await openWeb({ settings, env }).search('headcount', AbortSignal.timeout(liveMs));
    return good('web', `${provider} answers: ${found.length} results`);
  } catch (error) {
    if (!(error instanceof WebFailure)) throw error;
    return bad('web', error.message, error.next);
  }
}
