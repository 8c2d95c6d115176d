import { describe, expect, test } from 'vitest';
import type { Stored } from '../bus/bus.ts';
import { type Draft, parseMessage, seal } from '../bus/messages.ts';
import { aTask } from '../tests/fixtures/story.ts';
import { createAuditor } from './auditor.ts';
import { createWatch } from './watch.ts';

const START = Date.UTC(2026, 0, 5, 8);

function stored(seq: number, subject: string, draft: Draft, at = START): Stored {
  const parsed = parseMessage(JSON.stringify(seal(subject, draft, at)));
  if (!parsed.ok) throw new Error(parsed.reason);
  return { seq, subject, message: parsed.message };
}

const reached = (seq: number): Stored =>
  stored(seq, 'brain.milestone', {
    id: `milestone.${seq}`,
    type: 'brain.milestone',
    source: 'ops',
    data: { name: 'launch', text: 'live' },
  });

function watching() {
  const told: { subject: string; draft: Draft<'audit.violated'> }[] = [];
  const errors: unknown[] = [];
  const watch = createWatch({
    auditor: createAuditor({}),
    tell: (subject, draft) => void told.push({ subject, draft }),
    failed: (error) => void errors.push(error),
  });
  return { watch, told, errors };
}

describe('the auditor beside a company', () => {
  test('tells a violation at once, with the message that broke the rule', () => {
    const { watch, told } = watching();
    watch.open();
    watch.look(reached(1));
    expect(told).toEqual([]);
    watch.look(reached(2));
    expect(told.map(({ subject }) => subject)).toEqual(['audit.I22']);
    expect(told[0]?.draft.data).toMatchObject({ invariant: 'I22', seq: 2, about: 'brain.milestone' });
  });

  test('clocks may be five minutes of the wall apart, however fast the company runs', () => {
    const behind = (speed: number, ms: number) => {
      const { watch, told } = watching();
      watch.open();
      const seat = { seat: 's', pid: 1, host: 'h', version: '1', charts: 'c' };
      const data = { name: 'main', incarnation: 1, ...seat, speed };
      watch.look(stored(1, 'process.main', { id: 'process.main.1', type: 'process.started', source: 'x', data }));
      watch.look({ ...reached(2), message: { ...reached(2).message, time: new Date(START - ms).toISOString() } });
      return told.map(({ draft }) => draft.data.invariant);
    };
    expect(behind(1, 299_000)).toEqual([]);
    expect(behind(1, 301_000)).toEqual(['I3']);
    expect(behind(60, 60 * 299_000)).toEqual([]);
    expect(behind(60, 60 * 301_000)).toEqual(['I3']);
  });

  test('says nothing of the past that the stream has said already', () => {
    const before = watching();
    before.watch.open();
    for (const seq of [1, 2]) before.watch.look(reached(seq));
    const [said] = before.told;
    if (!said) throw new Error('nothing was told');
    const { watch, told } = watching();
    for (const seq of [1, 2]) watch.look(reached(seq));
    watch.look(stored(3, said.subject, said.draft));
    watch.open();
    expect(told).toEqual([]);
    watch.look(reached(4));
    expect(told.map(({ draft }) => draft.data.seq)).toEqual([4]);
  });

  test('never reports what is wrong with its own reports', () => {
    const { watch, told } = watching();
    watch.open();
    watch.look(reached(1));
    const data = { invariant: 'I22', seq: 1, about: 'x', detail: 'x' };
    const draft = { id: 'audit.x', type: 'audit.violated', source: 'auditor', data } as const;
    watch.look(stored(2, 'audit.I22', draft, START - 24 * 3_600_000));
    expect(told).toEqual([]);
  });

  test('a rule that breaks with every message is told a few times only', () => {
    const { watch, told } = watching();
    watch.open();
    for (let seq = 1; seq <= 500; seq += 1) watch.look(reached(seq));
    expect(told.length).toBe(20);
  });

  test('a message that cannot be read leaves no gap', () => {
    const { watch, told, errors } = watching();
    watch.open();
    watch.look(reached(1));
    watch.skip({ seq: 2, subject: 'task.T1', reason: 'of another version' });
    const tick = {
      id: 'tick.a.1',
      type: 'clock.ticked',
      source: 'clock',
      data: { duty: 'a', slot: 1, due: 0 },
    } as const;
    watch.look(stored(3, 'clock.a', tick));
    expect(told).toEqual([]);
    expect(errors).toEqual([]);
  });
});

describe('a company that has stopped', () => {
  const MINUTE = 60_000;
  const changed = (seq: number, state: 'starting' | 'running' | 'draining' | 'stopped', at: number): Stored => {
    const data = { scope: 'company', state, by: 'operator', reason: 'said so' };
    return stored(seq, 'control.company', { id: `c.${seq}`, type: 'control.changed', source: 'operator', data }, at);
  };
  /** An auditor of a company with a task that is in no mailbox. */
  const withLostTask = () => {
    const auditor = createAuditor({});
    const data = { task: aTask('T1', { status: 'ready', createdAt: START }) };
    const created: Draft = { id: 'task.T1.created', type: 'task.created', source: 'cto', data };
    auditor.look(changed(1, 'running', START));
    auditor.look(stored(2, 'task.T1', created, START));
    return auditor;
  };
  /** What is lost when it lay there for so long before the company drained, and for a day since. */
  const lostAfter = (ms: number) => {
    const auditor = withLostTask();
    auditor.look(changed(3, 'draining', START + ms));
    auditor.look(changed(4, 'stopped', START + ms + MINUTE));
    return auditor.atRest(START + 24 * 60 * MINUTE).map(({ invariant }) => invariant);
  };

  test('loses nothing by standing still, and what it had lost before is told', () => {
    expect(lostAfter(59 * MINUTE)).toEqual([]);
    expect(lostAfter(61 * MINUTE)).toEqual(['I4']);
  });

  test('because it was killed has lost nothing while it was dead', () => {
    const auditor = withLostTask();
    const again = START + 24 * 60 * MINUTE;
    auditor.look(changed(3, 'starting', again));
    expect(auditor.atRest(again)).toEqual([]);
    auditor.look(changed(4, 'running', again));
    expect(auditor.atRest(again + 59 * MINUTE)).toEqual([]);
    expect(auditor.atRest(again + 61 * MINUTE).map(({ invariant }) => invariant)).toEqual(['I4']);
  });
});
