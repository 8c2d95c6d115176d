// I1, I2, I3: what holds of every message, whatever it says.

import { compileFilters, type Filter } from '../bus/filters.ts';
import type { Message, MessageType } from '../bus/messages.ts';
import { subjectTable } from '../bus/subjects.ts';
import type { Check } from './judge.ts';
import { skewOf } from './rules.ts';

/** For each type, whether a subject is one that carries it. */
const carriers = new Map<MessageType, Filter>();

function carries(type: MessageType): Filter {
  const known = carriers.get(type);
  if (known) return known;
  const rows = subjectTable.filter(({ types }) =>
    types.some((one) => one === type || (one.endsWith('.*') && type.startsWith(one.slice(0, -1)))),
  );
  // `<role>` stands for one token.
  const found = compileFilters(rows.map(({ subject }) => subject.replace(/<\w+>/g, '*')));
  carriers.set(type, found);
  return found;
}

/** What the last token of a subject must be: the thing that the message is about. */
function aboutOf(message: Message): string | undefined {
  if ('task' in message.data && typeof message.data.task === 'object') return message.data.task.id;
  if ('job' in message.data) return message.data.job.id;
  if (message.type.startsWith('pull.') && 'number' in message.data) return String(message.data.number);
  if (message.type.startsWith('approval.') && 'options' in message.data) return message.data.id;
  if (message.type === 'request.answered') return message.data.id;
  if (message.type === 'clock.ticked') return message.data.duty;
  if (message.type === 'process.started' || message.type === 'process.left') return message.data.name;
  return undefined;
}

function isInPlace(subject: string, message: Message): boolean {
  if (message.subject !== subject) return false;
  if (!carries(message.type)(subject)) return false;
  const about = aboutOf(message);
  return about === undefined || subject.endsWith(`.${about}`);
}

/** Families of messages that change a state: a repeat would change it twice. */
const once = /^(task|job|pull|approval|clock|directive|backlog|report|request|policy|process)\.|^agent\.remembered$/;

const saidOnce = new Map<MessageType, boolean>();

function isSaidOnce(type: MessageType): boolean {
  const known = saidOnce.get(type) ?? once.test(type);
  saidOnce.set(type, known);
  return known;
}

const place: Check = {
  look({ stored: { seq, subject, message }, ledger, judge }) {
    judge('I1', seq === ledger.seq + 1, () =>
      seq > ledger.seq
        ? `messages ${ledger.seq + 1} to ${seq - 1} are missing`
        : `sequence ${seq} comes after ${ledger.seq}`,
    );
    judge('I1', isInPlace(subject, message), () => `${message.id} (${message.type}) is on ${subject}`);
  },
};

const ids: Check = {
  look({ stored: { message }, ledger, judge }) {
    if (!isSaidOnce(message.type)) return;
    judge('I2', !ledger.ids.has(message.id), () => `${message.id} was said before`);
  },
};

const time: Check = {
  look({ stored: { message }, ledger, rules, at, judge }) {
    const skew = skewOf(rules, ledger);
    judge('I3', at >= ledger.at - skew, () => {
      const behind = Math.round((ledger.at - at) / 1000);
      return `${message.id} is ${behind} s older than a message before it; ${skew / 1000} s are allowed`;
    });
  },
};

export function streamChecks(): readonly Check[] {
  return [place, ids, time];
}
