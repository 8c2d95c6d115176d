// Plans before they become tasks: what is wrong with one, in which order its tasks go, and the record of each. Pure.

import type { Section } from '../brain/brief.ts';
import { cycleIn } from '../bus/dependencies.ts';
import type { PlannedTask, Task } from '../bus/records.ts';
import { type Org, roleOf } from '../org/org.ts';
import { typesOf } from './duties/types.ts';

/** Where planned tasks come from and belong. */
export type Filing = {
  /** In front of each planned key: `D1` makes `D1.store`. */
  readonly prefix: string;
  /** The task they are parts of. */
  readonly parent?: Task | undefined;
  readonly directive?: string | undefined;
  readonly goal?: string | undefined;
  readonly product?: string | undefined;
  /** What was read from outside to plan them. */
  readonly taint?: readonly string[] | undefined;
  /** Changes the records before they are written. */
  readonly shape?: ((task: Task) => Task) | undefined;
};

/** The id of each planned key, and when the tasks are created (epoch ms). */
export type Numbers = { readonly ids: Readonly<Record<string, string>>; readonly now: number };

/** The natural key of a planned task. */
export function keyOf(filing: Filing, planned: PlannedTask): string {
  return `${filing.prefix}.${planned.key}`;
}

/** Why nobody here can take a task, as a line that starts with its key; undefined when somebody can. */
export function whyNobodyTakes(task: PlannedTask, org: Org): string | undefined {
  const role = roleOf(org, task.role);
  const types = role ? typesOf(role) : [];
  if (!role) {
    const able = org.roles.filter((one) => typesOf(one).length > 0).map((one) => one.name);
    return `${task.key} is for "${task.role}", and no such role works here (${able.join(', ')} take tasks)`;
  }
  if (types.length === 0) return `${task.key} is for ${role.name}, who takes no tasks`;
  if (task.type === undefined || types.includes(task.type)) return undefined;
  return `${task.key} has type "${task.type}", and ${role.name} does ${types.join(', ')}`;
}

function problemsOf(task: PlannedTask, keys: ReadonlySet<string>, org: Org): string[] {
  const problems: string[] = [];
  const untaken = whyNobodyTakes(task, org);
  if (untaken !== undefined) problems.push(untaken);
  for (const input of task.after) {
    if (!keys.has(input)) problems.push(`${task.key} comes after "${input}", which is not in the plan`);
  }
  return problems;
}

/** What is wrong with a plan, one line each; empty when it can be filed. */
export function checkPlan(planned: readonly PlannedTask[], org: Org): readonly string[] {
  const keys = new Set(planned.map((task) => task.key));
  const twice = planned.filter((task, index) => planned.findIndex((one) => one.key === task.key) !== index);
  const cycle = cycleIn(planned);
  return [
    ...twice.map((task) => `two tasks have the key "${task.key}"`),
    ...planned.flatMap((task) => problemsOf(task, keys, org)),
    ...(cycle ? [`the tasks wait for each other: ${cycle.join(' -> ')}`] : []),
  ];
}

/**
 * The same as one line, for refusing an answer; undefined when the plan is sound.
 * @param goals ids of those that its tasks may serve; any unless told
 */
export function refusePlan(
  plan: { readonly tasks: readonly PlannedTask[] },
  org: Org,
  goals?: readonly string[],
): string | undefined {
  const astray = plan.tasks.flatMap(({ key, goal }) =>
    goal === undefined || goals === undefined || goals.includes(goal)
      ? []
      : [`${key} serves the goal "${goal}", and the goals are: ${goals.join(', ') || 'none'}`],
  );
  const problems = [...checkPlan(plan.tasks, org), ...astray];
  return problems.length === 0 ? undefined : `the plan cannot be filed: ${problems.join('; ')}`;
}

/** A task has at least this long, whatever its estimate. */
const SHORTEST_MS = 4 * 3_600_000;

/** When a task given now must have ended: four times its estimate, at least four hours. */
export function deadlineOf(estimateMs: number, now: number): number {
  return now + Math.max(estimateMs * 4, SHORTEST_MS);
}

/**
 * The records of planned tasks, as they are first written, in the order of the plan. The plan must have passed `checkPlan`.
 */
export function taskRecords(
  planned: readonly PlannedTask[],
  filing: Filing,
  place: Numbers & { readonly org: Org },
): readonly Task[] {
  const { ids, org, now } = place;
  const { parent, directive, goal, product, shape = (task: Task) => task } = filing;
  const taint = [...new Set([...(parent?.taint ?? []), ...(filing.taint ?? [])])].slice(0, 20);
  const idOf = (key: string) => ids[key] ?? key;
  return planned.map((one) => {
    const role = roleOf(org, one.role);
    const estimateMs = Math.round(one.estimateMinutes * 60_000);
    const dependsOn = [...new Set(one.after)].map(idOf);
    return shape({
      id: idOf(one.key),
      key: keyOf(filing, one),
      title: one.title,
      description: one.description,
      acceptance: [...one.acceptance],
      type: one.type ?? (role ? typesOf(role)[0] : undefined) ?? 'advice',
      role: one.role,
      product,
      estimateMs,
      priority: one.priority,
      goal: one.goal ?? goal,
      directive,
      parent: parent?.id,
      lineage: parent?.lineage ?? idOf(one.key),
      depth: parent ? parent.depth + 1 : 0,
      dependsOn,
      dependents: planned.filter((other) => other.after.includes(one.key)).map((other) => idOf(other.key)),
      children: [],
      status: dependsOn.length > 0 ? 'blocked' : 'ready',
      phase: 'briefing',
      reason: waitingFor(dependsOn),
      deadline: deadlineOf(estimateMs, now),
      createdAt: now,
      ...(taint.length > 0 && { taint }),
      ...untouched(),
    });
  });
}

/** What the record of a task says before anybody has worked on it. */
export function untouched() {
  return {
    avoid: [],
    attempt: 0,
    rung: 1,
    waits: 0,
    reassigned: 0,
    failures: [],
    guidance: [],
    evidence: [],
    spent: { inputTokens: 0, outputTokens: 0, cost: 0, workingMs: 0 },
  };
}

function waitingFor(inputs: readonly string[]): string | undefined {
  return inputs.length > 0 ? `waits for ${inputs.join(', ')}` : undefined;
}

/** The same records under other ids, wherever they name each other. */
export function renamed(tasks: readonly Task[], names: Readonly<Record<string, string>>): readonly Task[] {
  const to = (id: string) => names[id] ?? id;
  return tasks.map((task) => {
    const dependsOn = task.dependsOn.map(to);
    const reason = task.status === 'blocked' ? waitingFor(dependsOn) : task.reason;
    const lineage = to(task.lineage);
    return { ...task, id: to(task.id), lineage, dependsOn, dependents: task.dependents.map(to), reason };
  });
}

/** Who a planner may assign to, and for what. */
export function staffSection(org: Org): Section {
  const lines = org.roles
    .filter((role) => typesOf(role).length > 0)
    .map((role) => `- ${role.name} (${role.title}): ${typesOf(role).join(', ')}`);
  return { name: 'Roles that take tasks, and the types they do', text: lines.join('\n') };
}
