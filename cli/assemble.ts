// The composition root: a bus, a clock, a model and the tools become a company. Everything impure is made here or above.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { InspectionEvent } from 'xstate';
import { Company } from '../actors/company.ts';
import { duties } from '../actors/duties/registry.ts';
import { guardedKnowledge } from '../actors/guarded-knowledge.ts';
import { guardedModel } from '../actors/guarded-model.ts';
import { openMoney } from '../actors/money/desk.ts';
import { outboundBus } from '../actors/outbound.ts';
import type { Ports, StepHook } from '../actors/ports.ts';
import { MAIN } from '../actors/processes.ts';
import type { Projections } from '../actors/projections.ts';
import type { ModelWorld, Thinking } from '../actors/routed-thinking.ts';
import type { Knowledge } from '../brain/knowledge/passage.ts';
import type { Bus } from '../bus/bus.ts';
import { agentsOf, type Org } from '../org/org.ts';
import { openLocalDeployer } from '../tools/deploy/local.ts';
import { openCoders } from '../tools/engines/run.ts';
import { openLocalForge } from '../tools/forge/local.ts';
import { type Git, openGit } from '../tools/git.ts';
import { guardedTools } from '../tools/policy/guarded-tools.ts';
import { createSecrets } from '../tools/policy/secrets.ts';
import { openProducts } from '../tools/products.ts';
import type { Sandbox } from '../tools/sandbox.ts';
import type { Tools } from '../tools/tools.ts';
import { noWeb, type Web } from '../tools/web/web.ts';
import { type Following, followCompany, type Past } from './following.ts';
import type { Places } from './places.ts';

export type Assembly = Past & {
  /** The company's past, where it has been read already. */
  readonly following?: Following | undefined;
  /** Makes the company's model. */
  readonly thinking: (world: ModelWorld) => Thinking;
  readonly knowledge: Knowledge;
  readonly sandbox: Sandbox;
  readonly places: Places;
  /** Instead of the real one that org.yaml allows. */
  readonly web?: Web | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly atStep?: StepHook | undefined;
  readonly inspect?: ((event: InspectionEvent) => void) | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly process?: string | undefined;
  readonly speaks?: (() => boolean) | undefined;
  /** Called before the first product is touched; says what it moved away. */
  readonly makeRoom?: ((git: Git) => Promise<readonly (string | undefined)[]>) | undefined;
};

export type Assembled = {
  readonly company: Company;
  /** Its stream, without secrets in what is said on it. */
  readonly bus: Bus;
  readonly projections: Projections;
  readonly tools: Tools;
  /** Old products that were moved away. */
  readonly kept: readonly string[];
  /** The org chart in force. */
  readonly org: () => Org;
  /** Makes another org chart the one in force. */
  changeOrg(after: Org): Promise<void>;
};

/**
 * Puts a company together; nothing runs before `company.start()`.
 * From here on V8 makes nothing old from the start (docs/decisions.md, 109), in the whole process.
 */
export async function assemble(parts: Assembly): Promise<Assembled> {
  setFlagsFromString('--no-allocation-site-pretenuring');
  const { clock, places, sandbox, env } = parts;
  await mkdir(places.work, { recursive: true });
  const git = openGit({ home: join(places.work, 'home'), env });
  const moved = (await parts.makeRoom?.(git)) ?? [];
  const products = openProducts({ root: places.products, workRoot: join(places.work, 'work'), sandbox, git, env });
  const secrets = createSecrets(env);
  const web = await webOf(parts);
  let org = parts.org;
  const { projections, open } = parts.following ?? (await followCompany(parts));
  const { board, company: brain, episodes } = projections;
  const bus = outboundBus(parts.bus, secrets, (agent, task) => ({
    role: org.roles.find((role) => agentsOf(role).includes(agent))?.name ?? 'operator',
    attempt: board.task(task ?? '')?.attempt ?? 1,
  }));
  const forge = openLocalForge({ bus, products });
  const deployer = openLocalDeployer({ products, sandbox, root: join(places.work, 'deploy') });
  const coders = openCoders({ workRoot: join(places.work, 'work'), sandbox, env });
  const tools = guardedTools({ products, forge, deployer, coders, web }, secrets);
  const world = { bus, clock, org: () => org, board, process: parts.process ?? MAIN, log: parts.log };
  const thinking = parts.thinking(world);
  const ports: Ports = {
    bus,
    clock,
    model: guardedModel(thinking.model, secrets),
    reach: thinking.reach,
    money: openMoney({ bus, clock, org: () => org, board, log: parts.log }),
    tools,
    secrets,
    knowledge: guardedKnowledge(parts.knowledge, secrets),
    duties,
    org: () => org,
    board,
    company: brain,
    episodes,
    log: parts.log,
    atStep: parts.atStep,
    inspect: parts.inspect,
  };
  open();
  const company = new Company({ ports, roles: parts.roles, process: parts.process, speaks: parts.speaks });
  return {
    company,
    bus,
    projections,
    tools,
    kept: moved.filter((dir) => dir !== undefined),
    org: () => org,
    changeOrg: async (after) => {
      const before = org;
      org = after;
      await company.follow(before, after);
    },
  };
}

/** The web that org.yaml allows. Its client takes a while to load, so that is done where there is one. */
async function webOf({ web, org, env }: Assembly): Promise<Web> {
  if (web || org.web === undefined) return web ?? noWeb;
  const { openWeb } = await import('../tools/web/open.ts');
  return openWeb({ settings: org.web, env });
}
