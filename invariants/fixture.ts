// Streams of whole companies, for tests: a scenario played on the memory bus, and what somebody may have done to it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dutyFacts, neededEvidence } from '../actors/duties/registry.ts';
import type { Stored } from '../bus/bus.ts';
import { readExport } from '../bus/export.ts';
import { type Draft, type Message, type MessageType, parseMessage, seal } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import { packageRoot } from '../cli/package-root.ts';
import { promptsIn, readOrg } from '../org/load.ts';
import { loadPatched } from '../org/overlay.ts';
import { loadScenario } from '../scenarios/load.ts';
import { patchOf } from '../scenarios/patch.ts';
import { played } from '../tests/fixtures/played.ts';
import { createAuditor, type Rules, type Violation } from './auditor.ts';
import { rulesOf } from './rules.ts';

export type Recorded = { readonly messages: readonly Stored[]; readonly rules: Rules };

/** What a scenario of `scenarios/` left on its stream. */
export async function record(name: string): Promise<Recorded> {
  const { code, output, dir } = await played(name);
  if (code !== 0) throw new Error(output);
  return { messages: readExport(await readFile(join(dir, 'out.jsonl'), 'utf8')), rules: await rulesIn(name) };
}

async function rulesIn(name: string): Promise<Rules> {
  const scenario = await loadScenario(join(packageRoot, 'scenarios', `${name}.yaml`));
  const file = readOrg(join(packageRoot, 'org/org.yaml'), 'org/org.yaml');
  const ours = promptsIn(join(packageRoot, 'scenarios', name));
  const source = { ...file, readPrompt: (path: string) => file.readPrompt(path) ?? ours(path) };
  const org = loadPatched(source, patchOf(scenario.given), { duties: dutyFacts() }, scenario.locate);
  return rulesOf(org, { needs: neededEvidence() });
}

/** Everything an audit of a stream says, and once more at its end. */
export function audit({ messages, rules }: Recorded, until: 'rest' | 'end' = 'end'): readonly Violation[] {
  const auditor = createAuditor(rules);
  const found = messages.flatMap((stored) => auditor.look(stored));
  const now = messages.reduce((last, { message }) => Math.max(last, Date.parse(message.time)), 0);
  return [...found, ...auditor.atRest(now), ...(until === 'end' ? auditor.atEnd(now) : [])];
}

export function isA<T extends MessageType>(type: T): (stored: Stored) => stored is Stored & { message: Message<T> } {
  return (stored): stored is Stored & { message: Message<T> } => stored.message.type === type;
}

/** Whoever changes a stream in a test changes a copy of it. */
export class Forgery {
  readonly messages: Stored[];
  readonly #rules: Rules;

  constructor({ messages, rules }: Recorded) {
    this.messages = structuredClone([...messages]);
    this.#rules = rules;
  }

  /** The nth message of a type, 1-based; the last one when n is 0. Throws when there is none. */
  the<T extends MessageType>(type: T, n = 1, fits: (message: Message<T>) => boolean = () => true) {
    const found = this.messages.filter(isA(type)).filter(({ message }) => fits(message));
    const one = n === 0 ? found.at(-1) : found[n - 1];
    if (!one) throw new Error(`the stream has no ${type} ${n}`);
    return one;
  }

  /** Puts a message right behind another one; a copy of that one with some things changed, unless it is a draft. */
  insert(after: Stored, draft: Draft, subject = after.subject): this {
    const parsed = parseMessage(JSON.stringify(seal(subject, draft, Date.parse(after.message.time))));
    if (!parsed.ok) throw new Error(parsed.reason);
    const index = this.messages.indexOf(after);
    this.messages.splice(index + 1, 0, { seq: 0, subject, message: parsed.message });
    return this;
  }

  /** As somebody would say it who says it again under another id. */
  repeat(one: Stored, id: string, causationid?: string): this {
    const { type, source, data } = structuredClone(one.message);
    const cause = causationid === undefined ? {} : { causationid };
    return this.insert(one, { id, type, source, data, ...cause } as Draft, one.subject);
  }

  remove(...gone: readonly Stored[]): this {
    for (const one of gone) this.messages.splice(this.messages.indexOf(one), 1);
    return this;
  }

  /** With sequences without gaps, as a stream that really held this would have them. */
  done(): Recorded {
    const messages = this.messages.map((stored, index) => ({ ...stored, seq: index + 1 }));
    return { messages, rules: this.#rules };
  }
}

/** Messages about one task. */
export function about(forgery: Forgery, id: string): readonly Stored[] {
  return forgery.messages.filter(({ subject }) => subject === `task.${id}`);
}

/** Changes the record of a task from one of its messages on. */
export function from(forgery: Forgery, one: Stored, change: (task: Task, message: Message) => void): void {
  for (const { message, seq } of about(forgery, one.subject.slice('task.'.length))) {
    if (seq >= one.seq && 'task' in message.data && typeof message.data.task === 'object') {
      change(message.data.task, message);
    }
  }
}

/** A tick of a slot of its own. */
export const tick = (after: Stored, slot: number) =>
  ({
    id: `tick.assure.${slot}.x`,
    type: 'clock.ticked',
    source: 'clock',
    data: { duty: 'assure', slot: slot + after.seq, due: 0 },
  }) as const;
