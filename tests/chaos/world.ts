// What is beaten: a real nats-server, and real processes of one company, each behind a proxy of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type RunningServer, startServer } from '../../bus/server/launcher.ts';
import { packageRoot } from '../../cli/package-root.ts';
import { freePort } from '../fixtures/cluster.ts';
import { startProxy } from '../fixtures/proxy.ts';

type Route = Awaited<ReturnType<typeof startProxy>>;

/** A server that can be killed and comes back on the same store and port. */
export class Server {
  readonly #binary: string;
  readonly #storeDir: string;
  readonly #port: number;
  #running: RunningServer;

  private constructor(binary: string, storeDir: string, port: number, running: RunningServer) {
    this.#binary = binary;
    this.#storeDir = storeDir;
    this.#port = port;
    this.#running = running;
  }

  static async start(binary: string, storeDir: string): Promise<Server> {
    const port = await freePort();
    return new Server(binary, storeDir, port, await launch(binary, storeDir, port));
  }

  get url(): string {
    return this.#running.url;
  }

  get version(): string {
    return this.#running.version;
  }

  /** SIGKILL, and a new one in its place. */
  async replace(pauseMs: number): Promise<void> {
    process.kill(this.#running.pid, 'SIGKILL');
    await this.#running.ended;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    this.#running = await launch(this.#binary, this.#storeDir, this.#port);
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }
}

function launch(binary: string, storeDir: string, port: number): Promise<RunningServer> {
  const env = { ...process.env, PATH: `${dirname(binary)}:${process.env.PATH ?? ''}` };
  return startServer({ storeDir, port, env, sync: 'always' });
}

export type WorkerPlace = {
  /** The workspace: all work in one, as on one machine. */
  readonly dir: string;
  readonly script: string;
  readonly company: string;
};

/** One process of the company. Which state it is in is what the blows left it in. */
export class Worker {
  readonly name: string;
  readonly #roles: readonly string[] | undefined;
  readonly #place: WorkerPlace;
  readonly #route: Route;
  #child: ChildProcess | undefined;
  #ended: Promise<string> = Promise.resolve('never started');
  #paused = false;

  private constructor(name: string, roles: readonly string[] | undefined, place: WorkerPlace, route: Route) {
    this.name = name;
    this.#roles = roles;
    this.#place = place;
    this.#route = route;
  }

  /** @param roles undefined: it runs the company; otherwise it joins and serves these */
  static async create(
    name: string,
    roles: readonly string[] | undefined,
    place: WorkerPlace,
    server: string,
  ): Promise<Worker> {
    return new Worker(name, roles, place, await startProxy({ target: server }));
  }

  get runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get log(): string {
    return join(this.#place.dir, `${this.name}.log`);
  }

  start(): void {
    if (this.runs) return;
    const { dir, script, company } = this.#place;
    const role = this.#roles ? ['--roles', this.#roles.join(',')] : [];
    const words = ['up', '--name', this.name, ...role, '--company', company, '--script', script];
    const args = [join(packageRoot, 'bin', 'headcount.js'), ...words, '--nats', `nats://127.0.0.1:${this.#route.port}`];
    const { NATS_URL: _, ...env } = process.env;
    const child = spawn(process.execPath, args, { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    // Everything it says is kept; a failing run is read from there.
    const keep = (data: Buffer) => void appendFile(this.log, data).catch(() => {});
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    this.#child = child;
    this.#paused = false;
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`));
    });
  }

  async kill(): Promise<void> {
    if (!this.runs) return;
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  pause(): void {
    if (!this.runs || this.#paused) return;
    this.#child?.kill('SIGSTOP');
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#child?.kill('SIGCONT');
    this.#paused = false;
  }

  cut(): void {
    this.#route.cut();
  }

  delay(ms: number): void {
    this.#route.delay(ms);
  }

  isolate(): void {
    this.#route.pause();
  }

  heal(): void {
    this.#route.delay(0);
    this.#route.resume();
  }

  /** Asks it to end as Ctrl+C does; says how it ended. */
  async drain(): Promise<string> {
    if (this.runs) this.#child?.kill('SIGINT');
    return this.#ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    await this.#route.close();
  }
}

/** Processes that work in a folder, by command line, on Linux; none elsewhere. */
export function processesIn(dir: string): string[] {
  if (!existsSync('/proc/self/cmdline')) return [];
  const line = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(line)
    .filter((text) => text.includes(dir));
}
