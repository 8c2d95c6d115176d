// A tool loop: the model looks, changes, tests, and hands in. Each of its turns is a recorded step, and so is each result
// that is no function of the files; the rest is done again after a crash, from the recorded calls, to the same end.
//
// Invariants:
//   L1. No turn is paid for twice, and none is begun that could go over the limits of the loop.
//   L2. Nothing of a call happens before its arguments are parsed and the gate has let it pass.
//   L3. The files are a function of the commit and the recorded turns.

import { parseAnswer } from '../../brain/answers.ts';
import { outsideOf } from '../../brain/knowledge/passage.ts';
import type { Exchange, ToolCall, ToolResult } from '../../brain/models/model.ts';
import type { WorkReport } from '../../bus/records.ts';
import type { LoopSettings } from '../../org/org.ts';
import { SecretRefused } from '../../tools/policy/secrets.ts';
import type { TestRun } from '../../tools/tools.ts';
import type { Seen } from '../../tools/web/tools.ts';
import { WebFailure } from '../../tools/web/web.ts';
import { digestSection } from '../documents.ts';
import { failed, using } from '../duties/failing.ts';
import { aboutSections } from '../duties/source.ts';
import type { TaskWork } from '../duty.ts';
import { WorkFailure } from '../duty.ts';
import { WalletEmpty } from '../money/asking.ts';
import { blocked } from './blockers.ts';
import { cutShort, type Drafted, type Engine, type Ground } from './engine.ts';
import { type Hands, perform, toolSpecs } from './loop-tools.ts';
import { Repeats } from './repeats.ts';
import { continuedSections } from './sections.ts';
import { Workbook } from './workbook.ts';

/** Calls that one turn may make; the rest is answered with an error. */
const MOST_CALLS = 20;

const HOW = [
  'Work in turns: call tools, look at their results, and call again. Several calls in one turn are done in order.',
  'Look before you change. Change only what the task needs. Run the tests before you hand in.',
  'Hand in with finish. Say partial when only a part is done and sound, blocked when nothing can be kept; both honestly.',
].join('\n');

/** What the turns of a loop have used. */
type Used = { turns: number; ms: number; cost: number };

/** No turn is begun any more: a limit of the loop is reached. */
class OverLimit extends Error {
  override readonly name = 'OverLimit';
}

/** Throws OverLimit. @param worst the most that one more turn can cost, US dollars */
function refuseOver(limits: LoopSettings, used: Used, worst: number): void {
  if (used.ms >= limits.ms) throw new OverLimit(`its ${Math.round(limits.ms / 60_000)} minutes are used up`);
  if (used.cost + worst > limits.cost) throw new OverLimit(`one more turn could cost more than its $${limits.cost}`);
}

/** A loop that came to no report of its own: what it has written is kept. Throws WorkFailure when that is nothing. */
async function ended(by: OverLimit | WalletEmpty, files: Workbook): Promise<Drafted> {
  const changes = await files.changes();
  const broke = by instanceof WalletEmpty;
  if (changes.length > 0) return cutShort(by.message, changes, broke ? 'budget_exhausted' : 'timeout');
  throw broke ? by : failed('quality', `the loop ended without a report: ${by.message}`);
}

/** Tests the files as they are in a clone of their own, as a recorded step. */
function testing(
  work: TaskWork,
  { product, start, on, branch }: Ground,
  files: Workbook,
  step: string,
): Promise<TestRun> {
  const { products } = work.tools;
  return work.step(step, () =>
    using(async () => {
      const clone = await products.openClone(product.slug, work.task.id, branch, on);
      const changes = await files.changes();
      if (changes.length > 0) await products.apply(clone, changes, start);
      const written = changes.flatMap((file) => ('content' in file ? [file.path] : []));
      const { findings } = await products.validate(clone, written);
      if (findings.length > 0) {
        const lines = findings.slice(0, 20).map((one) => `${one.path}:${one.line}:${one.column} ${one.message}`);
        return { ok: false, outcome: 'failed', summary: `syntax: ${lines.length} errors`, tail: lines.join('\n') };
      }
      const tested = await products.test(clone, product.test, work.signal);
      // Says nothing about the work: the loop waits until tests can run again.
      if (tested.outcome === 'missing' || tested.outcome === 'no-sandbox') throw failed('environment', tested.summary);
      return tested;
    }),
  );
}

type Turn = { readonly results: readonly ToolResult[]; readonly report?: WorkReport };

class Loop {
  readonly #work: TaskWork;
  readonly #ground: Ground;
  readonly #files: Workbook;
  readonly #repeats: Repeats;
  #tested = '';

  constructor(work: TaskWork, ground: Ground, files: Workbook, idle: number) {
    this.#work = work;
    this.#ground = ground;
    this.#files = files;
    this.#repeats = new Repeats(idle);
  }

  /** Does the calls of one turn in order, up to the one that hands the work in. */
  async turn(number: number, calls: readonly ToolCall[]): Promise<Turn> {
    const results: ToolResult[] = [];
    for (const [index, call] of calls.entries()) {
      if (index >= MOST_CALLS) {
        results.push({ id: call.id, text: `not done: a turn makes at most ${MOST_CALLS} calls`, isError: true });
        continue;
      }
      this.#endIf(this.#repeats.called(call.name, call.input));
      const done = await perform(call, this.#hands(`work.${number}.${index + 1}`));
      if ('report' in done) return { results, report: done.report };
      results.push({ id: call.id, ...done });
    }
    this.#endIf(this.#repeats.ended(JSON.stringify([await this.#files.changes(), this.#tested])));
    return { results };
  }

  #hands(step: string): Hands {
    return {
      files: this.#files,
      test: async () => {
        const run = await testing(this.#work, this.#ground, this.#files, `${step}.tests`);
        this.#tested = `${run.outcome} ${run.summary}`;
        return run;
      },
      recall: async (question) => {
        const found = await this.#work.step(`${step}.knowledge`, () => this.#work.knowledge.search(question));
        this.#work.tainted(outsideOf(found.passages.map(({ source }) => source)));
        return found;
      },
      browse: async (use) => {
        const { tools, turn, signal } = this.#work;
        const seen = await this.#work.step(`${step}.web`, async () =>
          turn
            .pause(() => use(tools.web, signal))
            .catch((error: unknown): Seen => {
              // No web is no reason to give up: the model is told, and goes on without.
              if (error instanceof WebFailure || error instanceof SecretRefused)
                return { text: error.message, taint: [] };
              throw error;
            }),
        );
        this.#work.tainted(seen.taint);
        return seen.text;
      },
      refused: async (call) => {
        const decision = await this.#work.decide(call);
        return decision.verdict === 'allow' ? undefined : decision.reason;
      },
      tell: (refusal) => this.#work.refused(refusal),
    };
  }

  #endIf(why: string | undefined): void {
    if (why !== undefined) throw failed('quality', why);
  }
}

/** A model that stops calling must have said its report. */
function reportIn(text: string): WorkReport {
  const parsed = parseAnswer('work', text);
  if (!parsed.ok)
    throw new WorkFailure(blocked('invalid_result_contract', `it stopped without finish: ${parsed.reason}`));
  return parsed.answer;
}

/** Tells the model how much is left, with the last result: its brief stays as it was. */
function withRest(results: readonly ToolResult[], left: number): readonly ToolResult[] {
  const last = results.at(-1);
  if (!last || left > 3) return results;
  const note = left === 1 ? 'this is your last turn: finish now' : `${left} turns are left: finish in time`;
  return [...results.slice(0, -1), { ...last, text: `${last.text}\n(${note})` }];
}

export const loopEngine: Engine = async (work, ground): Promise<Drafted> => {
  const limits = work.org.engines.loop;
  const { product, start, refusePath } = ground;
  const at = { slug: product.slug, commit: start };
  const files = await using(() => Workbook.open(work.tools.products, at, refusePath));
  const sections = [
    ...continuedSections(work.task),
    ...(await using(() => digestSection(work, product.slug, start))),
    ...aboutSections(product, files.paths()),
    { name: 'How you work', text: HOW },
  ];
  const talk = await work.converse(sections, toolSpecs(work.role, work.org.web !== undefined));
  const loop = new Loop(work, ground, files, limits.idle);
  const used: Used = { turns: 0, ms: 0, cost: 0 };
  const rounds: Exchange[] = [];
  while (used.turns < limits.turns) {
    const turn = await talk
      .next(rounds, (worst) => refuseOver(limits, used, worst))
      .catch((error: unknown) => {
        if (error instanceof OverLimit || error instanceof WalletEmpty) return error;
        throw error;
      });
    if (turn instanceof Error) return ended(turn, files);
    const { text, calls, said, cost, ms } = turn;
    used.turns += 1;
    used.ms += ms;
    used.cost += cost;
    if (calls.length === 0) return { report: reportIn(text), files: await files.changes() };
    const { results, report } = await loop.turn(used.turns, calls);
    if (report) return { report, files: await files.changes() };
    rounds.push({ said, results: withRest(results, limits.turns - used.turns) });
  }
  return ended(new OverLimit(`its ${limits.turns} turns are used up`), files);
};
