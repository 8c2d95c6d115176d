// I19 to I22, I24: what is given out, asked, answered, ticked and celebrated, and who is there.

import { type Check, isRequeued } from './judge.ts';

const given: Check = {
  types: ['assignment.given', 'review.requested'],
  look({ stored: { message }, ledger, judge }) {
    if (message.type === 'assignment.given') {
      const { task } = message.data;
      judge('I19', ledger.tasks.has(task), () => `${task} is given out, and does not exist`);
    }
    if (message.type === 'review.requested') {
      const { pull, head } = message.data;
      const known = ledger.pulls.get(pull)?.is;
      judge('I19', known?.head === head, () =>
        known ? `a review of ${head} is asked for, and pull ${pull} is at ${known.head}` : `there is no pull ${pull}`,
      );
    }
  },
};

const answered: Check = {
  types: ['request.answered', 'approval.answered', 'approval.expired', 'approval.withdrawn'],
  look({ stored: { message }, ledger, judge }) {
    if (message.type === 'request.answered') {
      const { id, by } = message.data;
      judge('I20', ledger.requests.has(id), () => `${by} answers ${id}, which nobody asked`);
      judge('I20', !ledger.answers.has(id), () => `${by} answers ${id} again`);
    }
    if (message.type === 'approval.withdrawn') {
      const { id } = message.data;
      const before = ledger.approvals.get(id)?.is;
      const open = before !== undefined && before.status !== 'withdrawn' && before.answer === undefined;
      judge('I20', open || isRequeued(message.id), () => `${id} is withdrawn, and is not open`);
    }
    if (message.type === 'approval.answered' || message.type === 'approval.expired') {
      const { id, answer, options } = message.data;
      const before = ledger.approvals.get(id)?.is;
      judge('I20', before?.status !== 'withdrawn', () => `${id} is answered, and was withdrawn`);
      judge('I20', before !== undefined, () => `${id} is answered, and was never asked`);
      // One that expired without an answer is still wanted.
      judge('I20', before?.answer === undefined || isRequeued(message.id), () => `${id} is answered again`);
      const silent = message.type === 'approval.expired' && answer === undefined;
      judge('I20', silent || options.some(({ key }) => key === answer), () => {
        return `${id} is answered "${answer}", which is none of its options`;
      });
    }
  },
};

function ticked(): Check {
  const slots = new Map<string, number>();
  return {
    types: ['clock.ticked'],
    look({ stored: { message }, judge }) {
      if (message.type !== 'clock.ticked') return;
      const { duty, slot } = message.data;
      const last = slots.get(duty);
      judge('I21', last === undefined || slot > last || isRequeued(message.id), () => {
        return slot === last
          ? `slot ${slot} of ${duty} ticks again`
          : `slot ${slot} of ${duty} ticks after slot ${last}`;
      });
      slots.set(duty, Math.max(slot, last ?? slot));
    },
  };
}

function celebrated(): Check {
  const reached = new Set<string>();
  return {
    types: ['brain.milestone'],
    look({ stored: { message }, judge }) {
      if (message.type !== 'brain.milestone') return;
      const { name } = message.data;
      judge('I22', !reached.has(name), () => `${name} is reached again`);
      reached.add(name);
    },
  };
}

const numbered: Check = {
  types: ['process.started', 'process.left'],
  look({ stored: { message }, ledger, judge }) {
    if (message.type !== 'process.started' && message.type !== 'process.left') return;
    const { name, incarnation } = message.data;
    const last = ledger.processes.get(name) ?? 0;
    if (message.type === 'process.left') {
      judge('I24', incarnation === last, () => `${name} ${incarnation} leaves, and ${name} ${last} has its name`);
    } else judge('I24', incarnation > last, () => `${name} starts as ${incarnation} after ${last}`);
  },
};

export function talkChecks(): readonly Check[] {
  return [given, answered, ticked(), celebrated(), numbered];
}
