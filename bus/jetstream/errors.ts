// What can be wrong with a server or a stream when a company is opened on it.

import { NatsError } from 'nats';
import { BusFailure, HeadcountError, reasonOf } from '../errors.ts';

/** Closed while the stream took nothing: it was full, silent or changed. Exit code 5. */
export class StreamTookNothing extends BusFailure {
  override readonly name = 'StreamTookNothing';
  constructor() {
    super(
      'STORAGE_FULL',
      'the stream took nothing more until the company was closed; what it had not recorded is done again',
      'make room on the disk of the nats-server, then start the company again',
    );
  }
}

/** A server older than the ones whose answers can be trusted. */
export class ServerTooOld extends HeadcountError {
  override readonly name = 'ServerTooOld';
  constructor(version: string, oldest: string) {
    super(
      'SERVER_TOO_OLD',
      `nats-server ${version} is older than ${oldest}: it ignores configuration silently and cannot sync to disk`,
      `use nats-server ${oldest} or newer`,
    );
  }
}

/** A server that wants a user and a password, and got none or wrong ones. */
export class BadCredentials extends HeadcountError {
  override readonly name = 'BadCredentials';
  constructor(where: string, given: boolean) {
    super(
      'BAD_CREDENTIALS',
      `the nats-server at ${where} refuses ${given ? 'this user and password' : 'whoever has no user and password'}`,
      'name a user that it knows: NATS_URL=nats://user:password@host:port',
    );
  }
}

/** A server or an account with less room than any company needs. */
export class StorageTooSmall extends HeadcountError {
  override readonly name = 'StorageTooSmall';
  constructor(stream: string, needed: number, left: number | undefined, cause: unknown) {
    const has = left === undefined ? 'less than that is left' : `${mega(left)} are left`;
    super(
      'STORAGE_TOO_SMALL',
      `the nats-server has no room for stream ${stream}: a company begins with ${mega(needed)}, and ${has}`,
      'raise max_file_store of the server, or the limit of the account',
      { cause },
    );
  }
}

const mega = (bytes: number): string => `${Math.round(bytes / 104_857.6) / 10} MB`;

/** A server without JetStream, or an account that may not use it. */
export class NoJetStream extends HeadcountError {
  override readonly name = 'NoJetStream';
  constructor(version: string, cause?: unknown) {
    super(
      'NO_JETSTREAM',
      `nats-server ${version} answers, but without JetStream`,
      'start it with -js, or enable JetStream for this account',
      { cause },
    );
  }
}

/** A user who may not do what every company does. */
export class NotPermitted extends HeadcountError {
  override readonly name = 'NotPermitted';
  constructor(cause: unknown) {
    super(
      'NOT_PERMITTED',
      'the nats-server does not let this user use JetStream',
      "let it publish on '$JS.>' and '<company>.>', and subscribe to '_INBOX.>'; or name another user",
      { cause },
    );
  }
}

/** A server that has no cluster, or too small a one, for the wanted copies of a stream. */
export class NoCluster extends HeadcountError {
  override readonly name = 'NoCluster';
  constructor(stream: string, replicas: number, version: string, cause?: unknown) {
    super(
      'NO_CLUSTER',
      `stream ${stream} is to be kept in ${replicas} copies, but nats-server ${version} there is not in a cluster of ${replicas} nodes`,
      'give the addresses of a cluster (docs/scale.md), or set stream: { replicas: 1 } in org.yaml',
      { cause },
    );
  }
}

/** A stream whose configuration is not the company's. */
export class StreamMismatch extends HeadcountError {
  override readonly name = 'StreamMismatch';
  readonly field: string;
  constructor(stream: string, field: string, wanted: unknown, found: unknown) {
    super(
      'STREAM_MISMATCH',
      `stream ${stream} has ${field} ${JSON.stringify(found ?? null)}, not ${JSON.stringify(wanted)}: it was not made by headcount`,
      'name the company otherwise, or remove that stream',
    );
    this.field = field;
  }
}

/** Subjects that a stream of another name has already. */
export class SubjectsTaken extends HeadcountError {
  override readonly name = 'SubjectsTaken';
  constructor(stream: string, subjects: readonly string[], cause: unknown) {
    super(
      'SUBJECTS_TAKEN',
      `stream ${stream} cannot be made: another stream of this server has ${subjects.join(', ')}, or a part of it`,
      'name the company otherwise, or remove that stream (nats stream ls)',
      { cause },
    );
  }
}

/** A company of this name that belongs to another workspace, or is of another kind. */
export class CompanyTaken extends HeadcountError {
  override readonly name = 'CompanyTaken';
  constructor(company: string, reason: string, next: string) {
    super('COMPANY_TAKEN', `company ${company} ${reason}`, next);
  }
}

/** A company that another process runs now. */
export class CompanyRunning extends HeadcountError {
  override readonly name = 'CompanyRunning';
  readonly process: { readonly pid: number; readonly host: string };
  constructor(company: string, running: { pid: number; host: string }) {
    super(
      'COMPANY_RUNNING',
      `company ${company} is already run by process ${running.pid} on ${running.host}`,
      `end it first (Ctrl+C there, or kill ${running.pid}); headcount up --company <slug> runs another one beside it`,
    );
    this.process = running;
  }
}

/** The stream's own error code, when the server sent one. */
export function apiCode(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.err_code : undefined;
}

/** Codes of a stream, an account or a disk that holds no more. */
const FULL = [10002, 10023, 10047, 10054, 10077];

/** What the server answered, as an error of ours. */
export function refusal(doing: string, code: number | undefined, description: string): BusFailure {
  if (code !== undefined && FULL.includes(code))
    return new BusFailure(
      'STORAGE_FULL',
      `${doing}: the stream or its disk is full (${description})`,
      "make room on the server's disk, or raise the stream's limits",
    );
  return new BusFailure('BUS_REFUSED', `${doing}: ${description}`, "read the server's log");
}

/** Any error of the client, as one of ours. */
export function failure(doing: string, error: unknown): HeadcountError {
  if (error instanceof HeadcountError) return error;
  const code = apiCode(error);
  if (code !== undefined) return refusal(doing, code, reasonOf(error));
  return new BusFailure('BUS_UNREACHABLE', `${doing}: ${reasonOf(error)}`, 'check that the nats-server runs', {
    cause: error,
  });
}
