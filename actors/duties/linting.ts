// What the product's own linter says of a change: the `lint` script of its package.json, run like the tests. The script is
// read from the default branch, for the author of a change does not choose who judges it.

import { z } from 'zod';
import type { Clone, Products } from '../../tools/tools.ts';

/** Recorded with the test step; part of the score (deed.ts). */
export type LintRun =
  | { readonly ran: true; readonly ok: boolean; readonly summary: string }
  /** It could not judge: the product has none, or it cannot be run here. */
  | { readonly ran: false; readonly why: string };

const Manifest = z.object({ scripts: z.object({ lint: z.string().trim().min(1) }) });

/** What a shell ends with when there is no such program. */
const NOT_FOUND = 127;

/** The lint script of a package.json; undefined when there is none, or it cannot be read. */
function lintScript(text: string | undefined): string | undefined {
  try {
    return Manifest.parse(JSON.parse(text ?? '')).scripts.lint;
  } catch {
    return undefined;
  }
}

/**
 * Runs the product's linter on a clone, in the sandbox, on a copy.
 * Throws what reading the product and running it throw; the signal's reason when aborted.
 */
export async function lint(products: Products, clone: Clone, signal: AbortSignal): Promise<LintRun> {
  const script = lintScript(await products.read(clone.product, clone.base, 'package.json'));
  if (script === undefined) return { ran: false, why: 'package.json of the product has no lint script' };
  // As npm would find its programs.
  const command = `PATH="$PWD/node_modules/.bin:$PATH"; ${script}`;
  const run = await products.test(clone, ['sh', '-c', command], signal);
  if (run.outcome === 'passed') return { ran: true, ok: true, summary: 'nothing to object to' };
  if (run.code === NOT_FOUND) return { ran: false, why: `"${script}" is not installed here` };
  if (run.outcome !== 'failed') return { ran: false, why: run.summary };
  const last = run.tail.split('\n').findLast((line) => line.trim() !== '') ?? 'it said nothing';
  return { ran: true, ok: false, summary: last.trim().slice(0, 200) };
}
