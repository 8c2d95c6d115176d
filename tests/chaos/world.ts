// What is beaten, beside the servers (nodes.ts): real processes of one company, each behind proxies of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../cli/package-root.ts';
import { startProxy } from '../fixtures/proxy.ts';

type Route = Awaited<ReturnType<typeof startProxy>>;

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
  /** One for each server. */
  readonly #routes: readonly Route[];
  #child: ChildProcess | undefined;
  #ended: Promise<string> = Promise.resolve('never started');
  #paused = false;

  private constructor(name: string, roles: readonly string[] | undefined, place: WorkerPlace, routes: Route[]) {
    this.name = name;
    this.#roles = roles;
    this.#place = place;
    this.#routes = routes;
  }

  /** @param roles undefined: it runs the company; otherwise it joins and serves these */
  static async create(
    name: string,
    roles: readonly string[] | undefined,
    place: WorkerPlace,
    servers: readonly string[],
  ): Promise<Worker> {
    return new Worker(name, roles, place, await Promise.all(servers.map((target) => startProxy({ target }))));
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
    const nats = this.#routes.map(({ port }) => `nats://127.0.0.1:${port}`).join(',');
    const args = [join(packageRoot, 'bin', 'headcount.js'), ...words, '--nats', nats];
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
    for (const route of this.#routes) route.cut();
  }

  delay(ms: number): void {
    for (const route of this.#routes) route.delay(ms);
  }

  isolate(): void {
    for (const route of this.#routes) route.pause();
  }

  heal(): void {
    for (const route of this.#routes) {
      route.delay(0);
      route.resume();
    }
  }

  /** Asks it to end as Ctrl+C does; says how it ended. */
  async drain(): Promise<string> {
    if (this.runs) this.#child?.kill('SIGINT');
    return this.#ended;
  }

  async remove(): Promise<void> {
    await this.kill();
    await Promise.all(this.#routes.map((route) => route.close()));
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
