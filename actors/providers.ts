// The providers of models, as all processes share them: each state is the last message on `provider.<key>`, written with the
// sequence that the writer has seen. So exactly one process makes a transition, and everybody hears of it once.
//
// Invariants:
//   V1. The chart decides (machines/provider.ts); a refused write is read, and the chart is asked again.
//   V2. A call knows the turn in which it began. What it met is told with that turn, and counts in that turn only.
//   V3. Nothing polls. One alarm for each provider in trouble wakes whoever waits for it, however many they are.

import type { Access, Pass, Reach, Trouble } from '../brain/models/reach.ts';
import type { Bus } from '../bus/bus.ts';
import type { Clock } from '../bus/clock.ts';
import { reasonOf, StaleWrite } from '../bus/errors.ts';
import { subjects } from '../bus/subjects.ts';
import { providerPolicy } from '../machines/policy.ts';
import { buildProviderMachine, nextStanding, type ProviderEvent, type Standing } from '../machines/provider.ts';
import type { Board } from './board.ts';
import type { Ports } from './ports.ts';

export type ProvidersOptions = {
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'now' | 'alarm'>;
  readonly board: Pick<Board, 'standings' | 'watch'>;
  /** Name of this process. */
  readonly process: string;
  readonly log: Ports['log'];
};

export class Providers implements Reach {
  readonly #options: ProvidersOptions;
  readonly #machine = buildProviderMachine(providerPolicy);
  /** Transitions of a provider that this process writes, one after the other. */
  readonly #writing = new Map<string, Promise<unknown>>();
  readonly #listeners = new Set<() => void>();
  readonly #alarms = new Map<string, { readonly seq: number; readonly cancel: () => void }>();
  readonly #unwatch: () => void;

  constructor(options: ProvidersOptions) {
    this.#options = options;
    this.#unwatch = options.board.watch(() => this.#look());
    this.#look();
  }

  access(key: string): Access {
    const { state, until, reason } = this.#options.board.standings.of(key);
    if (state === 'healthy') return { gate: 'open' };
    if (until === undefined || this.#options.clock.now() >= until) return { gate: 'probe' };
    return { gate: 'closed', until, reason: `${state}${reason === undefined ? '' : `: ${reason}`}` };
  }

  async enter(key: string): Promise<Pass | undefined> {
    if (this.access(key).gate === 'open') return this.#passOf(key, this.#standing(key).turn);
    if (this.access(key).gate === 'closed') return undefined;
    const written = await this.#tell(key, { type: 'DUE', at: this.#options.clock.now() });
    if (written) return this.#passOf(key, written.turn);
    // Somebody else made the transition; it may be over already.
    return this.access(key).gate === 'open' ? this.#passOf(key, this.#standing(key).turn) : undefined;
  }

  /** Calls `listener` when a provider may be asked again, or may not any more. Returns a function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.#unwatch();
    for (const { cancel } of this.#alarms.values()) cancel();
    this.#alarms.clear();
  }

  #standing(key: string): Standing {
    return this.#options.board.standings.of(key);
  }

  #passOf(key: string, turn: number): Pass {
    const { clock } = this.#options;
    const told = async (event: ProviderEvent) => void (await this.#tell(key, event));
    return {
      answered: () => told({ type: 'ANSWERED', turn }),
      failed: ({ reason, waitMs, lasting }: Trouble) =>
        told({ type: 'FAILED', turn, at: clock.now(), reason: reason.slice(0, 500), waitMs, lasting }),
      released: () => told({ type: 'RELEASED', turn, at: clock.now() }),
    };
  }

  /** Tells the chart; gives what it became when this process wrote it. A stream out of reach changes nothing. */
  #tell(key: string, event: ProviderEvent): Promise<Standing | undefined> {
    // Most calls are answered by a healthy provider, which is no news.
    if (!nextStanding(this.#machine, this.#standing(key), event)) return Promise.resolve(undefined);
    const before = this.#writing.get(key) ?? Promise.resolve();
    const writing = before.catch(() => {}).then(() => this.#write(key, event));
    this.#writing.set(key, writing);
    return writing;
  }

  async #write(key: string, event: ProviderEvent): Promise<Standing | undefined> {
    const { bus, board, process, log } = this.#options;
    for (;;) {
      const next = nextStanding(this.#machine, this.#standing(key), event);
      if (!next) return undefined;
      const { until, reason, probes, ...rest } = next;
      const about = {
        ...(until === undefined ? {} : { until }),
        ...(reason === undefined ? {} : { reason }),
        ...(probes === 0 ? {} : { probes }),
      };
      const data = { provider: key, by: process, ...rest, ...about };
      // Two who write one turn at once say it with different ids: the second is refused, not taken for a repeat.
      const id = `provider.${key}.${next.turn}.${process}`;
      const said = { id, type: 'provider.changed' as const, source: 'supervisor', data };
      try {
        const { seq } = await bus.publish(subjects.provider(key), said, {
          expectedLastSeq: board.standings.seqOf(key),
        });
        board.standings.told(said, seq);
        this.#look();
        return next;
      } catch (error) {
        if (!(error instanceof StaleWrite)) {
          log('warn', `that ${key} is ${next.state} could not be told: ${reasonOf(error)}`);
          return undefined;
        }
        const last = await bus.last(subjects.provider(key));
        if (!last) return undefined;
        board.standings.told(last.message, last.seq);
        this.#look();
      }
    }
  }

  /** Sets one alarm for each provider in trouble, and tells the listeners of every change. */
  #look(): void {
    const { board, clock } = this.#options;
    let changed = false;
    for (const key of board.standings.keys()) {
      const seq = board.standings.seqOf(key);
      const alarm = this.#alarms.get(key);
      if (alarm?.seq === seq) continue;
      alarm?.cancel();
      changed = true;
      const { until } = this.#standing(key);
      const cancel = until === undefined ? () => {} : clock.alarm(until, () => this.#changed());
      this.#alarms.set(key, { seq, cancel });
    }
    if (changed) this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
