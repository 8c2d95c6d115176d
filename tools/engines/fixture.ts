// What the tests of command lines share: clones, a provider that is a real HTTP server, and the real programs, installed on
// demand into the cache (they are 400 MB each).

import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultCacheDir, installOnce } from '../../bus/server/cache.ts';
import { enginesOf } from '../../org/engines.ts';
import type { CliSettings } from '../../org/org.ts';
import { productsIn, START, scratch, shop } from '../fixture.ts';
import type { LocalProducts } from '../products.ts';
import type { Sandbox } from '../sandbox.ts';
import type { Clone } from '../tools.ts';
import type { Coded, CoderJob, CoderName } from './coder.ts';
import { openCoders } from './run.ts';

/** The versions whose flags and events dialects.ts speaks. */
const packages: Readonly<Record<CoderName, string>> = {
  claude: '@anthropic-ai/claude-code@2.1.330',
  codex: '@openai/codex@0.169.0',
};

/** The folder of the real program; a reason where it cannot be had. */
export async function installed(name: CoderName): Promise<{ readonly bin: string } | { readonly why: string }> {
  const spec = packages[name];
  const target = join(defaultCacheDir(process.env), 'engines', spec.replaceAll(/[@/]+/g, '-').replace(/^-/, ''));
  try {
    await installOnce(target, async (folder) => {
      const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--no-package-lock', spec];
      await promisify(execFile)('npm', args, { cwd: folder, timeout: 300_000 });
      return folder;
    });
    return { bin: join(target, 'node_modules/.bin') };
  } catch (error) {
    return { why: error instanceof Error ? error.message.split('\n')[0] : String(error) } as { why: string };
  }
}

export type Room = {
  readonly dir: string;
  readonly products: LocalProducts;
  readonly clone: Clone;
  run(job?: Partial<Omit<CoderJob, 'settings'>> & { readonly settings?: Partial<CliSettings> }): Promise<Coded>;
  readonly heard: string[];
};

/** A task's clone, and somebody who can work in it. */
export async function openRoom(
  sandbox: Sandbox,
  name: CoderName,
  settings: Partial<CliSettings>,
  env: Readonly<Record<string, string>> = {},
): Promise<Room> {
  const dir = scratch();
  const products = productsIn(dir, sandbox);
  await products.ensure(shop, START);
  const clone = await products.openClone('shop', 'T1', 'agent/T1/work');
  const all = { ...process.env, TEST_KEY: 'sk-the-real-key', ...env };
  const coders = openCoders({ workRoot: join(dir, 'work'), sandbox, env: all });
  const usual = { ...enginesOf()[name], key: 'TEST_KEY', url: 'http://127.0.0.1:9', ...settings };
  const heard: string[] = [];
  return {
    dir,
    products,
    clone,
    heard,
    run: ({ settings: more, ...job } = {}) =>
      coders.run({
        name,
        clone,
        prompt: 'Write hello.txt',
        schema: { type: 'object', properties: { status: { type: 'string' } }, required: ['status'] },
        signal: new AbortController().signal,
        heard: (line) => heard.push(line),
        priceOf: () => undefined,
        ...job,
        settings: { ...usual, ...more },
      }),
  };
}

/** A program that stands in for `claude`: a script of ours, run as a real process. @returns its path */
export function standIn(dir: string, body: string): string {
  const bin = join(dir, 'bin');
  mkdirSync(bin, { recursive: true });
  const path = join(bin, 'claude');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}
