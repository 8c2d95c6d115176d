// Foreign programs under limits. An edge: it deals in wall time and process ids. Whatever the outcome, nothing that the
// program started is left: its process group is ended, and so is whatever else carries its mark, which also finds
// grandchildren that moved to a session of their own.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

export type Limits = {
  /** Wall time. */
  readonly timeoutMs: number;
  /** Resident memory of the program with everything it started. */
  readonly memoryBytes: number;
  /** Standard output and error together. */
  readonly outputBytes: number;
};

/** `ended`: by itself, with `code`. `missing`: it could not be started. The others: it was ended. */
type Outcome = 'ended' | 'timeout' | 'memory' | 'output' | 'missing' | 'aborted';

export type Ended = {
  readonly outcome: Outcome;
  /** Exit code; undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
};

export type Start = {
  readonly argv: readonly string[];
  readonly dir: string;
  /** The whole environment of the program, apart from the mark. */
  readonly env: Readonly<Record<string, string>>;
  readonly limits: Limits;
  readonly input?: string;
  /** Gets standard output as it comes, for watching; it must not throw. */
  readonly heard?: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
};

/** How long a program may take to end after it was asked to, in ms. */
const GRACE_MS = 300;

/** How often memory is looked at, in ms. */
const LOOK_MS = 200;

/** What cannot be ended within this many looks hangs in the kernel. */
const MOST_LOOKS = 400;

/** In the environment of everything started here. */
const MARK = 'HEADCOUNT_RUN';

type Seen = { readonly pid: number; readonly parent: number; readonly bytes: number };

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    // No /proc: not Linux. Then the process group is all there is.
    return [];
  }
}

function numberAfter(text: string, label: string): number {
  return Number(new RegExp(`^${label}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

/** Resident bytes of a process with all its descendants; 0 where /proc does not tell. */
function treeBytes(root: number): number {
  const all: Seen[] = processIds().map((pid) => {
    const status = readProc(pid, 'status');
    return { pid, parent: numberAfter(status, 'PPid'), bytes: numberAfter(status, 'VmRSS') * 1024 };
  });
  const inside = new Set([root]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const { pid, parent } of all) {
      if (!inside.has(parent) || inside.has(pid)) continue;
      inside.add(pid);
      grown = true;
    }
  }
  return all.reduce((sum, seen) => (inside.has(seen.pid) ? sum + seen.bytes : sum), 0);
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    // Nobody of the group is left.
  }
}

/** Ends what carries the mark, in the group or not. Returns how many there were. */
function killMarked(mark: string): number {
  let found = 0;
  for (const pid of processIds()) {
    if (!readProc(pid, 'environ').includes(`${MARK}=${mark}\0`)) continue;
    found += 1;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended in the meantime.
    }
  }
  return found;
}

/** Waits until nothing with the mark is left: a signal is not yet an end, and a fork may have been missed. */
async function untilGone(mark: string): Promise<void> {
  for (let look = 0; look < MOST_LOOKS && killMarked(mark) > 0; look += 1) await wait(5);
}

/** A running program that was started by `launch`. */
export type Launched = {
  readonly child: ChildProcess;
  /** Resolves when it has ended and nothing of it is left. */
  readonly gone: Promise<{ readonly code: number | undefined; readonly missing: boolean }>;
  /** Asks it to end, then makes it. */
  stop(): void;
};

/** Starts a program in a process group of its own. Never throws: a program that cannot be started is `missing`. */
export function launch(start: Pick<Start, 'argv' | 'dir' | 'env'>): Launched {
  const [file = '', ...args] = start.argv;
  const mark = randomUUID();
  const child = spawn(file, args, {
    cwd: start.dir,
    env: { ...start.env, [MARK]: mark },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {});
  let kill: NodeJS.Timeout | undefined;
  const sweep = () => {
    if (child.pid === undefined) return;
    signalGroup(child.pid, 'SIGKILL');
    killMarked(mark);
  };
  const gone = new Promise<{ code: number | undefined; missing: boolean }>((resolve) => {
    child.once('error', () => resolve({ code: undefined, missing: child.pid === undefined }));
    // Sweeping at `exit` closes the pipes that a grandchild may hold, so that `close` comes.
    child.once('exit', sweep);
    child.once('close', (code) => {
      clearTimeout(kill);
      void untilGone(mark).then(() => resolve({ code: code ?? undefined, missing: child.pid === undefined }));
    });
  });
  const stop = () => {
    if (child.pid === undefined || kill) return;
    signalGroup(child.pid, 'SIGTERM');
    kill = setTimeout(sweep, GRACE_MS);
  };
  return { child, gone, stop };
}

/** Runs a program to its end, or to the first limit it meets. Never throws. */
export async function runLimited(start: Start): Promise<Ended> {
  const { limits, signal } = start;
  if (signal?.aborted) return { outcome: 'aborted', code: undefined, stdout: '', stderr: '' };
  const launched = launch(start);
  const { child } = launched;
  let outcome: Outcome = 'ended';
  const end = (why: Outcome) => {
    if (outcome === 'ended') outcome = why;
    launched.stop();
  };
  let bytes = 0;
  const keep = (into: Buffer[]) => (chunk: Buffer) => {
    const room = limits.outputBytes - bytes;
    bytes += chunk.length;
    if (room > 0) into.push(chunk.subarray(0, room));
    if (bytes > limits.outputBytes) end('output');
  };
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', keep(out));
  if (start.heard) {
    const decoder = new TextDecoder();
    child.stdout?.on('data', (chunk: Buffer) => start.heard?.(decoder.decode(chunk, { stream: true })));
  }
  child.stderr?.on('data', keep(err));
  child.stdin?.end(start.input ?? '');
  const onAbort = () => end('aborted');
  signal?.addEventListener('abort', onAbort, { once: true });
  const timeout = setTimeout(() => end('timeout'), limits.timeoutMs);
  const memory = setInterval(() => {
    if (child.pid !== undefined && treeBytes(child.pid) > limits.memoryBytes) end('memory');
  }, LOOK_MS);
  const { code, missing } = await launched.gone;
  clearTimeout(timeout);
  clearInterval(memory);
  signal?.removeEventListener('abort', onAbort);
  return {
    outcome: missing ? 'missing' : outcome,
    code,
    stdout: Buffer.concat(out).toString('utf8'),
    stderr: Buffer.concat(err).toString('utf8'),
  };
}
