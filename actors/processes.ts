// The processes of a company, as its stream tells: each takes a name by writing the next incarnation of it, with the last one
// it has seen. Whoever writes a higher incarnation fences the lower ones, so a name has one holder, and a restart is the same
// process.

import { createHash } from 'node:crypto';
import type { Bus, Stored } from '../bus/bus.ts';
import { HeadcountError, StaleWrite } from '../bus/errors.ts';
import type { DataOf } from '../bus/messages.ts';
import { subjects } from '../bus/subjects.ts';
import { buildAgentMachine } from '../machines/agent.ts';
import { buildCompanyMachine } from '../machines/company.ts';
import type { AgentPolicy } from '../machines/policy.ts';

/** The process that serves everything; its agents have plain names. */
export const MAIN = 'main';

/** An agent of another process than `main` carries its name: `backend@p2`. */
export function agentAt(agent: string, process: string): string {
  return process === MAIN ? agent : `${agent}@${process}`;
}

/** The process that an agent is in. */
export function processOf(agent: string): string {
  return agent.split('@')[1] ?? MAIN;
}

/** This process has lost its name to a newer one. Exit code 5. */
export class Fenced extends HeadcountError {
  override readonly name = 'Fenced';
  constructor(name: string, by: { readonly pid: number; readonly host: string }) {
    super(
      'FENCED',
      `fenced: process ${by.pid} on ${by.host} has taken the name ${name}`,
      'nothing is lost, the newer one goes on; give this one another --name to run both',
    );
  }
}

/** What the stream says of one process. */
export type Known = DataOf<'process.started'> & {
  /** Of its last message. */
  readonly seq: number;
  /** When it started; epoch ms of the company's clock. */
  readonly since: number;
  /** Why it left; undefined while it has not. */
  readonly left: string | undefined;
};

/** Folds `process.*` messages. */
export class Register {
  readonly #known = new Map<string, Known>();

  told({ message, seq }: Stored): void {
    if (message.type === 'process.started') {
      this.#known.set(message.data.name, { ...message.data, seq, since: Date.parse(message.time), left: undefined });
    }
    if (message.type !== 'process.left') return;
    const known = this.#known.get(message.data.name);
    if (known?.incarnation !== message.data.incarnation) return;
    this.#known.set(known.name, { ...known, seq, left: message.data.reason });
  }

  /** By name, in the order they first started. */
  all(): Known[] {
    return [...this.#known.values()];
  }

  get(name: string): Known | undefined {
    return this.#known.get(name);
  }

  /** The one that runs the company, or did last; undefined before the first. */
  runner(): Known | undefined {
    const runs = this.all().filter(({ roles }) => roles === undefined);
    return runs.reduce<Known | undefined>((last, one) => (last && last.seq > one.seq ? last : one), undefined);
  }

  /** Names of processes that have started and not left: alive, or dead without a word. */
  unended(): string[] {
    return this.all()
      .filter(({ left }) => left === undefined)
      .map(({ name }) => name);
  }
}

export type Applicant = Omit<DataOf<'process.started'>, 'name' | 'incarnation'> & {
  /** The name wanted; undefined takes the one this seat had, or a new one. */
  readonly name: string | undefined;
};

export type Membership = {
  readonly name: string;
  readonly incarnation: number;
  readonly register: Register;
  /** Says that it leaves; nothing happens when the name has gone to somebody else. */
  leave(reason: string): Promise<void>;
};

/** Reads the register as the stream holds it now. */
export async function readRegister(bus: Bus): Promise<Register> {
  const register = new Register();
  for await (const stored of bus.replay({ filter: subjects.process('*') })) register.told(stored);
  return register;
}

/** The name of an applicant that asks for none: the one its seat had, unless its holder lives; else the next free `p2`, `p3`. */
function nameFor(register: Register, applicant: Applicant, alive: ReadonlySet<string>): string {
  if (applicant.name !== undefined) return applicant.name;
  if (applicant.roles === undefined) return MAIN;
  const before = register.all().find(({ name, seat }) => seat === applicant.seat && !alive.has(name));
  if (before) return before.name;
  for (let number = 2; ; number += 1) if (register.get(`p${number}`) === undefined) return `p${number}`;
}

/**
 * Takes a name for this process. An older holder of it is fenced.
 * @param alive names of processes that answer now
 * @param known the register, where somebody has read it already
 */
export async function enroll(
  bus: Bus,
  applicant: Applicant,
  alive: (register: Register) => Promise<ReadonlySet<string>>,
  known?: Register,
): Promise<Membership> {
  for (let first = true; ; first = false) {
    const register = first && known ? known : await readRegister(bus);
    const name = nameFor(register, applicant, await alive(register));
    const before = register.get(name);
    const incarnation = (before?.incarnation ?? 0) + 1;
    const seq = await start(bus, { ...applicant, name, incarnation }, before?.seq ?? 0);
    if (seq === undefined) continue;
    return {
      name,
      incarnation,
      register,
      leave: (reason) => leave(bus, { name, incarnation, reason }, seq),
    };
  }
}

/** Undefined when somebody else has written meanwhile. */
async function start(bus: Bus, data: DataOf<'process.started'>, seen: number): Promise<number | undefined> {
  const { name, incarnation, host, pid } = data;
  const digest = createHash('sha256').update(host).digest('hex').slice(0, 6);
  // Two who take one name at once say it with different ids: the second is refused, not taken for a repeat.
  const id = `process.${name}.${incarnation}.${digest}-${pid}`;
  const draft = { id, type: 'process.started', source: 'supervisor', data } as const;
  try {
    return (await bus.publish(subjects.process(name), draft, { expectedLastSeq: seen })).seq;
  } catch (error) {
    if (error instanceof StaleWrite) return undefined;
    throw error;
  }
}

async function leave(bus: Bus, data: DataOf<'process.left'>, seen: number): Promise<void> {
  const { name, incarnation } = data;
  const id = `process.${name}.${incarnation}.left`;
  const draft = { id, type: 'process.left', source: 'supervisor', data } as const;
  try {
    await bus.publish(subjects.process(name), draft, { expectedLastSeq: seen });
  } catch (error) {
    if (!(error instanceof StaleWrite)) throw error;
  }
}

/** Digest of what a process is started with, so that the same start takes the same name. */
export function seatOf(host: string, folder: string, roles: readonly string[] | undefined): string {
  const text = JSON.stringify([host, folder, roles ? [...roles].sort() : null]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** Digest of the charts that this program runs. */
export function chartsDigest(policy: AgentPolicy): string {
  const charts = [buildAgentMachine(policy), buildCompanyMachine()].map(({ config }) => config);
  return createHash('sha256').update(JSON.stringify(charts)).digest('hex').slice(0, 12);
}
