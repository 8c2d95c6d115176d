// A failing run as a scenario file that anybody can play again: the story it was found in, with its strikes written down.

import { cp, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMap, isScalar, isSeq, parseDocument, type YAMLMap } from 'yaml';
import { parseAnswer } from '../brain/answers.ts';
import type { Scenario } from '../scenarios/schema.ts';
import type { Failing } from './shrink.ts';
import type { Violation } from './watch.ts';

/** Keys of tasks that a scenario still plans: a plan that splits a task counts where that task is planned. */
function keysOf({ given, answers }: Scenario): ReadonlySet<string> {
  const keys = new Set((given.backlog ?? []).map(({ key }) => key));
  const plans = answers.flatMap(({ for: { task }, reply }) => {
    const parsed = 'text' in reply ? parseAnswer('decompose', reply.text) : undefined;
    return parsed?.ok ? [{ splits: task, into: parsed.answer.tasks }] : [];
  });
  for (let known = -1; known < keys.size; ) {
    known = keys.size;
    for (const { splits, into } of plans) if (isAbout(splits, keys)) for (const { key } of into) keys.add(key);
  }
  return keys;
}

/** True for what is about a task that is planned, or about none. */
function isAbout(key: unknown, keys: ReadonlySet<string>): boolean {
  return typeof key !== 'string' || key === '*' || keys.has(key.split('.').at(-1) ?? '');
}

/** Leaves out of a list what names, at one of these places, a task that is not planned any more. */
function pruneAbout(list: unknown, places: readonly (readonly string[])[], keys: ReadonlySet<string>): void {
  if (!isSeq<YAMLMap>(list)) return;
  list.items = list.items.filter((item) => places.every((place) => isAbout(item.getIn(place), keys)));
}

/** Takes the tasks that are not planned any more out of a list of them. */
function pruneTasks(list: unknown, keys: ReadonlySet<string>): void {
  if (!isSeq(list)) return;
  list.items = list.items.filter((item) => isMap(item) && keys.has(String(item.get('key'))));
  for (const item of list.items) {
    const after: unknown = isMap(item) ? item.get('after') : undefined;
    if (isSeq(after)) after.items = after.items.filter((key) => keys.has(String(key)));
  }
}

const placesOfFaults = ['crash', 'garbage', 'tool', 'slow'].map((fault) => [fault, 'task']);

/**
 * Writes `<name>.yaml`, and the folder it refers to, into a folder.
 * @returns the path of the file
 */
export async function writeFound(failing: Failing, why: readonly Violation[], dir: string): Promise<string> {
  const { plan, seed, strikes, processes, healAfterMs } = failing;
  const { scenario } = plan;
  const name = `${scenario.name.replace(/-seed-\d+$/, '')}-seed-${seed}`;
  const document = parseDocument(scenario.text);
  const keys = keysOf(scenario);
  document.set('name', name);
  pruneTasks(document.getIn(['given', 'backlog']), keys);
  const answers: unknown = document.get('answers');
  if (isSeq<YAMLMap>(answers)) {
    for (const rule of answers.items) {
      if (rule.getIn(['for', 'purpose']) === 'decompose') pruneTasks(rule.getIn(['answer', 'tasks']), keys);
    }
  }
  pruneAbout(answers, [['for', 'task']], keys);
  pruneAbout(document.get('until'), [['task'], ['asked']], keys);
  const scripted: unknown = document.get('faults');
  pruneAbout(scripted, placesOfFaults, keys);
  const kept = isSeq<YAMLMap>(scripted) ? scripted.items.filter((fault) => !fault.has('strike')) : [];
  document.set('faults', document.createNode([...kept, ...strikes.map((strike) => ({ strike }))]));
  const healAfter = `${Math.ceil(healAfterMs / 1000)}s`;
  document.set('simulation', document.createNode({ seed, processes, healAfter }));
  // What the story was to show says nothing about this run, and names tasks that may be gone.
  document.set('then', document.createNode({}));
  // The story's own line for editors names a schema beside it, which is not here. It stands before the first key.
  const first = isMap(document.contents) ? document.contents.items[0]?.key : undefined;
  if (isScalar(first)) first.commentBefore = withoutModeline(first.commentBefore);
  document.commentBefore = [
    ` Found by headcount sim. What broke, at its first seed:`,
    ...why
      .slice(0, 3)
      .map(({ invariant, seq, subject, detail }) => ` ${invariant} at ${seq} on ${subject}: ${oneLine(detail)}`),
  ].join('\n');
  await mkdir(dir, { recursive: true });
  const path = join(dir, `${name}.yaml`);
  await writeFile(path, document.toString({ lineWidth: 120 }));
  const folder = await stat(scenario.folder).catch(() => undefined);
  if (folder?.isDirectory()) await cp(scenario.folder, join(dir, name), { recursive: true });
  return path;
}

function withoutModeline(comment: string | null | undefined): string | null {
  const lines = (comment ?? '').split('\n').filter((line) => !line.includes('yaml-language-server'));
  return lines.join('\n').trim() === '' ? null : lines.join('\n');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 200);
}
