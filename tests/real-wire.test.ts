// One day of a company twice: with its script, and with every question over HTTP through the vendor's SDK to a server that
// others wrote. What came of it is the same.

import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readExported } from '../bus/export-read.ts';
import { isTaskMessage } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import { played } from './fixtures/played.ts';

/** Two whole days with git, sandboxes and a deployment; ms. */
const PATIENCE_MS = 240_000;

async function play(name: string) {
  const { code, output, dir } = await played(name);
  const { messages } = readExported(await readFile(join(dir, 'out.jsonl'), 'utf8'));
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', join(dir, 'products', 'golinks'), ...words]).toString();
  return {
    code,
    output,
    messages,
    // What finance says of costs is what the wire counts, and every commit after it has another name.
    files: git('ls-tree', '-r', 'HEAD')
      .split('\n')
      .filter((line) => !line.includes('docs/finance/')),
    log: git('log', '--format=%an %s'),
  };
}
type Played = Awaited<ReturnType<typeof play>>;

/** What became of each task. */
function tasksOf({ messages }: Played) {
  const last = new Map<string, Task>();
  for (const { message } of messages) if (isTaskMessage(message)) last.set(message.data.task.id, message.data.task);
  return [...last.values()].map(({ id, key, status, attempt, agent, merged, failures, startedAt, endedAt }) => {
    const kinds = failures.map(({ kind }) => kind);
    return { id, key, status, attempt, agent, isMerged: merged !== undefined, kinds, startedAt, endedAt };
  });
}

/** Who did what, in its order, whatever its commits are called; what is only watched is left out. */
function typesOf({ messages }: Played) {
  const about = (subject: string) => subject.replace(/-review-[0-9a-f]{7}$/, '-review');
  return messages
    .map(({ message }) => `${about(message.subject)} ${message.type}`)
    .filter((one) => !/said$|^money/.test(one));
}

test(
  'the first product over a real wire is the first product',
  async () => {
    const plain = await play('first-product');
    const wired = await play('real-wire');
    expect(wired.output).toMatch(/(\d+) of \1 expectations met/);
    expect([plain.code, wired.code]).toEqual([0, 0]);
    expect(tasksOf(wired)).toEqual(tasksOf(plain));
    expect(wired.log).toBe(plain.log);
    expect(wired.files).toEqual(plain.files);
    expect(typesOf(wired)).toEqual(typesOf(plain));
    // The answers did come over the wire: priced by the provider's list, and watched while they came.
    const models = wired.messages.flatMap(({ message }) =>
      message.type === 'money.settled' ? [message.data.usage?.model] : [],
    );
    expect(new Set(models)).toEqual(
      new Set(['anthropic/claude-opus-5-5', 'anthropic/claude-sonnet-5-5', 'anthropic/claude-haiku-5-5']),
    );
    expect(wired.messages.some(({ message }) => message.type === 'agent.said')).toBe(true);
  },
  PATIENCE_MS,
);
