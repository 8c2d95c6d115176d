import { afterEach, describe, expect, it } from 'vitest';
import type { Failure } from '../../bus/records.ts';
import { VirtualClock } from '../../bus/virtual-clock.ts';
import { openMockWires } from './mock-wire.ts';
import type { Exchange, Model, Question } from './model.ts';
import { type ScriptedAnswer, ScriptedModel } from './scripted.ts';
import type { Outage } from './scripted-wire.ts';
import type { WireReply } from './wire.ts';

const NOW = Date.UTC(2026, 0, 5, 9);
const MINUTE = 60_000;
const { signal } = new AbortController();
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

const questionOf = (over: Partial<Question>): Question => ({
  id: 'q',
  purpose: 'advise',
  role: 'backend',
  agent: 'backend-1',
  tier: 'coding',
  taskType: undefined,
  about: 'D1.store',
  attempt: 1,
  system: 'You advise.',
  prompt: `What about ${over.about ?? 'it'}? "Quoted", \\escaped, 🂡 and ü.`,
  schema: undefined,
  tools: [],
  rounds: [],
  ...over,
});

const rule = (task: string, reply: ScriptedAnswer['reply'], takesMs = 5 * MINUTE): ScriptedAnswer => ({
  for: { task },
  takesMs,
  tokens: [120, 30],
  reply,
});

/** A script behind the server, and a way to ask it. */
async function stage(answers: readonly ScriptedAnswer[], outages: readonly Outage[] = []) {
  const clock = new VirtualClock({ start: NOW, serial: true });
  const mock = await openMockWires(new ScriptedModel({ answers, clock }), outages, clock);
  closing.push(() => mock.close());
  const wire = await mock.open({ name: 'claude', kind: 'anthropic' });
  const replies = new Map<string, WireReply>();
  const straight: Model = {
    quote: () => 0,
    async think({ system, prompt, rounds, tools, schema, id }, aborted, heard) {
      const asked = { model: 'm', system, prompt, rounds, tools, schema, maxTokens: 1_000, label: id };
      const reply = await wire.ask(asked, aborted, heard);
      replies.set(id, reply);
      const { inputTokens, outputTokens } = reply.usage;
      return { ...reply, usage: { model: 'm', inputTokens, outputTokens, cost: 0 } };
    },
  };
  const model = mock.before(straight);
  const ask = (question: Question, heard?: (text: string) => void) =>
    clock.turn((turn) => turn.pause(() => model.think(question, signal, heard)));
  return { clock, wire, ask, replies };
}

describe('a script over a real wire', () => {
  it('answers in its own time with its own usage, in parts', async () => {
    const text = 'Keep what is simple. '.repeat(60);
    const { ask, clock, replies } = await stage([rule('store', { text })]);
    const heard: string[] = [];
    const answer = await ask(questionOf({}), (part) => heard.push(part));
    expect(answer.text).toBe(text);
    expect(heard.length).toBeGreaterThan(1);
    expect(heard.join('')).toBe(text);
    expect(replies.get('q')?.usage).toMatchObject({ inputTokens: 120, outputTokens: 30, estimated: false });
    expect(clock.now()).toBe(NOW + 5 * MINUTE);
  });

  it('goes through a tool loop', async () => {
    const rounds = [
      [{ name: 'read_file', input: { path: 'a.js' } }],
      [{ name: 'finish', input: { status: 'complete' } }],
    ];
    const { ask } = await stage([rule('store', { rounds })]);
    const tools = [{ name: 'read_file', description: 'Reads.', input: { type: 'object' } }];
    const question = questionOf({ purpose: 'work', tools });
    const first = await ask(question);
    expect(first.calls).toMatchObject([{ name: 'read_file', input: { path: 'a.js' } }]);
    const results = first.calls.map(({ id }) => ({ id, text: 'export {}', isError: false }));
    const before: Exchange[] = [{ said: first.said, results }];
    expect((await ask({ ...question, rounds: before })).calls).toMatchObject([{ name: 'finish' }]);
  });

  it.each<[Failure, string]>([
    [{ kind: 'permanent', reason: 'not our desk' }, 'not our desk'],
    [{ kind: 'environment', reason: 'out of order' }, 'out of order'],
    [{ kind: 'contract', reason: 'that I do not do' }, 'that I do not do'],
    [{ kind: 'quota', reason: 'later', until: NOW + 20 * MINUTE }, 'later'],
  ])('fails as it says: %o', async (fail, words) => {
    const { ask } = await stage([rule('store', { fail })]);
    const until = fail.until === undefined ? {} : { until: fail.until };
    await expect(ask(questionOf({}))).rejects.toMatchObject({
      failure: { kind: fail.kind, reason: expect.stringContaining(words), ...until },
    });
  });

  it('is out of quota while its provider is', async () => {
    const until = NOW + 10 * MINUTE;
    const { ask, clock } = await stage([rule('store', { text: 'Yes.' })], [{ provider: 'claude', from: NOW, until }]);
    await expect(ask(questionOf({}))).rejects.toMatchObject({ failure: { kind: 'quota', until } });
    await clock.sleepUntil(until);
    expect((await ask(questionOf({}))).text).toBe('Yes.');
  });

  it('lets time pass while it thinks, and not while something is on the line', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e'];
    const { ask, clock } = await stage(keys.map((key) => rule(key, { text: key.repeat(5_000) })));
    const at: (readonly [string, number])[] = [];
    const asking = keys.map(async (key) => {
      await ask(questionOf({ id: key, about: `D1.${key}` }));
      at.push([key, clock.now() - NOW]);
    });
    // Time has somewhere to go.
    let ticks = 0;
    const tick = () => {
      ticks += 1;
      if (ticks < 100) clock.alarm(clock.now() + 10_000, tick);
    };
    tick();
    await Promise.all(asking);
    expect(at).toEqual(keys.map((key) => [key, 5 * MINUTE]));
  });

  it('answers nothing that nobody asked', async () => {
    const { wire } = await stage([rule('store', { text: 'Yes.' })]);
    const { system, prompt, rounds, tools, schema } = questionOf({});
    const asked = { model: 'm', system, prompt, rounds, tools, schema, maxTokens: 1_000, label: 'a stranger' };
    await expect(wire.ask(asked, signal)).rejects.toThrow('did not come this way: a stranger');
  });
});
