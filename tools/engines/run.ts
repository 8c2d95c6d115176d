// Runs a command line in a task's clone: in the sandbox, with a home of its own that is gone afterwards, no environment of
// ours, no way out but to its provider. However it ends, the end has a code.

import { access, constants, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { cleanText, oneLine } from '../clean.ts';
import { openParts } from '../clone.ts';
import type { Ended, Limits } from '../process.ts';
import type { Sandbox } from '../sandbox.ts';
import type { Coded, CoderJob, CoderName, Coders, CoderTrouble, CoderUsage } from './coder.ts';
import { type Call, dialects, type Event } from './dialects.ts';
import { type Meter, openMeter } from './meter.ts';
import { INNER_PORT, openWay, type Way, withProvider } from './provider.ts';

export type CodersOptions = {
  /** Where clones are. */
  readonly workRoot: string;
  readonly sandbox: Sandbox;
  /** Where programs are looked for, and keys. */
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** 4 GB with everything it starts, 50 MB of events. */
const MEMORY_BYTES = 4_000_000_000;
const OUTPUT_BYTES = 50_000_000;

/** Its home inside the sandbox. */
const OWN_HOME = '/home/task-own';

/** Refusals in a row after which a program that would ask for ever is ended; a key does not become right by waiting. */
const PATIENCE = 6;
const PATIENCE_WITH_A_KEY = 2;

/** The real place of a program, and what must be shown of this machine so that it runs. */
type Program = { readonly path: string; readonly shown: readonly string[] };

/**
 * Looks for a program on the PATH, or where it is said to be.
 * @returns undefined when there is none
 */
export async function findProgram(
  command: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Program | undefined> {
  const folders = isAbsolute(command) ? [''] : (env.PATH ?? '').split(delimiter).filter((part) => part !== '');
  for (const folder of folders) {
    try {
      const path = await realpath(join(folder, command));
      await access(path, constants.X_OK);
      return { path, shown: shownFor(path) };
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/** A package brings its neighbours along; anything else is one file. What is below /usr is seen anyway. */
function shownFor(path: string): readonly string[] {
  if (path.startsWith('/usr/')) return [];
  const [before, rest] = path.split('/node_modules/', 2);
  return rest === undefined ? [path] : [`${before}/node_modules`];
}

/** What a program's events came to, as they come. */
class Hearing {
  #rest = '';
  #report: unknown;
  #trouble: CoderTrouble | undefined;
  #usage: CoderUsage | undefined;
  #lastWords = '';
  #refusals = 0;
  readonly #enough = new AbortController();
  readonly #read: (event: unknown) => Event | undefined;
  readonly #heard: (line: string) => void;

  constructor(read: (event: unknown) => Event | undefined, heard: (line: string) => void) {
    this.#read = read;
    this.#heard = heard;
  }

  /** Takes a part of the output, however it was cut. */
  take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
  }

  #line(text: string): void {
    if (text.trim() === '') return;
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      this.#lastWords = text;
      return;
    }
    const event = this.#read(json);
    if (event === undefined) return;
    if (event.line !== undefined && event.line !== '') {
      this.#lastWords = event.line;
      this.#heard(oneLine(cleanText(event.line)));
    }
    this.#count(event);
    this.#report = event.report ?? this.#report;
    this.#trouble = event.trouble ?? this.#trouble;
    this.#usage = plus(this.#usage, event.usage);
  }

  /** Aborted when its provider has refused often enough. */
  get enough(): AbortSignal {
    return this.#enough.signal;
  }

  #count({ refused }: Event): void {
    this.#refusals = refused ? this.#refusals + 1 : 0;
    const patience = refused?.code === 'missing_credentials' ? PATIENCE_WITH_A_KEY : PATIENCE;
    if (!refused || this.#refusals < patience) return;
    this.#trouble = refused;
    this.#enough.abort(new Error(refused.why));
  }

  /** What it asked, when its last words were a question. */
  get question(): string | undefined {
    const words = oneLine(cleanText(`${this.#lastWords} ${this.#rest}`.trim()));
    return /\?\s*(?:[[(][^\])]*[\])])?\s*:?$/.test(words) ? words.slice(-200) : undefined;
  }

  end(ended: Ended, limits: Limits): Coded {
    this.take('\n');
    return { end: this.#endOf(ended, limits), usage: this.#usage };
  }

  #endOf({ outcome, code, stderr }: Ended, limits: Limits): Coded['end'] {
    const asked = this.question;
    if (this.enough.aborted && this.#trouble) return this.#trouble;
    const asks = { code: 'manual_intervention_required', why: `it asks: ${asked}` } as const;
    switch (outcome) {
      case 'timeout':
        return asked === undefined
          ? { code: 'timeout', why: `it was ended after ${Math.round(limits.timeoutMs / 1000)} s` }
          : asks;
      case 'missing':
        return { code: 'agent_unavailable', why: 'it could not be started' };
      case 'memory':
      case 'output':
        return { code: 'runner_failure', why: `it was ended: too much ${outcome}` };
    }
    if (this.#trouble) return this.#trouble;
    const said = oneLine(cleanText(stderr.trim().split('\n').at(-1) ?? '')).slice(0, 200);
    if (code !== 0) return { code: 'runner_failure', why: `it ended with ${code ?? 'a signal'}${said && `: ${said}`}` };
    if (typeof this.#report === 'object' && this.#report !== null) return { report: this.#report };
    if (asked !== undefined) return asks;
    return { code: 'invalid_result_contract', why: 'it ended without a report' };
  }
}

function plus(one: CoderUsage | undefined, other: CoderUsage | undefined): CoderUsage | undefined {
  if (!one || !other) return other ?? one;
  return {
    ...other,
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    cost: one.cost === undefined || other.cost === undefined ? undefined : one.cost + other.cost,
  };
}

async function writeHome(home: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(home, path)), { recursive: true });
    await writeFile(join(home, path), content, { mode: 0o600 });
  }
}

/** What it came to as its calls were counted: also where the program was ended before it said what it used. */
function countedBy(meter: Meter | undefined, coded: Coded, name: CoderName): Coded {
  if (!meter) return coded;
  const usage = meter.usage ?? coded.usage;
  if (!meter.refused) return { ...coded, usage, counted: true };
  return {
    end: { code: 'limit', why: `${name} stopped: ${meter.refuses() ?? 'its money is used up'}` },
    usage,
    counted: true,
  };
}

/** Programs say in words of their own, or not at all, that their provider did not answer: then this says it. */
function causeOf(coded: Coded, way: Way): Coded {
  const met = way.trouble();
  const { end } = coded;
  if (met === undefined || 'report' in end || end.code === 'limit') return coded;
  if (met.status === 0) return { ...coded, end: { code: 'runner_failure', ...met } };
  if (end.status !== undefined) return coded;
  return { ...coded, end: { ...end, status: met.status, why: `${end.why} (${met.why})` } };
}

const ended = (code: CoderTrouble['code'], why: string): Coded => ({ end: { code, why }, usage: undefined });

export function openCoders({ workRoot, sandbox, env }: CodersOptions): Coders {
  async function runIn(job: CoderJob, program: Program, way: Way, home: string): Promise<Coded> {
    const { name, settings, schema, prompt, signal } = job;
    const dialect = dialects[name];
    const contained = sandbox.kind === 'bwrap';
    const call: Call = {
      settings,
      schema,
      contained,
      url: `http://127.0.0.1:${contained ? INNER_PORT : way.port}`,
      token: way.token,
      home: contained ? OWN_HOME : home,
    };
    await writeHome(home, dialect.home(call));
    const argv = [program.path, ...dialect.args(call)];
    const hearing = new Hearing(dialect.read, job.heard);
    const limits = { timeoutMs: settings.ms, memoryBytes: MEMORY_BYTES, outputBytes: OUTPUT_BYTES };
    const { tree } = await openParts(workRoot, job.clone);
    const done = await sandbox.run({
      argv: contained ? withProvider(argv) : argv,
      dir: tree,
      env: dialect.env(call),
      limits,
      signal: AbortSignal.any([signal, hearing.enough]),
      input: prompt,
      heard: (text) => hearing.take(text),
      home,
      shown: program.shown,
      socketDir: way.socketDir,
    });
    if (done === undefined) return ended('environment_failure', `not run, there is no sandbox: ${sandbox.reason}`);
    signal.throwIfAborted();
    return hearing.end(done, limits);
  }

  return {
    async run(job) {
      const { settings, signal, name } = job;
      signal.throwIfAborted();
      const key = env[settings.key];
      if (key === undefined || key === '') return ended('missing_credentials', `${settings.key} is not set`);
      const program = await findProgram(settings.command, env);
      if (program === undefined) return ended('agent_unavailable', `${settings.command} is not on the PATH`);
      if (sandbox.kind === 'refused') return ended('environment_failure', `there is no sandbox: ${sandbox.reason}`);
      const { scheme, used } = dialects[name];
      const meter = used && openMeter(settings, used, job.priceOf);
      const way = await openWay({ url: settings.url, key, scheme }, meter);
      await mkdir(workRoot, { recursive: true });
      const home = await mkdtemp(join(workRoot, 'home-'));
      try {
        return causeOf(countedBy(meter, await runIn(job, program, way, home), name), way);
      } finally {
        await way.close();
        await rm(home, { recursive: true, force: true });
      }
    },
  };
}
