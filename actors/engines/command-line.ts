// A command line as an employee: one recorded step does the whole attempt. What it says is a claim like any other, what it
// left in the clone is taken as a draft, and everything after that is the harness's.

import { checkAnswer, contractOf } from '../../brain/answers.ts';
import type { FileChange, Usage, WorkReport } from '../../bus/records.ts';
import type { CliSettings } from '../../org/org.ts';
import type { CoderName, CoderTrouble, CoderUsage } from '../../tools/engines/coder.ts';
import { digestSection } from '../documents.ts';
import { using } from '../duties/failing.ts';
import { aboutSections } from '../duties/source.ts';
import { type TaskWork, WorkFailure } from '../duty.ts';
import { allowed } from '../permission.ts';
import { speaking } from '../saying.ts';
import { blocked } from './blockers.ts';
import { type Engine, type Ground, refusedFile, tellPath } from './engine.ts';
import { continuedSections } from './sections.ts';

const HOW = [
  'You are in the folder of the product; nothing else of this machine is there, and there is no network but your provider.',
  'Change only what the task needs. Run the tests before you end. Do not commit: that is done for you.',
  'Nobody can answer a question: decide, and say so in your report, or end as blocked.',
].join('\n');

type Coded = { readonly report: WorkReport; readonly files: readonly FileChange[] };

/** What it cost: what it says, or its tokens at the price of org.yaml; undefined is charged at its worst. */
function usageOf(used: CoderUsage | undefined, { price }: CliSettings): Usage | undefined {
  if (!used) return undefined;
  const { model, inputTokens, outputTokens } = used;
  const priced = price && (inputTokens * price.input + outputTokens * price.output) / 1e6;
  const cost = used.cost ?? priced;
  return cost === undefined ? undefined : { model, inputTokens, outputTokens, cost };
}

function failureOf({ code, why }: CoderTrouble, usage: Usage | undefined): WorkFailure {
  // More of the same turns would do no better: it climbs.
  if (code === 'limit') return new WorkFailure({ kind: 'quality', reason: why }, usage);
  return new WorkFailure(blocked(code, why), usage);
}

/** What it reports is recorded and told, as an answer of a model is: it is refused whole. */
async function refuseSecrets(work: TaskWork, name: CoderName, report: WorkReport, usage: Usage | undefined) {
  const found = work.secrets.find(JSON.stringify(report));
  if (found === undefined) return;
  const reason = `policy: the report of ${name} holds ${found.what}, ${found.how}`;
  await work.refused({ tool: 'coding_cli', summary: `the report on ${work.task.id}`, rule: 'secret', reason });
  throw new WorkFailure({ kind: 'permanent', reason }, usage);
}

/** What fails after it has ended has cost what it said, not the worst. */
async function paidFor<T>(usage: Usage | undefined, run: () => Promise<T>): Promise<T> {
  try {
    return await using(run);
  } catch (error) {
    throw error instanceof WorkFailure ? new WorkFailure(error.failure, usage) : error;
  }
}

async function code(work: TaskWork, ground: Ground, name: CoderName, prompt: string) {
  const { tools, org, task, agent, bus, signal } = work;
  const settings = org.engines[name];
  if (!tools.coders) throw new WorkFailure(blocked('agent_unavailable', 'this company runs no command lines'));
  const clone = await tools.products.openClone(ground.product.slug, task.id, ground.branch, ground.on);
  const { schema } = contractOf('work');
  const say = speaking(bus, { agent, task: task.id, id: `${task.id}.a${task.attempt}.${work.turn.now()}` });
  const heard = (line: string) => say(work.secrets.scrub(line));
  const sent = { id: `${task.id}.a${task.attempt}.code`, purpose: 'work', prompt, schema };
  const kept = work.keep(sent);
  const coded = await tools.coders.run({ name, clone, prompt, schema, settings, signal, heard });
  const usage = usageOf(coded.usage, settings);
  if ('code' in coded.end) throw failureOf(coded.end, usage);
  const parsed = checkAnswer('work', coded.end.report);
  if (!parsed.ok) throw failureOf({ code: 'invalid_result_contract', why: parsed.reason }, usage);
  await refuseSecrets(work, name, parsed.answer, usage);
  const files = await paidFor(usage, () => tools.products.changes(clone));
  const refused = refusedFile(files, ground);
  if (refused !== undefined) {
    await tellPath(work, refused);
    throw new WorkFailure({ kind: 'contract', reason: refused.message }, usage);
  }
  const result: Coded = { report: parsed.answer, files };
  return { result, usage, prompt: await kept };
}

export function commandLine(name: CoderName): Engine {
  return async (work, ground) => {
    await allowed(work, { tool: 'coding_cli', summary: `${name} works on ${work.task.id}` });
    const paths = await using(() => work.tools.products.list(ground.product.slug, ground.start));
    const sections = [
      ...continuedSections(work.task),
      ...(await using(() => digestSection(work, ground.product.slug, ground.start))),
      ...aboutSections(ground.product, paths),
      { name: 'How you work', text: HOW },
    ];
    const { system, prompt } = await work.brief(sections);
    const { cost, model } = work.org.engines[name];
    const bill = { name: 'code', purpose: 'work', worst: cost, ...(model === undefined ? {} : { model }) };
    return work.pay(bill, () => using(() => code(work, ground, name, `${system}\n\n${prompt}`)));
  };
}
