import { describe, expect, test } from 'vitest';
import { aPull, aTask, START, Story } from '../tests/fixtures/story.ts';
import { positionsAfter } from './open-work.ts';

const backend = { durable: 'backend', filters: ['cto.tasks.backend'] };

const assign = (story: Story, task: string, tag = 'new') =>
  story.say('cto.tasks.backend', {
    id: `assign.${task}.${tag}`,
    type: 'assignment.given',
    source: 'cto',
    data: { task, why: 'new' },
  });

const tick = (story: Story, slot: number) =>
  story.say('clock.account', {
    id: `tick.account.${slot}`,
    type: 'clock.ticked',
    source: 'clock',
    data: { duty: 'account', slot, due: story.at },
  });

const running = (story: Story, state: 'running' | 'paused' = 'running') =>
  story.say('control.company', {
    id: `control.${story.history.length}`,
    type: 'control.changed',
    source: 'supervisor',
    data: { scope: 'company', state, by: 'operator', reason: '' },
  });

/** Sequences that come again after this history. */
function openIn(story: Story, durable = backend): number[] {
  const [position] = positionsAfter(story.history, [durable]);
  if (!position) return [];
  const { floor, settled = [] } = position;
  const heard = story.history.filter(({ subject }) => durable.filters.includes(subject));
  return heard.map(({ seq }) => seq).filter((seq) => seq > floor && !settled.includes(seq));
}

describe('an assignment is open', () => {
  const given = (status: Parameters<typeof aTask>[1]) => {
    const story = new Story().task('task.created', 'created', aTask('T1'));
    assign(story, 'T1');
    return story.task('task.started', 'a1', aTask('T1', { agent: 'backend', ...status }), 'backend');
  };

  test('while its task is not begun, worked on or retried', () => {
    for (const status of ['ready', 'working', 'retrying'] as const) expect(openIn(given({ status }))).toEqual([2]);
  });

  test('no more when its task waits or has ended and its agent has nothing in hand any more', () => {
    for (const status of ['waiting', 'done', 'escalated'] as const) {
      expect(openIn(given({ status }))).toEqual([2]);
      expect(openIn(given({ status }).agent('backend', 'idle'))).toEqual([]);
    }
    expect(openIn(given({ status: 'abandoned' }))).toEqual([]);
  });

  test('when it came after its task began to wait', () => {
    const story = given({ status: 'waiting' }).agent('backend', 'idle');
    expect(openIn(assign(story, 'T1', 'reviewed'))).toEqual([5]);
  });

  test('only once a task, and only for the role that has the task', () => {
    const story = new Story().task('task.created', 'created', aTask('T1'));
    assign(story, 'T1');
    assign(story, 'T1', 'again');
    expect(openIn(story)).toEqual([3]);
    expect(openIn(story.task('task.reassigned', 'moved', aTask('T1', { role: 'frontend' })))).toEqual([]);
  });

  test('not when it was given up on', () => {
    const story = given({ status: 'working' });
    const data = { consumer: 'backend', subject: 'cto.tasks.backend', seq: 2, reason: '', attempts: 6, payload: '' };
    story.say('dead.backend', { id: 'dead.backend.2', type: 'dead.lettered', source: 'harness', data });
    expect(openIn(story)).toEqual([]);
  });

  test('between others that are settled, which do not come again', () => {
    const story = new Story();
    for (const id of ['T1', 'T2', 'T3']) {
      story.task('task.created', 'created', aTask(id));
      assign(story, id);
    }
    story.task('task.abandoned', 'abandoned', aTask('T2', { status: 'abandoned' }));
    expect(openIn(story)).toEqual([2, 6]);
    expect(positionsAfter(story.history, [backend])).toEqual([{ ...backend, floor: 1, settled: [4] }]);
  });
});

describe('other messages are open', () => {
  const qa = { durable: 'qa', filters: ['cto.tasks.qa'] };
  const asked = () =>
    new Story()
      .say('forge.pull.1', { id: 'pull.1', type: 'pull.opened', source: 'harness', data: aPull() })
      .say('cto.tasks.qa', {
        id: 'pull.1.review',
        type: 'review.requested',
        source: 'harness',
        data: { pull: 1, task: 'T1', head: 'b'.repeat(40) },
      });
  const job = (story: Story, type: 'job.failed' | 'job.done', status: 'working' | 'done') =>
    story.say('job.pull-1-review', {
      id: `job.${status}`,
      type,
      source: 'qa',
      data: {
        job: {
          id: 'pull-1-review',
          duty: 'review',
          agent: 'qa',
          role: 'qa',
          attempt: 1,
          status,
          startedAt: START,
          spent: { inputTokens: 0, outputTokens: 0, cost: 0 },
        },
      },
    });

  test('until the job that they became is done', () => {
    expect(openIn(asked(), qa)).toEqual([2]);
    expect(openIn(job(asked(), 'job.failed', 'working'), qa)).toEqual([2]);
    expect(openIn(job(asked(), 'job.done', 'done'), qa)).toEqual([]);
  });

  test('until what they ask for has become pointless', () => {
    const story = asked();
    const closed = aPull({ status: 'closed' });
    story.say('forge.pull.1', { id: 'pull.1.closed', type: 'pull.closed', source: 'harness', data: closed });
    expect(openIn(story, qa)).toEqual([]);
  });

  const account = { durable: 'finance-account', filters: ['clock.account'] };

  test('a tick until somebody free has seen it, and never an earlier one of its duty', () => {
    const story = running(new Story().agent('finance', 'idle'));
    tick(tick(story, 1), 2);
    expect(openIn(story, account)).toEqual([4]);
    story.pass(2 * 60_000).agent('ceo', 'idle');
    expect(openIn(story, account)).toEqual([]);
    expect(openIn(running(story, 'paused'), account)).toEqual([4]);
  });

  test('a tick that nobody had time for', () => {
    const story = running(tick(new Story(), 1).agent('finance', 'working'))
      .pass(2 * 60_000)
      .agent('ceo', 'idle');
    expect(openIn(story, account)).toEqual([1]);
  });
});
