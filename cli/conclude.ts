// The end of a run: what was expected against what came of it, the report, the export.

import { join, relative, resolve } from 'node:path';
import { usedUp } from '../actors/budget.ts';
import type { Stored } from '../bus/bus.ts';
import type { Violation } from '../invariants/auditor.ts';
import type { Org } from '../org/org.ts';
import type { Ending } from '../scenarios/ending.ts';
import { type Check, checkExpectations } from '../scenarios/expect.ts';
import type { Faults } from '../scenarios/faults.ts';
import type { Scenario } from '../scenarios/schema.ts';
import type { Assembled } from './assemble.ts';
import { auditOf } from './audit-history.ts';
import { productsOf, writeExport } from './company-file.ts';
import type { CliContext } from './context.ts';
import { noteBuilt } from './old-products.ts';
import type { RunOptions } from './options.ts';
import type { Places } from './places.ts';
import type { RunLog } from './run-log.ts';
import type { Screen } from './run-screen.ts';
import type { RunStream } from './run-stream.ts';

/** How a run came to its end. */
export type Ended = 'reached' | 'deadline' | 'interrupted';

/** What a run starts from. */
export type Ready = {
  readonly scenario: Scenario;
  readonly org: Org;
  /** The company file with the scenario's patch, as text. */
  readonly orgText: string;
  readonly readPrompt: (path: string) => string | undefined;
  readonly places: Places;
};

export type Play = {
  readonly options: RunOptions;
  readonly context: CliContext;
  readonly ready: Ready;
  readonly stage: { readonly ending: Pick<Ending, 'open'> };
  readonly stream: RunStream;
  readonly logs: RunLog;
  readonly screen: Screen;
};

/** Checks, exports and reports a run. Returns the exit code. */
export async function conclude(
  p: Play,
  assembled: Assembled,
  faults: Faults,
  how: Ended,
  startedAt: number,
): Promise<0 | 1 | 4> {
  const { options, context, ready, stage, stream, screen } = p;
  const { scenario, org, places } = ready;
  const { products, deployer } = assembled.tools;
  const slug = org.products[0]?.slug;
  const head = slug === undefined ? undefined : await products.head(slug).catch(() => undefined);
  if (slug !== undefined && head !== undefined) noteBuilt(places, slug, head);
  const messages: Stored[] = [];
  for await (const stored of stream.bus.replay({ filter: '>' })) messages.push(stored);
  const audited = auditOf(messages, org);
  const met = await checkExpectations(scenario, {
    messages,
    audited,
    readFile: async (path) => (slug === undefined || head === undefined ? undefined : products.read(slug, head, path)),
    commits: async () => (slug === undefined || head === undefined ? [] : products.log(slug)),
  });
  const checks: Check[] = [...met, ...faults.unspent().map(neverStruck), ...audited.broken.map(isBroken)];
  // Whoever interrupts has not waited for the end.
  const { board } = assembled.projections;
  const budgets = how === 'deadline' ? usedUp(board, assembled.org(), stream.clock.now()) : [];
  screen.end({
    how,
    budgets,
    checks,
    messages,
    company: org.company,
    open: stage.ending.open(),
    url: slug === undefined ? undefined : deployer.live(slug)?.url,
    wallMs: context.now() - startedAt,
    readable: stream.readable,
    productDir: (name) => relative(context.cwd, join(places.products, name)) || '.',
    reproduce: reproduction(options),
  });
  if (options.out !== undefined) {
    await writeExport(resolve(context.cwd, options.out), stream.bus, { products: productsOf({ places }, context) });
  }
  if (budgets.length > 0) return 4;
  return how === 'reached' && checks.every((check) => check.ok) ? 0 : 1;
}

/** Rules hold whether a scenario expects it or not. */
function isBroken({ invariant, seq, subject, detail }: Violation): Check {
  return { ok: false, what: `${invariant} at ${seq} (${subject})`, expected: 'it holds', actual: detail, before: [] };
}

/** A fault that was written down and did not happen: the story is not the one that was told. */
function neverStruck(fault: string): Check {
  return { ok: false, what: fault, expected: 'the fault strikes', actual: 'it never struck', before: [] };
}

/** The command that plays this very run again. */
function reproduction({ scenario, bus, seed, clock }: RunOptions): string {
  return [
    `headcount run ${scenario}`,
    bus === undefined ? '' : `--bus ${bus}`,
    seed === undefined ? '' : `--seed ${seed}`,
    clock === undefined ? '' : `--clock ${clock}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}
