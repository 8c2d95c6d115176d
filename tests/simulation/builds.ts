// Companies that are wrong on purpose, each in one way: what a simulator is for is to find them.

import type { Bus, Delivery } from '../../bus/bus.ts';
import type { Build } from '../../simulator/member.ts';

function acknowledgesFirst(bus: Bus): Bus {
  return {
    ...bus,
    consume: (spec, handler) =>
      bus.consume(spec, (delivery) => {
        delivery.ack();
        const settled: Delivery = {
          seq: delivery.seq,
          subject: delivery.subject,
          message: delivery.message,
          attempt: delivery.attempt,
          ack: () => {},
          nak: () => {},
          working: () => {},
          term: async () => {},
        };
        return handler(settled);
      }),
  };
}

const ignoresSequences = (bus: Bus): Bus => ({ ...bus, publish: (subject, draft) => bus.publish(subject, draft) });

/** One write of many: two who change one pull request at once are too rare to be waited for. */
const ignoresThemForPulls = (bus: Bus): Bus => ({
  ...bus,
  publish: (subject, draft, options) => bus.publish(subject, draft, draft.type.startsWith('pull.') ? {} : options),
});

/** Nobody is ever late: what somebody else has written is written over. */
const ignoresFences = (bus: Bus): Bus => ({
  ...bus,
  publish: async (subject, draft, options) => {
    if (options?.expectedLastSeq === undefined) return bus.publish(subject, draft, options);
    return bus.publish(subject, draft, { expectedLastSeq: (await bus.last(subject))?.seq ?? 0 });
  },
});

function settlesTwice(bus: Bus): Bus {
  const publish: Bus['publish'] = async (subject, draft, options) => {
    const published = await bus.publish(subject, draft, options);
    if (draft.type === 'money.settled') await bus.publish(subject, { ...draft, id: `${draft.id}.2` });
    return published;
  };
  return { ...bus, publish };
}

const neverSettles = (bus: Bus): Bus => ({
  ...bus,
  publish: async (subject, draft, options) =>
    draft.type === 'money.settled' ? { seq: 1, duplicate: false } : bus.publish(subject, draft, options),
});

/** What waits for an instant is recorded as if it waited for another: whoever takes it up goes on at once. */
const forgetsBackOffs = (bus: Bus): Bus => ({
  ...bus,
  last: async (subject) => {
    const last = await bus.last(subject);
    if (last?.message.type !== 'task.failed' || last.message.data.task.dueAt === undefined) return last;
    const task = { ...last.message.data.task, dueAt: Date.parse(last.message.time) };
    return { ...last, message: { ...last.message, data: { ...last.message.data, task } } };
  },
});

/** In the order of how long they take to find. */
export const wrongBuilds: readonly { readonly what: string; readonly scenario: string; readonly build: Build }[] = [
  {
    what: 'pays for every answer twice',
    scenario: 'outage',
    build: {
      model: (model) => ({
        quote: (question) => model.quote(question),
        think: async (question, signal) => {
          await model.think(question, signal);
          return model.think(question, signal);
        },
      }),
    },
  },
  { what: 'acknowledges before it has recorded', scenario: 'outage', build: { bus: acknowledgesFirst } },
  { what: 'ignores expected sequences', scenario: 'outage', build: { bus: ignoresSequences } },
  { what: 'changes pull requests whatever their sequence', scenario: 'outage', build: { bus: ignoresThemForPulls } },
  { what: 'ignores that it was fenced', scenario: 'outage', build: { bus: ignoresFences } },
  { what: 'never settles its calls', scenario: 'outage', build: { bus: neverSettles } },
  { what: 'forgets how long it was to wait', scenario: 'outage', build: { bus: forgetsBackOffs } },
  { what: 'settles its calls twice', scenario: 'outage', build: { bus: settlesTwice } },
  {
    what: 'forgets to look whether it has merged',
    scenario: 'outage',
    build: {
      products: (products) => ({ ...products, repos: { ...products.repos, findMerge: async () => undefined } }),
    },
  },
];
