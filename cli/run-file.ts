// The note that a running company leaves in its workspace, so that `headcount status` in another terminal finds it:
// .headcount/run.json. It is gone when the company has stopped; one whose process is dead counts for nothing.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const RunFile = z.object({ url: z.string(), company: z.string(), pid: z.number().int().positive() });
export type RunFile = z.infer<typeof RunFile>;

/** Folder of the streams of a workspace's own server. */
export const storeDirOf = (workspace: string): string => join(workspace, '.headcount', 'nats');

const pathOf = (workspace: string): string => join(workspace, '.headcount', 'run.json');

/** The note, when there is one and its process lives; undefined otherwise, also for one that cannot be read. */
export function readRunFile(workspace: string): RunFile | undefined {
  let note: RunFile;
  try {
    note = RunFile.parse(JSON.parse(readFileSync(pathOf(workspace), 'utf8')));
  } catch {
    return undefined;
  }
  return isAlive(note.pid) ? note : undefined;
}

/** Leaves the note, unless another company runs here already: that one is the workspace's. */
export function writeRunFile(workspace: string, note: RunFile): void {
  const path = pathOf(workspace);
  const other = readRunFile(workspace);
  if (other !== undefined && other.pid !== note.pid) return;
  mkdirSync(dirname(path), { recursive: true });
  // The address may hold a password.
  writeFileSync(path, `${JSON.stringify(note)}\n`, { mode: 0o600 });
}

/** Removes the note of the process `pid`; the note of another one stays. */
export function removeRunFile(workspace: string, pid: number): void {
  if (readRunFile(workspace)?.pid === pid) rmSync(pathOf(workspace), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process lives too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
