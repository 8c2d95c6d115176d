import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Script } from 'node:vm';
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { assign, createActor, createMachine } from 'xstate';
import { type Inspector, startInspector } from './inspector.ts';

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function started(redact: (text: string) => string = (text) => text): Promise<Inspector & { port: number }> {
  const inspector = await startInspector({ redact, now: () => 1_000 });
  open.push(inspector);
  return { ...inspector, port: Number(new URL(inspector.url).port) };
}

/** A viewer: collects what it is told and waits for what it wants. */
function viewer(port: number, headers: Record<string, string> = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/events`, { headers });
  open.push({ close: () => socket.terminate() });
  socket.on('error', () => undefined); // a refusal, or cut off at the end of a test
  const texts: string[] = [];
  socket.on('message', (data) => texts.push(String(data)));
  const messages = () => texts.map((text) => JSON.parse(text));
  const until = async (wanted: (message: StatelyInspectionEvent) => boolean): Promise<void> => {
    while (!messages().some(wanted)) await once(socket, 'message');
  };
  const refusedWith = async (): Promise<number> => {
    const [, response] = await once(socket, 'unexpected-response');
    return response.statusCode;
  };
  return { socket, texts, messages, until, refusedWith, opened: () => once(socket, 'open') };
}

async function statusOf(port: number, headers: Record<string, string>, method = 'GET'): Promise<number | undefined> {
  const asked = request({ host: '127.0.0.1', port, path: '/', method, headers });
  asked.end();
  const [response] = await once(asked, 'response');
  response.resume();
  return response.statusCode;
}

const door = createMachine({
  id: 'door',
  context: { opened: 0 },
  initial: 'shut',
  states: {
    shut: { on: { OPEN: { target: 'open', actions: assign({ opened: ({ context }) => context.opened + 1 }) } } },
    open: { on: { SHUT: 'shut' } },
  },
});

test('a viewer who joins late gets the current snapshot of every actor, its last event and how many it had', async () => {
  const inspector = await started();
  const front = createActor(door, { id: 'front', inspect: inspector.observe }).start();
  createActor(door, { id: 'back', inspect: inspector.observe }).start();
  for (let i = 0; i < 300; i++) front.send({ type: i % 2 === 0 ? 'OPEN' : 'SHUT' });
  front.send({ type: 'OPEN' });

  const late = viewer(inspector.port);
  await late.until((message) => message.type === '@xstate.actor' && message.name === 'back');
  expect(late.messages()).toMatchObject([
    { type: '@xstate.actor', name: 'front', snapshot: { value: 'open', context: { opened: 151 } }, _version: '0.7.2' },
    { type: '@xstate.actor', name: 'back', snapshot: { value: 'shut', context: { opened: 0 } }, createdAt: '1000' },
  ]);
  expect(late.messages()).toMatchObject([
    { lastEvent: 'OPEN', events: 302 },
    { lastEvent: 'xstate.init', events: 1 },
  ]);
  expect(JSON.parse(late.messages()[0].definition)).toMatchObject({ id: 'door', states: { shut: {}, open: {} } });
});

test('a viewer sees new actors, their events and their snapshots as they happen', async () => {
  const inspector = await started();
  const early = viewer(inspector.port, { origin: 'https://stately.ai' });
  await early.opened();
  const actor = createActor(door, { id: 'front', inspect: inspector.observe }).start();
  await early.until((message) => message.type === '@xstate.actor');
  actor.send({ type: 'OPEN' });
  await early.until((message) => message.type === '@xstate.snapshot' && message.event.type === 'OPEN');
  const told = early.messages().filter((message) => message.event?.type === 'OPEN');
  expect(told.map((message) => message.type)).toEqual(['@xstate.event', '@xstate.snapshot']);
  expect(told[0]).toMatchObject({ events: 2 });
  expect(told[1]).toMatchObject({ sessionId: actor.sessionId, snapshot: { value: 'open', status: 'active' } });
});

test("Stately's own receiver understands what is sent", async () => {
  const inspector = await started();
  createActor(door, { id: 'front', inspect: inspector.observe }).start();
  const receiver = createWebSocketReceiver({ server: `ws://localhost:${inspector.port}` });
  const event = await new Promise<StatelyInspectionEvent>((resolve) => void receiver.subscribe(resolve));
  expect(event).toMatchObject({ type: '@xstate.actor', name: 'front' });
});

test('a secret never reaches the wire: context, definition, input, event, key, name', async () => {
  const secret = 'canary "7"\nsecond line';
  const inspector = await started((text) => text.replaceAll(secret, '[redacted]'));
  const early = viewer(inspector.port);
  await early.opened();
  const leaky = createMachine({
    id: 'leaky',
    description: `uses ${secret}`,
    context: ({ input }) => ({ input, nested: [{ [secret]: new Map([['key', secret]]), error: new Error(secret) }] }),
    initial: 'on',
    states: { on: { meta: { token: secret }, on: { GO: {} } } },
  });
  const actor = createActor(leaky, { id: secret, input: { token: secret }, inspect: inspector.observe }).start();
  actor.send({ type: 'GO', token: secret });
  const late = viewer(inspector.port);
  await Promise.all([
    early.until((message) => message.type === '@xstate.snapshot'),
    late.until((message) => message.type === '@xstate.actor'),
  ]);
  expect(early.texts.join()).toContain('[redacted]');
  expect([...early.texts, ...late.texts].join()).not.toContain('canary');
});

test('what cannot be redacted is withheld, and the actor goes on', async () => {
  const inspector = await started((text) => {
    if (text.includes('canary')) throw new Error('redaction is broken');
    return text;
  });
  const machine = createMachine({ id: 'm', context: { token: 'canary' }, initial: 'on', states: { on: {} } });
  const actor = createActor(machine, { id: 'front', inspect: inspector.observe }).start();
  const late = viewer(inspector.port);
  await late.until((message) => message.type === '@xstate.actor');
  expect(late.messages()[0]).toMatchObject({ name: 'front', snapshot: { type: '[withheld]' } });
  expect(actor.getSnapshot().status).toBe('active');
});

test('a context that is circular or very large does not stop the inspector', async () => {
  const inspector = await started();
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const lines = Array.from({ length: 150 }, () => 'x'.repeat(10_000));
  const machine = createMachine({ id: 'm', context: { circle, lines }, initial: 'on', states: { on: {} } });
  createActor(machine, { id: 'large', inspect: inspector.observe }).start();
  const late = viewer(inspector.port);
  await late.until((message) => message.type === '@xstate.actor');
  expect(late.messages()[0]).toMatchObject({ name: 'large', snapshot: { type: '[withheld]' } });
});

test.each(['https://evil.example', 'null', 'http://127.0.0.1:1', 'https://stately.ai.evil.example'])(
  'a page of %s is refused',
  async (origin) => {
    const { port } = await started();
    expect(await viewer(port, { origin }).refusedWith()).toBe(403);
    expect(await statusOf(port, { origin })).toBe(403);
  },
);

test.each(['evil.example', 'localhost', '127.0.0.1:1', 'localhost.evil.example'])(
  'a request for the host %s is refused',
  async (host) => {
    const { port } = await started();
    expect(await viewer(port, { host }).refusedWith()).toBe(421);
    expect(await statusOf(port, { host })).toBe(421);
  },
);

test('the page allows nothing but itself and the Stately frame, and the table not even that', async () => {
  const inspector = await started();
  const response = await fetch(inspector.url);
  expect(response.status).toBe(200);
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain('frame-src https://stately.ai');
  expect(await response.text()).toContain('https://stately.ai/inspect');
  expect(await (await fetch(`${inspector.url}table`)).text()).not.toContain('stately.ai');
  const script = await (await fetch(`${inspector.url}inspector.js`)).text();
  expect(() => new Script(script)).not.toThrow();
  expect(await statusOf(inspector.port, {}, 'POST')).toBe(405);
});

test('it listens on loopback only', async () => {
  const { port } = await started();
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  for (const { address } of addresses.filter(({ address }) => address !== '127.0.0.1')) {
    const socket = connect({ host: address, port });
    await expect(once(socket, 'connect'), address).rejects.toThrow();
  }
});

test('a taken port is an error with a next step', async () => {
  const { port } = await started();
  const second = startInspector({ port, redact: (text) => text });
  await expect(second).rejects.toMatchObject({ code: 'PORT_TAKEN', next: expect.stringContaining('another port') });
});

test('a viewer who does not read is let go, and the company does not wait for it', async () => {
  const inspector = await started();
  const slow = viewer(inspector.port);
  const gone = once(slow.socket, 'close');
  await slow.opened();
  const actor = createActor(door, { id: 'front', inspect: inspector.observe }).start();
  await slow.until((message) => message.type === '@xstate.actor');
  slow.socket.pause();
  const note = 'x'.repeat(4_000);
  for (let i = 0; i < 4_000; i++) actor.send({ type: i % 2 === 0 ? 'OPEN' : 'SHUT', note });
  slow.socket.resume();
  await gone;
  expect(actor.getSnapshot().context.opened).toBe(2_000);
  const again = viewer(inspector.port);
  await again.until((message) => message.type === '@xstate.actor');
  expect(again.messages()[0]).toMatchObject({ snapshot: { context: { opened: 2_000 } } });
});
