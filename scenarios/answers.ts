// The scripted answers of a scenario: rules as they are written to rules as the scripted model plays them. An answer is held
// to the contract of its purpose here, so that a mistake in a script is found before a company has worked for a day.

import { z } from 'zod';
import { answers as contracts } from '../brain/answers.ts';
import { isSaidByWire } from '../brain/models/mock-wire.ts';
import type { Purpose } from '../brain/models/model.ts';
import type { ScriptedAnswer, ScriptedReply } from '../brain/models/scripted.ts';
import type { FileChange } from '../bus/records.ts';
import type { OrgDocument } from '../org/document.ts';
import type { Keys, Problem } from '../org/problems.ts';
import { explainIssues } from '../org/shape.ts';
import type { Folder } from './folder.ts';
import type { DefaultFile, RuleFile, ScenarioFile } from './schema.ts';
import { parseInstant } from './time.ts';

/** What an answer takes when neither its rule nor its purpose's default says. */
const USUAL_MS = 5 * 60_000;
const USUAL_TOKENS = [4_000, 800] as const;

type Reading = {
  readonly document: OrgDocument;
  readonly folder: Folder;
  readonly start: number;
  readonly wire: ScenarioFile['given']['wire'];
  readonly problems: Problem[];
};

/** Rules in order, then what the defaults answer; what is wrong goes to `problems`. */
export async function readAnswers(file: ScenarioFile, reading: Reading): Promise<ScriptedAnswer[]> {
  const rules: ScriptedAnswer[] = [];
  for (const [index, rule] of file.answers.entries()) {
    const { role, purpose, task, attempt, told } = rule.for;
    const attempts = typeof attempt === 'number' ? [attempt] : attempt;
    const reply = await replyOf(rule, purpose, ['answers', index], reading);
    if (reply)
      rules.push({
        for: { role, purpose, task, attempts, told: told === undefined ? undefined : [told].flat() },
        ...effortOf(rule, file, purpose),
        reply,
      });
  }
  for (const [name, fallback] of Object.entries(file.defaults)) {
    const purpose = name as Purpose;
    const reply = await replyOf(fallback, purpose, ['defaults', purpose], reading);
    if (reply) rules.push({ for: { purpose }, ...effortOf(fallback, file, purpose), reply });
  }
  return rules;
}

function effortOf(rule: DefaultFile, file: ScenarioFile, purpose: Purpose | undefined) {
  const usual = purpose === undefined ? undefined : file.defaults[purpose];
  const tokens: readonly [number, number] = rule.tokens ?? usual?.tokens ?? USUAL_TOKENS;
  return { takesMs: rule.takes ?? usual?.takes ?? USUAL_MS, tokens };
}

/** Undefined when the rule answers nothing, or nothing that can be used. */
async function replyOf(
  rule: RuleFile | DefaultFile,
  purpose: Purpose | undefined,
  at: Keys,
  reading: Reading,
): Promise<ScriptedReply | undefined> {
  if (rule.raw !== undefined) return { text: rule.raw };
  if (rule.fail !== undefined) {
    const { kind, reason, until } = rule.fail;
    if (reading.wire === 'anthropic' && !isSaidByWire(kind)) {
      reading.problems.push(
        reading.document.problem([...at, 'fail', 'kind'], `${kind} is nothing that a provider says`),
      );
    }
    const instant = until === undefined ? undefined : parseInstant(until, reading.start);
    return { fail: { kind, reason, ...(instant === undefined ? {} : { until: instant }) } };
  }
  if (rule.calls !== undefined) return callsReply(rule.calls, purpose, at, reading);
  if (rule.files !== undefined) return filesReply(rule, rule.files, purpose, at, reading);
  if (rule.answer === undefined) return undefined;
  if (purpose === undefined) {
    reading.problems.push(reading.document.problem([...at, 'answer'], 'needs a purpose in `for`', 'key'));
    return undefined;
  }
  return keepsContract(rule.answer, purpose, at, reading) ? { text: JSON.stringify(rule.answer) } : undefined;
}

/** Explains what an answer breaks at the line where it is written. */
function keepsContract(answer: unknown, purpose: Purpose, at: Keys, { document, problems }: Reading): boolean {
  const parsed = contracts[purpose].safeParse(answer);
  if (parsed.success) return true;
  const where = [...at, 'answer'];
  const issues = parsed.error.issues.map((issue) => ({ ...issue, path: [...where, ...issue.path] }));
  const root = where.reduceRight<z.ZodType>(
    (inner, key) => (typeof key === 'number' ? z.array(inner) : z.object({ [key]: inner })),
    contracts[purpose],
  );
  problems.push(...explainIssues(root, issues, document).problems);
  return false;
}

/** What the model calls, round by round. Arguments are not checked here: a model may call anything, in any way. */
function callsReply(
  calls: NonNullable<RuleFile['calls']>,
  purpose: Purpose | undefined,
  at: Keys,
  { document, problems }: Reading,
): ScriptedReply | undefined {
  if (purpose === 'work') {
    return {
      rounds: calls.map((round) =>
        round.flatMap((call) => Object.entries(call).map(([name, input]) => ({ name, input }))),
      ),
    };
  }
  problems.push(document.problem([...at, 'calls'], `answer the purpose work, not ${purpose ?? 'any'}`, 'key'));
  return undefined;
}

async function filesReply(
  rule: RuleFile | DefaultFile,
  files: NonNullable<RuleFile['files']>,
  purpose: Purpose | undefined,
  at: Keys,
  { document, folder, problems }: Reading,
): Promise<ScriptedReply | undefined> {
  if (purpose !== undefined && purpose !== 'write') {
    problems.push(document.problem([...at, 'files'], `answer the purpose write, not ${purpose}`, 'key'));
    return undefined;
  }
  const changes = new Map<string, FileChange>();
  const take = (path: string, content: string) => void changes.set(path, { path, content });
  if (typeof files === 'object' && !Array.isArray(files)) {
    for (const [path, content] of Object.entries(files)) take(path, content);
  } else {
    for (const name of [files].flat()) {
      const found = await folder.files(name);
      if (found.length === 0)
        problems.push(document.problem([...at, 'files'], `"${name}" is no folder with files in ${folder.name}`));
      for (const { path, content } of found) take(path, content);
    }
  }
  const answer = { summary: rule.summary ?? `wrote ${[...changes.keys()].join(', ')}`, files: [...changes.values()] };
  return { text: JSON.stringify(answer) };
}
