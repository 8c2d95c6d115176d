// A company's stream on three nodes: what its writers notice when a node dies, hangs, or is cut off.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connect, headers } from 'nats';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RealClock } from '../../bus/clock.ts';
import { NoCluster } from '../../bus/jetstream/errors.ts';
import type { StreamHealth } from '../../bus/jetstream/guard.ts';
import { type JetStreamBus, openJetStreamBus } from '../../bus/jetstream.ts';
import { startServer } from '../../bus/server/launcher.ts';
import { companiesAt } from '../../cli/stream.ts';
import { goal, Mail } from '../contract/mail.ts';
import { type Cluster, type ClusterNode, startCluster } from '../fixtures/cluster.ts';
import { otherServer, type ServerBinary, usualServer } from '../fixtures/servers.ts';
import { Writers } from './writers.ts';

const owner = { workspace: '/home/ada/shop', kind: 'company' } as const;
/** How long a fault lasts, in ms: longer than a cluster takes to find out. */
const FAULT_MS = 8_000;
/** How long the others are given to elect a leader. */
const ELECTION_MS = 9_000;
/** How long a node that is cut off is silent before its client leaves it. */
const STRANDED_MS = 3_000;
/** What a writer may have to wait: four to nine seconds of election, and some for itself. */
const LONGEST_GAP_MS = 14_000;

const usual = await usualServer();
const other = await otherServer();
const servers: ServerBinary[] = 'path' in other ? [usual, other] : [usual];

describe.each(servers)('a cluster of three nodes, nats-server $version', ({ path, version }) => {
  let cluster: Cluster;
  let bus: JetStreamBus;
  let writers: Writers;
  let company = 0;
  const said: string[] = [];

  beforeAll(async () => {
    cluster = await startCluster(path);
  });
  afterAll(() => cluster.stop());

  beforeEach(async () => {
    company += 1;
    said.length = 0;
    await cluster.ready();
    await begin(await open(3));
  });
  afterEach(async () => {
    await bus.close();
  });

  const open = (
    replicas: number | undefined,
    servers: string | readonly string[] = cluster.urls,
    onHealth?: (health: StreamHealth) => void,
  ) =>
    openJetStreamBus({
      servers,
      company: `acme-${company}`,
      clock: new RealClock(),
      owner,
      log: (line) => said.push(line),
      ...(replicas === undefined ? {} : { replicas }),
      ...(onHealth ? { onHealth } : {}),
    });
  const begin = async (opened: JetStreamBus) => {
    bus = opened;
    writers = new Writers(bus, 4);
    await writers.more(200);
  };
  const stream = () => `ACME_${company}`;
  const leader = () => cluster.leaderOf(stream());

  /** Brings our connection to a node. What was said on the way is forgotten. */
  async function goTo({ url }: ClusterNode): Promise<void> {
    while (bus.connection.getServer() !== new URL(url).host) {
      await bus.connection.reconnect();
      await writers.more(20);
    }
    said.length = 0;
  }

  /** Nothing acknowledged is lost or doubled, seen from a fresh connection; returns the longest silence. */
  async function expectWhole(what: string): Promise<number> {
    await writers.more(200);
    const gap = writers.gap();
    const reader = await open(undefined);
    const outcome = await writers.finish(reader);
    await reader.close();
    const { acknowledged, fenced } = outcome;
    // biome-ignore lint/suspicious/noConsole: the gap is what this test measures.
    console.log(
      `${version} ${what}: ${acknowledged} acknowledged, gap ${gap} ms, fenced ${fenced}, ${said.join('; ')}`,
    );
    expect(outcome).toMatchObject({ lost: [], duplicated: [], failed: [] });
    return gap;
  }

  async function during(begin: () => void, end: () => void): Promise<void> {
    begin();
    await wait(FAULT_MS);
    end();
  }

  test('a stream of one copy is brought to three, read back, and named with commas', async () => {
    await writers.finish();
    company += 1;
    const single = await open(undefined);
    await single.publish('brain.metric', goal('m1'), { expectedLastSeq: 0 });
    const bytes = Buffer.alloc(300_000, 'x');
    const digest = await single.putBlob(bytes);
    await single.close();
    const tripled = await open(3, cluster.urls.join(','));
    const raw = await tripled.connection.jetstreamManager();
    const copies = async (name: string) => (await raw.streams.info(name)).config.num_replicas;
    expect(await copies(stream())).toBe(3);
    expect((await tripled.last('brain.metric'))?.message.id).toBe('m1');
    // What a node takes along that dies must be elsewhere, too: results of steps that are too large for a message.
    expect(await copies(`OBJ_${stream()}_blobs`)).toBe(3);
    expect(bytes.equals(await tripled.getBlob(digest))).toBe(true);
    // Opened without a wish it stays as it is.
    const again = await open(undefined);
    expect(await copies(stream())).toBe(3);
    await again.close();
    await tripled.close();
    // The next test kills a node: it must not be the only one with all of this.
    await cluster.whole(stream());
    await cluster.whole(`OBJ_${stream()}_blobs`);
  });

  test('a reader that is given every node finds the company while they elect another leader', async () => {
    await writers.finish();
    const node = await leader();
    await node.kill();
    try {
      const found = await companiesAt(cluster.urls.join(','));
      expect(found.map((known) => known.company)).toContain(`acme-${company}`);
    } finally {
      await node.start();
    }
    await cluster.whole(stream());
  });

  test('more copies than nodes are refused', async () => {
    await writers.finish();
    company += 1;
    await expect(open(5)).rejects.toThrow(NoCluster);
  });

  test('the leader is killed (F23)', async () => {
    const node = await leader();
    writers.gap();
    await node.kill();
    try {
      await writers.more(200);
      expect(await expectWhole('leader killed')).toBeLessThan(LONGEST_GAP_MS);
    } finally {
      await node.start();
    }
    await cluster.whole(stream());
  });

  test('a client that asks and writes much goes to one other node when the leader dies under it, and stays', async () => {
    const node = await leader();
    await goTo(node);
    let asking = true;
    const askers = Array.from({ length: 12 }, async () => {
      while (asking) await bus.info();
    });
    writers.gap();
    await node.kill();
    try {
      await writers.more(200);
      asking = false;
      await Promise.all(askers);
      const changes = said.filter((line) => /is (back|there instead)$/.test(line));
      const gap = await expectWhole('leader killed under a busy client');
      expect(gap).toBeLessThan(LONGEST_GAP_MS);
      // An election that takes longer than usual is not told from a node that is cut off.
      expect(changes).toHaveLength(gap < ELECTION_MS ? 1 : 2);
    } finally {
      await node.start();
    }
    await cluster.whole(stream());
  });

  test('the leader hangs (F24)', async () => {
    const node = await leader();
    writers.gap();
    await during(
      () => node.signal('SIGSTOP'),
      () => node.signal('SIGCONT'),
    );
    expect(await expectWhole('leader hangs')).toBeLessThan(LONGEST_GAP_MS);
    await cluster.whole(stream());
  });

  test('the leader is cut off from the others, and the client with it (F25)', async () => {
    const node = await leader();
    await goTo(node);
    writers.gap();
    await during(
      () => node.isolate(),
      () => node.rejoin(),
    );
    // It bit: without the others the node confirmed nothing, was left for one of them, and they have a leader of their own.
    const { host } = new URL(node.url);
    expect(said).toContain(`leaving the nats-server ${host}: it confirms nothing`);
    expect(bus.connection.getServer()).not.toBe(host);
    const gap = await expectWhole('leader cut off');
    expect(gap).toBeGreaterThanOrEqual(STRANDED_MS);
    expect(gap).toBeLessThan(LONGEST_GAP_MS);
    await cluster.whole(stream());
  });

  test('a leader that lost the others, and ends where they went on from, is not taken for a stream that went back', async () => {
    await writers.finish();
    const heard: StreamHealth[] = [];
    const watched = await open(undefined, cluster.urls, (health) => heard.push(health));
    const node = await leader();
    node.isolate();
    // Confirmed by those that are left, with another leader.
    const { seq } = await watched.publish('brain.rare.1', goal('since'));
    for (; watched.connection.getServer() !== new URL(node.url).host; await wait(100))
      await watched.connection.reconnect();
    expect((await watched.info()).lastSeq).toBeGreaterThanOrEqual(seq);
    await watched.publish('brain.rare.2', goal('after'));
    node.rejoin();
    expect(heard.filter(({ state }) => state === 'lost')).toEqual([]);
    await watched.close();
    await cluster.whole(stream());
  });

  test('a stream that is deleted is lost, here as on one server', async () => {
    await writers.finish();
    const heard = new Mail<StreamHealth>();
    const watched = await open(undefined, cluster.urls, heard.put);
    await (await watched.connection.jetstreamManager()).streams.delete(stream());
    const reason = `stream ${stream()} was deleted while the company ran`;
    expect(await heard.next()).toEqual({ state: 'lost', reason });
    await expect(watched.publish('brain.rare.1', goal('since'))).rejects.toThrow(reason);
    await watched.close();
  });

  test('an id that its leader took and lost is written all the same, once, and holds nobody up', async () => {
    await writers.finish();
    const node = await leader();
    const draft = goal('taken');
    const raw = await connect({ servers: node.url });
    node.isolate();
    const taken = headers();
    taken.set('Nats-Msg-Id', draft.id);
    const ask = () => raw.request(`acme-${company}.brain.lost`, '', { headers: taken, timeout: 1_000 });
    // The first try waits for the others; the second is told that it does.
    await ask().catch(() => {});
    expect((await ask()).json()).toMatchObject({ seq: 0 });
    await raw.close();
    await bus.publish('brain.rare.1', goal('since'), { expectedLastSeq: 0 });
    node.rejoin();
    await cluster.whole(stream());
    while ((await leader()) !== node) await bus.connection.request(`$JS.API.STREAM.LEADER.STEPDOWN.${stream()}`);

    const heard: StreamHealth[] = [];
    const quiet = await open(undefined);
    const busy = await open(undefined, cluster.urls, (health) => heard.push(health));
    let waiting = true;
    const both = [quiet, busy].map((bus) => bus.publish('brain.lost', draft, { expectedLastSeq: 0 }));
    const written = Promise.all(both).finally(() => {
      waiting = false;
    });
    for (let n = 1; waiting; n += 1) await busy.publish('brain.much', goal(`meanwhile.${n}`));
    const [first, second] = await written;
    expect(first?.seq).toBe(second?.seq);
    expect((await bus.last('brain.lost'))?.seq).toBe(first?.seq);
    expect(heard).toEqual([]);
    await quiet.close();
    await busy.close();
  });

  test('what is read is whole while one of the copies is behind the others', async () => {
    await goTo(await leader());
    await writers.finish();
    const say = (subject: string, n: number) => bus.publish(subject, goal(`${subject}.${n}`));
    const late = cluster.nodes.find(({ url }) => bus.connection.getServer() !== new URL(url).host);
    await late?.kill();
    await say('brain.rare.1', 1);
    const data = { text: 'x'.repeat(10_000) };
    const fill = (n: number) =>
      bus.publish('brain.much', { id: `much.${n}`, type: 'brain.mission', source: 'operator', data });
    await Promise.all(Array.from({ length: 3_000 }, (_, n) => fill(n)));
    await say('brain.rare.2', 2);
    late?.slow(200);
    await late?.start();
    let behind = true;
    const readers = Array.from({ length: 8 }, async () => {
      const found: number[] = [];
      while (behind) {
        let count = 0;
        for await (const _ of bus.replay({ filter: 'brain.rare.*' })) count += 1;
        found.push(count);
      }
      return found;
    });
    await cluster.whole(stream());
    behind = false;
    late?.slow(0);
    const found = (await Promise.all(readers)).flat();
    expect(found).toEqual(found.map(() => 2));
  });

  test('what was confirmed is there for whoever asks next, whichever node that asks', async () => {
    await writers.finish();
    const node = await leader();
    const [follower] = cluster.nodes.filter((one) => one !== node);
    for (; bus.connection.getServer() !== new URL(follower?.url ?? '').host; await wait(100))
      await bus.connection.reconnect();
    follower?.slow(100);
    const missed: string[] = [];
    for (let n = 1; n <= 20; n += 1) {
      const subject = `brain.fresh.${n}`;
      const { seq } = await bus.publish(subject, goal(subject));
      if ((await bus.last(subject))?.seq !== seq) missed.push(subject);
      let count = 0;
      for await (const _ of bus.replay({ filter: subject })) count += 1;
      if (count !== 1) missed.push(`${subject} in a range`);
    }
    follower?.slow(0);
    expect(missed).toEqual([]);
    expect(await bus.last('brain.never')).toBeUndefined();
  });

  test('two of three hang: nothing is accepted, and all goes on afterwards (F26)', async () => {
    const signal = (signal: 'SIGSTOP' | 'SIGCONT') => {
      for (const node of cluster.nodes.slice(1)) node.signal(signal);
    };
    writers.gap();
    await during(
      () => signal('SIGSTOP'),
      () => signal('SIGCONT'),
    );
    expect(await expectWhole('two of three hang')).toBeLessThan(FAULT_MS + LONGEST_GAP_MS);
    await cluster.whole(stream());
  });
});

test('copies are refused by a server that is alone', async () => {
  const storeDir = await mkdtemp(join(tmpdir(), 'headcount-alone-'));
  const server = await startServer({ storeDir, sync: 'fast' });
  const opening = openJetStreamBus({
    servers: server.url,
    company: 'acme',
    clock: new RealClock(),
    owner,
    replicas: 3,
  });
  await expect(opening).rejects.toThrow(/is to be kept in 3 copies, but nats-server .* is not in a cluster/);
  await server.stop();
  await rm(storeDir, { recursive: true });
});
