// This process as one of a company's: the name it takes, who else is there, and what happens when the name is taken from it.

import { hostname } from 'node:os';
import { relative } from 'node:path';
import {
  type Applicant,
  chartsDigest,
  enroll,
  Fenced,
  MAIN,
  type Membership,
  Register,
  seatOf,
} from '../actors/processes.ts';
import type { Bus, Stored } from '../bus/bus.ts';
import type { JetStreamBus } from '../bus/jetstream.ts';
import type { Org } from '../org/org.ts';
import { nearest } from '../org/problems.ts';
import { UsageError } from './errors.ts';
import { packageVersion } from './package-root.ts';

export type Member = Pick<Membership, 'name' | 'incarnation' | 'leave'> & {
  /** Feed it every message. */
  told(stored: Stored): void;
  /** Aborted, with Fenced as the reason, when a newer process has the name. */
  readonly fenced: AbortSignal;
  /** Says that this process lives, and lets its mailboxes take over what dead ones held. */
  appear(): void;
};

export type Entrance = {
  readonly bus: Bus;
  /** Undefined where nobody else can be: on the memory bus. */
  readonly network: JetStreamBus | undefined;
  readonly org: Org;
  readonly folder: string;
  readonly name: string | undefined;
  /** Undefined: all. */
  readonly roles: readonly string[] | undefined;
  /** How many times as fast as the wall it runs. */
  readonly speed: number;
  /** File of the scenario that its workers answer from; undefined: they have models. */
  readonly script: string | undefined;
  /** False: it has neither models nor a script. */
  readonly thinks: boolean;
  /** What the stream has said of processes so far. */
  readonly past: readonly Stored[];
};

/** Takes a name in the company's register. Throws BusFailure. */
export async function enter({
  bus,
  network,
  org,
  folder,
  name,
  roles,
  speed,
  script,
  thinks,
  past,
}: Entrance): Promise<Member> {
  const [role] = org.roles;
  const host = hostname();
  const applicant: Applicant = {
    name: name ?? (roles === undefined ? MAIN : undefined),
    pid: process.pid,
    host,
    seat: seatOf(host, folder, roles),
    version: packageVersion(),
    charts: role === undefined ? '' : chartsDigest(role.policy),
    ...(roles === undefined ? {} : { roles: [...roles] }),
    ...(speed === 1 ? {} : { speed }),
    ...(thinks ? {} : { thinks }),
    ...(script === undefined ? {} : { script: relative(folder, script) }),
  };
  const alive = async (register: Register) =>
    new Set((await network?.present(register.unended()))?.map((one) => one.name));
  const known = new Register();
  for (const stored of past) known.told(stored);
  const member = await enroll(bus, applicant, alive, known);
  const { register, incarnation } = member;
  const fenced = new AbortController();
  return {
    ...member,
    fenced: fenced.signal,
    told(stored) {
      register.told(stored);
      const { message } = stored;
      if (message.type !== 'process.started' || message.data.name !== member.name) return;
      if (message.data.incarnation <= incarnation || fenced.signal.aborted) return;
      const reason = new Fenced(member.name, message.data);
      network?.fence(reason);
      fenced.abort(reason);
    },
    appear() {
      network?.join({ name: member.name, incarnation, pid: process.pid, host }, () => register.unended());
    },
  };
}

/** Throws UsageError for a role that the company does not have. */
export function checkRoles(org: Org, roles: readonly string[] | undefined): void {
  const names = org.roles.map(({ name }) => name);
  for (const role of roles ?? []) {
    if (names.includes(role)) continue;
    const near = nearest(role, names);
    const next =
      near === undefined ? `its roles: ${names.join(', ')}` : `did you mean ${near}? \`headcount org\` lists all`;
    throw new UsageError(`${org.company} has no role ${role}`, next);
  }
}
