// Asks a pull consumer for messages, exactly as many as are wanted. The client's own `consume` keeps asking whatever the
// reader does with the messages, so that one process would hoard what the others should share.

import { createInbox, type Msg, type Subscription } from 'nats';
import { outOfBand } from '../dispatcher.ts';
import type { Connection } from './connection.ts';

const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 10_000;
const NANOS = 1_000_000;

export type PullerOptions = {
  readonly connection: Connection;
  readonly stream: string;
  readonly arrived: (msg: Msg) => void;
  /** A request ran out: ask again if more is wanted. */
  readonly expired: () => void;
  /** The consumer is gone, or silent: look at it. Nothing that was asked for will come. */
  readonly lost: (reason: string) => void;
};

export class Puller {
  readonly #options: PullerOptions;
  readonly #inbox = createInbox();
  readonly #subscription: Subscription;
  readonly #encoder = new TextEncoder();
  #asked = 0;
  #heard = false;
  #silent = 0;
  #watchdog: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: PullerOptions) {
    this.#options = options;
    this.#subscription = options.connection.nc.subscribe(this.#inbox, {
      callback: (_, msg) => outOfBand(() => this.#received(msg)),
    });
  }

  /** Messages asked for that have not come. */
  get asked(): number {
    return this.#asked;
  }

  /** Asks for `count` more of the named consumer. */
  ask(consumer: string, count: number): void {
    const { connection, stream } = this.#options;
    if (connection.nc.isClosed() || count <= 0) return;
    this.#asked += count;
    const request = { batch: count, expires: EXPIRES_MS * NANOS, idle_heartbeat: HEARTBEAT_MS * NANOS };
    const body = this.#encoder.encode(JSON.stringify(request));
    connection.send(() => {
      if (connection.nc.isClosed()) return;
      connection.nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, body, { reply: this.#inbox });
    });
    this.#watchdog ??= setInterval(() => this.#watch(), HEARTBEAT_MS);
  }

  /** Forgets what was asked for: the server that knew is gone. */
  forget(): void {
    this.#asked = 0;
    this.#silent = 0;
  }

  /** Stops; what is on its way until the server knows still arrives. Called again: resolves with the first call. */
  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  async #drain(): Promise<void> {
    clearInterval(this.#watchdog);
    if (!this.#subscription.isClosed() && !this.#options.connection.nc.isClosed())
      await this.#subscription.drain().catch(() => {});
  }

  #received(msg: Msg): void {
    this.#heard = true;
    if (msg.subject !== this.#inbox) {
      if (this.#asked > 0) this.#asked -= 1;
      this.#options.arrived(msg);
      return;
    }
    const code = msg.headers?.code ?? 0;
    if (code === 100) return;
    const left = msg.headers?.get('Nats-Pending-Messages');
    const ended = /consumer deleted|consumer is push|server shutdown|leadership change/i;
    if (left && !ended.test(msg.headers?.description ?? '')) {
      this.#asked = Math.max(0, this.#asked - Number(left));
      this.#options.expired();
      return;
    }
    this.forget();
    this.#options.lost(`${code} ${msg.headers?.description ?? ''}`.trim());
  }

  /** The server sends heartbeats while a request waits; two silent periods mean that it has forgotten us. */
  #watch(): void {
    this.#silent = this.#heard || this.#asked === 0 ? 0 : this.#silent + 1;
    this.#heard = false;
    if (this.#silent < 2) return;
    this.forget();
    this.#options.lost('no heartbeats');
  }
}
