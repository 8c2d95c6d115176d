// Every message is a CloudEvents 1.0 event in JSON; schemas.ts says what each type carries. What does not parse never reaches
// an actor.

import type { z } from 'zod';
import { envelopeOf, firstIssue } from './envelope.ts';
import { migrateTask } from './migrations.ts';
import { schemas } from './schemas.ts';

export type MessageType = keyof typeof schemas;
export type DataOf<T extends MessageType> = z.infer<(typeof schemas)[T]>;

/** What a writer says; the bus adds time, subject and version. */
export type Draft<T extends MessageType = MessageType> = T extends MessageType
  ? {
      id: string;
      type: T;
      /** Who says it: an agent (`backend-2`), `harness`, `operator`, `supervisor`, `clock`. */
      source: string;
      data: DataOf<T>;
      /** The lineage: directive or root task. */
      correlationid?: string | undefined;
      /** Id of the message that caused this one. */
      causationid?: string | undefined;
    }
  : never;

export type Message<T extends MessageType = MessageType> = T extends MessageType
  ? {
      specversion: '1.0';
      id: string;
      type: T;
      source: string;
      /** ISO 8601, of the company's clock. */
      time: string;
      subject: string;
      datacontenttype: 'application/json';
      data: DataOf<T>;
      correlationid?: string | undefined;
      causationid?: string | undefined;
    }
  : never;

export type TaskMessage = Extract<Message, { type: `task.${string}` }>;

export function isMessageType(type: string): type is MessageType {
  return Object.hasOwn(schemas, type);
}

/** The last instant written, as text: many messages share one. */
let written = { at: Number.NaN, text: '' };

function isoOf(at: number): string {
  if (written.at !== at) written = { at, text: new Date(at).toISOString() };
  return written.text;
}

/**
 * Builds the message that goes on the stream.
 * @param subject relative to the company
 * @param now epoch ms of the company's clock
 */
export function seal(subject: string, draft: Draft, now: number): Message {
  const { id, type, source, data, correlationid, causationid } = draft;
  // In the order in which it is read back, so that a message has one spelling.
  const message = {
    specversion: '1.0',
    id,
    type,
    source,
    time: isoOf(now),
    subject,
    datacontenttype: 'application/json',
    data,
    ...(correlationid !== undefined && { correlationid }),
    ...(causationid !== undefined && { causationid }),
  };
  return message as Message;
}

export type Parsed = { ok: true; message: Message } | { ok: false; reason: string };

/** Reads bytes from outside as a message; never throws. */
export function parseMessage(text: string): Parsed {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { ok: false, reason: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const found = envelopeOf(json);
  if (!found.ok) return found;
  const { envelope } = found;
  const { type } = envelope;
  if (!isMessageType(type)) return { ok: false, reason: `unknown type ${JSON.stringify(type)}` };
  const given = type.startsWith('task.') ? inThisVersion(envelope.data) : envelope.data;
  if (typeof given === 'string') return { ok: false, reason: `${type}: ${given}` };
  const data = schemas[type].safeParse(given);
  if (!data.success) return { ok: false, reason: `${type}: ${firstIssue(data.error)}` };
  const read = given === envelope.data ? envelope : { ...envelope, data: given };
  return { ok: true, message: read as Message };
}

/** Data of a task's event with the record as this version has it; text says why it cannot be had. */
function inThisVersion(data: unknown): unknown {
  if (typeof data !== 'object' || data === null || !('task' in data)) return data;
  const migrated = migrateTask(data.task);
  if (!migrated.ok) return migrated.reason;
  return migrated.record === data.task ? data : { ...data, task: migrated.record };
}

/** True when the message is of one of the types; narrows it. */
export function isOfType<T extends MessageType>(message: Message, ...types: T[]): message is Message<T> {
  return (types as string[]).includes(message.type);
}

/** True for an event that carries a task as it now is. */
export function isTaskMessage(message: Message): message is TaskMessage {
  return message.type.startsWith('task.');
}
