import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withLock } from './lock.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'headcount-lock-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('who holds it is alone', async () => {
  const path = join(dir, 'a', 'lock');
  let inside = 0;
  let most = 0;
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(path, work)));
  expect(most).toBe(1);
  await expect(access(path)).rejects.toThrow();
});

test('it is let go when the work fails', async () => {
  const path = join(dir, 'b');
  await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await withLock(path, async () => 1)).toBe(1);
});

test('a file with our own id that we did not write is of a process that is gone', async () => {
  const path = join(dir, 'd');
  await writeFile(path, `${process.pid}\n`);
  expect(await Promise.all([1, 2, 3].map((n) => withLock(path, async () => n)))).toEqual([1, 2, 3]);
});

test('who does not wait is told who holds it', async () => {
  const path = join(dir, 'e');
  const held = (holder: number | undefined) => new Error(`held by ${holder}`);
  const refused = withLock(path, () => withLock(path, async () => {}, { patienceMs: 0, held }));
  await expect(refused).rejects.toThrow(`held by ${process.pid}`);
});

test('a dead holder holds nothing', async () => {
  const path = join(dir, 'c');
  const gone = spawn('true');
  await once(gone, 'exit');
  await writeFile(path, `${gone.pid}\n`);
  expect(await Promise.all([1, 2, 3].map((n) => withLock(path, async () => n)))).toEqual([1, 2, 3]);
});

test('a file without a number is of one who died over writing it, once that is a while ago', async () => {
  const path = join(dir, 'torn');
  await writeFile(path, '');
  await expect(withLock(path, async () => 'mine', { patienceMs: 40 })).rejects.toThrow('holds');
  await utimes(path, 1, 1);
  expect(await withLock(path, async () => 'mine')).toBe('mine');
});
