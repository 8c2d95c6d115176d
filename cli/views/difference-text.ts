// What two companies differ in, as lines: `-` is the first one's, `+` the second one's.

import { count, money, plural } from '../format.ts';
import { clean, cut, type Paint } from '../output.ts';
import type { Difference, Event, TaskDifference } from './difference.ts';

/** The comparison as lines. */
export function renderDifference(
  difference: Difference,
  [a, b]: readonly [string, string],
  paint: Paint,
  width: number,
): string[] {
  const { same, messages, common } = difference;
  if (same) return [`${paint('the same', 'good')}: ${plural(messages.a, 'message')}`];
  return [
    `${paint('-', 'bad')} ${clean(a)}  ${plural(messages.a, 'message')}`,
    `${paint('+', 'good')} ${clean(b)}  ${plural(messages.b, 'message')}`,
    ...firstLines(difference, paint, width),
    ...sideLines('org chart', short(difference.org.a), short(difference.org.b), paint),
    ...difference.tasks.flatMap((task) => taskLines(task, paint, width)),
    ...difference.scores.flatMap(({ agent, a: one, b: other }) =>
      sideLines(`score of ${clean(agent)}`, rounded(one), rounded(other), paint),
    ),
    ...sideLines('cost', costOf(difference.cost.a), costOf(difference.cost.b), paint),
    ...commitLines(difference, paint, width),
    ...(common === 0 ? ['nothing in common: they never were one company'] : []),
  ];
}

function firstLines({ first, common }: Difference, paint: Paint, width: number): string[] {
  if (first === undefined) return [];
  const line = (mark: '-' | '+', event: Event | undefined) => {
    const text =
      event === undefined
        ? 'nothing more'
        : [event.time, event.subject, event.type, event.source, event.text].map(clean).join('  ');
    return `  ${paint(mark, mark === '-' ? 'bad' : 'good')} ${cut(text, Math.max(20, width - 4))}`;
  };
  return [`the same up to seq ${count(common)}, then`, line('-', first.a), line('+', first.b)];
}

function sideLines(what: string, a: string, b: string, paint: Paint): string[] {
  return a === b ? [] : [what, `  ${paint('-', 'bad')} ${a}`, `  ${paint('+', 'good')} ${b}`];
}

function taskLines({ key, title, id, fields }: TaskDifference, paint: Paint, width: number): string[] {
  const names = [...new Set([id.a, id.b])].filter((one) => one !== undefined).join(', ');
  const value = (one: unknown) =>
    one === undefined ? 'none' : typeof one === 'number' ? String(one) : clean(String(one));
  const side = (which: 'a' | 'b') =>
    id[which] === undefined ? 'none' : fields.map((one) => `${one.field} ${value(one[which])}`).join('  ');
  return [
    cut(`task ${names} (${clean(key)}) ${clean(title)}`, width),
    `  ${paint('-', 'bad')} ${cut(side('a'), Math.max(20, width - 4))}`,
    `  ${paint('+', 'good')} ${cut(side('b'), Math.max(20, width - 4))}`,
  ];
}

function commitLines({ commits }: Difference, paint: Paint, width: number): string[] {
  const line = (mark: '-' | '+') => (one: Difference['commits']['a'][number]) =>
    `  ${paint(mark, mark === '-' ? 'bad' : 'good')} ${cut(clean(`${one.product} ${one.commit.slice(0, 7)} pull ${one.pull} ${one.title}`), width - 4)}`;
  const lines = [...commits.a.map(line('-')), ...commits.b.map(line('+'))];
  return lines.length === 0 ? [] : ['commits', ...lines];
}

const short = (digest: string | undefined) => digest?.slice(0, 12) ?? 'not told';
const rounded = (score: number | undefined) => (score === undefined ? 'none' : String(Math.round(score * 10) / 10));
const costOf = ({ cost, calls, tokens }: Difference['cost']['a']) =>
  `${money(cost)}, ${plural(calls, 'model call')}, ${count(tokens)} tokens`;
