// The table of moves against the agent chart: what the chart may do next is what a task may do next.

import { expect, test } from 'vitest';
import { initialTransition, transition } from 'xstate';
import type { TaskMessage } from '../bus/messages.ts';
import type { FailureKind, Phase, TaskStatus } from '../bus/records.ts';
import { type AgentCommand, type AgentEvent, buildAgentMachine, type WorkView } from '../machines/agent.ts';
import type { AgentPolicy } from '../machines/policy.ts';
import { moves } from './moves.ts';

const policy: AgentPolicy = {
  ladder: ['standard', 'recall', 'consult', 'decompose', 'escalate'],
  backoff: { firstMs: 1, factor: 2, maxMs: 10 },
  waits: 1,
  depth: 1,
  stepMs: 1e6,
  lineage: { attempts: 9, cost: 9, ms: 1e9 },
};

const kinds: readonly FailureKind[] = ['quality', 'environment', 'permanent'];

/** Events that answer a command; what the host records before it gives them is `recordOf` (actors/task-turn.ts). */
type Answer = Exclude<AgentEvent['type'], 'ASSIGN'>;

const answers: Readonly<Record<AgentCommand['type'], readonly Answer[]>> = {
  brief: ['BRIEFED', 'FAILED'],
  execute: ['EXECUTED', 'UNFUNDED', 'FAILED'],
  verify: ['VERIFIED', 'AWAITING', 'UNFUNDED', 'FAILED'],
  waitForMoney: ['FUNDED'],
  report: ['REPORTED'],
  backOff: ['DUE', 'PARKED'],
  recall: ['RECALLED', 'FAILED'],
  consult: ['CONSULTED', 'FAILED'],
  plan: ['PLANNED', 'UNFUNDED', 'FAILED'],
  delegate: ['DELEGATED', 'FAILED'],
  escalate: ['ESCALATED'],
};

type Recorded = { readonly status: TaskStatus; readonly phase: Phase; readonly attempt: number };

/** What carrying out a command records, given what the task is; undefined when it records nothing. */
function recordOf(
  command: AgentCommand,
  answer: Answer,
  now: Recorded,
  failed: boolean,
  attempt: number,
): readonly (readonly [TaskMessage['type'], Recorded])[] {
  const failure = failed ? [['task.failed', { status: 'retrying', phase: 'backing-off', attempt }] as const] : [];
  switch (command.type) {
    case 'brief':
      return [['task.started', { status: 'working', phase: 'executing', attempt }]];
    case 'verify':
      return answer === 'AWAITING' ? [['task.waiting', { ...now, status: 'waiting', phase: 'verifying' }]] : [];
    case 'report':
      return [['task.completed', { ...now, status: 'done', phase: 'reporting' }]];
    case 'backOff':
      return failure;
    case 'plan':
      return failed ? [['task.failed', { status: 'retrying', phase: 'planning', attempt }]] : [];
    case 'delegate':
      return answer === 'DELEGATED' ? [['task.decomposed', { ...now, status: 'waiting', phase: 'verifying' }]] : [];
    case 'escalate':
      return [['task.escalated', { ...now, status: 'escalated' }]];
    default:
      return [];
  }
}

/** Every move that the chart makes from tasks as they may be recorded. */
function walked(): ReadonlySet<string> {
  const machine = buildAgentMachine(policy);
  const [idle] = initialTransition(machine, { agent: 'a' });
  const seen = new Set<string>();
  const found = new Set<string>();
  type Place = { readonly at: typeof idle; readonly commands: readonly AgentCommand[]; readonly now: Recorded };
  const line: { readonly place: Place; readonly failed: boolean }[] = [];

  function assign(now: Recorded, rung: number, waits: number, affordable: boolean): void {
    const work: WorkView = {
      id: 'T',
      ...now,
      attempt: Math.max(1, now.attempt),
      rung,
      waits,
      excused: 0,
      depthLeft: 1,
      affordable,
    };
    go({ at: idle, commands: [], now }, { type: 'ASSIGN', work }, false);
  }

  function go({ at, now }: Place, event: AgentEvent, failed: boolean): void {
    const [next, actions] = transition(machine, at, event);
    const commands = actions.flatMap(({ params }) => emitted(params));
    const { work } = next.context;
    const key = JSON.stringify([next.value, work?.rung, work?.waits, work?.attempt, now, failed]);
    if (seen.has(key)) return;
    seen.add(key);
    line.push({ place: { at: next, commands, now }, failed });
  }

  assign({ status: 'ready', phase: 'briefing', attempt: 0 }, 1, 0, true);
  assign({ status: 'ready', phase: 'briefing', attempt: 0 }, 1, 0, false);
  for (let item = line.shift(); item; item = line.shift()) {
    const { place, failed } = item;
    const [command] = place.commands;
    if (!command) continue;
    const { work } = place.at.context;
    for (const answer of answers[command.type]) {
      let now = place.now;
      for (const [type, next] of recordOf(command, answer, now, failed, work?.attempt ?? 1)) {
        found.add(`${type}: ${now.status} -> ${next.status}, ${next.phase}, +${next.attempt - now.attempt}`);
        now = next;
      }
      if (answer !== 'FAILED') go({ ...place, now }, { type: answer }, false);
      else {
        for (const kind of kinds) {
          for (const affordable of [true, false]) {
            go({ ...place, now }, { type: 'FAILED', failure: { kind, reason: 'r' }, affordable }, true);
          }
        }
      }
      // What waits is given out again, as it was recorded.
      if ((answer === 'AWAITING' || answer === 'DELEGATED' || answer === 'PARKED') && work) {
        assign(now, work.rung, work.waits, true);
      }
    }
  }
  return found;
}

function emitted(params: unknown): AgentCommand[] {
  if (typeof params !== 'object' || params === null || !('event' in params)) return [];
  return [params.event as AgentCommand];
}

test('whatever the chart does with a task is a legal move', () => {
  const made = [...walked()];
  const illegal = made.filter((line) => {
    const [, type = '', from = '', to = '', phase = '', plus = ''] =
      /^([\w.]+): (\w+) -> (\w+), ([\w-]+), \+(\d)$/.exec(line) ?? [];
    const move = moves[type as TaskMessage['type']];
    return !(
      move?.from.includes(from as TaskStatus) &&
      move.to !== 'same' &&
      move.to.includes(to as TaskStatus) &&
      (move.phases?.includes(phase as Phase) ?? true) &&
      move.attempts.includes(Number(plus) as 0 | 1)
    );
  });
  expect(made.length).toBeGreaterThan(12);
  expect(illegal).toEqual([]);
});

test('the table allows no move of the agent that the chart does not make', () => {
  const made = [...walked()].map((line) => line.replace(/,.*$/, ''));
  const agents = ['task.started', 'task.failed', 'task.waiting', 'task.decomposed', 'task.completed'] as const;
  const allowed = agents.flatMap((type) => {
    const { from, to } = moves[type];
    return from.flatMap((one) => (to === 'same' ? [] : to.map((other) => `${type}: ${one} -> ${other}`)));
  });
  expect(allowed.filter((move) => !made.includes(move))).toEqual([]);
});
