// Watches the stream of a running company: whether it takes messages, and whether it is still the one that was opened. While
// something is wrong nothing is written; what was to be written is kept and sent when it is well again.
//
// Invariants:
//   G1. After the connection was lost, nothing is written before the stream has been looked at: a server that came back with
//       an older store would use sequences again.
//   G2. A stream that is gone, or shorter than it was, is never written to again by this process.

import { BusFailure, reasonOf } from '../errors.ts';
import type { Connection } from './connection.ts';
import { StreamMismatch } from './errors.ts';
import { checkConfig, lookAtStream, streamName } from './stream.ts';

/**
 * sound: it takes messages. full: no room. silent: the server is there and confirms nothing. changed: somebody gave it
 * another configuration. lost: it is gone or was rolled back. The first four may come and go; `lost` is for good.
 */
export type StreamHealth =
  | { readonly state: 'sound' }
  | { readonly state: 'full' | 'silent' | 'changed' | 'lost'; readonly reason: string };

/** How long a full or silent stream is left alone before the next try, the last one for good. */
const PAUSES_MS = [1_000, 2_000, 5_000, 10_000];
const LOOK_AGAIN_MS = 1_000;
/** In a cluster what looks lost is believed after this long: a leader that was just elected does not know everything yet. */
const SURE_MS = 5_000;

export class StreamGuard {
  readonly #connection: Connection;
  readonly #company: string;
  readonly #tell: (health: StreamHealth) => void;
  #health: StreamHealth = { state: 'sound' };
  #highest = 0;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #tries = 0;
  /** Since when each look says that the stream is lost, by performance.now(). */
  #lostSince: number | undefined;
  #closed = false;
  /** Sends everything that waits, or only the first of it to see whether the stream takes it. */
  #send: (what: 'all' | 'first' | 'none') => void = () => {};

  constructor(connection: Connection, company: string, tell: (health: StreamHealth) => void) {
    this.#connection = connection;
    this.#company = company;
    this.#tell = tell;
    connection.nc.subscribe(`$JS.EVENT.ADVISORY.STREAM.*.${streamName(company)}`, { callback: () => this.look() });
    connection.onReconnect(() => this.look());
  }

  /** @param send is asked to send what waits; `none`: to refuse it all with `refusal` */
  serve(send: (what: 'all' | 'first' | 'none') => void): void {
    this.#send = send;
  }

  /** True while messages may be written. */
  get open(): boolean {
    return this.#looking === undefined && this.#health.state === 'sound';
  }

  /** True while something is wrong. */
  get troubled(): boolean {
    return this.#health.state !== 'sound';
  }

  /** Why nothing can be written any more; undefined while there is hope. */
  get refusal(): BusFailure | undefined {
    if (this.#health.state !== 'lost') return undefined;
    return new BusFailure('STREAM_LOST', this.#health.reason, 'end the company, then: headcount verify');
  }

  /** The stream has this sequence. */
  stored(seq: number): void {
    if (seq > this.#highest) this.#highest = seq;
    const { state } = this.#health;
    if (state === 'full' || state === 'silent') this.#become({ state: 'sound' });
  }

  /** The stream has no room. */
  full(error: BusFailure): void {
    this.#trouble({ state: 'full', reason: error.message });
  }

  /** Something has waited long for a confirmation. */
  silent(seconds: number): void {
    if (!this.#connection.online || this.#health.state !== 'sound') return;
    const reason = `the nats-server has confirmed nothing for ${seconds} s; its disk may be full, or its store stuck until it is started again`;
    this.#trouble({ state: 'silent', reason });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #trouble(health: StreamHealth): void {
    if (this.#health.state === 'lost') return;
    if (this.#health.state === 'sound') this.#become(health);
    if (this.#timer !== undefined) return;
    const pause = PAUSES_MS[Math.min(this.#tries, PAUSES_MS.length - 1)] ?? 0;
    this.#tries += 1;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const { state } = this.#health;
      if (this.#closed || (state !== 'full' && state !== 'silent')) return;
      if (this.#looking === undefined) this.#send('first');
      this.#trouble(this.#health);
    }, pause);
  }

  #become(health: StreamHealth): void {
    if (this.#closed || JSON.stringify(health) === JSON.stringify(this.#health)) return;
    this.#health = health;
    if (health.state === 'sound') {
      this.#tries = 0;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    this.#tell(health);
    if (health.state === 'sound') this.#send('all');
    if (health.state === 'lost') this.#send('none');
  }

  /** Looks whether it is still the stream that was opened; nothing is written meanwhile. */
  look(): void {
    if (this.#closed || this.#health.state === 'lost') return;
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = this.#look().then((sound) => {
      this.#looking = undefined;
      if (this.#lookAgain) {
        this.#lookAgain = false;
        this.look();
      } else if (sound && this.#health.state === 'changed') this.#become({ state: 'sound' });
      else if (this.open) this.#send('all');
    });
  }

  async #look(): Promise<boolean> {
    const name = streamName(this.#company);
    try {
      const info = await lookAtStream(this.#connection, this.#company);
      if (!info) return await this.#lost(`stream ${name} was deleted while the company ran`);
      const last = info.state.last_seq;
      if (last < this.#highest)
        return await this.#lost(
          `stream ${name} went back from sequence ${this.#highest} to ${last} while the company ran`,
        );
      this.#lostSince = undefined;
      checkConfig(this.#company, info);
      return true;
    } catch (error) {
      if (error instanceof StreamMismatch) {
        this.#become({ state: 'changed', reason: error.message });
        return false;
      }
      this.#trouble({ state: 'silent', reason: `the stream cannot be looked at: ${reasonOf(error)}` });
      await this.#lookLater();
      return false;
    }
  }

  async #lost(reason: string): Promise<false> {
    this.#lostSince ??= performance.now();
    const sure = !this.#connection.clustered || performance.now() - this.#lostSince >= SURE_MS;
    if (sure) this.#become({ state: 'lost', reason });
    else await this.#lookLater();
    return false;
  }

  async #lookLater(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    this.#lookAgain = true;
  }
}
