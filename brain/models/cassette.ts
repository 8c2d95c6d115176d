// A cassette: questions and answers that were recorded once with a key, and are played for ever without one.
//
// Invariants:
//   K1. A question that is on the cassette is never asked again, also while recording.
//   K2. What is written has no secrets; while recording, what is given back is what was written, so that a tool loop goes
//       the same way when it is played.
//   K3. A question that is not on it is a failure that says which one, and what is different about it; nothing is made up.

import {
  type Asked,
  askedIn,
  CassetteInvalid,
  canonical,
  idOf,
  type Recorded,
  readCassette,
  timeless,
  writeCassette,
} from './cassette-file.ts';
import { type Wire, WireFailure, type WireReply, type WireRequest } from './wire.ts';

export type CassetteOptions = {
  readonly path: string;
  /** `record` asks what is not on it yet; `replay` asks nobody. */
  readonly mode: 'record' | 'replay';
  /** Takes secrets out of a text, whichever way they are written; what it gives back it leaves alone. */
  readonly scrub: (text: string) => string;
};

/**
 * Opens a cassette; the wires of all providers share it.
 * Throws CassetteInvalid: it is broken, of another version, or to be played and not there.
 */
export async function openCassette(options: CassetteOptions): Promise<Cassette> {
  const { path, mode } = options;
  const recorded = await readCassette(path);
  if (!recorded && mode === 'replay') {
    throw new CassetteInvalid(
      path,
      'there is no such cassette',
      `record it first, with the provider's key: headcount up --record ${path}`,
    );
  }
  return new Cassette(options, recorded ?? []);
}

/** A question of a replay that nobody recorded: what is said of it, and which one it is. */
export type Lack = { readonly label: string; readonly told: string };

export class Cassette {
  readonly #options: CassetteOptions;
  readonly #exchanges: Map<string, Recorded>;
  #writing: Promise<void> = Promise.resolve();
  readonly #lacks = new Map<string, Lack>();

  /** Use `openCassette`. */
  constructor(options: CassetteOptions, exchanges: readonly Recorded[]) {
    this.#options = options;
    this.#exchanges = new Map(exchanges.map((one) => [one.id, one]));
  }

  /** True when it asks nobody: then no key is needed. */
  get isReplay(): boolean {
    return this.#options.mode === 'replay';
  }

  /** The questions of this replay that are not on it, each once, in the order in which they came. */
  get lacks(): readonly Lack[] {
    return [...this.#lacks.values()];
  }

  /** Where it is. */
  get path(): string {
    return this.#options.path;
  }

  /**
   * The wire of one provider with the cassette before it.
   * @param inner opens the real wire when a question has to be asked; never called in a replay
   */
  wire(provider: string, inner: () => Promise<Wire>): Wire {
    return { provider, ask: (request, signal, heard) => this.#ask(provider, inner, request, signal, heard) };
  }

  async #ask(
    provider: string,
    inner: () => Promise<Wire>,
    request: WireRequest,
    signal: AbortSignal,
    heard?: (text: string) => void,
  ): Promise<WireReply> {
    signal.throwIfAborted();
    const asked = this.#clean(askedIn(request));
    const id = idOf(provider, asked);
    const known = this.#exchanges.get(id);
    if (known) return played(known, heard);
    if (this.#options.mode === 'replay') throw this.#unrecorded(id, provider, request.label, asked);
    const outcome = await outcomeOf((await inner()).ask(request, signal, heard));
    // Two may have asked the same at once: the first answer is the one that is kept.
    const first = this.#exchanges.get(id);
    if (first) return played(first);
    const exchange = this.#clean({ id, provider, label: request.label, request: asked, ...outcome });
    await this.#keep(exchange);
    return played(exchange);
  }

  #clean<T>(data: T): T {
    return mapStrings(data, this.#options.scrub) as T;
  }

  /** One after the other, each time the whole of it. */
  #keep(exchange: Recorded): Promise<void> {
    this.#exchanges.set(exchange.id, exchange);
    const write = () => writeCassette(this.#options.path, [...this.#exchanges.values()]);
    this.#writing = this.#writing.then(write, write);
    return this.#writing;
  }

  #unrecorded(id: string, provider: string, label: string, asked: Asked): WireFailure {
    const near = nearestOf(provider, asked, [...this.#exchanges.values()]);
    const told = near
      ? `nearest is "${near.label}", and ${differenceOf(near, provider, asked)}`
      : 'the cassette is empty';
    this.#lacks.set(id, { label, told });
    const next = "record it, with the provider's key: headcount up --record";
    return new WireFailure(provider, 'unrecorded', `${label}; ${told}; ${next}`);
  }
}

/** A reply, or a failure that is the model's answer; other failures are passed on and not kept. */
async function outcomeOf(asking: Promise<WireReply>): Promise<Pick<Recorded, 'reply' | 'failure'>> {
  try {
    const { text, calls, said, usage, stop } = await asking;
    return { reply: { text, calls: calls.map((one) => ({ ...one })), said, usage, stop } };
  } catch (error) {
    if (!(error instanceof WireFailure)) throw error;
    const { fault, more, spent } = error;
    if (fault !== 'refused' && fault !== 'empty' && fault !== 'cut' && fault !== 'oversize') throw error;
    return { failure: { fault, more, ...(spent ? { spent } : {}) } };
  }
}

function played({ provider, reply, failure }: Recorded, heard?: (text: string) => void): WireReply {
  if (reply) {
    if (reply.text !== '') heard?.(reply.text);
    return reply;
  }
  throw new WireFailure(provider, failure?.fault ?? 'empty', failure?.more ?? '', { spent: failure?.spent });
}

type Part = readonly [name: string, text: string];

/** A question in parts, in the order in which they are compared. */
function partsOf(provider: string, { tools, schema, rounds, ...texts }: Asked): Part[] {
  return [
    ['provider', provider],
    ['model', texts.model],
    ['system', texts.system],
    ['tools', canonical(tools)],
    ['schema', canonical(schema ?? null)],
    ['maxTokens', String(texts.maxTokens)],
    ['effort', texts.effort ?? 'none'],
    ['prompt', texts.prompt],
    ['rounds', canonical(rounds)],
  ].map(([name, text]): Part => [name ?? '', timeless(text ?? '')]);
}

/** The recorded question that shares most parts; among equals the one that is the same for longest. */
function nearestOf(provider: string, asked: Asked, all: readonly Recorded[]): Recorded | undefined {
  const parts = partsOf(provider, asked);
  const ranked = all.map((one) => {
    const others = partsOf(one.provider, one.request);
    const same = parts.filter(([, text], index) => text === others[index]?.[1]).length;
    const prefix = parts.reduce((sum, [, text], index) => sum + samePrefix(text, others[index]?.[1] ?? ''), 0);
    return { one, same, prefix };
  });
  return ranked.sort((a, b) => b.same - a.same || b.prefix - a.prefix)[0]?.one;
}

/** Where two questions part, in words: `prompt differs at line 3: "..." instead of "..."`. */
function differenceOf(near: Recorded, provider: string, asked: Asked): string {
  const others = partsOf(near.provider, near.request);
  const differing = partsOf(provider, asked).map(([name, text], index) => ({
    name,
    text,
    other: others[index]?.[1] ?? '',
  }));
  const first = differing.find(({ text, other }) => text !== other);
  if (!first) return 'nothing differs';
  const { name, text, other } = first;
  const at = samePrefix(text, other);
  const line = text.slice(0, at).split('\n').length;
  return `${name} differs at line ${line}: ${excerpt(text, at)} instead of ${excerpt(other, at)}`;
}

function samePrefix(a: string, b: string): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  return at;
}

function excerpt(text: string, at: number): string {
  return JSON.stringify(text.slice(Math.max(0, at - 10), at + 30));
}

/** JSON data with every string in it changed. */
function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => mapStrings(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mapStrings(one, change)]));
}
