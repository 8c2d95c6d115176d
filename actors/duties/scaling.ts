// More hands, or fewer: what HR proposes from queues, lateness and standings on its schedule, and how that is done. A
// change of the org chart goes the way of `headcount org apply`: on `control.org`, followed by every process.

import { createHash } from 'node:crypto';
import { StaleWrite } from '../../bus/errors.ts';
import type { Approval } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { agentsOf, type Org, type Role, roleOf } from '../../org/org.ts';
import { overlayOrg } from '../../org/overlay.ts';
import type { Board } from '../board.ts';
import type { JobWork, Work } from '../duty.ts';
import { standingNow } from '../learned.ts';
import { typesOf } from './types.ts';

/** How long a person has to answer, in ms. */
const ANSWER_MS = 24 * 3_600_000;

export type Proposal = {
  readonly kind: 'hire' | 'bench';
  readonly role: string;
  /** Agents of the role afterwards. */
  readonly instances: number;
  readonly why: string;
};

type Load = { readonly role: Role; readonly queue: number; readonly open: number; readonly late: number };

function loadsOf(org: Org, board: Board, now: number): Load[] {
  const open = board.open();
  return org.roles
    .filter((role) => typesOf(role).length > 0)
    .map((role) => {
      const own = open.filter((task) => task.role === role.name);
      return {
        role,
        queue: own.filter(({ status }) => status === 'ready').length,
        open: own.length,
        late: own.filter(({ deadline }) => deadline < now).length,
      };
    });
}

/** Who else does the same work and has nothing to do. */
function idleFor(loads: readonly Load[], { role }: Load): string {
  const types = typesOf(role);
  const idle = loads.filter(
    (one) => one.role !== role && one.open === 0 && typesOf(one.role).some((type) => types.includes(type)),
  );
  return idle.length === 0
    ? ''
    : `; ${idle.map((one) => one.role.name).join(', ')} could take some and has nothing to do`;
}

/**
 * What HR would change, the most pressing first. Pure.
 * @param now epoch ms
 */
export function proposalsOf(org: Org, board: Board, now: number): readonly Proposal[] {
  const { queue, late, most } = org.staffing;
  const loads = loadsOf(org, board, now);
  const hires = loads
    .filter((load) => load.role.instances < most && (load.queue >= queue * load.role.instances || load.late >= late))
    .sort((a, b) => b.late - a.late || b.queue / b.role.instances - a.queue / a.role.instances)
    .map((load): Proposal => {
      const { role, queue: ready, late: overdue } = load;
      const why = `${ready} tasks wait for ${role.instances} of ${role.name}, ${overdue} are late${idleFor(loads, load)}`;
      return { kind: 'hire', role: role.name, instances: role.instances + 1, why };
    });
  const benches = loads
    .filter(({ role, open }) => role.instances > 1 && open === 0)
    .flatMap(({ role }): Proposal[] => {
      // Instances go from the end: only the last one can be let go.
      const last = agentsOf(role).at(-1) ?? role.name;
      if (standingNow(board.learned, org.standing, last, now) !== 'benched') return [];
      return [
        {
          kind: 'bench',
          role: role.name,
          instances: role.instances - 1,
          why: `${last} is on the bench and nothing waits for it`,
        },
      ];
    });
  return [...hires, ...benches];
}

const PREFIX = 'staffing-';

/** True for a question that HR asked about its own proposals. */
export function isStaffing({ id }: Pick<Approval, 'id'>): boolean {
  return id.startsWith(PREFIX);
}

const keyOf = ({ kind, role }: Proposal) => `${kind}-${role}`;
const wordsOf = ({ kind, role, instances }: Proposal) =>
  `${kind === 'hire' ? 'one more' : 'one fewer'} ${role}, ${instances} in all`;

/** True when there is something to propose, and no earlier proposal waits for its answer. */
export function hasProposals({ org, board }: Pick<Work, 'org' | 'board'>, now: number): boolean {
  const asked = [...board.state.approvals.values()].some((one) => one.status === 'open' && isStaffing(one));
  return !asked && proposalsOf(org, board, now).length > 0;
}

/** Proposes the most pressing change to the person, or makes it where org.yaml lets HR decide. */
export async function scale(work: JobWork): Promise<void> {
  const { org, board, turn, message, agent } = work;
  const { proposal, askedAt } = await work.step('look', async () => ({
    proposal: proposalsOf(org, board, turn.now())[0] ?? null,
    askedAt: turn.now(),
  }));
  if (proposal === null) return;
  if (org.staffing.decides === 'hr') return change(work, proposal, agent);
  const slot = message.type === 'clock.ticked' ? message.data.slot : askedAt;
  const id = `${PREFIX}${slot}`;
  await work.publish<'approval.asked'>(subjects.approval(id), {
    id: `approval.${id}.asked`,
    type: 'approval.asked',
    data: {
      id,
      question: `HR proposes ${wordsOf(proposal)}: ${proposal.why}.`,
      options: [
        { key: keyOf(proposal), label: wordsOf(proposal) },
        { key: 'leave', label: 'leave it as it is', recommended: true },
      ],
      askedBy: agent,
      blocks: [],
      status: 'open',
      askedAt,
      deadline: askedAt + ANSWER_MS,
    },
  });
}

/** Does what a person answered to a proposal. */
export async function onStaffing(work: JobWork, { answer = '', by }: Approval): Promise<void> {
  const [, kind, name] = /^(hire|bench)-(.+)$/.exec(answer) ?? [];
  const role = roleOf(work.org, name ?? '');
  if (role === undefined) return;
  const instances = role.instances + (kind === 'hire' ? 1 : -1);
  if (instances < 1) return;
  await change(
    work,
    { kind: kind === 'hire' ? 'hire' : 'bench', role: role.name, instances, why: 'a person decided so' },
    by ?? work.org.person,
  );
}

/** Puts the changed org chart in force, as `headcount org apply` does, and reports it. */
async function change(work: JobWork, proposal: Proposal, by: string): Promise<void> {
  const { made } = await work.step('change', () => put(work, proposal, by));
  const id = `staffing.${work.message.id}`;
  const done = made ? wordsOf(proposal) : `${wordsOf(proposal)} could not be made so; change the org file by hand`;
  await work.publish<'report.filed'>(subjects.reports, {
    id,
    type: 'report.filed',
    data: {
      id,
      kind: 'staffing',
      by: work.agent,
      role: work.role.name,
      status: 'info',
      summary: `${done}: ${proposal.why}`,
      cost: 0,
    },
  });
}

/** False when the stream has no org chart to change, or somebody else changed it at this moment. */
async function put(
  { bus }: JobWork,
  { role, instances, ...proposal }: Proposal,
  by: string,
): Promise<{ made: boolean }> {
  const last = await bus.last(subjects.org);
  if (last?.message.type !== 'org.changed') return { made: false };
  const text = overlayOrg(last.message.data.text, { roles: { [role]: { instances } } });
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const data = { by, text, summary: [wordsOf({ ...proposal, role, instances })] };
  const draft = { id: `org.${last.seq}.${digest}`, type: 'org.changed' as const, source: 'hr', data };
  try {
    await bus.publish<'org.changed'>(subjects.org, draft, { expectedLastSeq: last.seq });
    return { made: true };
  } catch (error) {
    if (error instanceof StaleWrite) return { made: false };
    throw error;
  }
}
