// A task that backs off when its company is killed: the instant is in its record, so it waits no longer and no shorter.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Workspace } from './process.ts';

const org = `
company: patience
sandbox: none
retry:
  ladder: [standard, recall, escalate]
  backoff: { first: 4h, max: 4h }
reports:
  cto:
    title: Planner
    prompt: p.md
    duties: [decompose, digest, staff]
    reports:
      worker: { title: Worker, prompt: p.md, duties: [advise] }
`;

const script = `
name: patience
title: The first answer fails
given:
  company: patience
  backlog:
    - { key: one, title: One piece of work, role: worker, type: advice }
answers:
  - { for: { purpose: advise, attempt: 1 }, fail: { kind: quality, reason: not good enough } }
  - { for: { purpose: advise }, answer: { summary: done, advice: Wait. } }
deadline: 30d
then: {}
`;

type Said = { type: string; time: string; data: { task: { attempt: number; dueAt?: number } } };

test('a back-off survives kill -9', { timeout: 180_000 }, async () => {
  const workspace = new Workspace();
  try {
    writeFileSync(join(workspace.dir, 'p.md'), 'You work.\n');
    writeFileSync(join(workspace.dir, 'org.yaml'), org);
    writeFileSync(join(workspace.dir, 'patience.yaml'), script);
    const start = () =>
      workspace.start(['up', '--org', 'org.yaml', '--script', join(workspace.dir, 'patience.yaml'), '--speed', '1000']);
    const first = start();
    await first.says(/retrying\s+T1/);
    first.kill('SIGKILL');
    await first.ended;

    const second = start();
    await second.says(/done\s+T1/);
    second.kill('SIGINT');
    expect((await second.ended).code).toBe(0);
    const { out } = await workspace.run('log --all --json --task T1');
    const said: Said[] = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ type }) => type.startsWith('task.'));
    const failed = said.filter(({ type }) => type === 'task.failed');
    const begun = said.filter(({ type, data }) => type === 'task.started' && data.task.attempt === 2);
    expect([failed.length, begun.length]).toEqual([1, 1]);
    expect(Date.parse(begun[0]?.time ?? '')).toBeGreaterThanOrEqual(failed[0]?.data.task.dueAt ?? Number.NaN);
    expect(workspace.processes()).toEqual([]);
  } finally {
    await workspace.remove();
  }
});
