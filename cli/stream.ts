// A company's stream on a server, for a reader: nothing is made, claimed or changed.

import { setTimeout as wait } from 'node:timers/promises';
import { connect, type NatsConnection, NatsError, type StreamInfo } from 'nats';
import type { Bus } from '../bus/bus.ts';
import { type Clock, RealClock } from '../bus/clock.ts';
import { BusFailure } from '../bus/errors.ts';
import { addressesOf } from '../bus/jetstream/addresses.ts';
import { BadCredentials, NotPermitted } from '../bus/jetstream/errors.ts';
import { type JetStreamBus, openJetStreamBus } from '../bus/jetstream.ts';
import type { Known } from './connect.ts';
import { keepItsTime } from './own-time.ts';
import { withoutSecret } from './urls.ts';

const ANSWER_MS = 5_000;
/** How long a cluster is asked, and the pause between: an election takes four to nine seconds, an answer without a leader five. */
const ELECTION_MS = 20_000;
const PAUSE_MS = 1_000;

/** The companies a server, or a cluster, holds: streams that take exactly `<slug>.>`. Throws BusFailure. */
export async function companiesAt(url: string): Promise<Known[]> {
  const addresses = addressesOf(url);
  const { user, pass } = addresses[0] ?? {};
  const nc = await connect({
    servers: addresses.map(({ host }) => host),
    ...(user ? { user, pass: pass ?? '' } : {}),
    name: 'headcount reader',
    timeout: ANSWER_MS,
    noAsyncTraces: true,
  }).catch((cause: unknown) => {
    if (cause instanceof NatsError && cause.isAuthError())
      throw new BadCredentials(withoutSecret(url), user !== undefined);
    const next = 'start it, or leave --nats and NATS_URL out';
    throw new BusFailure('BUS_UNREACHABLE', `no NATS server answers at ${withoutSecret(url)}`, next, { cause });
  });
  try {
    const found: Known[] = [];
    for (const { config, state } of await streamsOf(nc, addresses.length > 1 ? ELECTION_MS : 0)) {
      const company = /^([A-Za-z0-9][\w-]*)\.>$/.exec(config.subjects?.[0] ?? '')?.[1];
      if (company !== undefined && config.subjects?.length === 1) {
        found.push({
          company,
          lastAt: Date.parse(state.last_ts),
          lastSeq: state.last_seq,
          messages: state.messages,
          workspace: config.metadata?.headcount_workspace,
        });
      }
    }
    return found;
  } catch (cause) {
    if (cause instanceof NatsError && cause.isPermissionError()) throw new NotPermitted(cause);
    throw new BusFailure('NO_JETSTREAM', `the server at ${withoutSecret(url)} has no JetStream`, 'start it with -js', {
      cause,
    });
  } finally {
    await nc.close();
  }
}

/**
 * While a cluster elects a leader nobody answers, or streams without one are named and not listed, and others twice in their
 * place; then it is asked again.
 */
async function streamsOf(nc: NatsConnection, patienceMs: number): Promise<StreamInfo[]> {
  const from = performance.now();
  for (;;) {
    const last = performance.now() - from >= patienceMs;
    try {
      const { streams } = await nc.jetstreamManager();
      const names = await gathered(streams.names());
      const listed = new Map((await gathered(streams.list())).map((info) => [info.config.name, info]));
      if (names.every((name) => listed.has(name)) || last) return [...listed.values()];
    } catch (error) {
      if (last) throw error;
    }
    await wait(PAUSE_MS);
  }
}

async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export type ReaderStream = {
  readonly bus: Bus;
  readonly present: JetStreamBus['present'];
  readonly clock: Clock;
  /** What is written next has the company's time, which may be ahead of the wall's, or simulated. */
  keepTime(): Promise<void>;
  close(): Promise<void>;
};

/** Opens a company's stream to read it and to answer questions on it. Throws BusFailure. */
export async function openStream(url: string, company: string): Promise<ReaderStream> {
  const clock = new RealClock();
  const bus = await openJetStreamBus({ servers: url, company, clock, log: () => {} });
  return {
    bus,
    clock,
    present: (names) => bus.present(names),
    keepTime: () => keepItsTime(bus, clock),
    close: () => bus.close(),
  };
}
