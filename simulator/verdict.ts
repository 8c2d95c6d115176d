// What test commands say in a simulated run, where nothing is executed: a scenario that scripts another attempt at the same
// files says by that that the earlier one fails.

import { parseAnswer } from '../brain/answers.ts';
import { keyMatches, type ScriptedAnswer } from '../brain/models/scripted.ts';
import type { Files } from '../tools/memory/objects.ts';
import type { TestRun } from '../tools/tools.ts';

type Draft = { readonly rule: ScriptedAnswer; readonly task: string; readonly files: ReadonlyMap<string, string> };

function draftOf(rule: ScriptedAnswer): Draft | undefined {
  const { purpose, task } = rule.for;
  if (purpose !== 'write' || task === undefined || task === '*' || !('text' in rule.reply)) return undefined;
  const parsed = parseAnswer('write', rule.reply.text);
  if (!parsed.ok) return undefined;
  const files = parsed.answer.files.flatMap((file) => ('content' in file ? [[file.path, file.content] as const] : []));
  return { rule, task, files: new Map(files) };
}

/** Files that only an attempt has which is scripted to be followed by another, as `path NUL content`. */
function failingFiles(answers: readonly ScriptedAnswer[]): ReadonlySet<string> {
  const drafts = answers.map(draftOf).filter((draft) => draft !== undefined);
  const failing = new Set<string>();
  const sameTask = (a: Draft, b: Draft) => keyMatches(a.task, b.task) || keyMatches(b.task, a.task);
  for (const [index, draft] of drafts.entries()) {
    if (draft.rule.for.attempts === undefined) continue;
    const later = drafts.slice(index + 1).filter((other) => sameTask(draft, other));
    const last = later.at(-1);
    if (!last) continue;
    for (const [path, content] of draft.files) {
      if (last.files.get(path) !== content) failing.add(`${path}\0${content}`);
    }
  }
  return failing;
}

/** The results of test commands in a scenario, by the files they would run on. */
export function scriptedTests(answers: readonly ScriptedAnswer[]): (files: Files) => TestRun {
  const failing = failingFiles(answers);
  return (files) => {
    for (const [path, content] of files) {
      if (!failing.has(`${path}\0${content}`)) continue;
      const summary = `${path} is of an attempt that the scenario lets fail`;
      return { ok: false, outcome: 'failed', summary, tail: summary, code: 1 };
    }
    return { ok: true, outcome: 'passed', summary: 'the test command passed', tail: '', code: 0 };
  };
}
