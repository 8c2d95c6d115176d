// Reads an export (export.ts) back, and believes nothing of it: every line is checked against the sum of all before it.

import { createHash } from 'node:crypto';
import type { Stored } from './bus.ts';
import { HeadcountError } from './errors.ts';
import {
  chained,
  EXPORT_VERSION,
  type ExportHeader,
  type ExportRecord,
  Header,
  Line,
  Version,
} from './export-format.ts';
import type { DurablePosition } from './import.ts';
import { parseMessage } from './messages.ts';

/** A file that is not a whole, unchanged export. Exit code 3. */
export class ExportInvalid extends HeadcountError {
  override readonly name = 'ExportInvalid';
  /** 1-based. */
  readonly line: number;

  constructor(line: number, reason: string, file?: string, nextStep = 'export the company again') {
    super('EXPORT_INVALID', `${file === undefined ? '' : `${file}: `}line ${line}: ${reason}`, nextStep, { exit: 3 });
    this.line = line;
  }
}

/** The order in which kinds of lines come. */
const ORDER: readonly ExportRecord['kind'][] = ['header', 'message', 'blob', 'durable', 'product', 'extra', 'end'];

/** Reads lines one after the other; remembers only the sum, the place and what has to be consistent. */
class ExportReader {
  /** Named in errors. */
  readonly #file: string | undefined;
  #line = 0;
  #sum = '';
  #stage = 0;
  #seq = 0;
  #header: ExportHeader | undefined;

  constructor(file: string | undefined) {
    this.#file = file;
  }

  /** Throws ExportInvalid. */
  next(text: string): ExportRecord {
    this.#line += 1;
    if (this.#line === 1) return this.#readHeader(text);
    if (this.#over) throw this.#bad('something follows after its end');
    const parsed = Line.safeParse(jsonOf(text));
    if (!parsed.success) throw this.#bad('not a line of an exported company');
    this.#check(text, parsed.data.sum);
    const record = this.#recordOf(parsed.data);
    const stage = ORDER.indexOf(record.kind);
    if (stage < this.#stage) throw this.#bad(`a ${record.kind} where none can be`);
    this.#stage = stage;
    return record;
  }

  /** Call it after the last line. `rest` is what came after the last line feed. Throws ExportInvalid. */
  end(rest: string): void {
    if (rest !== '') throw new ExportInvalid(this.#line + 1, 'cut off in the middle', this.#file);
    if (this.#line === 0) throw new ExportInvalid(1, 'empty, so no export', this.#file);
    if (this.#over) return;
    const of = this.#header?.lastSeq ?? 0;
    throw this.#bad(this.#seq < of ? `cut off: ${of} messages were exported` : 'cut off after this line');
  }

  get #over(): boolean {
    return ORDER[this.#stage] === 'end';
  }

  #bad(reason: string, nextStep?: string): ExportInvalid {
    return new ExportInvalid(this.#line, reason, this.#file, nextStep);
  }

  #check(text: string, claimed: string): void {
    const end = text.lastIndexOf(',"sum":');
    const body = text.slice(0, end);
    // A field behind its sum is summed up by nothing.
    const isLast = text.slice(end).trimEnd() === `,"sum":"${claimed}"}`;
    if (!isLast || claimed !== chained(this.#sum, body))
      throw this.#bad('edited after the export, here or just before');
    this.#sum = claimed;
  }

  #readHeader(text: string): ExportRecord {
    const json = jsonOf(text);
    const version = Version.safeParse(json);
    if (!version.success) throw this.#bad('no header of an exported company: something else, or from an older version');
    const { version: found } = version.data;
    if (found !== EXPORT_VERSION) {
      throw this.#bad(
        `format version ${found}; this program reads ${EXPORT_VERSION}`,
        found > EXPORT_VERSION ? 'read it with the headcount that wrote it, or a newer one' : undefined,
      );
    }
    const parsed = Header.safeParse(json);
    if (!parsed.success) throw this.#bad('not the header of an exported company');
    this.#check(text, parsed.data.sum);
    const { company, at, lastSeq, org, products } = parsed.data;
    this.#header = { company, at, lastSeq, org, products };
    return { kind: 'header', header: this.#header };
  }

  #recordOf(line: Line): ExportRecord {
    if ('seq' in line) return this.#messageOf(line);
    if ('blob' in line) {
      const bytes = Buffer.from(line.base64, 'base64');
      const digest = createHash('sha256').update(bytes).digest('hex');
      if (digest !== line.blob) throw this.#bad(`blob ${line.blob} is not what its name says`);
      return { kind: 'blob', digest, bytes };
    }
    if ('durable' in line) {
      const { sum: _, ...position } = line;
      return { kind: 'durable', position };
    }
    if ('product' in line) return { kind: 'product', slug: line.product, bundle: Buffer.from(line.bundle, 'base64') };
    if ('extra' in line) return { kind: 'extra', name: line.extra, bytes: Buffer.from(line.base64, 'base64') };
    if (line.lines !== this.#line) throw this.#bad(`${line.lines} lines were exported`);
    if (this.#seq !== (this.#header?.lastSeq ?? 0)) throw this.#bad('messages are missing');
    return { kind: 'end' };
  }

  #messageOf({ seq, of, message }: Extract<Line, { seq: number }>): ExportRecord {
    if (of !== this.#header?.lastSeq) throw this.#bad('from another export');
    if (seq <= this.#seq || seq > of) throw this.#bad(`sequence ${seq} after ${this.#seq}, of ${of}`);
    this.#seq = seq;
    const read = parseMessage(JSON.stringify(message));
    if (!read.ok) throw this.#bad(read.reason);
    return { kind: 'message', stored: { seq, subject: read.message.subject, message: read.message } };
  }
}

/** An export in memory. Product bundles are left out: they are read from the file. */
export type Exported = {
  readonly header: ExportHeader;
  readonly messages: Stored[];
  readonly blobs: Uint8Array[];
  readonly durables: DurablePosition[];
};

/** Reads a whole export. Throws ExportInvalid, with `file` and the line, when it is truncated, edited or something else. */
export function readExported(text: string, file?: string): Exported {
  const reader = new ExportReader(file);
  const lines = text.split('\n');
  const rest = lines.pop() ?? '';
  let header: ExportHeader | undefined;
  const messages: Stored[] = [];
  const blobs: Uint8Array[] = [];
  const durables: DurablePosition[] = [];
  for (const line of lines) {
    const record = reader.next(line);
    if (record.kind === 'header') header = record.header;
    else if (record.kind === 'message') messages.push(record.stored);
    else if (record.kind === 'blob') blobs.push(record.bytes);
    else if (record.kind === 'durable') durables.push(record.position);
  }
  reader.end(rest);
  if (header === undefined) throw new ExportInvalid(1, 'no header', file);
  return { header, messages, blobs, durables };
}

/** An export piece by piece, from text that comes in chunks. Throws ExportInvalid; only its end says that it is whole. */
export async function* readRecords(chunks: AsyncIterable<string>, file?: string): AsyncGenerator<ExportRecord> {
  const reader = new ExportReader(file);
  let rest = '';
  for await (const chunk of chunks) {
    const lines = chunk.split('\n');
    const last = lines.pop() ?? '';
    if (lines.length > 0) {
      lines[0] = rest + (lines[0] ?? '');
      rest = last;
    } else rest += last;
    for (const line of lines) yield reader.next(line);
  }
  reader.end(rest);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
