// The company's stream: its name, its configuration, and whose it is.

import {
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
  type StreamState,
} from 'nats';
import { BusFailure } from '../errors.ts';
import type { Connection } from './connection.ts';
import { apiCode, CompanyTaken, NoCluster, StorageTooSmall, StreamMismatch, SubjectsTaken } from './errors.ts';
import { infoOf } from './leader.ts';

const HOUR_NS = 3_600_000_000_000;
const NOT_FOUND = 10059;
/** "subjects overlap with an existing stream". */
const OVERLAP = 10065;
/** "replicas > 1 not supported in non-clustered mode", and a cluster with too few nodes to place them. */
const TOO_FEW_NODES: readonly (number | undefined)[] = [10005, 10052, 10074];

/** Whose stream it is. */
export type Owner = {
  /** The folder, or any other lasting name, that the company is kept in. */
  readonly workspace: string;
  readonly kind: 'company' | 'scenario';
  /** Begin with an empty stream; only for scenarios. */
  readonly fresh?: boolean;
  /** The stream was there before and must be there still: it is not made. */
  readonly known?: boolean;
  /** The server keeps its store in the workspace: whatever folder a stream names is this one, under the name it had before. */
  readonly keepsStore?: boolean;
  /**
   * A company takes the place of what a scenario left in its workspace; without this it is refused. Called before anything is
   * removed, when it is sure that nobody plays the scenario: should this process die, the next one finds the scenario again.
   */
  readonly replaces?: (messages: number) => Promise<void>;
};

export function streamName(company: string): string {
  return company.toUpperCase().replaceAll('-', '_');
}

export function blobsName(company: string): string {
  return `${streamName(company)}_blobs`;
}

/** The stream behind the store of a company's blobs, as the client names it. */
export function streamOfBlobs(name: string): string {
  return `OBJ_${name}`;
}

function configOf(company: string) {
  return {
    subjects: [`${company}.>`],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    duplicate_window: HOUR_NS,
    allow_direct: true,
    // What a stream of somebody else would forget or refuse.
    max_age: 0,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_msg_size: -1,
    max_consumers: -1,
    sealed: false,
    no_ack: false,
    discard_new_per_subject: false,
    mirror: null,
    sources: null,
    subject_transform: null,
  };
}

/** What a company begins with, in bytes. */
const ROOM = 1_048_576;
/** "insufficient storage resources available", "maximum bytes limit reached": of the server, of the account. */
const NO_ROOM: readonly (number | undefined)[] = [10047, 10002, 10028, 10120, 10122];

/** A server tells its limits only by refusing to reserve more: the stream is made with a reservation that is then lifted. */
async function makeRoomy(jsm: JetStreamManager, config: Partial<StreamConfig> & { name: string }): Promise<void> {
  try {
    await jsm.streams.add({ ...config, max_bytes: ROOM });
  } catch (error) {
    if (!NO_ROOM.includes(apiCode(error))) throw error;
    const { limits, storage } = await jsm.getAccountInfo();
    const left = limits.max_storage > 0 ? Math.max(0, limits.max_storage - storage) : undefined;
    throw new StorageTooSmall(config.name, ROOM, left, error);
  }
  await jsm.streams.update(config.name, { max_bytes: -1 });
}

/** What a server leaves out when it is not set. */
const UNSET = {
  sealed: false,
  no_ack: false,
  max_age: 0,
  discard_new_per_subject: false,
  mirror: null,
  sources: null,
  subject_transform: null,
};

/** Throws StreamMismatch naming the first field that differs. */
export function checkConfig(company: string, info: StreamInfo): void {
  const unset: Record<string, unknown> = UNSET;
  const found = new Map(Object.entries({ ...unset, ...info.config }));
  for (const [field, wanted] of Object.entries(configOf(company))) {
    if (JSON.stringify(found.get(field)) !== JSON.stringify(wanted))
      throw new StreamMismatch(info.config.name, field, wanted, found.get(field));
  }
}

function ownerOf(info: StreamInfo): { workspace: string | undefined; kind: string | undefined } {
  const { headcount_workspace, headcount_kind } = info.config.metadata ?? {};
  return { workspace: headcount_workspace, kind: headcount_kind };
}

function refuseForeign(company: string, owner: Owner, info: StreamInfo): void {
  const { workspace, kind } = ownerOf(info);
  if (workspace === undefined)
    throw new StreamMismatch(info.config.name, 'metadata.headcount_workspace', owner.workspace, workspace);
  if (hasMoved(owner, info) && owner.keepsStore !== true)
    throw new CompanyTaken(company, `belongs to ${workspace}`, `open it there, or name this company otherwise`);
  if (kind === owner.kind || isReplaced(owner, info)) return;
  const next =
    kind === 'scenario' ? 'start a company in its place: headcount up' : 'play the scenario in another folder';
  throw new CompanyTaken(company, `is a ${kind}, not a ${owner.kind}`, next);
}

/** True for a stream that names another folder. */
function hasMoved(owner: Owner, info: StreamInfo): boolean {
  return ownerOf(info).workspace !== owner.workspace;
}

/** What a scenario left, for a company that takes its place. */
function isReplaced(owner: Owner, info: StreamInfo): boolean {
  return owner.replaces !== undefined && owner.kind === 'company' && ownerOf(info).kind === 'scenario';
}

/** A stream by its name; undefined when there is none. */
export async function findNamed(jsm: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await infoOf(jsm, name);
  } catch (error) {
    if (apiCode(error) === NOT_FOUND) return undefined;
    throw error;
  }
}

/** Without an owner the stream must be there. Returns how many copies are kept. Throws BusFailure, StreamMismatch. */
export async function findStream(connection: Connection, company: string): Promise<number> {
  const info = await connection.ask(`open company ${company}`, () => findNamed(connection.jsm, streamName(company)));
  if (!info)
    throw new BusFailure('NO_COMPANY', `no company ${company} is on this server`, 'start it with `headcount up`');
  checkConfig(company, info);
  return info.config.num_replicas;
}

/**
 * Opens the owner's stream, makes it when it is missing, and checks what the server made of it. A stream with another number
 * of copies is brought to the wanted one. Returns how many copies are kept.
 * Throws CompanyTaken, StreamMismatch, NoCluster, BusFailure.
 * @param replicas undefined = as it is, and 1 for a new one
 * @param claimed what is there is looked at before this resolves, and nothing is changed
 */
export async function ensureStream(
  connection: Connection,
  company: string,
  owner: Owner,
  replicas?: number,
  claimed?: Promise<void>,
): Promise<number> {
  const { jsm } = connection;
  const name = streamName(company);
  const ask = <T>(request: () => Promise<T>) => connection.ask(`open company ${company}`, request);
  let found = await ask(() => findNamed(jsm, name));
  if (found) {
    checkConfig(company, found);
    refuseForeign(company, owner, found);
  }
  if (owner.fresh && owner.kind === 'company')
    throw new CompanyTaken(company, 'is a company: its history is never deleted', 'open it without `fresh`');
  const asWanted =
    found &&
    !hasMoved(owner, found) &&
    found.config.max_bytes !== ROOM &&
    found.config.num_replicas === (replicas ?? found.config.num_replicas);
  const replaced = found !== undefined && isReplaced(owner, found);
  if (!asWanted || owner.fresh || replaced) await claimed;
  if (found && replaced) await owner.replaces?.(found.state.messages);
  if (found && (owner.fresh || replaced)) {
    await ask(() => remove(jsm, company));
    found = undefined;
  }
  if (!found && owner.known && !replaced) throw gone(company);
  if (found && hasMoved(owner, found)) {
    const metadata = { ...found.config.metadata, headcount_workspace: owner.workspace };
    await ask(() => jsm.streams.update(name, { metadata }));
  }
  // Made by a process that ended before it had lifted the reservation.
  if (found?.config.max_bytes === ROOM) await ask(() => jsm.streams.update(name, { max_bytes: -1 }));
  if (found && found.config.num_replicas === (replicas ?? found.config.num_replicas)) return found.config.num_replicas;
  const wanted = replicas ?? 1;
  const metadata = { headcount_workspace: owner.workspace, headcount_kind: owner.kind };
  // What is not to be set is not sent.
  const set = Object.entries(configOf(company)).filter(([, value]) => value !== null);
  const config = { ...Object.fromEntries(set), name, num_replicas: wanted, metadata };
  await ask(() => place(connection, config as Partial<StreamConfig> & { name: string }, found !== undefined));
  const made = await ask(() => infoOf(jsm, name));
  checkConfig(company, made);
  refuseForeign(company, owner, made);
  if (made.config.num_replicas !== wanted)
    throw new StreamMismatch(name, 'num_replicas', wanted, made.config.num_replicas);
  return wanted;
}

/** Makes the stream, or gives it another number of copies. */
async function place(
  { jsm, serverVersion }: Connection,
  config: Partial<StreamConfig> & { name: string },
  there: boolean,
): Promise<void> {
  const { name, num_replicas = 1 } = config;
  try {
    if (there) await jsm.streams.update(name, { num_replicas });
    else if (num_replicas > 1) await jsm.streams.add(config);
    else await makeRoomy(jsm, config);
  } catch (error) {
    if (apiCode(error) === OVERLAP) throw new SubjectsTaken(name, config.subjects ?? [], error);
    if (TOO_FEW_NODES.includes(apiCode(error))) throw new NoCluster(name, num_replicas, serverVersion, error);
    throw error;
  }
}

/** A stream that was there before. */
function gone(company: string): BusFailure {
  return new BusFailure(
    'STREAM_GONE',
    `stream ${streamName(company)} is gone: it was deleted, or the server has another store`,
    'bring it back from a backup: headcount restore <file>',
  );
}

/** What the server says of the company's stream; undefined when there is none. Throws BusFailure. */
export function lookAtStream(connection: Connection, company: string): Promise<StreamInfo | undefined> {
  return connection.ask(`look for company ${company}`, () => findNamed(connection.jsm, streamName(company)));
}

/** Its state alone. Throws BusFailure. */
export async function findStreamState(connection: Connection, company: string): Promise<StreamState | undefined> {
  return (await lookAtStream(connection, company))?.state;
}

/** Deletes the stream and its blobs. Throws BusFailure. */
export function removeStream(connection: Connection, company: string): Promise<void> {
  return connection.ask(`remove company ${company}`, () => remove(connection.jsm, company));
}

async function remove(jsm: JetStreamManager, company: string): Promise<void> {
  for (const name of [streamName(company), streamOfBlobs(blobsName(company))]) {
    try {
      await jsm.streams.delete(name);
    } catch (error) {
      if (apiCode(error) !== NOT_FOUND) throw error;
    }
  }
}
