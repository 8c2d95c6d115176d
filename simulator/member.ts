// One process of a simulated company: started, ended at some call, started again, on the same stream and the same disk.

import { Company } from '../actors/company.ts';
import { duties } from '../actors/duties/registry.ts';
import { openMoney } from '../actors/money/desk.ts';
import type { Ports } from '../actors/ports.ts';
import { follow, type Projections } from '../actors/projections.ts';
import { restoreLive } from '../actors/restore.ts';
import type { ModelWorld, Thinking } from '../actors/routed-thinking.ts';
import type { Model } from '../brain/models/model.ts';
import type { Bus, PublishOptions } from '../bus/bus.ts';
import type { Clock } from '../bus/clock.ts';
import { reasonOf } from '../bus/errors.ts';
import type { Habits } from '../bus/memory/habits.ts';
import { patient } from '../bus/memory/patience.ts';
import type { MemoryStream } from '../bus/memory/stream.ts';
import { MemoryBus } from '../bus/memory.ts';
import type { Draft } from '../bus/messages.ts';
import type { Org } from '../org/org.ts';
import { openLocalForge } from '../tools/forge/local.ts';
import { openMemoryDeployer } from '../tools/memory/deployer.ts';
import { createSecrets } from '../tools/policy/secrets.ts';
import type { LocalProducts } from '../tools/products.ts';
import type { Tools } from '../tools/tools.ts';
import { noWeb } from '../tools/web/web.ts';
import { Life } from './life.ts';

/** What stands between a company and its ports: where a test puts a company that is wrong. */
export type Build = {
  readonly bus?: (bus: Bus) => Bus;
  readonly products?: (products: LocalProducts) => LocalProducts;
  readonly model?: (model: Model) => Model;
};

export type MemberPorts = Pick<Ports, 'knowledge' | 'org' | 'log'> & {
  readonly name: string;
  readonly company: string;
  readonly stream: MemoryStream;
  /** The true time. */
  readonly clock: Clock;
  /** What the stream does to this process; undefined where nothing can happen to it. */
  readonly habits: Habits | undefined;
  /** Hears what the company publishes, and how, and what it tells, before anything can happen to it. */
  readonly told: (draft: Draft, options?: PublishOptions) => void;
  /** Sees its actors move. */
  readonly inspect: NonNullable<Ports['inspect']>;
  /** Makes its model. */
  readonly thinking: (world: ModelWorld) => Thinking;
  readonly products: () => LocalProducts;
  readonly build: Build;
  /** How long the process stays away when this call ends it, ms; undefined: it does not. */
  readonly kills: (when: 'before' | 'after', call: string) => number | undefined;
  /** What an agent meets before a step. */
  readonly atStep: NonNullable<Ports['atStep']>;
  /** How far its clock is ahead, ms. */
  readonly skew: () => number;
  /** True while a person has paused the company: whoever starts then takes nothing. */
  readonly isPaused: () => boolean;
  /** Told of each end. */
  readonly ended: () => void;
};

/** As on a real stream (bus/jetstream/stream.ts). */
const DEDUPE_MS = 3_600_000;

/** How long a process that could not start waits before it is started again, ms. */
const TRY_AGAIN_MS = 60_000;

export class Member {
  readonly #ports: MemberPorts;
  #life: Life | undefined;
  #company: Company | undefined;
  #projections: Projections | undefined;
  #bus: MemoryBus | undefined;
  #closed = false;

  constructor(ports: MemberPorts) {
    this.#ports = ports;
  }

  get name(): string {
    return this.#ports.name;
  }

  /** True while it is started and not ended. */
  get alive(): boolean {
    const state = this.#life?.dead === false ? this.#company?.state : undefined;
    return state === 'running' || state === 'paused';
  }

  get inHand(): number {
    return this.alive ? (this.#company?.inHand ?? 0) : 0;
  }

  /** What it believes; undefined while it is away. */
  get projections(): Projections | undefined {
    return this.alive ? this.#projections : undefined;
  }

  /** Does what a person says. */
  async switchTo(state: 'paused' | 'running'): Promise<void> {
    if (!this.alive) return;
    if (state === 'paused') await this.#company?.pause('operator', 'the scenario');
    else await this.#company?.resume('operator', 'the scenario');
  }

  /** Starts it; it comes back by itself whenever it is ended. */
  async start(): Promise<void> {
    if (this.#closed) return;
    const { clock, kills, skew, ended, log, name } = this.#ports;
    let awayMs = TRY_AGAIN_MS;
    const life = new Life({
      clock,
      skew,
      kills: (when, call) => {
        const ms = kills(when, call);
        awayMs = ms ?? awayMs;
        return ms !== undefined;
      },
      ended: () => {
        this.#bus?.kill();
        ended();
        void clock.sleepUntil(clock.now() + awayMs).then(() => this.start());
      },
    });
    this.#life = life;
    this.#company = undefined;
    const { clock: own, bus } = this.#reach(life);
    try {
      await own.turn(() => this.#open(life, own, bus));
    } catch (error) {
      log('warn', `${name} did not start: ${reasonOf(error)}`);
      life.end();
    }
  }

  /** The stream and the time as this process reaches them. */
  #reach(life: Life): { readonly clock: Clock; readonly bus: Bus } {
    const { company, stream, clock, habits, skew, log, build, told } = this.#ports;
    const kept = { stream, dedupeWindowMs: DEDUPE_MS, log: (line: string) => log('warn', line) };
    const patience = habits && patient(life.clock());
    this.#bus = new MemoryBus(company, clock, {
      ...kept,
      ...(habits && patience ? { habits, wait: (at: number) => patience.wait(at + skew()) } : {}),
    });
    const own = life.bus(this.#bus, told);
    return { clock: patience?.clock ?? life.clock(), bus: build.bus?.(own) ?? own };
  }

  async #open(life: Life, clock: Clock, bus: Bus): Promise<void> {
    const { org, knowledge, log, atStep, inspect, build, name } = this.#ports;
    const tools = this.#tools(life, bus);
    const projections = await follow(bus);
    const { board, company: brain, episodes } = projections;
    const { model, reach } = this.#ports.thinking({ bus, clock, org, board, process: name, log });
    const asked = life.model(model);
    const ports: Ports = {
      bus,
      clock,
      model: build.model?.(asked) ?? asked,
      reach,
      money: openMoney({ bus, clock, org, board, log }),
      tools,
      secrets: createSecrets({}),
      knowledge,
      duties,
      org,
      board,
      company: brain,
      episodes,
      log,
      atStep,
      inspect,
    };
    await restoreLive({ tools, org, company: brain });
    const company = new Company({ ports, process: name });
    this.#projections = projections;
    this.#company = company;
    const opened = company.start();
    if (this.#ports.isPaused()) void company.pause('operator', 'the company is paused');
    await opened;
  }

  #tools(life: Life, bus: Bus): Tools {
    const own = this.#ports.products();
    const products = this.#ports.build.products?.(own) ?? own;
    const { repos } = products;
    return life.tools({
      products,
      forge: openLocalForge({ bus, products: { ...products, repos: life.tool('repos', repos) } }),
      deployer: openMemoryDeployer(),
      web: noWeb,
    });
  }

  /** Follows another org chart. */
  async follow(before: Org, after: Org): Promise<void> {
    if (this.alive) await this.#company?.follow(before, after);
  }

  /**
   * Closes it for good, after the run: in order where nothing is in hand, because time stands still by now.
   * @param atOnce in no order at all: nobody would get their turn
   */
  async close(atOnce: boolean): Promise<void> {
    this.#closed = true;
    if (!atOnce && this.alive && this.inHand === 0) await this.#company?.drain('the run is over');
    this.#bus?.kill();
  }
}
