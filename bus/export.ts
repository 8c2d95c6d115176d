// A stream as JSON Lines, byte for byte the same for the same stream:
//   {"seq":1,"of":3,"message":{...},"sum":"6b86b273ff34fce1"}
// `of` is the stream's last sequence when it was exported, so that a file cut between two lines is noticed. `sum` is the
// start of the sha256 of the sum before it and of the line up to here, so that an edit is noticed at the line it was made.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Bus, Stored } from './bus.ts';
import { HeadcountError } from './errors.ts';
import { type Message, parseMessage } from './messages.ts';

/** A file that is not a whole, unchanged export. */
export class ExportInvalid extends HeadcountError {
  override readonly name = 'ExportInvalid';
  /** 1-based. */
  readonly line: number;

  constructor(line: number, reason: string) {
    super('EXPORT_INVALID', `line ${line}: ${reason}`, 'export the stream again', { exit: 3 });
    this.line = line;
  }
}

const Line = z.strictObject({ seq: z.int(), of: z.int(), message: z.unknown(), sum: z.string() });

/** What the stream holds now, one line a message, each with its line feed. */
export async function* exportLines(bus: Bus): AsyncGenerator<string> {
  const { lastSeq } = await bus.info();
  let sum = '';
  for await (const { seq, message } of bus.replay({ filter: '>', untilSeq: lastSeq })) {
    const body = `{"seq":${seq},"of":${lastSeq},"message":${ordered(message)}`;
    sum = chained(sum, body);
    yield `${body},"sum":"${sum}"}\n`;
  }
}

/** Reads an export back. Throws ExportInvalid, with the line, when it is truncated, edited or something else. */
export function readExport(text: string): Stored[] {
  if (text === '') return [];
  const lines = text.split('\n');
  const rest = lines.pop();
  if (rest !== '') throw new ExportInvalid(lines.length + 1, 'cut off in the middle');
  const stored: Stored[] = [];
  let sum = '';
  let of = 0;
  for (const [index, line] of lines.entries()) {
    const read = readLine(line, index + 1, sum);
    if (index > 0 && read.of !== of) throw new ExportInvalid(index + 1, 'from another export');
    ({ sum, of } = read);
    stored.push(read.stored);
  }
  if (of !== lines.length) throw new ExportInvalid(lines.length, `cut off: ${of} messages were exported`);
  return stored;
}

function readLine(text: string, line: number, before: string): { stored: Stored; of: number; sum: string } {
  const parsed = Line.safeParse(jsonOf(text));
  if (!parsed.success) throw new ExportInvalid(line, 'not a line of an exported stream');
  const { seq, of, sum, message } = parsed.data;
  const body = text.slice(0, text.lastIndexOf(',"sum":'));
  if (sum !== chained(before, body)) throw new ExportInvalid(line, 'edited after the export, here or just before');
  if (seq !== line) throw new ExportInvalid(line, `holds sequence ${seq} instead of ${line}`);
  const read = parseMessage(JSON.stringify(message));
  if (!read.ok) throw new ExportInvalid(line, read.reason);
  return { stored: { seq, subject: read.message.subject, message: read.message }, of, sum };
}

/** JSON with the attributes in one order, however the message came here. */
function ordered(message: Message): string {
  const { specversion, id, type, source, time, subject, datacontenttype, data, correlationid, causationid } = message;
  const head = { specversion, id, type, source, time, subject, datacontenttype };
  return JSON.stringify({ ...head, data, correlationid, causationid });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function chained(before: string, body: string): string {
  return createHash('sha256').update(before).update(body).digest('hex').slice(0, 16);
}
