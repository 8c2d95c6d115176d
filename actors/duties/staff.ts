// Who does what, when it does not work out: escalated tasks get another agent, a question to a person, or an end.

import type { AnswerTo } from '../../brain/answers.ts';
import type { Section } from '../../brain/brief.ts';
import type { DataOf } from '../../bus/messages.ts';
import { type Task, Token } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { agentsOf, type Org, roleOf } from '../../org/org.ts';
import { guidanceSections } from '../brief-sections.ts';
import type { JobWork, StandingDuty } from '../duty.ts';
import { isAboutPlan, onPlanAnswer } from '../lost-plans.ts';
import { taskNow } from '../release.ts';
import { benchesOver, endBenches } from '../standing.ts';
import { onAnswer } from './answered.ts';
import { abandon, handOver, reply } from './handover.ts';
import { hasAgenda, isStaffing } from './proposals.ts';
import { onStaffing, scale } from './scaling.ts';
import { typesOf } from './types.ts';

type Decision = AnswerTo<'staff'>;

/** How long a person has to answer, in ms. */
const ANSWER_MS = 24 * 3_600_000;

/** Agents of a role that have not had this task. */
function fresh(org: Org, task: Task, name: string): readonly string[] {
  const role = roleOf(org, name);
  return role ? agentsOf(role).filter((agent) => agent !== task.agent && !task.avoid.includes(agent)) : [];
}

/** What is wrong with a decision about a task; undefined when it can be carried out. */
export function refuseDecision(decision: Decision, task: Task, org: Org): string | undefined {
  if (decision.action === 'ask') {
    const wrong = decision.options.find((option) => !Token.safeParse(option.key).success);
    return wrong ? `option "${wrong.key}" is no name: letters, digits, - and _` : undefined;
  }
  if (decision.action === 'abandon') return undefined;
  const role = roleOf(org, decision.role);
  if (!role) return `no role "${decision.role}" works here`;
  if (!typesOf(role).includes(task.type)) return `${role.name} cannot do a task of type ${task.type}`;
  return fresh(org, task, role.name).length === 0 ? `everybody in ${role.name} has tried ${task.id}` : undefined;
}

function sectionsFor(work: JobWork, task: Task, reason: string): readonly Section[] {
  const { org, board } = work;
  const open = board.open();
  const available = org.roles.filter((role) => typesOf(role).includes(task.type));
  return [
    {
      name: `Task ${task.id}: ${task.title}`,
      text: [task.description, ...task.acceptance.map((one) => `- ${one}`), `Escalated: ${reason}`].join('\n'),
    },
    {
      name: 'Its history',
      text: [
        `role ${task.role}, agent ${task.agent ?? 'none'}, ${task.attempt} attempts, $${task.spent.cost.toFixed(2)}, given ${task.reassigned + 1} times`,
        ...task.failures.map((one) => `- attempt ${one.attempt}, ${one.agent} (${one.kind}): ${one.reason}`),
      ].join('\n'),
    },
    ...guidanceSections(task),
    {
      name: 'Who could take it',
      text: available
        .map((role) => {
          const load = open.filter((one) => one.role === role.name).length;
          return `- ${role.name}: ${fresh(org, task, role.name).join(', ') || 'nobody new'}; ${load} open tasks`;
        })
        .join('\n'),
    },
    {
      name: 'Otherwise',
      text: `Ask ${org.person}, with options such as retry, reassign-<role> and abandon; or abandon it.`,
    },
  ];
}

/** Puts a question to a person. A second question about a task gets a number. */
async function ask(work: JobWork, task: Task, decision: Extract<Decision, { action: 'ask' }>): Promise<string> {
  const { id, askedAt } = await work.step('ask', async () => {
    const earlier = [...work.board.state.approvals.values()].filter((one) => one.task === task.id).length;
    return { id: earlier === 0 ? `Q-${task.id}` : `Q-${task.id}-${earlier + 1}`, askedAt: work.turn.now() };
  });
  await work.publish<'approval.asked'>(subjects.approval(id), {
    id: `approval.${id}.asked`,
    type: 'approval.asked',
    data: {
      id,
      question: decision.question,
      options: [...decision.options],
      askedBy: work.agent,
      task: task.id,
      blocks: [task.id, ...task.dependents],
      status: 'open',
      askedAt,
      deadline: askedAt + ANSWER_MS,
    },
  });
  return `${work.org.person} is asked (${id}): ${decision.question}`;
}

async function carryOut(work: JobWork, task: Task, decision: Decision): Promise<string> {
  switch (decision.action) {
    case 'ask':
      return ask(work, task, decision);
    case 'abandon':
      await abandon(work, task, decision.reason);
      return `${task.id} is given up: ${decision.reason}`;
    case 'reassign':
      await handOver(work, task.id, {
        role: decision.role,
        avoid: task.agent,
        why: 'reassigned',
        reason: decision.reason,
      });
      return `${task.id} goes to ${decision.role}: ${decision.reason}`;
  }
}

async function reassign(work: JobWork, request: DataOf<'hr.requested'>): Promise<void> {
  const { task } = await work.step('look', async () => ({
    task: request.task === undefined ? null : ((await taskNow(work.bus, request.task)) ?? null),
  }));
  if (task?.status !== 'escalated') return reply(work, request, false, 'it is no longer escalated');
  const decision = await work.think('staff', sectionsFor(work, task, request.reason), (answer) =>
    refuseDecision(answer, task, work.org),
  );
  await reply(work, request, true, await carryOut(work, task, decision));
}

/** A wish for more hands becomes a proposal upwards; hiring is a change of the org chart, which a person makes. */
async function propose(work: JobWork, request: DataOf<'hr.requested'>): Promise<void> {
  const { board, org, agent, role } = work;
  const load = org.roles
    .map((one) => ({ one, open: board.open().filter((task) => task.role === one.name).length }))
    .filter(({ open }) => open > 0)
    .map(({ one, open }) => `${one.name}: ${open} open tasks for ${one.instances}`);
  const summary = [`${request.by} proposes: ${request.reason}`, ...load].join('\n');
  const id = `staffing.${request.id}`;
  await work.publish<'report.filed'>(subjects.reports, {
    id,
    type: 'report.filed',
    data: { id, kind: 'staffing', by: agent, role: role.name, status: 'info', summary, cost: 0 },
  });
  await reply(work, request, true, 'proposed');
}

/** True when somebody comes back from the bench, or there is something to propose. */
function isTimeToScale(look: Pick<JobWork, 'org' | 'board'>, now: number): boolean {
  return benchesOver(look.board, now).length > 0 || hasAgenda(look.org, look.board, now);
}

export const staff: StandingDuty = {
  kind: 'standing',
  thinks: true,
  name: 'staff',
  filters: [subjects.hr, 'approval.*'],
  types: ['hr.requested', 'approval.answered', 'approval.expired', 'clock.ticked'],
  wants: (look, message) =>
    message.type === 'hr.requested' ||
    (message.type === 'clock.ticked' && isTimeToScale(look, Date.parse(message.time))) ||
    // A question that expired without a recommended option is still to be answered.
    ((message.type === 'approval.answered' || message.type === 'approval.expired') &&
      message.data.answer !== undefined &&
      (message.data.task !== undefined || isStaffing(message.data) || isAboutPlan(message.data))),
  async run(work) {
    const { message } = work;
    if (message.type === 'approval.answered' || message.type === 'approval.expired') {
      if (isStaffing(message.data)) return onStaffing(work, message.data);
      return isAboutPlan(message.data) ? onPlanAnswer(work, message.data) : onAnswer(work, message.data);
    }
    if (message.type === 'clock.ticked') {
      await endBenches(work.bus, work);
      return scale(work);
    }
    if (message.type !== 'hr.requested') return;
    if (message.data.kind === 'scale') return propose(work, message.data);
    return reassign(work, message.data);
  },
};
