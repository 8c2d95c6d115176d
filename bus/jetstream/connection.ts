// One connection to a server that is new enough and has JetStream. It never gives up reconnecting; what is asked while it is
// away is asked again. In a cluster it leaves a node that does not answer for another one.

import { setTimeout as wait } from 'node:timers/promises';
import { connect, ErrorCode, Events, type JetStreamManager, type NatsConnection, NatsError } from 'nats';
import { BusFailure, reasonOf } from '../errors.ts';
import { type Address, addressesOf } from './addresses.ts';
import { BadCredentials, failure, NoJetStream, NotPermitted, ServerTooOld } from './errors.ts';
import { UnsureLeader } from './leader.ts';

/** Older servers ignore filter_subjects and metadata silently. */
const OLDEST = '2.10';
/** How long a request is repeated while the server does not answer, and the pause between two tries. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 250;
/** With another node to go to, silence is found out sooner: pings, connecting, and questions to JetStream. */
const PING_MS = { alone: 20_000, clustered: 2_000 };
const DIAL_MS = { alone: 20_000, clustered: 2_000 };
const API_MS = { alone: 5_000, clustered: 2_000 };
/** How long a cluster may take to elect its first leader. */
const LEADER_MS = 20_000;
/**
 * A node that says nothing for this long may be cut off from the others, and is left: sooner than the others elect a leader,
 * so that we are with them by then.
 */
const STRANDED_MS = 3_000;
/** When the node itself was lost they are electing, and each is as silent as the next: that takes them four to nine seconds. */
const ELECTION_MS = 9_000;
/** Of one that leaves questions unanswered it takes this many as well. */
const UNANSWERED = 3;
/** Writes that wait for the end of a round: twice as many as a busy company of nine agents has in most of them (docs/perf.md). */
const MOST_HELD_BACK = 28;

export type ConnectOptions = {
  /** `nats://[user:password@]host:port`; several as a list, or with commas. */
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
  /** True when there is another node to go to. */
  readonly clustered: boolean;
  readonly #log: (line: string) => void;
  readonly #reconnected = new Set<() => void>();
  readonly #outbox: (() => void)[] = [];
  #online = true;
  #unanswered = 0;
  /** When the first of them was asked, by performance.now(). */
  #unansweredSince = 0;
  /** Until when the others may be electing because our node was lost, by performance.now(). */
  #electingUntil = 0;
  /** The node that is being left. */
  #leaving: string | undefined;

  private constructor(nc: NatsConnection, jsm: JetStreamManager, clustered: boolean, log: (line: string) => void) {
    this.nc = nc;
    this.jsm = jsm;
    this.clustered = clustered;
    this.serverVersion = nc.info?.version ?? 'unknown';
    this.#log = log;
    void this.#watch();
  }

  /** Throws ServerTooOld, NoJetStream, BusFailure. */
  static async open(options: ConnectOptions): Promise<Connection> {
    const addresses = addressesOf(options.servers);
    const nc = await dial(addresses, options);
    try {
      const version = nc.info?.version ?? 'unknown';
      if (isOlder(version, OLDEST)) throw new ServerTooOld(version, OLDEST);
      const clustered = hasOthers(nc, addresses.length);
      return new Connection(nc, await managerOf(nc, clustered), clustered, options.log);
    } catch (error) {
      await nc.close();
      throw error;
    }
  }

  get online(): boolean {
    return this.#online && !this.nc.isClosed();
  }

  /** How long this node may say nothing before it is left. */
  get patienceMs(): number {
    return performance.now() < this.#electingUntil ? ELECTION_MS : STRANDED_MS;
  }

  /** A write was confirmed by way of this node: there is a leader. Questions are answered without one. */
  confirmed(): void {
    this.#unanswered = 0;
    this.#electingUntil = 0;
  }

  /** Leaves this node of a cluster for another one; does nothing where there is no other. */
  move(reason: string): void {
    if (!this.online || !this.clustered || this.#leaving !== undefined) return;
    this.#leaving = this.nc.getServer();
    this.#unanswered = 0;
    this.#electingUntil = 0;
    this.#log(`leaving the nats-server ${this.#leaving}: ${reason}`);
    void this.nc.reconnect();
  }

  /**
   * Writes at the end of this round of the event loop, together with whatever else is written in it: one system call for
   * all, where the client alone makes one a microtask. Where a round has much to say, the server has the first of it while we
   * work on the rest. In the order given; `write` must not throw.
   */
  send(write: () => void): void {
    const length = this.#outbox.push(write);
    if (length === 1) setImmediate(() => this.#post());
    else if (length === MOST_HELD_BACK) this.#post();
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
      const asked = performance.now();
      try {
        const answer = await request();
        this.#unanswered = 0;
        return answer;
      } catch (error) {
        if (isPassing(error)) this.#unheard(asked);
        else this.#unanswered = 0;
        if (!isPassing(error) || this.nc.isClosed() || waited >= PATIENCE_MS) throw failure(doing, error);
      }
      await wait(PAUSE_MS);
    }
  }

  /** Many may ask at once, so it is not the number alone that counts. */
  #unheard(asked: number): void {
    if (this.#unanswered === 0) this.#unansweredSince = asked;
    this.#unanswered += 1;
    if (this.#unanswered < UNANSWERED || performance.now() - this.#unansweredSince < this.patienceMs) return;
    this.move('it does not answer');
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
        const left = this.#leaving;
        this.#unanswered = 0;
        if (left === undefined) this.#electingUntil = performance.now() + ELECTION_MS;
        this.#log(`the nats-server ${String(data)} is ${left === undefined ? 'back' : 'there instead'}`);
        this.#leaving = undefined;
        // The client may begin its list again with the node that it leaves.
        if (left === this.nc.getServer()) this.move('it was to be left');
        for (const again of [...this.#reconnected]) again();
      } else if (type === Events.Error) {
        this.#log(`nats-server: ${String(data)}`);
      }
    }
  }
}

/** Codes of a cluster that has no leader yet. */
const LEADERLESS = [10004, 10008, 10009];

/** True for what may pass by itself: no answer yet, a server on its way back, or a cluster that has no leader, or two. */
function isPassing(error: unknown): boolean {
  if (error instanceof UnsureLeader) return true;
  if (!(error instanceof NatsError)) return false;
  const passing: string[] = [ErrorCode.Timeout, ErrorCode.NoResponders, ErrorCode.Disconnect];
  return error.api_error ? LEADERLESS.includes(error.api_error.err_code ?? 0) : passing.includes(error.code);
}

function hasOthers({ info }: NatsConnection, addresses: number): boolean {
  return addresses > 1 || (info?.connect_urls ?? []).length > 1;
}

/** A cluster that has just started has no leader, and then no JetStream, for some seconds. Throws NoJetStream, NotPermitted. */
async function managerOf(nc: NatsConnection, clustered: boolean): Promise<JetStreamManager> {
  for (let waited = 0; ; waited += PAUSE_MS) {
    try {
      return await nc.jetstreamManager({ timeout: clustered ? API_MS.clustered : API_MS.alone });
    } catch (error) {
      if (error instanceof NatsError && error.isPermissionError()) throw new NotPermitted(error);
      const asleep = error instanceof NatsError && (isPassing(error) || error.code === ErrorCode.JetStreamNotEnabled);
      if (!clustered || !asleep || nc.isClosed() || waited >= LEADER_MS)
        throw new NoJetStream(nc.info?.version ?? 'unknown', error);
    }
    await wait(PAUSE_MS);
  }
}

async function dial(addresses: Address[], { company, wait: patient }: ConnectOptions): Promise<NatsConnection> {
  const { user, pass } = addresses[0] ?? {};
  const kind = addresses.length > 1 ? 'clustered' : 'alone';
  try {
    return await connect({
      servers: addresses.map(({ host }) => host),
      ...(user ? { user, pass: pass ?? '' } : {}),
      name: `headcount ${company}`,
      noAsyncTraces: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: PAUSE_MS,
      reconnectJitter: PAUSE_MS,
      pingInterval: PING_MS[kind],
      timeout: DIAL_MS[kind],
      waitOnFirstConnect: patient ?? false,
    });
  } catch (error) {
    const where = addresses.map(({ host }) => host).join(', ');
    if (error instanceof NatsError && error.isAuthError()) throw new BadCredentials(where, user !== undefined);
    throw new BusFailure(
      'BUS_UNREACHABLE',
      `cannot reach a nats-server at ${where}: ${reasonOf(error)}`,
      'start one there, or leave --nats and NATS_URL out to have one started',
      { cause: error },
    );
  }
}

/** Compares the first two numbers of two versions. */
export function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = than.split('.').map(Number);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}
