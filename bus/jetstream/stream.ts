// The company's stream: its name, its configuration, and whose it is.

import {
  DiscardPolicy,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from 'nats';
import { BusFailure } from '../errors.ts';
import type { Connection } from './connection.ts';
import { apiCode, CompanyTaken, StreamMismatch } from './errors.ts';

const HOUR_NS = 3_600_000_000_000;
const NOT_FOUND = 10059;

/** Whose stream it is. */
export type Owner = {
  /** The folder, or any other lasting name, that the company is kept in. */
  readonly workspace: string;
  readonly kind: 'company' | 'scenario';
  /** Begin with an empty stream; only for scenarios. */
  readonly fresh?: boolean;
};

export function streamName(company: string): string {
  return company.toUpperCase().replaceAll('-', '_');
}

export function blobsName(company: string): string {
  return `${streamName(company)}_blobs`;
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
    sealed: false,
    no_ack: false,
  };
}

/** Throws StreamMismatch naming the first field that differs. */
function compare(company: string, info: StreamInfo): void {
  // What a server leaves out when it is not set.
  const unset: Record<string, unknown> = { sealed: false, no_ack: false, max_age: 0 };
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
  if (workspace !== owner.workspace)
    throw new CompanyTaken(company, `belongs to ${workspace}`, `open it there, or name this company otherwise`);
  if (kind === owner.kind) return;
  const next =
    kind === 'scenario' ? 'remove its stream, or name this company otherwise' : 'name the scenario otherwise';
  throw new CompanyTaken(company, `is a ${kind}, not a ${owner.kind}`, next);
}

async function find(jsm: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await jsm.streams.info(name);
  } catch (error) {
    if (apiCode(error) === NOT_FOUND) return undefined;
    throw error;
  }
}

/** Without an owner the stream must be there. Throws BusFailure, StreamMismatch. */
export async function findStream(connection: Connection, company: string): Promise<void> {
  const info = await connection.ask(`open company ${company}`, () => find(connection.jsm, streamName(company)));
  if (!info)
    throw new BusFailure('NO_COMPANY', `no company ${company} is on this server`, 'start it with `headcount up`');
  compare(company, info);
}

/**
 * Opens the owner's stream, makes it when it is missing, and checks what the server made of it.
 * Throws CompanyTaken, StreamMismatch, BusFailure.
 */
export async function ensureStream(connection: Connection, company: string, owner: Owner, replicas = 1): Promise<void> {
  const { jsm } = connection;
  const name = streamName(company);
  const ask = <T>(request: () => Promise<T>) => connection.ask(`open company ${company}`, request);
  let found = await ask(() => find(jsm, name));
  if (found) {
    compare(company, found);
    refuseForeign(company, owner, found);
  }
  if (owner.fresh && owner.kind === 'company')
    throw new CompanyTaken(company, 'is a company: its history is never deleted', 'open it without `fresh`');
  if (found && owner.fresh) {
    await ask(() => remove(jsm, company));
    found = undefined;
  }
  if (found) return;
  const metadata = { headcount_workspace: owner.workspace, headcount_kind: owner.kind };
  const config = { ...configOf(company), name, num_replicas: replicas, metadata };
  await ask(() => jsm.streams.add(config as Partial<StreamConfig>));
  const made = await ask(() => jsm.streams.info(name));
  compare(company, made);
  refuseForeign(company, owner, made);
  if (made.config.num_replicas !== replicas)
    throw new StreamMismatch(name, 'num_replicas', replicas, made.config.num_replicas);
}

/** Deletes the stream and its blobs. */
async function remove(jsm: JetStreamManager, company: string): Promise<void> {
  for (const name of [streamName(company), `OBJ_${blobsName(company)}`]) {
    try {
      await jsm.streams.delete(name);
    } catch (error) {
      if (apiCode(error) !== NOT_FOUND) throw error;
    }
  }
}
