// The note that a running company leaves in its workspace, so that `headcount status` in another terminal finds it:
// .headcount/run.json. It is gone when the company has stopped; one whose process is dead counts for nothing.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { isAlive } from '../bus/server/alive.ts';

const RunFile = z.object({
  url: z.string(),
  company: z.string(),
  pid: z.number().int().positive(),
  /** True for a process that serves some roles only: it keeps nobody from running the company. */
  joined: z.boolean().default(false),
  /** Why it takes no work now, when the stream takes nothing: then the stream cannot say it. */
  trouble: z.string().optional(),
});
type RunFile = z.infer<typeof RunFile>;

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

/** Leaves the note, unless another company runs here already: that one is the workspace's. One that joined gives way. */
export function writeRunFile(workspace: string, note: z.input<typeof RunFile>): void {
  const path = pathOf(workspace);
  const other = readRunFile(workspace);
  if (other !== undefined && other.pid !== note.pid && (note.joined === true || !other.joined)) return;
  mkdirSync(dirname(path), { recursive: true });
  // The address may hold a password.
  writeFileSync(path, `${JSON.stringify(note)}\n`, { mode: 0o600 });
}

/** Removes the note of the process `pid`; the note of another one stays. */
export function removeRunFile(workspace: string, pid: number): void {
  if (readRunFile(workspace)?.pid === pid) rmSync(pathOf(workspace), { force: true });
}
