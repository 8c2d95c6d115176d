// Deployments: the head of the default branch, without documents that the harness put on top, runs beside what is live, is
// probed, and takes over only when every check passes. What fails is discarded, and its repair becomes a task without anybody
// asking.

import { isDocument } from '../../bus/documents.ts';
import type { DataOf } from '../../bus/messages.ts';
import type { PlannedTask, Product } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import type { Products } from '../../tools/tools.ts';
import { isOpen } from '../board.ts';
import { deployCard } from '../cards.ts';
import { type TaskDuty, type TaskWork, type Verdict, WorkFailure } from '../duty.ts';
import { filedUnder, fileTasks } from '../file-tasks.ts';
import { failing, healthLine } from '../health.ts';
import { celebrate } from '../milestones.ts';
import { permission } from '../permission.ts';
import { failed, productFor, recorded, short, using } from './failing.ts';
import { taskTypes, typesOf } from './types.ts';

/** `before` is what was live when this attempt began. */
type Target = { readonly commit: string; readonly before: string | null; readonly deployments: number };
type Outcome = { readonly ok: boolean; readonly line: string };

/** Longest wait for a repair before the deployment is tried again, in ms. */
const REPAIR_MS = 3_600_000;

/** The newest commit that changes what runs: a document that the harness wrote on top of it was merged by nobody. */
async function newestToRun(products: Pick<Products, 'log' | 'changed'>, slug: string): Promise<string | undefined> {
  const commits = await products.log(slug);
  for (const { sha } of commits.slice(0, -1)) {
    const changed = await products.changed(slug, sha);
    if (changed.length === 0 || changed.some(({ path }) => !isDocument(path))) return sha;
  }
  return commits.at(-1)?.sha;
}

/** A commit that did not come up is not tried again while its repair is under way. Throws WorkFailure (`dependency`). */
async function awaitRepair(work: TaskWork, product: Product): Promise<void> {
  const { task, company, board, turn } = work;
  const repair = filedUnder(board, task.key).find(isOpen);
  if (!repair) return;
  const next = await using(() => newestToRun(work.tools.products, product.slug));
  const broken = company.get().deployments.some((one) => one.status === 'failed' && one.commit === next);
  if (!broken) return;
  const until = turn.now() + Math.min(REPAIR_MS, repair.estimateMs);
  throw new WorkFailure({ kind: 'dependency', reason: `waits for ${repair.id}, ${repair.title}`, until });
}

/** Starts, probes and promotes; a commit that fails is ended again. Doing it twice changes nothing. */
async function bringUp(work: TaskWork, product: Product, commit: string): Promise<Outcome> {
  const { deployer } = work.tools;
  const started = await deployer.start(product, commit);
  if (!started.ok) {
    await deployer.discard(product, commit);
    return { ok: false, line: `it does not start: ${started.detail}` };
  }
  const probes = await deployer.probe(product, product.health, commit);
  const ok = failing(probes).length === 0;
  if (ok) await deployer.promote(product, commit);
  else await deployer.discard(product, commit);
  return { ok, line: healthLine(probes) };
}

async function tellDeployment(
  work: TaskWork,
  target: Target,
  status: DataOf<'brain.deployment'>['status'],
  product: Product,
  detail: string,
): Promise<void> {
  const id = `${work.task.id}-a${work.task.attempt}`;
  await work.publish<'brain.deployment'>(subjects.brain('deployment'), {
    id: `deployment.${id}.${status}`,
    type: 'brain.deployment',
    data: { id, product: product.slug, commit: target.commit, status, detail },
  });
}

async function report(work: TaskWork, summary: string): Promise<void> {
  const { task, agent, role } = work;
  const id = `report.${task.id}.a${task.attempt}.deployment`;
  await work.publish<'report.filed'>(subjects.reports, {
    id,
    type: 'report.filed',
    data: {
      id,
      kind: 'deployment',
      by: agent,
      role: role.name,
      task: task.id,
      directive: task.directive,
      status: 'info',
      summary,
      cost: 0,
    },
  });
}

/** The task that repairs what did not come up; its role is `backend`, or the first that writes code. */
function repairOf(work: TaskWork, product: Product, target: Target, line: string): PlannedTask | undefined {
  const { org, task, board } = work;
  const coders = org.roles.filter((role) => typesOf(role).includes('code'));
  const owner = coders.find((role) => role.name === 'backend') ?? coders[0];
  if (!owner) return undefined;
  const earlier = filedUnder(board, task.key);
  const open = earlier.find(isOpen);
  const rest = target.before === null ? 'nothing is live' : `${short(target.before)} stays live`;
  return {
    key: open
      ? open.key.slice(task.key.length + 1)
      : earlier.length === 0
        ? 'rollback'
        : `rollback-${earlier.length + 1}`,
    title: `Repair ${product.name} at ${short(target.commit)}`,
    description: `The deployment of ${short(target.commit)} was rolled back (${rest}). ${line}`,
    acceptance: product.health.map((check) => `${check.method} ${check.path} answers ${check.status}`),
    role: owner.name,
    type: 'code',
    estimateMinutes: 30,
    priority: 'high',
    after: [],
  };
}

async function rollBack(work: TaskWork, product: Product, target: Target, line: string): Promise<never> {
  await tellDeployment(work, target, 'failed', product, line);
  if (target.before !== null && target.before !== target.commit) {
    await tellDeployment(work, target, 'rolled-back', product, `${short(target.before)} stays live`);
  }
  const { task } = work;
  const repair = repairOf(work, product, target, line);
  const filing = { prefix: task.key, directive: task.directive, goal: task.goal, product: product.slug };
  const [filed] = repair ? await fileTasks(work, [repair], filing) : [];
  await report(work, `deployment of ${short(target.commit)} failed: ${line}${filed ? `; ${filed.id} repairs it` : ''}`);
  throw failed('quality', `deployment of ${short(target.commit)} failed: ${line}`);
}

async function announce(work: TaskWork, product: Product, target: Target, line: string): Promise<void> {
  await tellDeployment(work, target, 'live', product, line);
  await work.publish<'brain.metric'>(subjects.brain('metric'), {
    id: `deployment.${work.task.id}.a${work.task.attempt}.count`,
    type: 'brain.metric',
    data: { name: 'deployments', value: target.deployments + 1 },
  });
  const first = target.deployments === 0;
  const milestone = work.org.milestones.find(({ name }) => name === 'first-deployment');
  if (first && milestone) {
    // Said here, where the product has a name; digest.ts says all others.
    const said = [{ ...milestone, text: `${product.name} is live for the first time` }];
    await celebrate(work.bus, said, { source: work.agent, cause: `task.${work.task.id}` });
  }
  const celebrated = first ? '; the first deployment, well done everybody' : '';
  await report(work, `${product.name} is live at ${short(target.commit)}: ${line}${celebrated}`);
}

async function execute(work: TaskWork): Promise<void> {
  const { task, tools } = work;
  const product = productFor(work, task.product);
  if (!product.start) throw failed('permanent', `${product.slug} has no start command in org.yaml`);
  await awaitRepair(work, product);
  const target = await work.step<Target>('target', () =>
    using(async () => {
      const { head } = await tools.products.ensure(product, work.turn.now());
      return {
        commit: (await newestToRun(tools.products, product.slug)) ?? head,
        before: tools.deployer.live(product.slug)?.commit ?? null,
        deployments: work.company.get().metrics.deployments ?? 0,
      };
    }),
  );
  // What a person has to allow first comes up when they have: verification is begun again by their answer.
  if ((await mayDeploy(work, product, target)) === undefined) await putLive(work, product, target);
}

/** Undefined when it may be deployed now, or what it waits for. Throws WorkFailure (`permanent`) when it may not. */
function mayDeploy(work: TaskWork, product: Product, target: Target): Promise<string | undefined> {
  const wish = { tool: 'deploy', summary: `${product.slug} at ${short(target.commit)}` };
  return permission(work, wish, short(target.commit), product, async () => deployCard(work, product, target));
}

async function putLive(work: TaskWork, product: Product, target: Target): Promise<void> {
  const { tools } = work;
  const outcome = await work.step('deploy', () => using(() => bringUp(work, product, target.commit)));
  if (!outcome.ok) return rollBack(work, product, target, outcome.line);
  // A process cannot be recorded: after a crash it is gone, whatever the record says.
  if (!tools.deployer.live(product.slug)) await using(() => bringUp(work, product, target.commit));
  work.note({ commit: target.commit, summary: `${product.name} runs at ${short(target.commit)}: ${outcome.line}` });
  await announce(work, product, target, outcome.line);
}

/** The live product, probed once more by the harness. */
async function verify(work: TaskWork): Promise<Verdict> {
  const { tools, task } = work;
  const product = productFor(work, task.product);
  const target = await recorded<Target>(work, 'target');
  const { commit } = target;
  if (product.automation === 'supervised' || work.taint.length > 0) {
    const awaiting = await mayDeploy(work, product, target);
    if (awaiting !== undefined) return { awaiting };
    await putLive(work, product, target);
  }
  const health = await work.step('health', () =>
    using(async () => {
      const live = tools.deployer.live(product.slug);
      const probes = await tools.deployer.probe(product, product.health);
      return { live: live !== undefined, ok: failing(probes).length === 0, line: healthLine(probes) };
    }),
  );
  if (!health.live || !health.ok) throw failed('quality', `${product.name} is not healthy: ${health.line}`);
  return {
    evidence: [
      { check: 'deployment', ok: true, commit, by: 'harness', detail: `${short(commit)} took over` },
      { check: 'health', ok: true, commit, by: 'harness', detail: health.line },
    ],
  };
}

/** Deploys the product as a process on a free loopback port. */
export const operate: TaskDuty = {
  kind: 'task',
  name: 'operate',
  types: taskTypes.operate,
  needs: ['deployment', 'health'],
  execute,
  verify,
};
