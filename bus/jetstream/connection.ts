// One connection to a server that is new enough and has JetStream. It never gives up reconnecting; what is asked while it is
// away is asked again.

import { setTimeout as wait } from 'node:timers/promises';
import { connect, ErrorCode, Events, type JetStreamManager, type NatsConnection, NatsError } from 'nats';
import { BusFailure, reasonOf } from '../errors.ts';
import { failure, NoJetStream, ServerTooOld } from './errors.ts';

/** Older servers ignore filter_subjects and metadata silently. */
const OLDEST = '2.10';
/** How long a request is repeated while the server does not answer, and the pause between two tries. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 250;

export type ConnectOptions = {
  /** `nats://[user:password@]host:port`, one or several. */
  readonly servers: string | readonly string[];
  readonly company: string;
  /** Keep trying when the server is not there yet. */
  readonly wait?: boolean;
  readonly log: (line: string) => void;
};

export class Connection {
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly serverVersion: string;
  readonly #log: (line: string) => void;
  readonly #reconnected = new Set<() => void>();
  readonly #outbox: (() => void)[] = [];
  #online = true;

  private constructor(nc: NatsConnection, jsm: JetStreamManager, log: (line: string) => void) {
    this.nc = nc;
    this.jsm = jsm;
    this.serverVersion = nc.info?.version ?? 'unknown';
    this.#log = log;
    void this.#watch();
  }

  /** Throws ServerTooOld, NoJetStream, BusFailure. */
  static async open(options: ConnectOptions): Promise<Connection> {
    const nc = await dial(options);
    try {
      const version = nc.info?.version ?? 'unknown';
      if (isOlder(version, OLDEST)) throw new ServerTooOld(version, OLDEST);
      const jsm = await nc.jetstreamManager().catch((error: unknown) => {
        throw new NoJetStream(version, error);
      });
      return new Connection(nc, jsm, options.log);
    } catch (error) {
      await nc.close();
      throw error;
    }
  }

  get online(): boolean {
    return this.#online && !this.nc.isClosed();
  }

  /**
   * Writes at the end of this round of the event loop, together with whatever else is written in it: one system call for
   * all, where the client alone makes one a microtask. In the order given; `write` must not throw.
   */
  send(write: () => void): void {
    if (this.#outbox.push(write) === 1) setImmediate(() => this.#post());
  }

  #post(): void {
    for (const write of this.#outbox.splice(0)) write();
  }

  /** Calls `again` each time the connection is back. Returns a function that stops it. */
  onReconnect(again: () => void): () => void {
    this.#reconnected.add(again);
    return () => this.#reconnected.delete(again);
  }

  /** Asks until the server answers; throws what it answers, or BusFailure after a minute. */
  async ask<T>(doing: string, request: () => Promise<T>): Promise<T> {
    for (let waited = 0; ; waited += PAUSE_MS) {
      try {
        return await request();
      } catch (error) {
        if (!isPassing(error) || this.nc.isClosed() || waited >= PATIENCE_MS) throw failure(doing, error);
      }
      await wait(PAUSE_MS);
    }
  }

  /** Sends what is written and closes. */
  async close(): Promise<void> {
    this.#reconnected.clear();
    if (this.nc.isClosed()) return;
    this.#post();
    if (this.#online) await this.nc.flush().catch(() => {});
    await this.nc.close();
  }

  async #watch(): Promise<void> {
    for await (const { type, data } of this.nc.status()) {
      if (type === Events.Disconnect && this.#online) {
        this.#online = false;
        this.#log(`lost the nats-server ${String(data)}; trying to reach it again`);
      } else if (type === Events.Reconnect) {
        this.#online = true;
        this.#log(`the nats-server ${String(data)} is back`);
        for (const again of [...this.#reconnected]) again();
      } else if (type === Events.Error) {
        this.#log(`nats-server: ${String(data)}`);
      }
    }
  }
}

/** True for what may pass by itself: no answer yet, or a server on its way back. */
function isPassing(error: unknown): boolean {
  const passing: string[] = [ErrorCode.Timeout, ErrorCode.NoResponders, ErrorCode.Disconnect];
  return error instanceof NatsError && error.api_error === undefined && passing.includes(error.code);
}

async function dial({ servers, company, wait: patient }: ConnectOptions): Promise<NatsConnection> {
  const addresses = [servers].flat().map(addressOf);
  const { user, pass } = addresses[0] ?? {};
  try {
    return await connect({
      servers: addresses.map(({ host }) => host),
      ...(user ? { user, pass: pass ?? '' } : {}),
      name: `headcount ${company}`,
      noAsyncTraces: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: PAUSE_MS,
      reconnectJitter: PAUSE_MS,
      pingInterval: 20_000,
      waitOnFirstConnect: patient ?? false,
    });
  } catch (error) {
    const where = addresses.map(({ host }) => host).join(', ');
    throw new BusFailure(
      'BUS_UNREACHABLE',
      `cannot reach a nats-server at ${where}: ${reasonOf(error)}`,
      'start one there, or leave --nats and NATS_URL out to have one started',
      { cause: error },
    );
  }
}

/** Splits credentials off an address, so that no message ever shows them. */
function addressOf(server: string): { host: string; user?: string; pass?: string } {
  const text = server.includes('://') ? server : `nats://${server}`;
  if (!URL.canParse(text))
    throw new BusFailure('BUS_UNREACHABLE', 'that is no address of a server', 'write nats://host:port');
  const url = new URL(text);
  const host = `${url.protocol}//${url.host}`;
  if (!url.username) return { host };
  return { host, user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
}

/** Compares the first two numbers of two versions. */
export function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = than.split('.').map(Number);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}
