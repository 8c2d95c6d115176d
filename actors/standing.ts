// Moving agents up and down: the chart of a standing is asked after each scored task, and what it says is recorded on
// `agent.<id>.standing` with the messages that show it.

import { createActor } from 'xstate';
import type { Bus } from '../bus/bus.ts';
import type { Clock } from '../bus/clock.ts';
import { StaleWrite } from '../bus/errors.ts';
import type { Standing } from '../bus/learned.ts';
import type { AgentMemory } from '../bus/memories.ts';
import { subjects } from '../bus/subjects.ts';
import type { StandingPolicy } from '../machines/policy.ts';
import {
  buildStandingMachine,
  recordOf,
  type Sample,
  type StandingCommand,
  type StandingEvent,
} from '../machines/standing.ts';
import type { Org } from '../org/org.ts';
import type { Board } from './board.ts';
import type { Kept } from './learned.ts';

type Moving = { readonly bus: Bus; readonly board: Board; readonly clock: Pick<Clock, 'now'>; readonly org: () => Org };

/** The actor of a policy in each standing that has not moved yet: making one costs more than asking it. */
const actors = new WeakMap<StandingPolicy, Map<Standing['standing'], StandingActor>>();

type StandingActor = {
  readonly ask: (event: StandingEvent) => StandingCommand | undefined;
};

function actorIn(policy: StandingPolicy, from: Standing['standing']): StandingActor {
  const actor = createActor(buildStandingMachine(policy, from));
  let said: StandingCommand | undefined;
  actor.on('stand', (command) => {
    said = command;
  });
  actor.start();
  return {
    ask(event) {
      actor.send(event);
      return said;
    },
  };
}

/** What the chart says to an event; undefined when nothing changes. Pure: an actor that has moved is not asked again. */
export function moved(
  policy: StandingPolicy,
  from: Standing['standing'],
  event: StandingEvent,
): StandingCommand | undefined {
  const known = actors.get(policy) ?? new Map<Standing['standing'], StandingActor>();
  actors.set(policy, known);
  const actor = known.get(from) ?? actorIn(policy, from);
  const said = actor.ask(event);
  if (said) known.delete(from);
  else known.set(from, actor);
  return said;
}

/** Scores that count: after a return from the bench, only those since then. */
export function counting(last: Standing | undefined, scores: readonly Sample[]): readonly Sample[] {
  const since = last?.returned;
  return since === undefined ? scores : scores.filter(({ at }) => at >= since);
}

/** The standing that an event leads to, as it is recorded; undefined when nothing changes. Pure. */
export function nextStanding(
  policy: StandingPolicy,
  of: { readonly agent: string; readonly role: string; readonly last: Standing | undefined },
  samples: readonly Sample[],
  event: StandingEvent,
  evidence: readonly string[],
  now: number,
): Standing | undefined {
  const before = of.last?.standing ?? policy.start;
  const said = moved(policy, before, event);
  if (said === undefined || said.standing === before) return undefined;
  const { mean, low, high, samples: count } = recordOf(policy, samples, now);
  const returned = before === 'benched' ? now : of.last?.returned;
  return {
    agent: of.agent,
    role: of.role,
    standing: said.standing,
    before,
    since: now,
    ...(said.standing === 'benched' ? { until: now + policy.benched.forMs } : {}),
    ...(returned === undefined ? {} : { returned }),
    why: said.why,
    mean,
    low,
    high,
    samples: count,
    evidence: [...evidence],
  };
}

/**
 * Judges an agent by its memory after a task was scored. Repeatable.
 * @param cause id of the message that ended the task
 */
export async function judgeStanding(ports: Moving, memory: AgentMemory, cause: string): Promise<void> {
  const policy = ports.org().standing;
  const { agent, role, scores } = memory;
  const last = await returned(ports, policy, agent);
  if (last?.is.evidence.includes(cause)) return;
  const samples = counting(last?.is, scores).slice(-policy.window);
  const now = ports.clock.now();
  const event = { type: 'JUDGED', record: recordOf(policy, samples, now) } as const;
  const evidence = samples.map((sample) => sample.cause);
  const next = nextStanding(policy, { agent, role, last: last?.is }, samples, event, evidence, now);
  if (next) await record(ports.bus, next, last?.seq ?? 0, cause);
}

/** What is recorded of an agent, after its time on the bench has been ended where it is over. */
async function returned(ports: Moving, policy: StandingPolicy, agent: string): Promise<Kept<Standing> | undefined> {
  const last = ports.board.learned.standings.get(agent);
  if (last?.is.standing !== 'benched') return last;
  const now = ports.clock.now();
  if (now < (last.is.until ?? Number.POSITIVE_INFINITY)) return last;
  const back = nextStanding(
    policy,
    { agent, role: last.is.role, last: last.is },
    [],
    { type: 'RETURNED' },
    [last.id],
    now,
  );
  if (!back) return last;
  const seq = await record(ports.bus, back, last.seq, last.id);
  return seq === undefined ? last : { is: back, id: idOf(back, last.id), seq };
}

/** Agents whose time on the bench is over, and of whom nobody has said so. */
export function benchesOver(board: Board, now: number): readonly string[] {
  const over = ({ standing, until }: Standing) => standing === 'benched' && now >= (until ?? Number.POSITIVE_INFINITY);
  return [...board.learned.standings.values()].flatMap(({ is }) => (over(is) ? [is.agent] : []));
}

/** Puts everybody back whose time on the bench is over. */
export async function endBenches(
  bus: Bus,
  { board, org, turn }: { readonly board: Board; readonly org: Org; readonly turn: Pick<Clock, 'now'> },
): Promise<void> {
  const ports = { bus, board, clock: turn, org: () => org };
  for (const agent of benchesOver(board, turn.now())) await returned(ports, org.standing, agent);
}

const idOf = ({ agent, standing }: Standing, cause: string) => `standing.${agent}.${standing}.${cause}`;

/** Undefined when another process was first: it has seen the same scores, or will see these with the next task. */
async function record(bus: Bus, standing: Standing, seen: number, cause: string): Promise<number | undefined> {
  const draft = {
    id: idOf(standing, cause),
    type: 'standing.changed' as const,
    source: 'harness',
    data: standing,
    causationid: cause,
  };
  try {
    return (
      await bus.publish<'standing.changed'>(subjects.agentStanding(standing.agent), draft, { expectedLastSeq: seen })
    ).seq;
  } catch (error) {
    if (error instanceof StaleWrite) return undefined;
    throw error;
  }
}
