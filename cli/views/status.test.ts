import { expect, test } from 'vitest';
import { anApproval, aTask, morning, START, Story } from '../../tests/fixtures/story.ts';
import { painter } from '../output.ts';
import { statusOf } from './status.ts';
import { renderStatus } from './status-text.ts';

const HOUR = 3_600_000;
const asked = { company: 'acme', wall: START + 2 * HOUR, live: true };
const screen = (story: Story) => renderStatus(statusOf(story.history, asked), painter(false), 80);

test('the screen begins with what needs a person, then what is late, then what is stuck', () => {
  expect(screen(morning())).toMatchInlineSnapshot(`
    [
      "acme   running 1 h 35 m   $0.0400   seq 33",
      "NEEDS YOU (1)",
      "  A1  Which database for T2?  waits 45 m, blocks 2",
      "      a  PostgreSQL (recommended)",
      "      b  SQLite",
      "      headcount answer A1 a",
      "LATE (1)",
      "  T3  frontend  working 45 m, expected 30 m  Redirect page",
      "ESCALATED (1)",
      "  T2  Choose a database: two designs, none better",
      "AGENTS     state      task  since     score  spend",
      "backend    idle       -     1 h 25 m  75 ^   $0.0400",
      "backend-2  idle       -     1 h 25 m  -      -",
      "frontend   working !  T3    45 m      -      -",
      "FLOW  todo 0  working 1  retrying 0  waiting 0  escalated 1  done 1  dead 0",
    ]
  `);
});

test('a quiet company has no problems on its screen', () => {
  const story = new Story().task('task.completed', 'done', aTask('T1', { status: 'done' })).agent('backend', 'idle');
  expect(screen(story).join('\n')).not.toMatch(/NEEDS YOU|LATE|ESCALATED|DEAD/);
});

test('a question that was answered needs nobody', () => {
  const data = anApproval({ status: 'answered', answer: 'a', by: 'eva' });
  const story = morning().say('approval.A1', {
    id: 'approval.A1.answered',
    type: 'approval.answered',
    source: 'operator',
    data,
  });
  expect(statusOf(story.history, asked).needsYou).toEqual([]);
});

test('a task past its deadline is late even when nobody has begun it', () => {
  const story = new Story().task('task.created', 'created', aTask('T9', { deadline: START - 1 }));
  expect(statusOf(story.history, asked).late).toMatchObject([{ task: 'T9', overdueMs: 1, workingMs: 0 }]);
});

test('simulated time does not go on while nobody simulates', () => {
  expect(statusOf(morning().history, { ...asked, wall: START + 500 * HOUR }).runningMs).toBe(95 * 60_000);
});

test('in real time a silent agent grows late by the wall clock', () => {
  const story = new Story();
  story.at += 1234;
  story.task(
    'task.started',
    'a1',
    aTask('T1', { status: 'working', agent: 'backend', startedAt: story.at }),
    'backend',
  );
  expect(statusOf(story.history, { ...asked, wall: story.at + HOUR }).late).toMatchObject([
    { task: 'T1', workingMs: HOUR },
  ]);
  expect(statusOf(story.history, { ...asked, wall: story.at + HOUR, live: false }).late).toEqual([]);
});

test('a company that nobody runs is not called running', () => {
  expect(statusOf(morning().history, { ...asked, live: false }).state).toBe('not running');
});

test('an agent whose process is not heard of is not shown at work', () => {
  const data = { name: 'p2', incarnation: 1, pid: 7, host: 'ada', seat: 's', version: '0.1.0', charts: 'c' };
  const story = new Story()
    .say('process.p2', { id: 'process.p2.1', type: 'process.started', source: 'supervisor', data })
    .agent('qa', 'working', { task: 'T1' })
    .agent('qa@p2', 'working', { task: 'T2' });
  const { agents } = statusOf(story.history, { ...asked, present: [] });
  expect(agents.map(({ agent, state, task }) => [agent, state, task])).toEqual([
    ['qa', 'working', 'T1'],
    ['qa@p2', 'silent', undefined],
  ]);
});

test('money is charged to who spent it, failed attempts included', () => {
  const status = statusOf(morning().history, asked);
  expect(status.cost).toBeCloseTo(0.04);
  expect(status.agents.find(({ agent }) => agent === 'backend')?.spend).toBeCloseTo(0.04);
});

test('why something was given up is not cut before it says what to mend', () => {
  const reason =
    'provider openai has no model gpt-9-enormous, which tier strategy of role ceo asks for; name one that it has in models.tiers of org/org.yaml';
  const data = { consumer: 'ceo-strategy', subject: 'brain.mission', seq: 4, reason, attempts: 1, payload: '{}' };
  const story = new Story().say('dead.ceo-strategy', { id: 'dead.1', type: 'dead.lettered', source: 'ceo', data });
  const [, , head, ...lines] = screen(story);
  expect(head).toMatch(/^ {2}X1 {2}ceo-strategy {2}brain.mission$/);
  expect(lines.slice(0, 3)).toEqual([
    '      provider openai has no model gpt-9-enormous, which tier strategy of role',
    '      ceo asks for; name one that it has in models.tiers of org/org.yaml',
    '      headcount dead list',
  ]);
  const endless = new Story().say('dead.ceo', {
    id: 'dead.2',
    type: 'dead.lettered',
    source: 'ceo',
    data: { ...data, reason: 'and so on '.repeat(100) },
  });
  expect(screen(endless).filter((line) => line.includes('and so on'))).toHaveLength(4);
  expect(screen(endless).find((line) => line.endsWith('…'))).toHaveLength(80);
});

test('dead letters are shown with the way to read them', () => {
  const story = new Story().say('dead.backend', {
    id: 'dead.1',
    type: 'dead.lettered',
    source: 'harness',
    data: { consumer: 'backend', subject: 'cto.tasks.backend', seq: 4, reason: 'no JSON', attempts: 1, payload: '' },
  });
  expect(screen(story).join('\n')).toContain('headcount dead list');
});

test('an empty stream says so', () => {
  expect(screen(new Story()).join('\n')).toContain('nothing has happened yet');
});

test('a provider in trouble is shown with what it is and when it is asked again, until it is well', () => {
  const provider = (state: 'throttled' | 'broken' | 'probing' | 'healthy', turn: number, more = {}) => ({
    id: `provider.anthropic.${turn}.main`,
    type: 'provider.changed' as const,
    source: 'supervisor',
    data: { provider: 'anthropic', state, turn, failed: turn, by: 'main', ...more },
  });
  const story = new Story();
  const now = () => statusOf(story.history, { ...asked, wall: START });
  const lines = () => renderStatus(now(), painter(false), 90).filter((line) => /PROVIDERS|anthropic|doctor/.test(line));
  story.say(
    'provider.anthropic',
    provider('throttled', 1, { until: story.at + 90_000, reason: 'too many requests (429)' }),
  );
  expect(lines()).toEqual(['PROVIDERS (1)', '  anthropic  throttled, asked again in 1 m  too many requests (429)']);
  story.say(
    'provider.anthropic',
    provider('probing', 2, { until: story.at + 120_000, reason: 'too many requests (429)' }),
  );
  expect(lines()[1]).toContain('probing, being asked');
  story.say(
    'provider.anthropic',
    provider('broken', 3, { until: story.at + 300_000, reason: 'the key was refused (401)' }),
  );
  expect(lines()).toEqual([
    'PROVIDERS (1)',
    expect.stringContaining('anthropic  broken, asked again in'),
    '      headcount doctor --live',
  ]);
  story.say('provider.anthropic', provider('healthy', 4));
  expect(lines()).toEqual([]);
});
