import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTunnel } from './tunnel.ts';

test('a tunnel that opens removes what a killed process left, and nothing of one that lives', async () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const [left, alive] = await Promise.all([
    mkdtemp(join(tmpdir(), `headcount-tunnel-${dead}-`)),
    mkdtemp(join(tmpdir(), `headcount-tunnel-${process.pid}-`)),
  ]);
  await writeFile(join(left, 'tunnel'), '');
  const tunnel = await openTunnel();
  expect([left, alive, tunnel.socketDir].map((dir) => existsSync(dir))).toEqual([false, true, true]);
  await tunnel.close();
  expect(existsSync(tunnel.socketDir)).toBe(false);
  await rm(alive, { recursive: true });
});
