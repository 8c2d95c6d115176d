// The servers that a company of real processes is beaten on: one, or three nodes of a cluster.

import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type RunningServer, startServer } from '../../bus/server/launcher.ts';
import { askVersion } from '../../bus/server/version.ts';
import { type Cluster, type ClusterNode, freePort, startCluster } from '../fixtures/cluster.ts';

export type Servers = {
  readonly urls: readonly string[];
  readonly version: string;
  /** Something happens to a server; says what. Undefined while something still does. */
  strike(force: number): Promise<string | undefined>;
  /** Resolves when nothing is the matter any more. */
  heal(): Promise<void>;
  stop(): Promise<void>;
};

/** One server: it is killed, and comes back on the same store and port. */
export async function oneServer(binary: string, storeDir: string): Promise<Servers> {
  const port = await freePort();
  const env = { ...process.env, PATH: `${dirname(binary)}:${process.env.PATH ?? ''}` };
  const launch = (): Promise<RunningServer> => startServer({ storeDir, port, env, sync: 'always' });
  let running = await launch();
  return {
    urls: [running.url],
    version: running.version,
    strike: async (force) => {
      process.kill(running.pid, 'SIGKILL');
      await running.ended;
      await wait(force * 2_000);
      running = await launch();
      return `kill server, back after ${Math.round(force * 2_000)} ms`;
    },
    heal: async () => {},
    stop: () => running.stop(),
  };
}

type Ill = { readonly word: string; begin(node: ClusterNode): void | Promise<void>; end(node: ClusterNode): unknown };

const ills: readonly Ill[] = [
  { word: 'kill', begin: (node) => node.kill(), end: (node) => node.start() },
  { word: 'hang', begin: (node) => node.signal('SIGSTOP'), end: (node) => node.signal('SIGCONT') },
  { word: 'cut off', begin: (node) => node.isolate(), end: (node) => node.rejoin() },
];
/** Of the nodes that are struck, how many lead the stream. */
const LEADERS = 0.7;
/** How long a node that is back may take to have everything, ms. Now and then one of server 2.10 never does, and two are enough. */
const CATCH_UP_MS = 30_000;
/** How long a node is away, ms: from less than an election takes to more. */
const AWAY_MS = { least: 1_000, most: 14_000 };

/** Three nodes, of which one at a time is killed, hangs, or is cut off from the others. */
export async function threeNodes(binary: string, stream: string): Promise<Servers> {
  const cluster: Cluster = await startCluster(binary, 'always');
  let healing: Promise<void> | undefined;
  return {
    urls: cluster.urls,
    version: `${await askVersion(binary)}, three nodes`,
    strike: async (force) => {
      if (healing) return undefined;
      const [which = 0, whom, long] = [Math.floor(force * ills.length), (force * 100) % 1, (force * 10_000) % 1];
      const ill = ills[which];
      const leader = await cluster.leaderOf(stream);
      const node = whom < LEADERS ? leader : cluster.nodes.find((one) => one !== leader);
      if (!ill || !node) return undefined;
      const ms = Math.round(AWAY_MS.least + long * (AWAY_MS.most - AWAY_MS.least));
      await ill.begin(node);
      healing = wait(ms).then(async () => {
        await ill.end(node);
        await Promise.race([cluster.whole(stream), wait(CATCH_UP_MS)]);
        healing = undefined;
      });
      return `${ill.word} ${node.name}${node === leader ? ', which leads,' : ''} for ${ms} ms`;
    },
    heal: async () => healing,
    stop: () => cluster.stop(),
  };
}
