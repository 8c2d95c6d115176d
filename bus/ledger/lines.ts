// A ledger's file: JSON lines that are only ever appended.
//   {"begins":1,"sum":"","why":"first seen"}        what follows starts with this sequence
//   {"seq":256,"sum":"9f86d081884c7d65...","tasks":["T1"]}   everything from the line before up to here

import { type FileHandle, mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { HeadcountError } from '../errors.ts';

const Beginning = z.strictObject({
  begins: z.int().positive(),
  why: z.string(),
  /** Messages of sequences before it that the stream was known not to hold. */
  missing: z.int().nonnegative(),
});
const Link = z.strictObject({ seq: z.int().positive(), sum: z.string(), tasks: z.array(z.string()).optional() });
const Line = z.union([Beginning, Link]);

export type Beginning = z.infer<typeof Beginning>;
export type Link = z.infer<typeof Link>;

/** What a ledger knows since it last began. */
export type Pages = {
  readonly beginning: Beginning;
  readonly links: readonly Link[];
};

/** A ledger that cannot be read; the stream itself may be whole. */
export class LedgerDamaged extends HeadcountError {
  override readonly name = 'LedgerDamaged';
  constructor(path: string, line: number) {
    super(
      'LEDGER_DAMAGED',
      `${path}:${line} is no line of a ledger, so nobody can say whether the stream is whole`,
      'put it aside, and go on with what else vouches for the stream: headcount verify --accept',
    );
  }
}

/** The last sequence it vouches for; 0 when none. */
export function markOf({ beginning, links }: Pages): number {
  return links.at(-1)?.seq ?? beginning.begins - 1;
}

/**
 * Reads a ledger; a last line that a crash has cut is passed over. Undefined when there is none.
 * Throws LedgerDamaged for any other line that cannot be read.
 */
export async function readLedger(path: string): Promise<(Pages & { readonly length: number }) | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  let beginning: Beginning | undefined;
  let links: Link[] = [];
  for (const [index, line] of whole.split('\n').slice(0, -1).entries()) {
    const read = Line.safeParse(jsonOf(line));
    if (!read.success) throw new LedgerDamaged(path, index + 1);
    if ('begins' in read.data) {
      beginning = read.data;
      links = [];
    } else {
      const before = links.at(-1)?.seq ?? (beginning?.begins ?? 0) - 1;
      if (beginning === undefined || read.data.seq <= before) throw new LedgerDamaged(path, index + 1);
      links.push(read.data);
    }
  }
  return beginning && { beginning, links, length: Buffer.byteLength(whole) };
}

/** Opens a ledger to append to, without what a crash has left half written. */
export async function openLedgerFile(path: string, length: number): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'a');
  if ((await file.stat()).size > length) await file.truncate(length);
  return file;
}

/** Puts another ledger in the place of this one, at once; the old one stays beside it. Returns where, when there was one. */
export async function replaceLedger(path: string, { beginning, links }: Pages): Promise<string | undefined> {
  await mkdir(dirname(path), { recursive: true });
  const text = [beginning, ...links].map((line) => `${JSON.stringify(line)}\n`).join('');
  const file = await open(`${path}.new`, 'w');
  await file.writeFile(text);
  await file.datasync();
  await file.close();
  const kept = await putAside(path);
  await rename(`${path}.new`, path);
  return kept;
}

/** Takes a ledger out of use; it stays beside its place. Returns where, when there was one. */
export async function putAside(path: string): Promise<string | undefined> {
  for (let n = 1; ; n += 1) {
    const kept = `${path}.old-${n}`;
    const taken = await stat(kept).catch(() => undefined);
    if (taken) continue;
    return rename(path, kept).then(
      () => kept,
      () => undefined,
    );
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
