// The server as a child of ours that must not outlive us.
//
// It gets its own process group, so that Ctrl-C in a terminal reaches only us and we stop it after the last write. It is
// killed when this process exits. When this process is itself killed with SIGKILL (or ends on a signal nobody handles), the
// kernel stops it, on Linux with setpriv from util-linux; elsewhere it stays, and the next start on the same store says so.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

const GRACE_MS = 5_000;

const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

let tether: Promise<string[]> | undefined;

/** How to start a program so that the kernel ends it together with its parent; empty where that is not possible. */
function tetherPrefix(): Promise<string[]> {
  const prefix = ['setpriv', '--pdeathsig', 'TERM', '--'];
  const [command = '', ...args] = prefix;
  // The machine does not change while we run.
  tether ??= execute(command, [...args, 'true']).then(
    () => prefix,
    () => [],
  );
  return tether;
}

/** Starts a program tied to this process; its output goes to the open file `log`. */
export async function spawnTethered(path: string, args: readonly string[], log: number): Promise<ChildProcess> {
  const [command = path, ...rest] = [...(await tetherPrefix()), path, ...args];
  const child = spawn(command, rest, { detached: true, stdio: ['ignore', log, log] });
  alive.add(child);
  child.once('exit', () => alive.delete(child));
  child.once('error', () => alive.delete(child));
  child.unref();
  return child;
}

export function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

/** Resolves when the child is gone, with how: `code 1`, `SIGKILL`. */
export function endOf(child: ChildProcess): Promise<string> {
  const how = (code: number | null, signal: string | null) => signal ?? `code ${code}`;
  return new Promise((resolve) => {
    if (hasEnded(child)) resolve(how(child.exitCode, child.signalCode));
    else child.once('exit', (code, signal) => resolve(how(code, signal)));
  });
}

/** Asks the child to end, and kills it after 5 s. Resolves when it is gone. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  child.ref();
  const gone = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await gone;
  clearTimeout(timer);
}
