// F16 and its like: a stream that is not the one we made, found out when it is opened and while the company runs.

import { connect, type JetStreamManager } from 'nats';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RealClock } from '../../bus/clock.ts';
import type { StreamHealth } from '../../bus/jetstream/guard.ts';
import { openJetStreamBus } from '../../bus/jetstream.ts';
import { companiesAt } from '../../cli/stream.ts';
import { Mail } from '../contract/mail.ts';
import { World } from './damaged.ts';
import { rawServer } from './raw-server.ts';

let world: World;
let jsm: JetStreamManager;
const ending: (() => Promise<void>)[] = [];
beforeEach(async () => {
  world = await World.begin();
  ending.push(() => world.end());
  const nc = await connect({ servers: world.server.url, noAsyncTraces: true });
  ending.push(() => nc.close());
  jsm = await nc.jetstreamManager();
});
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

test('F16: a stream deleted while the company runs is told as lost, refuses writes, and is not made again', async () => {
  const health = new Mail<StreamHealth>();
  const bus = await world.open(false, health.put);
  await World.publish(bus, 1, 3);
  await jsm.streams.delete('ACME');
  expect(await health.next()).toMatchObject({ state: 'lost', reason: expect.stringContaining('deleted') });
  await expect(World.publish(bus, 4, 4)).rejects.toMatchObject({ code: 'STREAM_LOST', exit: 5 });
  expect(await jsm.streams.names().next()).toEqual([]);
});

test('F16: a stream edited while the company runs is told, and written to again when it is put right', async () => {
  const health = new Mail<StreamHealth>();
  const bus = await world.open(false, health.put);
  await World.publish(bus, 1, 3);
  await jsm.streams.update('ACME', { max_msgs: 2 });
  expect(await health.next()).toMatchObject({ state: 'changed', reason: expect.stringContaining('max_msgs') });
  const held = World.publish(bus, 4, 5);
  await jsm.streams.update('ACME', { max_msgs: -1 });
  expect(await health.next()).toEqual({ state: 'sound' });
  await held;
  expect((await bus.info()).lastSeq).toBe(5);
});

test('F19: a store rolled back under a company that runs is told before anything is written to it', async () => {
  const health = new Mail<StreamHealth>();
  await world.open();
  const copy = `${world.dir}/copy`;
  await world.meanwhile(() => world.copyTo(copy));
  const { port } = world.server;
  const bus = await world.open(false, health.put);
  await World.publish(bus, 1, 50);
  await world.server.stop();
  const { cp, rm } = await import('node:fs/promises');
  const { startServer } = await import('../../bus/server/launcher.ts');
  await rm(`${world.store}/jetstream`, { recursive: true });
  await cp(copy, `${world.store}/jetstream`, { recursive: true });
  const late = World.publish(bus, 51, 60);
  const refused = expect(late).rejects.toMatchObject({ code: 'STREAM_LOST' });
  world.server = await startServer({ storeDir: world.store, sync: 'fast', port });
  expect(await health.next()).toMatchObject({
    state: 'lost',
    reason: expect.stringContaining('from sequence 50 to 0'),
  });
  await refused;
  expect((await bus.info()).lastSeq).toBe(0);
});

const opening = (servers: string) =>
  openJetStreamBus({
    servers,
    company: 'acme',
    clock: new RealClock(),
    owner: { workspace: '/home/ada/shop', kind: 'company' },
  });

test.each([
  ['max_msg_size', { max_msg_size: 100 }],
  ['max_msgs_per_subject', { max_msgs_per_subject: 1 }],
  ['subject_transform', { subject_transform: { src: 'acme.>', dest: 'other.>' } }],
])('a stream of somebody else is refused for its %s, with the way out', async (field, config) => {
  await world.open();
  await world.bus?.close();
  await jsm.streams.update('ACME', config);
  await expect(opening(world.server.url)).rejects.toMatchObject({ code: 'STREAM_MISMATCH', field, exit: 5 });
});

test('a server without JetStream is refused with the way out', async () => {
  const server = await rawServer(() => '');
  ending.push(server.end);
  await expect(opening(server.url)).rejects.toMatchObject({
    code: 'NO_JETSTREAM',
    exit: 5,
    next: expect.stringContaining('-js'),
  });
});

test('a user who may not use JetStream is told so, by whoever opens a company and whoever looks for one', async () => {
  const server = await rawServer(
    (dir) =>
      `jetstream { store_dir: "${dir}/store" }\nauthorization { users: [{ user: eva, password: secret, permissions: { publish: "x" } }] }`,
  );
  ending.push(server.end);
  const url = server.url.replace('nats://', 'nats://eva:secret@');
  const refused = { code: 'NOT_PERMITTED', exit: 5, next: expect.stringContaining('$JS.>') };
  await expect(opening(url)).rejects.toMatchObject(refused);
  await expect(companiesAt(url)).rejects.toMatchObject(refused);
});

test('subjects that a stream of another name has are told, with the way out', async () => {
  await jsm.streams.add({ name: 'THEIRS', subjects: ['acme.task.>'] });
  await expect(opening(world.server.url)).rejects.toMatchObject({
    code: 'SUBJECTS_TAKEN',
    exit: 5,
    message: expect.stringContaining('acme.>'),
  });
});

test('a server with too little storage is refused with what it has and what is needed', async () => {
  const server = await rawServer((dir) => `jetstream {\n max_file_store: 512KB\n store_dir: "${dir}/store"\n}`);
  ending.push(server.end);
  await expect(opening(server.url)).rejects.toMatchObject({
    code: 'STORAGE_TOO_SMALL',
    exit: 5,
    message: expect.stringContaining('1 MB'),
  });
});

test('wrong credentials are told as such, without showing them', async () => {
  const users = 'authorization { users: [ { user: ada, password: right } ] }';
  const server = await rawServer((dir) => `jetstream {\n store_dir: "${dir}/store"\n}\n${users}`);
  ending.push(server.end);
  const at = (who: string) => server.url.replace('nats://', `nats://${who}`);
  for (const who of ['ada:wrong@', '']) {
    const error: unknown = await opening(at(who)).catch((refused: unknown) => refused);
    expect(error).toMatchObject({ code: 'BAD_CREDENTIALS', exit: 5, next: expect.stringContaining('user') });
    expect(String(error)).not.toContain('wrong');
  }
  await (await opening(at('ada:right@'))).close();
});

test('an account with too little storage is refused with the number', async () => {
  const accounts = `accounts { A { jetstream { max_file: 300KB }, users: [ { user: ada, password: right } ] } }`;
  const server = await rawServer((dir) => `jetstream {\n store_dir: "${dir}/store"\n}\n${accounts}`);
  ending.push(server.end);
  await expect(opening(server.url.replace('nats://', 'nats://ada:right@'))).rejects.toMatchObject({
    code: 'STORAGE_TOO_SMALL',
    message: expect.stringContaining('0.3 MB'),
  });
});
