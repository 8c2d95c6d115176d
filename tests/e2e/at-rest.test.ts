// A company at rest, and what people do to it from other terminals.

import { cpSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../cli/package-root.ts';
import { type Running, Workspace } from './process.ts';

const workspace = new Workspace();
const elsewhere = new Workspace();
let up: Running;
let url: string;
let outsider: NatsConnection;

beforeAll(async () => {
  cpSync(join(packageRoot, 'org'), join(workspace.dir, 'org'), { recursive: true });
  // Fast enough that every schedule comes round while the tests last.
  up = workspace.start(['up', '--speed', '1000']);
  await up.says(/running\s+started/);
  url = JSON.parse(workspace.read('.headcount', 'run.json')).url;
  outsider = await connect({ servers: url });
});

afterAll(async () => {
  await outsider?.close();
  await workspace.remove();
  await elsewhere.remove();
});

/** Messages of the stream, read by a client that is not ours, from the first to one that `last` accepts. */
async function readUntil(last: (message: { type: string; data: Record<string, unknown> }) => boolean) {
  const consumer = await outsider.jetstream().consumers.get('ACME', { filterSubjects: ['acme.>'] });
  const messages = [];
  for await (const delivery of await consumer.consume()) {
    const message: { type: string; data: Record<string, unknown> } = delivery.json();
    messages.push(message);
    if (last(message)) break;
  }
  return messages;
}

describe('a company at rest', () => {
  test('is seen by status, org and tap of other processes', async () => {
    const [status, org, tap] = await Promise.all([
      workspace.run('status --json'),
      workspace.run('org'),
      workspace.run('tap clock.digest --count 1 --json'),
    ]);
    expect(JSON.parse(status.out)).toMatchObject({ company: 'acme', state: 'running', needsYou: [], late: [] });
    expect(JSON.parse(status.out).agents).toHaveLength(13);
    expect(org.out).toMatch(/ceo[\s\S]*backend x2/);
    expect(JSON.parse(tap.out)).toMatchObject({ type: 'clock.ticked', data: { duty: 'digest' } });
    expect([status.code, org.code, tap.code]).toEqual([0, 0, 0]);
  });

  test('is read by a NATS client that we did not write, through a consumer and through a plain subscription', async () => {
    const heard = outsider.subscribe('acme.>', { max: 1 });
    const read = await readUntil(({ type }) => type === 'clock.ticked');
    expect(read.map(({ type }) => type)).toContain('org.changed');
    for await (const message of heard) expect(message.json()).toMatchObject({ specversion: '1.0' });
  });

  test('asks no model, however often its clocks tick', async () => {
    let rounds = 0;
    const messages = await readUntil(({ type, data }) => {
      if (type === 'clock.ticked' && data.duty === 'assure') rounds += 1;
      return rounds === 4;
    });
    expect(messages.filter(({ type }) => type.startsWith('job.') || type.startsWith('task.'))).toEqual([]);
    expect(JSON.stringify(messages)).not.toContain('"usage"');
  });

  test('takes nothing new while it is paused, and says so to everybody', async () => {
    const paused = await workspace.run('pause --reason lunch --by eva');
    expect(paused).toMatchObject({ code: 0, out: expect.stringContaining('acme is paused') });
    await up.says(/eva\s+paused\s+lunch/);
    expect(JSON.parse((await workspace.run('status --json')).out).state).toBe('paused');
    expect((await workspace.run('pause')).out).toContain('already paused');
    const resumed = await workspace.run('resume --json');
    expect(JSON.parse(resumed.out)).toEqual({ company: 'acme', state: 'running', changed: true });
  });
});

describe('a second company', () => {
  test('of the same name is refused in the same folder', async () => {
    const { code, err } = await workspace.run('up');
    expect([code, err]).toEqual([5, expect.stringMatching(/error: company acme is already run by process \d+/)]);
  });

  test('of the same name is refused on the same server, from there and from elsewhere, also as a scenario', async () => {
    const lines = [`up --nats ${url}`, `run scenarios/retry-ladder.yaml --nats ${url}`];
    const refused = await Promise.all(lines.flatMap((line) => [workspace.run(line), elsewhere.run(line)]));
    for (const { code, err } of refused) {
      expect(code).toBe(5);
      expect(err).toMatch(/already run by process/);
    }
  });

  test('of another name works beside it', async () => {
    const beta = elsewhere.start(['up', '--company', 'beta', '--nats', url]);
    await beta.says(/running\s+started/);
    expect(JSON.parse((await elsewhere.run('status --json')).out)).toMatchObject({ company: 'beta', state: 'running' });
    // Nor has anything become of it by those that were refused.
    expect(JSON.parse((await workspace.run('status --json')).out)).toMatchObject({ company: 'acme', state: 'running' });
    beta.kill('SIGINT');
    expect((await beta.ended).code).toBe(0);
    expect(elsewhere.has('.headcount', 'run.json')).toBe(false);
  });
});

describe('the org chart of a running company', () => {
  test('gains a role without a restart, and the file keeps its comments', async () => {
    const added = await workspace.run('org add legal --reports-to ceo --duties advise');
    expect(added.code).toBe(0);
    expect(workspace.read('org', 'org.yaml')).toContain('# where every escalation ends');
    // Saving the file says what it would change; nothing has changed yet.
    await up.says(/org\/org\.yaml was saved:\n {2}\+ legal .*\nto make it so: headcount org apply org\/org\.yaml/);
    expect((await workspace.run('org diff org/org.yaml')).out).toMatch(/^\+ legal/m);
    const applied = await workspace.run('org apply org/org.yaml');
    expect(applied).toMatchObject({ code: 0, out: expect.stringContaining('in force') });
    const [first] = await Promise.all([
      workspace.run('tap agent.legal.state --all --count 1 --json'),
      up.says(/org changed\s+\+ legal/),
    ]);
    expect(JSON.parse(first.out).data).toMatchObject({ agent: 'legal', role: 'legal', state: 'idle' });
    expect((await workspace.run('org diff org/org.yaml')).out).toBe('nothing changes\n');
  });

  test('that cannot be used is said when it is saved, with the line, and nothing happens', async () => {
    await appendFile(join(workspace.dir, 'org', 'org.yaml'), 'wages: high\n');
    await up.says(/org\/org\.yaml was saved and cannot be used:\norg\/org\.yaml:\d+:1 .*wages/);
    const { code, err } = await workspace.run('org apply org/org.yaml');
    expect([code, err]).toEqual([3, expect.stringContaining('wages')]);
  });
});

describe('Ctrl+C', () => {
  test('drains the company, and leaves no process and no note', async () => {
    up.kill('SIGINT');
    const { code, out } = await up.ended;
    expect(code).toBe(0);
    expect(out).toMatch(/draining\s+interrupted[\s\S]*stopped\s+interrupted/);
    expect(workspace.processes()).toEqual([]);
    expect(workspace.has('.headcount', 'run.json')).toBe(false);
  });

  test('leaves a company that can still be read, and not be switched', async () => {
    expect(JSON.parse((await workspace.run('status --json')).out).state).toBe('stopped');
    const { code, err } = await workspace.run('pause');
    expect([code, err]).toEqual([5, expect.stringContaining('acme is not running')]);
    expect(workspace.processes()).toEqual([]);
  });
});
