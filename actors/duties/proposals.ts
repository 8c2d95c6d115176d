// What HR would change, from queues, lateness and scores: another role takes a task over, one more is hired, one is let go.
// Pure: scaling.ts asks for it and does it.

import type { Approval, Task } from '../../bus/records.ts';
import { agentsOf, type Org, type Role, roleOf } from '../../org/org.ts';
import type { Board } from '../board.ts';
import { standingNow } from '../learned.ts';
import { typesOf } from './types.ts';

/** After a no the same thing is not proposed again for this long, ms. */
const QUIET_MS = 7 * 24 * 3_600_000;

/** Scores of whoever has none yet, when it is compared with others. */
const UNSCORED = 50;

/** Another number of agents of a role. */
export type Sizing = {
  readonly kind: 'hire' | 'bench';
  readonly role: string;
  /** Agents of the role afterwards. */
  readonly instances: number;
};

/** A task that nobody has begun goes to another role. */
export type Move = { readonly kind: 'reassign'; readonly task: string; readonly role: string };

export type Change = Sizing | Move;
export type Proposal = Change & { readonly why: string };

type Load = {
  readonly role: Role;
  /** Tasks that nobody has begun, the most urgent first. */
  readonly queue: readonly Task[];
  readonly open: number;
  readonly late: number;
};

function loadsOf(org: Org, board: Board, now: number): Load[] {
  const open = board.open();
  return org.roles
    .filter((role) => typesOf(role).length > 0)
    .map((role) => {
      const own = open.filter((task) => task.role === role.name);
      return {
        role,
        queue: own
          .filter(({ status }) => status === 'ready')
          .sort((a, b) => a.deadline - b.deadline || a.createdAt - b.createdAt || a.id.localeCompare(b.id)),
        open: own.length,
        late: own.filter(({ deadline }) => deadline < now).length,
      };
    });
}

const pressure = ({ queue, role }: Load) => queue.length / role.instances;

/** The mean score of a role's agents. */
function trackOf(board: Board, role: Role): number {
  const means = agentsOf(role).map((agent) => board.state.memories.get(agent)?.memory.average ?? UNSCORED);
  return means.reduce((sum, mean) => sum + mean, 0) / means.length;
}

/** True for a task that its role has only in its mailbox, and that nobody has moved before: what is moved stays there. */
function isMovable(task: Task | undefined): task is Task {
  return task?.status === 'ready' && task.attempt === 0 && task.reassigned === 0;
}

/**
 * The most urgent task that somebody else under the same boss could do who has nothing to do; of those, the best scored.
 * @param taken roles that get something already
 */
function moveOf(
  org: Org,
  board: Board,
  loads: readonly Load[],
  crowded: Load,
  taken: ReadonlySet<string>,
  now: number,
): Move | undefined {
  const rested = ({ role }: Load) =>
    agentsOf(role).some((agent) => standingNow(board.learned, org.standing, agent, { now: () => now }) !== 'benched');
  const idle = loads
    .filter((one) => one.open === 0 && !taken.has(one.role.name) && one.role.boss === crowded.role.boss && rested(one))
    .sort((a, b) => trackOf(board, b.role) - trackOf(board, a.role));
  for (const task of crowded.queue.filter(isMovable)) {
    const to = idle.find(({ role }) => typesOf(role).includes(task.type));
    if (to) return { kind: 'reassign', task: task.id, role: to.role.name };
  }
  return undefined;
}

/** The one who goes first when a role becomes smaller: instances go from the end. */
const lastOf = (role: Role) => agentsOf(role).at(-1) ?? role.name;

/**
 * Everything that HR would change, the most pressing first: for a role with too much to do another one takes a task over,
 * which costs nothing; only when nobody can, one more is hired.
 * @param now epoch ms
 */
export function proposalsOf(org: Org, board: Board, now: number): readonly Proposal[] {
  const { queue, late, most } = org.staffing;
  const loads = loadsOf(org, board, now);
  const taken = new Set<string>();
  const crowded = loads
    .filter((load) => pressure(load) >= queue || load.late >= late)
    .sort((a, b) => b.late - a.late || pressure(b) - pressure(a))
    .flatMap((load): Proposal[] => {
      const { role } = load;
      const why = `${load.queue.length} tasks wait for ${role.instances} of ${role.name}, ${load.late} are late`;
      const move = moveOf(org, board, loads, load, taken, now);
      if (move) {
        taken.add(move.role);
        return [{ ...move, why: `${why}; ${move.role} has nothing to do` }];
      }
      return role.instances < most ? [{ kind: 'hire', role: role.name, instances: role.instances + 1, why }] : [];
    });
  const resting = loads
    .filter(({ role, open }) => role.instances > 1 && open === 0)
    .filter(({ role }) => standingNow(board.learned, org.standing, lastOf(role), { now: () => now }) === 'benched')
    .map(({ role }): Proposal => {
      const why = `${lastOf(role)} is on the bench and nothing waits for it`;
      return { kind: 'bench', role: role.name, instances: role.instances - 1, why };
    });
  return [...crowded, ...resting];
}

const PREFIX = 'staffing-';

/** The question about a proposal that was made in this slot. */
export const staffingId = (slot: number) => `${PREFIX}${slot}`;

/** True for a question that HR asked about its own proposals. */
export function isStaffing({ id }: Pick<Approval, 'id'>): boolean {
  return id.startsWith(PREFIX);
}

/** A change as the key of an option: all of it, so that a yes means what was asked, whenever it comes. */
export function keyOf(change: Change): string {
  return change.kind === 'reassign'
    ? `reassign-${change.task}-${change.role}`
    : `${change.kind}-${change.role}-${change.instances}`;
}

/** The change that a key means; undefined for any other answer. */
export function changeIn(key: string): Change | undefined {
  const [, task, to] = /^reassign-([^-]+)-(.+)$/.exec(key) ?? [];
  if (task !== undefined && to !== undefined) return { kind: 'reassign', task, role: to };
  const [, kind, role, instances] = /^(hire|bench)-(.+)-(\d+)$/.exec(key) ?? [];
  if (role === undefined) return undefined;
  return { kind: kind === 'hire' ? 'hire' : 'bench', role, instances: Number(instances) };
}

/** A change in words. */
export function wordsOf(change: Change): string {
  if (change.kind === 'reassign') return `${change.task} goes to ${change.role}`;
  return `${change.kind === 'hire' ? 'one more' : 'one fewer'} ${change.role}, ${change.instances} in all`;
}

/**
 * Why a change cannot be made any more, for much may have happened since it was proposed; undefined when it can.
 * @param task as the stream has it now, for a task that is to move
 */
export function refuseChange(change: Change, org: Org, board: Board, task: Task | undefined): string | undefined {
  const role = roleOf(org, change.role);
  if (!role) return `no role "${change.role}" works here any more`;
  if (change.kind === 'reassign') {
    if (!isMovable(task)) return `${change.task} is no longer waiting`;
    return typesOf(role).includes(task.type) ? undefined : `${role.name} cannot do a task of type ${task.type}`;
  }
  const step = change.kind === 'hire' ? 1 : -1;
  if (role.instances + step !== change.instances) return `there are ${role.instances} of ${role.name} by now`;
  const last = lastOf(role);
  const inHand = board.open().find(({ agent, status }) => agent === last && status !== 'ready');
  return change.kind === 'bench' && inHand ? `${last} has ${inHand.id} in hand` : undefined;
}

/** What a question was about: the kind of change, and the role that has too much to do or too many. */
function topicOf(change: Change, board: Board): string {
  const role = change.kind === 'reassign' ? board.task(change.task)?.role : change.role;
  return `${change.kind} ${role}`;
}

/** Things that a person has said no to lately. */
function declined(board: Board, now: number): ReadonlySet<string> {
  const topics = [...board.state.approvals.values()]
    .filter((one) => isStaffing(one) && one.status !== 'open' && now - one.askedAt < QUIET_MS)
    .flatMap(({ options, answer }) => {
      const asked = options.flatMap(({ key }) => changeIn(key) ?? []);
      return asked.filter((change) => keyOf(change) !== answer).map((change) => topicOf(change, board));
    });
  return new Set(topics);
}

/** What HR sees to at one look. */
export type Agenda = {
  /** Changes that HR makes by itself. */
  readonly own: readonly Proposal[];
  /** The one that a person is asked about; null while an earlier question is open, and when there is none. */
  readonly ask: Proposal | null;
};

/**
 * What there is to see to. One question at a time; what HR decides by itself does not wait for its answer.
 * @param now epoch ms
 */
export function agendaOf(org: Org, board: Board, now: number): Agenda {
  const proposals = proposalsOf(org, board, now);
  const isOwn = ({ kind }: Proposal) => org.staffing.decides[kind] === 'hr';
  const asked = [...board.state.approvals.values()].some((one) => one.status === 'open' && isStaffing(one));
  const no = declined(board, now);
  const ask = asked ? undefined : proposals.find((one) => !isOwn(one) && !no.has(topicOf(one, board)));
  return { own: proposals.filter(isOwn), ask: ask ?? null };
}

/** True when there is anything to see to. */
export function hasAgenda(org: Org, board: Board, now: number): boolean {
  const { own, ask } = agendaOf(org, board, now);
  return own.length > 0 || ask !== null;
}
