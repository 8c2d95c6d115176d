// A company of a planner and a worker that gives advice, written into a workspace.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Workspace } from './process.ts';

const org = (backOff: string) => `
company: patience
sandbox: none
retry:
  ladder: [standard, recall, escalate]
  backoff: { first: ${backOff}, max: ${backOff} }
reports:
  cto:
    title: Planner
    prompt: p.md
    duties: [decompose, digest, staff]
    reports:
      worker: { title: Worker, prompt: p.md, duties: [advise] }
`;

const script = (tasks: readonly string[], answers: readonly string[]) => `
name: patience
title: A worker that gives advice
given:
  company: patience
  backlog:
${tasks.map((key) => `    - { key: ${key}, title: Advice on ${key}, role: worker, type: advice }`).join('\n')}
answers:
${answers.map((answer) => `  - ${answer}`).join('\n')}
deadline: 30d
then: {}
`;

/** A first attempt that fails after so long, such as `5s`. */
export const failsFirst = (takes: string): string =>
  `{ for: { purpose: advise, attempt: 1 }, takes: ${takes}, fail: { kind: quality, reason: not good enough } }`;

/** An answer that takes so long, such as `5s`. */
export const advises = (takes: string): string =>
  `{ for: { purpose: advise }, takes: ${takes}, answer: { summary: done, advice: Wait. } }`;

export type Patience = {
  readonly tasks: readonly string[];
  readonly answers: readonly string[];
  /** Between attempts. */
  readonly backOff: string;
};

/** Writes it. Returns the words that start it. */
export function patience({ dir }: Workspace, { tasks, answers, backOff }: Patience): string[] {
  writeFileSync(join(dir, 'p.md'), 'You work.\n');
  writeFileSync(join(dir, 'org.yaml'), org(backOff));
  writeFileSync(join(dir, 'patience.yaml'), script(tasks, answers));
  return ['up', '--org', 'org.yaml', '--script', join(dir, 'patience.yaml')];
}

export type Said = {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly source: string;
  readonly data: {
    readonly task: { readonly id: string; readonly attempt: number; readonly agent?: string; readonly dueAt?: number };
    readonly agent?: string;
    readonly state?: string;
    readonly reason?: string;
  };
};

/** Everything that was said, in order. */
export async function saidIn(workspace: Workspace, more = ''): Promise<Said[]> {
  const { out } = await workspace.run(`log --all --json ${more}`.trim());
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
