// Headcount as a person starts it: a process in a folder of its own, with a home of its own. Nothing here sleeps; what is
// waited for is a line, the end of a process, or a message.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../cli/package-root.ts';

/** A scenario of everything that a company does: code with its test, a deployment, a document. */
export const pocket = join(packageRoot, 'tests', 'e2e', 'pocket.yaml');

/** Less work for the machine: two documents, each merged. For tests that ask nothing more of a product. */
export const pages = join(packageRoot, 'tests', 'e2e', 'pages.yaml');

/** The program where it is not installed. */
export const script = join(packageRoot, 'bin', 'headcount.js');

/** How long a line is waited for before the test fails with what was said instead, in ms: just less than a test has. */
const PATIENCE_MS = 170_000;

export type Ended = {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
};

export type Running = {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** What it has written so far, both streams. */
  written(): string;
  /** The first match in what it writes, from its start. Rejects when it ends without. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  /** Writes on its keyboard. Throws unless it runs in a terminal. */
  type(text: string): void;
};

export type Options = {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The file that node runs; the program as it is installed unless told. */
  readonly script?: string;
  /** Where in the workspace; the top of it unless told. */
  readonly folder?: string;
  /** What a shell puts behind the command: `| head -1`. */
  readonly shell?: string;
  /** True: it runs in a pseudo terminal, and what is typed reaches it as from a keyboard. See `hasTerminals`. */
  readonly terminal?: boolean;
};

/** Whether this machine has the `script` of util-linux, which makes pseudo terminals. */
export const hasTerminals = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux');

/** A folder that a person could be in; ends with the test file. */
export class Workspace {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), 'headcount-e2e-')));
  readonly #running = new Set<Running>();

  /** A folder inside, made when it is missing. */
  folder(name: string): string {
    const dir = join(this.dir, name);
    mkdirSync(dir, { recursive: true });
    return dir;
  }

  /** Starts `headcount` with these words. */
  start(words: readonly string[], options: Options = {}): Running {
    const running = launch(this.dir, words, options);
    this.#running.add(running);
    void running.ended.then(() => this.#running.delete(running));
    return running;
  }

  /** Runs `headcount` to its end; words are separated by spaces. */
  run(line: string, options?: Options): Promise<Ended> {
    return this.start(line.split(' '), options).ended;
  }

  read(...path: string[]): string {
    return readFileSync(join(this.dir, ...path), 'utf8');
  }

  has(...path: string[]): boolean {
    return existsSync(join(this.dir, ...path));
  }

  /** Command lines of processes that work in this folder, on Linux; none elsewhere. */
  processes(): string[] {
    if (!existsSync('/proc/self/cmdline')) return [];
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => commandLine(pid))
      .filter((line) => line.includes(this.dir));
  }

  /** Ends what still runs and removes the folder. */
  async remove(): Promise<void> {
    const left = [...this.#running];
    for (const running of left) running.kill('SIGKILL');
    await Promise.all(left.map(({ ended }) => ended));
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** The link that npm makes of the program where it installs it. */
function installed(dir: string): string {
  const link = join(dir, 'home', 'headcount');
  mkdirSync(join(dir, 'home'), { recursive: true });
  if (!existsSync(link)) symlinkSync(script, link);
  return link;
}

function launch(
  dir: string,
  words: readonly string[],
  { env, folder = '', shell, terminal, script: file = installed(dir) }: Options,
): Running {
  const home = join(dir, 'home');
  mkdirSync(home, { recursive: true });
  const { NATS_URL: _, FORCE_COLOR: __, NO_COLOR: ___, npm_command: ____, ...inherited } = process.env;
  const command = [process.execPath, file, ...words];
  const plain = shell === undefined ? command : ['sh', '-c', `"$@" ${shell}`, 'sh', ...command];
  const [program = '', ...args] = terminal ? inTerminal(command) : plain;
  const child = spawn(program, args, {
    cwd: join(dir, folder),
    env: {
      ...inherited,
      HOME: home,
      // Servers and sandboxes are fetched once for all tests, and kept.
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'),
      ...env,
    },
    stdio: [terminal ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  return watch(child);
}

/** The command in a terminal of its own, whose exit code is that of the command. */
function inTerminal(command: readonly string[]): string[] {
  const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  return ['script', '--quiet', '--return', '--flush', '--command', quoted, '/dev/null'];
}

function watch(child: ChildProcess): Running {
  const text = { out: '', err: '', both: '' };
  const looking = new Set<() => void>();
  for (const name of ['out', 'err'] as const) {
    child[`std${name}`]?.setEncoding('utf8').on('data', (more: string) => {
      text[name] += more;
      text.both += more;
      for (const look of looking) look();
    });
  }
  let over = false;
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      over = true;
      resolve({ code: code ?? undefined, out: text.out, err: text.err });
      for (const look of looking) look();
    });
  });
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(text.both);
        if (found === null && !over) return;
        looking.delete(look);
        clearTimeout(limit);
        if (found) resolve(found);
        else reject(new Error(`it ended without ${pattern}:\n${text.both}`));
      };
      const limit = setTimeout(() => reject(new Error(`it never said ${pattern}:\n${text.both}`)), PATIENCE_MS);
      looking.add(look);
      look();
    });
  return {
    pid: child.pid ?? 0,
    ended,
    written: () => text.both,
    says,
    kill: (signal) => void child.kill(signal),
    type: (keys) => {
      if (!child.stdin) throw new Error('it does not run in a terminal');
      child.stdin.write(keys);
    },
  };
}
