// A company's stream on a store of its own, with its ledger, and what may happen to a store while the server is away.

import { cp, mkdtemp, open, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealClock } from '../../bus/clock.ts';
import type { StreamHealth } from '../../bus/jetstream/guard.ts';
import { type JetStreamBus, openJetStreamBus } from '../../bus/jetstream.ts';
import { checkStream, type Verdict } from '../../bus/ledger/check.ts';
import { Ledger } from '../../bus/ledger/ledger.ts';
import { readLedger } from '../../bus/ledger/lines.ts';
import { type RunningServer, startServer } from '../../bus/server/launcher.ts';

const COMPANY = 'acme';

export class World {
  readonly dir: string;
  readonly store: string;
  server: RunningServer;
  bus: JetStreamBus | undefined;
  readonly said: string[] = [];

  private constructor(dir: string, server: RunningServer) {
    this.dir = dir;
    this.store = join(dir, 'store');
    this.server = server;
  }

  static async begin(): Promise<World> {
    const dir = await mkdtemp(join(tmpdir(), 'headcount-storage-'));
    return new World(dir, await startServer({ storeDir: join(dir, 'store'), sync: 'fast' }));
  }

  get ledgerPath(): string {
    return join(this.dir, 'ledger', '1.jsonl');
  }

  async open(known = false, onHealth?: (health: StreamHealth) => void): Promise<JetStreamBus> {
    this.bus = await openJetStreamBus({
      servers: this.server.url,
      company: COMPANY,
      clock: new RealClock(),
      owner: { workspace: '/home/ada/shop', kind: 'company', known },
      log: (line) => this.said.push(line),
      ...(onHealth ? { onHealth } : {}),
    });
    return this.bus;
  }

  /** Publishes this many messages; each is a step about a task of its own. */
  static async publish(bus: JetStreamBus, from: number, to: number, text = 'x'): Promise<void> {
    const all: Promise<unknown>[] = [];
    for (let n = from; n <= to; n += 1) {
      const data = { text: `${n} ${text.repeat(200)}` };
      all.push(bus.publish(`brain.m${n}`, { id: `m${n}`, type: 'brain.mission', source: 'operator', data }));
    }
    await Promise.all(all);
  }

  /** Writes the ledger of everything the stream holds now. */
  async note(bus: JetStreamBus): Promise<void> {
    const ledger = await Ledger.open(this.ledgerPath, (line) => this.said.push(line));
    for await (const stored of bus.replay({ filter: '>' })) ledger.seen(stored);
    await ledger.close();
  }

  async check(bus: JetStreamBus, all = false): Promise<Verdict> {
    const pages = await readLedger(this.ledgerPath);
    if (!pages) throw new Error('there is no ledger');
    return checkStream(bus, pages, all);
  }

  /** Ends bus and server, lets something happen to the store, and starts the server again. */
  async meanwhile(happen: () => Promise<void>): Promise<void> {
    await this.bus?.close();
    await this.server.stop();
    await happen();
    this.server = await startServer({ storeDir: this.store, sync: 'fast' });
  }

  get streamDir(): string {
    return join(this.store, 'jetstream', '$G', 'streams', 'ACME');
  }

  get block(): string {
    return join(this.streamDir, 'msgs', '1.blk');
  }

  async truncateBlock(): Promise<void> {
    await truncate(this.block, Math.floor((await stat(this.block)).size / 2));
  }

  async flipBit(): Promise<void> {
    const file = await open(this.block, 'r+');
    const at = Math.floor((await file.stat()).size / 2);
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte[0] = (byte[0] ?? 0) ^ 1;
    await file.write(byte, 0, 1, at);
    await file.close();
  }

  /** Without its index the server reads the block itself. */
  async dropIndex(): Promise<void> {
    for (const name of await readdir(join(this.streamDir, 'msgs')))
      if (!name.endsWith('.blk')) await rm(join(this.streamDir, 'msgs', name), { force: true });
  }

  copyTo(dir: string): Promise<void> {
    return cp(join(this.store, 'jetstream'), dir, { recursive: true });
  }

  async end(): Promise<void> {
    await this.bus?.close();
    await this.server.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}
