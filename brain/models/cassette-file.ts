// The file of a cassette: JSON lines, written whole or not at all.
//   {"cassette":2}                                                         the version, first
//   {"id":"<sha256>","provider":"claude","label":"...","request":{...},"reply":{...}}     one exchange each
//   {"id":"<sha256>",...,"failure":{"fault":"refused","more":"...","spent":{...}}}        or what came of it instead
// The id is the digest of provider and request, so an edited question is noticed at its line.

import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { HeadcountError, reasonOf } from '../../bus/errors.ts';
import type { WireRequest } from './wire.ts';

const VERSION = 2;

const Header = z.strictObject({ cassette: z.int() });

const Usage = z.strictObject({
  inputTokens: z.number(),
  outputTokens: z.number(),
  cacheReadTokens: z.number(),
  cacheWriteTokens: z.number(),
  estimated: z.boolean(),
});

/** A question without the words for people. */
const Asked = z.strictObject({
  model: z.string(),
  system: z.string(),
  tools: z.array(z.unknown()),
  schema: z.unknown().optional(),
  maxTokens: z.number(),
  effort: z.string().optional(),
  prompt: z.string(),
  rounds: z.array(z.unknown()),
});
export type Asked = z.infer<typeof Asked>;

const Reply = z.strictObject({
  text: z.string(),
  calls: z.array(z.strictObject({ id: z.string(), name: z.string(), input: z.unknown() })),
  said: z.unknown(),
  usage: Usage,
  stop: z.enum(['end', 'tools']),
});

const Failed = z.strictObject({
  fault: z.enum(['refused', 'empty', 'cut', 'oversize']),
  more: z.string(),
  spent: Usage.optional(),
});

const Recorded = z.strictObject({
  id: z.string(),
  provider: z.string(),
  label: z.string(),
  request: Asked,
  reply: Reply.optional(),
  failure: Failed.optional(),
});
export type Recorded = z.infer<typeof Recorded>;

/** A cassette that cannot be read or written. Exit code 3. */
export class CassetteInvalid extends HeadcountError {
  override readonly name = 'CassetteInvalid';
  constructor(where: string, why: string, next: string) {
    super('CASSETTE_INVALID', `${where}: ${why}`, next, { exit: 3 });
  }
}

const again = 'take the cassette from version control again, or delete it and record anew';

/** What is asked, in the order in which two questions are compared. */
export function askedIn({ model, system, tools, schema, maxTokens, effort, prompt, rounds }: WireRequest): Asked {
  return {
    model,
    system,
    tools: [...tools],
    ...(schema ? { schema } : {}),
    maxTokens,
    ...(effort ? { effort } : {}),
    prompt,
    rounds: [...rounds],
  };
}

/**
 * The digest by which a question is found: the same whatever the order of keys, and whenever it is asked. A company that is played
 * lives at another time, so its deadlines and its commits, whose names hold their time, have other names.
 */
export function idOf(provider: string, asked: Asked): string {
  return createHash('sha256').update(canonical({ provider, asked }, timeless)).digest('hex');
}

/** A text without what is another one each time. */
export function timeless(text: string): string {
  return text
    .replaceAll(/\b\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z)?/g, '<time>')
    .replaceAll(/\b\d{2}:\d{2}(?::\d{2})?\b/g, '<time>')
    .replaceAll(/\b(?=[a-f]*\d)(?:[0-9a-f]{40}|[0-9a-f]{7})\b/g, '<commit>');
}

/**
 * JSON with sorted keys: the same text for the same data.
 * @param change is done to every string in it
 */
export function canonical(value: unknown, change: (text: string) => string = (text) => text): string {
  return JSON.stringify(value, (_, one: unknown) => {
    if (typeof one === 'string') return change(one);
    return typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one;
  });
}

/**
 * Reads a cassette. Undefined when there is none.
 * Throws CassetteInvalid with the line that is wrong.
 */
export async function readCassette(path: string): Promise<Recorded[] | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new CassetteInvalid(path, `it cannot be read: ${reasonOf(error)}`, 'look at the file and who may read it');
  });
  if (text === undefined) return undefined;
  const [first = '', ...lines] = text.split('\n');
  checkVersion(path, first);
  if (lines.pop() !== '') throw new CassetteInvalid(`${path}:${lines.length + 2}`, 'the line is cut off', again);
  return lines.map((line, index) => exchangeIn(line, `${path}:${index + 2}`));
}

function checkVersion(path: string, line: string): void {
  const { data } = Header.safeParse(jsonOf(line));
  if (!data) throw new CassetteInvalid(`${path}:1`, 'it is no cassette', 'name a file that was recorded');
  if (data.cassette === VERSION) return;
  const why = `it has version ${data.cassette}, this program reads version ${VERSION}`;
  throw new CassetteInvalid(`${path}:1`, why, 'use the program that recorded it, or record anew');
}

function exchangeIn(line: string, where: string): Recorded {
  const { data, error } = Recorded.safeParse(jsonOf(line));
  if (!data)
    throw new CassetteInvalid(where, `it is no exchange: ${z.prettifyError(error).replace(/\s+/g, ' ')}`, again);
  if ((data.reply === undefined) === (data.failure === undefined)) {
    throw new CassetteInvalid(where, 'an exchange has either a reply or a failure', again);
  }
  if (data.id === idOf(data.provider, data.request)) return data;
  throw new CassetteInvalid(where, 'the question does not have the digest that stands beside it', again);
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * Writes a cassette: the file has the old content or the new one, never a part.
 * Throws CassetteInvalid.
 */
export async function writeCassette(path: string, exchanges: readonly Recorded[]): Promise<void> {
  const lines = [{ cassette: VERSION }, ...exchanges].map((one) => `${JSON.stringify(one)}\n`);
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(lines.join(''));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  } catch (error) {
    throw new CassetteInvalid(
      path,
      `it cannot be written: ${reasonOf(error)}`,
      'look at the folder and who may write there',
    );
  }
}
