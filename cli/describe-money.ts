// What is said of money, in words. Calls are quiet; warnings, stops and raised caps are news.

import { purseInWords, shortage, usedOf } from '../actors/money/asking.ts';
import type { Message } from '../bus/messages.ts';
import { type Reservation, reservationsIn } from '../bus/money.ts';
import { money } from './format.ts';
import { type Line, news, quiet } from './line.ts';

type MoneyMessage = Extract<Message, { type: `money.${string}` }>;

export function isMoney(message: Message): message is MoneyMessage {
  return message.type.startsWith('money.');
}

export function describeMoney(message: MoneyMessage): Line {
  const who = message.source;
  switch (message.type) {
    case 'money.reserved':
      return quiet(who, 'reserves', reserved(reservationsIn(message.data)));
    case 'money.settled': {
      const { usage, call, cost } = message.data;
      const how = usage === undefined ? ', its worst case' : usage.estimated ? ', estimated' : '';
      return quiet(who, 'pays', `${money(cost)} for ${call}${how}`);
    }
    case 'money.refunded':
      return quiet(who, 'pays nothing', `for ${message.data.call}: ${message.data.reason}`);
    case 'money.warned':
      return news(who, 'budget', usedOf(message.data), 'warn');
    case 'money.stopped':
      return news(who, 'out of money', shortage(message.data), 'bad');
    case 'money.raised': {
      const { purse, amount, by } = message.data;
      return news(by, 'raises', `the cap of ${purseInWords(purse)} by ${money(amount)}`, 'good');
    }
  }
}

function reserved(calls: readonly Reservation[]): string {
  return calls.map(({ worst, call }) => `${money(worst)} at most for ${call}`).join(', ');
}
