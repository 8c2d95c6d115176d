// The status screen as lines.

import { usedOf } from '../../actors/money/asking.ts';
import { pad, widthOf } from '../../org/width.ts';
import { count, duration, money } from '../format.ts';
import { type Cell, clean, cut, flowed, type Paint, type Tone, table, wrapped } from '../output.ts';
import { processLines } from './processes.ts';
import type { Status } from './status.ts';

const stateTones: Readonly<Record<string, Tone>> = {
  idle: 'dim',
  gone: 'dim',
  working: 'info',
  retrying: 'warn',
  decomposing: 'warn',
  unfunded: 'bad',
  escalated: 'bad',
  crashed: 'bad',
  fenced: 'warn',
  silent: 'warn',
};

const arrows = { up: ' ^', down: ' v', level: '' } as const;

function agentLines(status: Status, paint: Paint, width: number): string[] {
  const lateAgents = new Set(status.late.map(({ agent }) => agent));
  const rows = status.agents.map((row): Cell[] => {
    const top = row.state.split('.')[0] ?? row.state;
    const flag = lateAgents.has(row.agent) && top !== 'idle' ? ' !' : '';
    const next = row.untilMs !== undefined && row.untilMs > 0 ? `next in ${duration(row.untilMs)}` : '';
    const why = row.reason === undefined || top === 'working' ? '' : `(${row.reason})`;
    return [
      clean(row.agent),
      { text: top === 'silent' ? 'not heard of' : `${clean(top)}${flag}`, tone: stateTones[top] ?? 'plain' },
      clean(row.task ?? '-'),
      row.sinceMs === undefined || top === 'gone' ? '-' : duration(row.sinceMs),
      row.score === undefined ? '-' : `${Math.round(row.score)}${row.trend ? arrows[row.trend] : ''}`,
      row.spend === 0 ? '-' : money(row.spend),
      clean(`${next} ${why}`.trim()),
    ];
  });
  return table(['AGENTS', 'state', 'task', 'since', 'score', 'spend', ''], rows, { width, paint });
}

/** The end of a reason often says what to mend, so it is given room below instead of being cut. */
const REASON_LINES = 4;

function withReason(head: string, between: string, reason: string, width: number): string[] {
  const one = `${head}${between}${clean(reason)}`;
  if (widthOf(one) <= width) return [one];
  const lines = wrapped(reason, width - 6);
  const shown = lines.slice(0, REASON_LINES);
  if (lines.length > REASON_LINES) shown[REASON_LINES - 1] = cut(`${shown.at(-1)} ${lines[REASON_LINES]}`, width - 6);
  return [cut(head, width), ...shown.map((line) => `      ${line}`)];
}

function storageLines(
  title: string,
  { said, next }: NonNullable<Status['storage']>,
  paint: Paint,
  width: number,
): string[] {
  return [
    paint(title, 'bad'),
    ...wrapped(said, width - 2).map((line) => `  ${line}`),
    ...next.split('\n').map((line) => `      ${paint(clean(line), 'command')}`),
  ];
}

function problemLines(status: Status, paint: Paint, width: number): string[] {
  const lines: string[] = [];
  const heading = (title: string, many: number) => lines.push(paint(`${title} (${many})`, 'bad'));
  if (status.storage) lines.push(...storageLines('STORE', status.storage, paint, width));
  if (status.providers.length > 0) {
    heading('PROVIDERS', status.providers.length);
    for (const { provider, state, reason = '', againInMs } of status.providers) {
      const again = state === 'probing' ? 'being asked' : `asked again in ${duration(againInMs)}`;
      lines.push(cut(`  ${clean(provider)}  ${state}, ${again}  ${clean(reason)}`, width));
    }
    if (status.providers.some(({ state }) => state === 'broken')) {
      lines.push(`      ${paint('headcount doctor --live', 'command')}`);
    }
  }
  if (status.broken.length > 0) {
    heading('BROKEN RULES', status.broken.length);
    for (const { invariant, seq, detail } of status.broken.slice(-3)) {
      lines.push(cut(`  ${invariant}  at ${seq}  ${clean(detail)}`, width));
    }
    lines.push(`      ${paint('headcount audit', 'command')}`);
  }
  if (status.needsYou.length > 0) {
    heading('NEEDS YOU', status.needsYou.length);
    for (const { id, question, options, facts, said, waitingMs, blocks } of status.needsYou) {
      const cost = `waits ${duration(waitingMs)}, blocks ${blocks}`;
      lines.push(`  ${clean(id)}  ${cut(clean(question), width - id.length - cost.length - 6)}  ${paint(cost, 'dim')}`);
      for (const { name, value } of facts) lines.push(cut(`      ${pad(name, 9)}${clean(value)}`, width));
      for (const { by, text } of said) {
        lines.push(paint(cut(`      ${pad('claim', 9)}${clean(by)} says: ${clean(text)}`, width), 'dim'));
      }
      for (const { key, label, recommended } of options) {
        lines.push(cut(`      ${clean(key)}  ${clean(label)}${recommended ? ' (recommended)' : ''}`, width));
      }
      const best = options.find((option) => option.recommended) ?? options[0];
      lines.push(`      ${paint(`headcount answer ${clean(id)} ${clean(best?.key ?? '')}`, 'command')}`);
    }
  }
  if (status.low.length > 0) {
    heading('MONEY', status.low.length);
    for (const { purse, used, cap, empty } of status.low) {
      const state = empty ? paint('  agents wait', 'bad') : '';
      lines.push(`${cut(`  ${usedOf({ purse, used, cap })}`, width - 14)}${state}`);
    }
  }
  if (status.late.length > 0) {
    heading('LATE', status.late.length);
    for (const late of status.late) {
      const overdue = late.overdueMs === undefined ? '' : `, due ${duration(late.overdueMs)} ago`;
      const spent =
        late.workingMs > 0
          ? `${late.status} ${duration(late.workingMs)}, expected ${duration(late.expectedMs)}`
          : late.status;
      lines.push(cut(`  ${late.task}  ${clean(late.agent ?? '-')}  ${spent}${overdue}  ${clean(late.title)}`, width));
    }
  }
  if (status.stuck.length > 0) {
    heading('ESCALATED', status.stuck.length);
    for (const { task, title, reason } of status.stuck) {
      lines.push(...withReason(`  ${task}  ${clean(title)}`, ': ', reason, width));
    }
  }
  if (status.deadLetters.length > 0) {
    heading('DEAD LETTERS', status.deadLetters.length);
    for (const { id, consumer, subject, reason } of status.deadLetters.slice(-3)) {
      lines.push(...withReason(`  ${id}  ${clean(consumer)}  ${clean(subject)}`, '  ', reason, width));
    }
    lines.push(`      ${paint('headcount dead list', 'command')}`);
  }
  return lines;
}

/** `$3.41`, and where the company has a cap for a day `   today $1.20 of $20.00 (6 %)`. */
function moneyLine({ cost, today }: Status): string {
  if (today === undefined) return money(cost);
  const part = Math.floor((today.used / today.cap) * 100);
  return `${money(cost)}   today ${money(today.used)} of ${money(today.cap)} (${part} %)`;
}

/** The screen as lines. */
export function renderStatus(status: Status, paint: Paint, width: number): string[] {
  const { flow } = status;
  const lag = status.lag === undefined ? '' : `   lag ${status.lag}`;
  const head = `${status.state} ${duration(status.runningMs)}   ${moneyLine(status)}   seq ${count(status.seq)}${lag}`;
  const flowItems = [
    `todo ${flow.ready + flow.blocked}`,
    `working ${flow.working}`,
    `retrying ${flow.retrying}`,
    `waiting ${flow.waiting}`,
    `escalated ${flow.escalated}`,
    `done ${flow.done}`,
    ...(flow.abandoned > 0 ? [`abandoned ${flow.abandoned}`] : []),
    `dead ${status.deadLetters.length}`,
  ];
  const nothing = status.agents.length === 0 && status.seq === 0;
  return [
    ...status.others.flatMap((one) => storageLines(`STORE of ${clean(one.company)}`, one, paint, width)),
    `${paint(clean(status.company), 'strong')}   ${head}`,
    ...problemLines(status, paint, width),
    ...(nothing ? ['nothing has happened yet'] : agentLines(status, paint, width)),
    ...processLines(status.processes, paint, width),
    ...flowed('FLOW  ', flowItems, width).map((line) => line.replace(/^FLOW/, (word) => paint(word, 'dim'))),
  ];
}
