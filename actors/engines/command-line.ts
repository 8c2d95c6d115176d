// A command line as an employee: one recorded step does the whole attempt. What it says is a claim like any other, what it
// left in the clone is taken as a draft, and everything after that is the harness's.

import { checkAnswer, contractOf } from '../../brain/answers.ts';
import { costOf, pricesWith, UnpricedModel } from '../../brain/models/cost.ts';
import { ModelFailure } from '../../brain/models/model.ts';
import type { FileChange, Usage, WorkReport } from '../../bus/records.ts';
import type { CliSettings, Org } from '../../org/org.ts';
import type { CoderName, CoderTrouble, CoderUsage, PriceOf } from '../../tools/engines/coder.ts';
import type { Clone } from '../../tools/tools.ts';
import { digestSection } from '../documents.ts';
import { using } from '../duties/failing.ts';
import { aboutSections } from '../duties/source.ts';
import { type TaskWork, WorkFailure } from '../duty.ts';
import { allowed } from '../permission.ts';
import { speaking } from '../saying.ts';
import { blocked } from './blockers.ts';
import { cutShort, type Drafted, type Engine, type Ground, refusedFile, tellPath } from './engine.ts';
import { continuedSections } from './sections.ts';

const HOW = [
  'You are in the folder of the product; nothing else of this machine is there, and there is no network but your provider.',
  'Change only what the task needs. Run the tests before you end. Do not commit: that is done for you.',
  'Nobody can answer a question: decide, and say so in your report, or end as blocked.',
].join('\n');

/** Codes of an end before a model has read anything, where nobody counted: nothing is paid. */
const unbegun: ReadonlySet<string> = new Set(['agent_unavailable', 'environment_failure', 'missing_credentials']);

/**
 * What tokens cost: at the price of org.yaml, or of the list (brain/models/prices.ts). Cached ones are counted as if they were new:
 * never too little.
 * @param at when, epoch ms
 */
function pricing({ models, engines }: Org, name: CoderName, at: number): PriceOf {
  const { price, model: named } = engines[name];
  return ({ model, inputTokens, outputTokens }) => {
    const asked = named ?? model;
    const own = price && { model: asked, ...price };
    const tokens = { inputTokens, outputTokens, cacheReadTokens: 0, cacheWriteTokens: 0, estimated: false };
    try {
      return costOf(pricesWith(own ? [...models.prices, own] : models.prices), asked, tokens, at);
    } catch (error) {
      if (error instanceof UnpricedModel) return undefined;
      throw error;
    }
  };
}

/**
 * What it cost: what was counted or what it says, or its tokens at their price. Where none of that is known it is all that was
 * set aside, and said to be an estimate: nothing is free because nobody counted.
 */
function usageOf(
  name: CoderName,
  used: CoderUsage | undefined,
  { model: named, cost: most }: CliSettings,
  priceOf: PriceOf,
): Usage {
  const { model = named ?? name, inputTokens = 0, outputTokens = 0 } = used ?? {};
  const said = used?.cost === 0 && inputTokens + outputTokens > 0 ? undefined : used?.cost;
  const cost = said ?? (used && priceOf(used));
  if (cost === undefined) return { model, inputTokens, outputTokens, cost: most, estimated: true };
  return { model, inputTokens, outputTokens, cost };
}

function failureOf({ code, why }: CoderTrouble, usage: Usage | undefined): WorkFailure {
  // More of the same turns would do no better: it climbs.
  if (code === 'limit') return new WorkFailure({ kind: 'quality', reason: why }, usage);
  return new WorkFailure(blocked(code, why), usage);
}

/** What it reports is recorded and told, as an answer of a model is: it is refused whole. */
async function refuseSecrets(work: TaskWork, name: CoderName, report: WorkReport, usage: Usage) {
  const found = work.secrets.find(JSON.stringify(report));
  if (found === undefined) return;
  const reason = `policy: the report of ${name} holds ${found.what}, ${found.how}`;
  await work.refused({ tool: 'coding_cli', summary: `the report on ${work.task.id}`, rule: 'secret', reason });
  throw new WorkFailure({ kind: 'permanent', reason }, usage);
}

/** What fails after it has ended has cost what it said, not the worst. */
async function paidFor<T>(usage: Usage, run: () => Promise<T>): Promise<T> {
  try {
    return await using(run);
  } catch (error) {
    throw error instanceof WorkFailure ? new WorkFailure(error.failure, usage) : error;
  }
}

/** What it has written. Throws WorkFailure for what may not be there. */
async function filesIn(work: TaskWork, ground: Ground, clone: Clone, usage: Usage): Promise<readonly FileChange[]> {
  const files = await paidFor(usage, () => work.tools.products.changes(clone));
  const refused = refusedFile(files, ground);
  if (refused === undefined) return files;
  await tellPath(work, refused);
  throw new WorkFailure({ kind: 'contract', reason: refused.message }, usage);
}

/** What is there when a limit has ended it; undefined for another end, and for nothing. */
async function leftBy(work: TaskWork, ground: Ground, clone: Clone, { code, why }: CoderTrouble, usage: Usage) {
  if (code !== 'limit' && code !== 'timeout') return undefined;
  const files = await filesIn(work, ground, clone, usage);
  return files.length === 0 ? undefined : cutShort(why, files);
}

async function code(work: TaskWork, ground: Ground, name: CoderName, prompt: string) {
  const { tools, org, task, agent, bus, signal } = work;
  const settings = org.engines[name];
  if (!tools.coders) throw new WorkFailure(blocked('agent_unavailable', 'this company runs no command lines'));
  const clone = await tools.products.openClone(ground.product.slug, task.id, ground.branch, ground.on);
  const priceOf = pricing(org, name, work.turn.now());
  const { schema } = contractOf('work');
  const say = speaking(bus, { agent, task: task.id, id: `${task.id}.a${task.attempt}.${work.turn.now()}` });
  const heard = (line: string) => say(work.secrets.scrub(line));
  const sent = { id: `${task.id}.a${task.attempt}.code`, purpose: 'work', prompt, schema };
  const kept = work.keep(sent);
  const coded = await tools.coders.run({ name, clone, prompt, schema, settings, priceOf, signal, heard });
  if ('code' in coded.end && !coded.usage && (coded.counted || unbegun.has(coded.end.code))) {
    // Without usage such a failure is refunded.
    throw new ModelFailure(failureOf(coded.end, undefined).failure);
  }
  const usage = usageOf(name, coded.usage, settings, priceOf);
  if ('code' in coded.end) {
    const drafted = await leftBy(work, ground, clone, coded.end, usage);
    if (drafted === undefined) throw failureOf(coded.end, usage);
    return { result: drafted, usage, prompt: await kept };
  }
  const parsed = checkAnswer('work', coded.end.report);
  if (!parsed.ok) throw failureOf({ code: 'invalid_result_contract', why: parsed.reason }, usage);
  await refuseSecrets(work, name, parsed.answer, usage);
  const result: Drafted = { report: parsed.answer, files: await filesIn(work, ground, clone, usage) };
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
