// What the tests of this folder share: real folders, real git, the real sandbox.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { Product } from '../bus/records.ts';
import { defaultCacheDir } from '../bus/server/cache.ts';
import { openGit } from './git.ts';
import type { Limits } from './process.ts';
import { type LocalProducts, openProducts } from './products.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

/** 2026-01-05T08:00:00Z. */
export const START = Date.UTC(2026, 0, 5, 8);

export const signal = new AbortController().signal;

export const shop: Product = {
  slug: 'shop',
  name: 'Shop',
  description: 'Sells things.',
  stack: ['node'],
  test: ['node', '--test'],
  start: ['node', 'server.js'],
  health: [{ name: 'up', method: 'GET', path: '/', body: undefined, status: 200, includes: 'hello' }],
};

/** A folder that is gone after the run. */
export function scratch(): string {
  return realpathSync(mkdtempSync(join(inject('folder'), 'tools-')));
}

/** The sandbox of this machine, fetched when it has none. */
export function realSandbox(): Promise<Sandbox> {
  return openSandbox({
    mode: 'required',
    scripted: false,
    cacheDir: defaultCacheDir(process.env),
    env: process.env,
  });
}

/** A plain process group: what a scenario gets on a machine without bubblewrap. */
export function plainSandbox(): Promise<Sandbox> {
  return openSandbox({ mode: 'none', scripted: false, cacheDir: '', env: process.env });
}

export function productsIn(dir: string, sandbox: Sandbox, limits?: Limits): LocalProducts {
  return openProducts({
    root: join(dir, 'products'),
    workRoot: join(dir, 'work'),
    sandbox,
    git: openGit({ home: join(dir, 'home'), env: process.env }),
    env: process.env,
    ...(limits ? { limits } : {}),
  });
}

/** git as a person would run it in a product. */
export function gitIn(dir: string, ...args: string[]): string {
  const env = {
    ...process.env,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'person',
    GIT_AUTHOR_EMAIL: 'person@example.test',
    GIT_COMMITTER_NAME: 'person',
    GIT_COMMITTER_EMAIL: 'person@example.test',
  };
  return execFileSync('git', args, { cwd: dir, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** Processes of this machine with this text in their command line. */
export function alive(text: string): number {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text);
    } catch {
      return false;
    }
  }).length;
}
