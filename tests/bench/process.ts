// Whole processes: how fast the command line answers, what a company costs at rest, how long the demo takes, what an
// installation weighs.

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../cli/package-root.ts';
import type { Row } from './main.ts';

const execute = promisify(execFile);
const binary = join(packageRoot, 'bin', 'headcount.js');

async function medianOf(times: number, run: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let n = 0; n < times; n += 1) {
    const started = performance.now();
    await run();
    taken.push(performance.now() - started);
  }
  taken.sort((a, b) => a - b);
  return taken[Math.floor(times / 2)] ?? 0;
}

export async function cliStart(): Promise<readonly Row[]> {
  const node = await medianOf(15, () => execute(process.execPath, ['-e', '0']));
  const help = await medianOf(15, () => execute(process.execPath, [binary, '--help']));
  const org = await medianOf(9, () => execute(process.execPath, [binary, 'org'], { cwd: packageRoot }));
  const above = (ms: number) => `${Math.round(ms - node)} ms above bare node (${Math.round(node)} ms)`;
  return [
    { what: 'headcount --help', value: `${Math.round(help)} ms`, reference: above(help), goal: 'at most 150 ms above' },
    { what: 'headcount org', value: `${Math.round(org)} ms`, reference: above(org) },
  ];
}

/** Memory (PSS, MB) and processor time (ms) of a process and its children, from /proc. */
async function footprint(pid: number): Promise<{ mb: number; cpuMs: number; processes: number }> {
  const children = new Map<number, number[]>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const family = [pid];
  for (const one of family) family.push(...(children.get(one) ?? []));
  let kb = 0;
  let ticks = 0;
  for (const one of family) {
    const smaps = await readFile(`/proc/${one}/smaps_rollup`, 'utf8').catch(() => '');
    kb += Number(/^Pss:\s+(\d+)/m.exec(smaps)?.[1] ?? 0);
    const stat = await readFile(`/proc/${one}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return { mb: kb / 1024, cpuMs: ticks * 10, processes: family.length };
}

/** Some ten seconds after its start V8 collects what the start has left, once; at rest is what comes after. */
const SETTLE_MS = 25_000;
const REST_MS = 60_000;

export async function restingCompany(): Promise<readonly Row[]> {
  const cwd = await mkdtemp(join(tmpdir(), 'headcount-bench-rest-'));
  const child = spawn(process.execPath, [binary, 'up', '--json'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await later(SETTLE_MS);
  const before = await footprint(child.pid ?? 0);
  await later(REST_MS);
  const after = await footprint(child.pid ?? 0);
  const calls = said.split('\n').filter((line) => line.includes('"usage"')).length;
  child.kill('SIGINT');
  await new Promise((resolve) => child.once('exit', resolve));
  await rm(cwd, { recursive: true, force: true });
  const share = ((after.cpuMs - before.cpuMs) / REST_MS) * 100;
  return [
    {
      what: 'company of twelve at rest, with its server',
      value: `${Math.round(after.mb)} MB`,
      reference: `${after.processes} processes, PSS`,
      goal: 'under 150 MB',
    },
    { what: 'processor at rest', value: `${share.toFixed(2)} %`, reference: 'of one core', goal: 'under 1 %' },
    { what: 'model calls at rest', value: String(calls), goal: '0' },
  ];
}

export async function demoStart(): Promise<readonly Row[]> {
  const cwd = await mkdtemp(join(tmpdir(), 'headcount-bench-start-'));
  const started = performance.now();
  await execute(process.execPath, [binary, 'run', 'scenarios/first-product.yaml', '--quiet'], { cwd });
  const ms = performance.now() - started;
  await rm(cwd, { recursive: true, force: true });
  return [{ what: 'first-product on JetStream, whole', value: `${(ms / 1000).toFixed(1)} s`, goal: 'under 60 s' }];
}

export async function installSize(): Promise<readonly Row[]> {
  const dir = await mkdtemp(join(tmpdir(), 'headcount-bench-install-'));
  const { stdout } = await execute('npm', ['pack', '--silent', '--pack-destination', dir], { cwd: packageRoot });
  const tarball = join(dir, stdout.trim().split('\n').at(-1) ?? '');
  const started = performance.now();
  await execute('npm', [
    'install',
    '--omit=dev',
    '--omit=optional',
    '--no-audit',
    '--no-fund',
    '--prefix',
    dir,
    tarball,
  ]);
  const seconds = (performance.now() - started) / 1000;
  const size = await execute('du', ['-sk', join(dir, 'node_modules')]);
  const packages = (await readFile(join(dir, 'node_modules', '.package-lock.json'), 'utf8')).match(
    /"node_modules\//g,
  )?.length;
  await rm(dir, { recursive: true, force: true });
  const mb = Number(size.stdout.split('\t')[0]) / 1024;
  return [
    {
      what: 'production install',
      value: `${Math.round(mb)} MB`,
      reference: `${packages} packages in ${seconds.toFixed(0)} s`,
      goal: 'under 150 MB',
    },
  ];
}
