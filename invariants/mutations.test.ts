// For each invariant: a real stream, one forbidden change, and exactly that invariant is broken.

import { beforeAll, describe, expect, test } from 'vitest';
import { createAuditor, invariants } from './auditor.ts';
import { about, audit, Forgery, from, type Recorded, record, tick } from './fixture.ts';

const HOUR = 3_600_000;

let first: Recorded;
let escalation: Recorded;

beforeAll(async () => {
  first = await record('first-product');
  escalation = await record('escalation');
}, 300_000);

type Change = (forgery: Forgery) => void;

/** What is forbidden, in whose stream, and what it breaks. */
const forbidden: readonly (readonly [id: string, what: string, of: () => Recorded, change: Change])[] = [
  [
    'I1',
    'a message on the subject of another',
    () => first,
    (f) => {
      const brain = f.the('brain.feature');
      f.messages[f.messages.indexOf(brain)] = { ...brain, subject: 'brain.metric' };
    },
  ],
  ['I2', 'an event said again', () => first, (f) => f.repeat(f.the('directive.issued'), 'directive.D1')],
  [
    'I3',
    'a message of the day before',
    () => first,
    (f) => {
      const { message } = f.the('brain.feature');
      message.time = new Date(Date.parse(message.time) - 24 * HOUR).toISOString();
    },
  ],
  [
    'I4',
    'a task that never becomes one',
    () => escalation,
    (f) => {
      f.the('backlog.given').message.data.tasks.push({
        ...f.the('backlog.given').message.data.tasks[0],
        key: 'forgotten',
      } as never);
    },
  ],
  [
    'I5',
    'a task that is completed again',
    () => first,
    (f) => f.repeat(f.the('task.completed'), 'task.T1.completed.again'),
  ],
  [
    'I6',
    'a second merge of a task',
    () => first,
    (f) => {
      const merged = f.the('pull.merged', 2);
      const { task } = f.the('pull.merged', 1).message.data;
      for (const stored of f.messages) {
        if (
          stored.message.type.startsWith('pull.') &&
          stored.subject === merged.subject &&
          'head' in stored.message.data
        ) {
          if ('author' in stored.message.data) stored.message.data.task = task;
        }
      }
    },
  ],
  ['I6', 'a pull request merged again', () => first, (f) => f.repeat(f.the('pull.merged'), 'pull.1.merged.again')],
  [
    'I7',
    'a task without an owner',
    () => first,
    (f) => {
      delete f.the('task.stepped', 1, ({ data }) => data.task.status === 'working').message.data.task.agent;
    },
  ],
  [
    'I7',
    'a wait without a reason',
    () => first,
    (f) => {
      delete f.the('task.waiting').message.data.task.reason;
    },
  ],
  [
    'I8',
    'a task that is done while it backs off',
    () => first,
    (f) => {
      const failed = f.the('task.failed');
      const started = f.the('task.started', 1, ({ data }) => {
        return data.task.id === failed.message.data.task.id && data.task.attempt > 1;
      });
      const { causationid } = started.message;
      f.remove(started);
      for (const { message } of about(f, failed.message.data.task.id)) {
        if (message.causationid === started.message.id && causationid) message.causationid = causationid;
      }
    },
  ],
  [
    'I8',
    'a task that is about something else',
    () => first,
    (f) => {
      const created = f.the('task.started', 0);
      from(f, created, (task) => {
        task.createdAt += 1;
      });
    },
  ],
  [
    'I9',
    'a second owner',
    () => first,
    (f) => {
      const step = f.the('task.stepped', 5, ({ causationid }) => causationid !== undefined);
      const before = about(f, step.message.data.task.id).filter(({ seq }) => seq < step.seq);
      const stale = before.at(-2);
      if (stale) step.message.causationid = stale.message.id;
    },
  ],
  [
    'I10',
    'an author who reviews',
    () => first,
    (f) => {
      const reviewed = f.the('pull.reviewed');
      const { author } = reviewed.message.data;
      const merged = f.the('pull.merged', 1, ({ data }) => data.number === reviewed.message.data.number);
      for (const { data } of [reviewed.message, merged.message]) {
        data.reviews.push({ by: author, role: 'somebody', head: data.head, verdict: 'approve', notes: [] });
      }
    },
  ],
  [
    'I10',
    'a colleague of the same role who reviews',
    () => first,
    (f) => {
      const reviewed = f.the('pull.reviewed');
      const merged = f.the('pull.merged', 1, ({ data }) => data.number === reviewed.message.data.number);
      for (const { data } of [reviewed.message, merged.message]) {
        data.reviews.push({ by: 'somebody', role: data.authorRole, head: data.head, verdict: 'approve', notes: [] });
      }
    },
  ],
  [
    'I11',
    'a merge that nobody approved',
    () => first,
    (f) => {
      const merged = f.the('pull.merged');
      const { number } = merged.message.data;
      f.remove(f.the('pull.reviewed', 1, ({ data }) => data.number === number));
      merged.message.data.reviews = [];
    },
  ],
  [
    'I11',
    'a merge of what failed its checks',
    () => first,
    (f) => {
      const merged = f.the('pull.merged');
      merged.message.data.checks = merged.message.data.checks.map((check) => ({ ...check, ok: false }));
    },
  ],
  [
    'I12',
    'evidence by the worker',
    () => first,
    (f) => {
      const { task } = f.the('task.completed').message.data;
      const [one] = task.evidence;
      if (one) one.by = task.agent ?? '';
    },
  ],
  [
    'I12',
    'evidence that is missing',
    () => first,
    (f) => {
      const { task } = f.the('task.completed', 1, ({ data }) => data.task.type === 'code').message.data;
      task.evidence = task.evidence.filter(({ check }) => check !== 'tests');
    },
  ],
  [
    'I12',
    'evidence about another commit',
    () => first,
    (f) => {
      const { task } = f.the('task.completed', 1, ({ data }) => data.task.type === 'code').message.data;
      const [one] = task.evidence;
      if (one) one.commit = '0'.repeat(40);
    },
  ],
  [
    'I13',
    'a score before the end',
    () => first,
    (f) => {
      f.the('task.started').message.data.task.score = 100;
    },
  ],
  [
    'I13',
    'a report before the end',
    () => first,
    (f) => {
      const report = f.the('report.filed', 1, ({ data }) => data.kind === 'task' && data.status === 'done');
      const start = f.the('task.started', 1, ({ data }) => data.task.id === report.message.data.task);
      f.remove(report);
      f.messages.splice(f.messages.indexOf(start), 0, report);
      report.message.time = start.message.time;
    },
  ],
  [
    'I13',
    'an end that nobody hears of',
    () => first,
    (f) => {
      f.remove(f.the('report.filed', 1, ({ data }) => data.kind === 'task' && data.status === 'done'));
    },
  ],
  [
    'I14',
    'a step recorded again',
    () => first,
    (f) => {
      const step = f.the('job.stepped');
      f.repeat(step, `${step.message.id}.again`, step.message.causationid);
    },
  ],
  [
    'I15',
    'a model call that nothing caused',
    () => first,
    (f) => {
      f.the('job.stepped', 1, ({ data }) => data.step.usage !== undefined).message.causationid = 'tick.nobody.1';
    },
  ],
  [
    'I16',
    'spending that disappears',
    () => first,
    (f) => {
      const paid = f.the('task.stepped', 1, ({ data }) => (data.step.usage?.cost ?? 0) > 0);
      paid.message.data.task.spent.cost = 0;
      from(f, paid, (task) => {
        task.spent.cost = 0;
      });
    },
  ],
  [
    'I17',
    'a part that is too deep',
    () => first,
    (f) => {
      const part = f.the('task.created', 1, ({ data }) => data.task.parent !== undefined);
      from(f, part, (task) => {
        task.depth += 1;
      });
    },
  ],
  [
    'I18',
    'an escalation to nobody',
    () => escalation,
    (f) => {
      const request = f.the('hr.requested');
      const answer = f.the('request.answered', 1, ({ data }) => data.id === request.message.data.id);
      // The company has stood still since.
      f.messages.splice(f.messages.indexOf(request));
      expect(answer).toBeDefined();
      const last = f.messages.at(-1);
      if (last) f.insert(last, tick(last, 9 * HOUR), 'clock.assure');
      const late = f.messages.at(-1);
      if (late) late.message.time = new Date(Date.parse(late.message.time) + 2 * HOUR).toISOString();
    },
  ],
  [
    'I19',
    'an assignment of nothing',
    () => first,
    (f) => {
      f.the('assignment.given', 0).message.data.task = 'T99';
    },
  ],
  ['I20', 'a second answer', () => first, (f) => f.repeat(f.the('request.answered'), 'answer.again')],
  [
    'I20',
    'an answer that nobody asked for',
    () => first,
    (f) => {
      const answer = f.the('request.answered');
      answer.message.data.id = 'unheard';
      answer.message.subject = 'answer.unheard';
      f.messages[f.messages.indexOf(answer)] = { ...answer, subject: 'answer.unheard' };
    },
  ],
  [
    'I20',
    'a person who answers twice',
    () => escalation,
    (f) => {
      f.repeat(f.the('approval.answered'), 'approval.again');
    },
  ],
  ['I21', 'a slot that ticks twice', () => first, (f) => f.repeat(f.the('clock.ticked'), 'tick.again')],
  ['I22', 'a milestone reached twice', () => first, (f) => f.repeat(f.the('brain.milestone'), 'milestone.again')],
  [
    'I23',
    'a deployment of a head that was not merged',
    () => first,
    (f) => {
      f.the('brain.deployment').message.data.commit = f.the('pull.opened', 0).message.data.head;
    },
  ],
  [
    'I24',
    'two processes of one name',
    () => first,
    (f) => {
      const data = { name: 'main', incarnation: 3, pid: 1, host: 'h', seat: 's', version: '1', charts: 'c' };
      const start = f.the('control.changed');
      const said = (id: string) => ({ id, type: 'process.started', source: 'supervisor', data }) as const;
      f.insert(start, said('process.b'), 'process.main').insert(start, said('process.a'), 'process.main');
    },
  ],
];

test('the streams themselves break nothing', () => {
  expect(audit(first)).toEqual([]);
  expect(audit(escalation)).toEqual([]);
});

describe('a forbidden change is found, and nothing else', () => {
  test.each(forbidden)('%s: %s', (id, _, of, change) => {
    const until = id === 'I18' ? 'rest' : 'end';
    const forgery = new Forgery(of());
    change(forgery);
    const found = audit(forgery.done(), until);
    expect([...new Set(found.map(({ invariant }) => invariant))], JSON.stringify(found, null, 1)).toEqual([id]);
  });

  test('I1: a message that is gone', () => {
    const messages = first.messages.filter(({ message }) => message.type !== 'brain.milestone');
    expect(audit({ ...first, messages }).map(({ invariant }) => invariant)).toEqual(['I1']);
  });

  test('every invariant that messages or ends can break has such a change', () => {
    const tried = new Set<string>(forbidden.map(([id]) => id));
    // I25 compares two folds: fold.test.ts.
    expect(invariants.map(({ id }) => id).filter((id) => !tried.has(id))).toEqual(['I25']);
  });
});

describe('limits of the org chart', () => {
  const brokenUnder = (rules: Recorded['rules']) => {
    const found = audit({ messages: first.messages, rules });
    return [...new Set(found.map(({ invariant }) => invariant))];
  };

  test.each([
    ['I16', 'the budget of a role', { budgets: { role: { backend: 1e-6 } } }],
    ['I16', 'the budget of the company', { budgets: { company: 1e-6 } }],
    ['I17', 'the attempts of a lineage', { attempts: 1 }],
    ['I17', 'the money of a lineage', { budgets: { lineage: 1e-6 } }],
    ['I17', 'the depth of a lineage', { depth: 0 }],
  ])('%s: %s', (id, _, rules: Recorded['rules']) => {
    expect(brokenUnder(rules)).toEqual([id]);
  });

  test('what is not known is not judged, and said', () => {
    expect(brokenUnder({})).toEqual([]);
    expect(
      createAuditor({})
        .unjudged()
        .map((line) => line.slice(0, 3)),
    ).toEqual(['I17', 'I16', 'I12', 'I25']);
    expect(
      createAuditor(first.rules)
        .unjudged()
        .map((line) => line.slice(0, 3)),
    ).toEqual(['I25']);
  });
});
