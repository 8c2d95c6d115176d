// A nats-server with a configuration that the launcher would never write: a small disk, no JetStream, users.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connect } from 'nats';
import { usualServer } from '../fixtures/servers.ts';

export type RawServer = {
  readonly url: string;
  readonly dir: string;
  readonly child: ChildProcess;
  /** Killed and started again, on its port and its store. */
  again(): Promise<void>;
  end(): Promise<void>;
};

/** @param config gets a folder of its own and returns lines of configuration */
export async function rawServer(config: (dir: string) => string): Promise<RawServer> {
  const dir = await mkdtemp(join(tmpdir(), 'headcount-raw-'));
  const file = join(dir, 'nats.conf');
  const { path } = await usualServer();
  const start = async (port: string) => {
    await writeFile(file, `host: "127.0.0.1"\nport: ${port}\nports_file_dir: "${dir}"\n${config(dir)}\n`);
    const child = spawn(path, ['-c', file, '-l', join(dir, 'server.log')], { stdio: 'ignore' });
    return { child, url: await addressOf(child, dir) };
  };
  let running = await start('-1');
  const { url } = running;
  const kill = async () => {
    const { child } = running;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await gone;
  };
  return {
    url,
    dir,
    get child() {
      return running.child;
    },
    async again() {
      await kill();
      running = await start(new URL(url).port);
    },
    async end() {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function addressOf(child: ChildProcess, dir: string): Promise<string> {
  for (;;) {
    const name = (await readdir(dir)).find((file) => file.endsWith(`_${child.pid}.ports`));
    const text = name && (await readFile(join(dir, name), 'utf8'));
    const found = text && /nats:\/\/[^"]+/.exec(text)?.[0];
    if (found) return found;
    if (child.exitCode !== null) throw new Error(await readFile(join(dir, 'server.log'), 'utf8'));
    await wait(10);
  }
}

/** A server whose store has room for 2 MB. */
export const small = (dir: string): string => `jetstream {\n max_file_store: 2MB\n store_dir: "${dir}/store"\n}`;

export type Ballast = {
  /** Throws when there is no room for all of it; what there was is taken then. */
  fill(bytes: number): Promise<void>;
  free(): Promise<void>;
  close(): Promise<void>;
};

/** Something that takes up room, on a stream of its own. */
export async function loadBallast(url: string): Promise<Ballast> {
  const nc = await connect({ servers: url });
  const jsm = await nc.jetstreamManager();
  await jsm.streams.add({ name: 'BALLAST', subjects: ['ballast'] });
  return {
    fill: async (bytes) => {
      for (let left = bytes; left > 0; left -= 100_000)
        await nc.jetstream().publish('ballast', new Uint8Array(Math.min(left, 100_000)));
    },
    free: async () => void (await jsm.streams.purge('BALLAST')),
    close: () => nc.close(),
  };
}
