// What follows from a task that is done goes on while its agent works on the next one. Not in simulated time, which lets one turn
// end before it begins another.

import { afterEach, describe, expect, it } from 'vitest';
import { createFileKnowledge } from '../brain/knowledge/files.ts';
import { plainAnswer, type Question } from '../brain/models/model.ts';
import { RealClock } from '../bus/clock.ts';
import { MemoryBus } from '../bus/memory.ts';
import type { Message, MessageType } from '../bus/messages.ts';
import { PlannedTask } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { createSecrets } from '../tools/policy/secrets.ts';
import { Company } from './company.ts';
import { duties } from './duties/registry.ts';
import { noTools } from './fakes.ts';
import { good, orgOf } from './fixture.ts';
import { openMoney } from './money/desk.ts';
import type { Ports } from './ports.ts';
import { follow } from './projections.ts';

const org = orgOf('', '{ backoff: { first: 1s } }', 1);
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A company of one worker, with the messages of one type held back until `letGo`. */
async function companyHolding(type: MessageType, script: (question: Question) => unknown = () => good) {
  const clock = new RealClock(100);
  const stream = new MemoryBus('acme', clock);
  let letGo = (_?: Error) => {};
  const held = new Promise<void>((resolve, reject) => {
    letGo = (error) => (error ? reject(error) : resolve());
  });
  held.catch(() => {});
  const publish = stream.publish.bind(stream);
  stream.publish = async (subject, draft, options) => {
    if (draft.type === type) await held;
    return publish(subject, draft, options);
  };
  const messages: Message[] = [];
  const looks = new Set<() => void>();
  const seen = await follow(stream, ({ message }) => {
    messages.push(message);
    for (const look of looks) look();
  });
  const asked: Question[] = [];
  const log: string[] = [];
  const known = { board: seen.board, company: seen.company, episodes: seen.episodes, org: () => org };
  const say: Ports['log'] = (_, line) => void log.push(line);
  const company = new Company({
    ports: {
      ...known,
      bus: stream,
      clock,
      duties,
      tools: noTools,
      knowledge: createFileKnowledge([]),
      secrets: createSecrets({}),
      log: say,
      money: openMoney({ bus: stream, clock, log: say, ...known }),
      model: {
        async think(question) {
          asked.push(question);
          const said = script(question);
          const text = typeof said === 'string' ? said : JSON.stringify(said);
          return plainAnswer(text, { model: 'script', inputTokens: 1, outputTokens: 1, cost: 1 });
        },
        quote: () => 1,
      },
    },
  });
  await company.start();
  closing.push(async () => {
    letGo();
    await company.drain('tested');
    await seen.close();
    await stream.close();
  });
  const of = <T extends MessageType>(wanted: T) =>
    messages.filter((message): message is Message<T> => message.type === wanted);
  const tasks = ['a', 'b'].map((key) => PlannedTask.parse({ key, title: `Do ${key}`, role: 'worker' }));
  await publish(subjects.directives, {
    id: 'backlog.B1',
    type: 'backlog.given',
    source: 'operator',
    data: { id: 'B1', tasks },
  });
  return {
    letGo: (error?: Error) => letGo(error),
    of,
    asked,
    log,
    worker: () => stream.stream.durables.get('worker'),
    until: (holds: () => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (holds()) resolve();
        };
        looks.add(look);
        look();
      }),
  };
}

describe('what follows from a task', () => {
  it('is no reason for its agent to wait, and is done before the delivery is settled', async () => {
    const { of, until, letGo, worker } = await companyHolding('report.filed');
    await until(() => of('task.completed').length === 2);
    expect(of('report.filed')).toEqual([]);
    expect(worker()?.unsettled.size).toBe(2);
    letGo();
    await until(() => of('report.filed').length === 2);
    expect(of('task.started').map(({ data }) => data.task.agent)).toEqual(['worker', 'worker']);
  });

  it('is told to its agent before that begins anything else', async () => {
    const { of, until, letGo, asked } = await companyHolding('agent.remembered');
    await until(() => of('task.completed').length === 2);
    expect(of('agent.remembered')).toEqual([]);
    expect(asked[1]?.prompt).toMatch(/What you were told about your work\n+- .*Do a/);
    expect(asked[1]?.prompt).toMatch(/Your last 24 hours\n(.*\n)*- .*T1/);
    letGo();
    await until(() => of('agent.remembered').length === 2);
    expect(of('agent.remembered').map(({ data }) => [data.task, data.count])).toEqual([
      ['T1', 1],
      ['T2', 2],
    ]);
  });

  it('is waited for where the agent has something to learn from it', async () => {
    let answers = 0;
    const { of, until, letGo } = await companyHolding('report.filed', () => {
      answers += 1;
      return answers === 1 ? 'no answer at all' : good;
    });
    await until(() => of('task.completed').length === 1 && of('agent.remembered').length === 1);
    // Whatever would go on without the report has had its turn.
    for (let rounds = 0; rounds < 20; rounds += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(of('task.failed')).toHaveLength(1);
    expect(of('task.started').filter(({ data }) => data.task.id === 'T2')).toEqual([]);
    letGo();
    await until(() => of('task.completed').length === 2);
  });

  it('that fails is done by the next delivery, and its agent did not crash', async () => {
    const { of, until, letGo, log } = await companyHolding('report.filed');
    await until(() => of('task.completed').length === 2);
    letGo(new TypeError('no reports just now'));
    await until(() => of('delivery.tried').length === 2);
    expect(log.filter((line) => line.includes('what follows from'))).toHaveLength(2);
    expect(of('agent.changed').filter(({ data }) => data.event === 'CRASHED')).toEqual([]);
  });
});
