// The record of one piece of work, on its own subject of the stream. Every write says which sequence it has seen, so a
// second owner is refused (StaleWrite), and a step that is recorded is never run again.
//
// Invariants:
//   J1. A step's result is on the stream before `step` returns it.
//   J2. Message ids derive from the work, the attempt and the step: a repeat after a crash is recognised as our own, and
//       somebody else's is not.
//   J3. Whatever counts waits for a start that is not confirmed yet: the next write, and what a step does.
//   J4. Changes noted between two writes travel with the next one; losing them loses nothing that was paid for.

import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Bus } from '../bus/bus.ts';
import { HeadcountError, StaleWrite } from '../bus/errors.ts';
import { type Draft, isTaskMessage, type MessageType } from '../bus/messages.ts';
import { type Job, type Step, Task, type Usage } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';

/** Results larger than this go to the blob store; the step carries their digest (DESIGN.md section 3). */
const LARGEST_RESULT_BYTES = 64 * 1024;

/** What a step hands back: its result, and what it cost when it asked a model. */
export type Outcome<T> = {
  readonly result: T;
  readonly usage?: Usage | undefined;
  /** Digest of what its model was sent (actors/prompts.ts). */
  readonly prompt?: string | undefined;
  /** Tools that the policy gate allowed on the way. */
  readonly allowed?: readonly string[];
};

type TaskEvent = Exclude<Extract<MessageType, `task.${string}`>, 'task.stepped'>;

async function packed(bus: Bus, name: string, agent: string, outcome: Outcome<unknown>): Promise<Step> {
  const result = outcome.result ?? null;
  const text = JSON.stringify(result);
  const about = {
    ...(outcome.usage === undefined ? {} : { usage: outcome.usage }),
    ...(outcome.prompt === undefined ? {} : { prompt: outcome.prompt }),
    ...(outcome.allowed?.length ? { allowed: [...new Set(outcome.allowed)] } : {}),
  };
  if (text.length <= LARGEST_RESULT_BYTES) return { name, agent, result, ...about };
  return { name, agent, result: null, blob: await bus.putBlob(new TextEncoder().encode(text)), ...about };
}

async function unpacked(bus: Bus, step: Step): Promise<unknown> {
  if (step.blob === undefined) return step.result;
  const bytes = await bus.getBlob(step.blob);
  if (createHash('sha256').update(bytes).digest('hex') !== step.blob) {
    throw new HeadcountError(
      'BLOB_CHANGED',
      `the blob of step ${step.name} is not what was stored`,
      'restore the store from a backup',
    );
  }
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** Adds what a model call cost to what was spent before. */
export function charged<S extends { inputTokens: number; outputTokens: number; cost: number }>(
  spent: S,
  usage: Usage | undefined,
): S {
  if (usage === undefined) return spent;
  return {
    ...spent,
    inputTokens: spent.inputTokens + usage.inputTokens,
    outputTokens: spent.outputTokens + usage.outputTokens,
    cost: Math.round((spent.cost + usage.cost) * 1e6) / 1e6,
  };
}

/**
 * Writes after the sequence seen last; returns the new one. A message that the stream knows already is our own earlier try
 * only if it says the same: two who do the same step give it the same id, and the one who comes late must hear of it.
 * Throws StaleWrite.
 */
async function write(bus: Bus, subject: string, draft: Draft, seen: number): Promise<number> {
  const { seq, duplicate } = await bus.publish(subject, draft, { expectedLastSeq: seen });
  if (duplicate && !(await isOurs(bus, subject, draft, seq))) throw new StaleWrite(subject, seen);
  // A repeat of an event that is not the last one tells its old place.
  return Math.max(seen, seq);
}

async function isOurs(bus: Bus, subject: string, { id, source, data }: Draft, seq: number): Promise<boolean> {
  for await (const { message } of bus.replay({ filter: subject, fromSeq: seq, untilSeq: seq })) {
    const asSent = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    return message.id === id && message.source === source && isDeepStrictEqual(asSent(message.data), asSent(data));
  }
  return false;
}

/**
 * The fields of a task, none of them set. Where a record has them all, one more value costs a copy; where it has to be widened, five
 * to forty times that (docs/decisions.md, 107).
 */
const everyField: Partial<Task> = Object.fromEntries(Object.keys(Task.shape).map((field) => [field, undefined]));

/** The record of a task, held by the agent that works on it. */
export class TaskJournal {
  readonly #bus: Bus;
  readonly #agent: string;
  readonly #recorded = new Map<string, Step>();
  #task: Task;
  #seq: number;
  #cause: string | undefined;
  #starting: Promise<void> = Promise.resolve();

  private constructor(bus: Bus, agent: string, task: Task, seq: number, cause: string | undefined) {
    this.#bus = bus;
    this.#agent = agent;
    this.#task = { ...everyField, ...task };
    this.#seq = seq;
    this.#cause = cause;
  }

  /**
   * Reads a task and the steps recorded for it. Undefined when the stream has no such task.
   * @param stepless true when no step is recorded up to a sequence, the last one on the task's subject
   */
  static async open(
    bus: Bus,
    agent: string,
    id: string,
    stepless: (seq: number) => boolean = () => false,
  ): Promise<TaskJournal | undefined> {
    const last = await bus.last(subjects.task(id));
    if (!last || !isTaskMessage(last.message)) return undefined;
    const { task } = last.message.data;
    const journal = new TaskJournal(bus, agent, task, last.seq, last.message.id);
    if (task.attempt === 0 || stepless(last.seq)) return journal;
    for await (const { message } of bus.replay({ filter: subjects.task(id) })) {
      if (message.type === 'task.stepped') journal.#recorded.set(message.data.step.name, message.data.step);
    }
    return journal;
  }

  /**
   * A task that nobody has begun, as a projection knows it, without asking the stream. When the projection lags, the first
   * write is refused and the delivery comes again.
   * @param last the last message on its subject, as far as is known
   */
  static begin(bus: Bus, agent: string, task: Task, last: { readonly seq: number; readonly id: string }): TaskJournal {
    return new TaskJournal(bus, agent, task, last.seq, last.id);
  }

  /** As it is now, with what was noted since the last write. */
  get task(): Task {
    return this.#task;
  }

  /** The sequence of its last message, as far as this journal has read or written. */
  get seq(): number {
    return this.#seq;
  }

  /** Recorded steps of all its attempts, as far as this journal has read or written them. */
  get steps(): readonly Step[] {
    return [...this.#recorded.values()];
  }

  /** Changes the record with the next write. */
  note(patch: Partial<Task>): void {
    this.#task = { ...this.#task, ...patch };
  }

  /** Adds what a model call cost. */
  charge(usage: Usage | undefined): void {
    this.note({ spent: charged(this.#task.spent, usage) });
  }

  /**
   * Records an event with the task as it now is.
   * @param tag what makes this event unique within the task (`a2.started`)
   * Throws StaleWrite when somebody else has written.
   */
  async record(type: TaskEvent, tag: string, patch: Partial<Task> = {}, note?: string): Promise<void> {
    this.note(patch);
    await this.started();
    await this.#record(type, tag, note);
  }

  /** Records that an attempt starts, without waiting for it: `started` does, and so does whatever is recorded next. */
  start(tag: string, patch: Partial<Task>): void {
    this.note(patch);
    this.#starting = this.#record('task.started', tag);
    // Thrown where it is waited for.
    this.#starting.catch(() => {});
  }

  /** Waits until the start of the attempt is on the stream. Throws StaleWrite when somebody else has written. */
  started(): Promise<void> {
    return this.#starting;
  }

  async #record(type: TaskEvent, tag: string, note?: string): Promise<void> {
    await this.#write(`task.${this.#task.id}.${tag}`, (id) => ({
      id,
      type,
      source: this.#agent,
      data: { task: this.#task, ...(note === undefined ? {} : { note }) },
      correlationid: this.#task.directive ?? this.#task.lineage,
      causationid: this.#cause,
    }));
  }

  /**
   * Runs `run` once for this name and attempt; a recorded result is given back without running it.
   * @param early true when `run` waits for `started` itself, before it does what counts
   */
  async step<T>(name: string, run: () => Promise<Outcome<T>>, early = false): Promise<T> {
    const key = `a${this.#task.attempt}.${name}`;
    const known = this.#recorded.get(key);
    if (known) return (await unpacked(this.#bus, known)) as T;
    if (!early) await this.started();
    const outcome = await run();
    await this.started();
    this.charge(outcome.usage);
    const step = await packed(this.#bus, key, this.#agent, outcome);
    await this.#write(`task.${this.#task.id}.${key}`, (id) => ({
      id,
      type: 'task.stepped' as const,
      source: this.#agent,
      data: { task: this.#task, step },
      correlationid: this.#task.directive ?? this.#task.lineage,
      causationid: this.#cause,
    }));
    this.#recorded.set(key, step);
    return outcome.result;
  }

  async #write(id: string, draft: (id: string) => Draft): Promise<void> {
    this.#seq = await write(this.#bus, subjects.task(this.#task.id), draft(id), this.#seq);
    this.#cause = id;
  }
}

/** The record of one turn of a standing duty. Nothing is written until there is a step to record. */
export class JobJournal {
  readonly #bus: Bus;
  readonly #cause: string;
  readonly #lineage: string | undefined;
  readonly #recorded = new Map<string, Step>();
  #job: Job;
  #seq = 0;

  private constructor(bus: Bus, job: Job, cause: string, lineage: string | undefined) {
    this.#bus = bus;
    this.#job = job;
    this.#cause = cause;
    this.#lineage = lineage;
  }

  /**
   * @param again true when the message was delivered before: only then can there be a record
   */
  static async open(
    bus: Bus,
    job: Job,
    cause: { id: string; lineage: string | undefined },
    again: boolean,
  ): Promise<JobJournal> {
    const journal = new JobJournal(bus, job, cause.id, cause.lineage);
    if (!again) return journal;
    for await (const { message, seq } of bus.replay({ filter: subjects.job(job.id) })) {
      if (message.type === 'job.stepped') journal.#recorded.set(message.data.step.name, message.data.step);
      if ('job' in message.data) journal.#job = { ...message.data.job, agent: job.agent };
      journal.#seq = seq;
    }
    return journal;
  }

  get job(): Job {
    return this.#job;
  }

  note(patch: Partial<Job>): void {
    this.#job = { ...this.#job, ...patch };
  }

  charge(usage: Usage | undefined): void {
    this.note({ spent: charged(this.#job.spent, usage) });
  }

  /** As TaskJournal.step; a job's steps are not bound to an attempt: what succeeded once is done. */
  async step<T>(name: string, run: () => Promise<Outcome<T>>): Promise<T> {
    const known = this.#recorded.get(name);
    if (known) return (await unpacked(this.#bus, known)) as T;
    const outcome = await run();
    this.charge(outcome.usage);
    const step = await packed(this.#bus, name, this.#job.agent, outcome);
    await this.#write('job.stepped', name, { job: this.#job, step });
    this.#recorded.set(name, step);
    return outcome.result;
  }

  /** Records a failed try: the next one may cost again. */
  async failed(patch: Partial<Job>): Promise<void> {
    this.note(patch);
    // Several tries of one attempt may fail: the place on the stream tells them apart.
    await this.#write('job.failed', `a${this.#job.attempt}.failed.${this.#seq}`, { job: this.#job });
  }

  /** Records the end; a job without any step leaves no trace, for there is nothing to resume. */
  async done(): Promise<void> {
    if (this.#seq === 0) return;
    this.note({ status: 'done' });
    await this.#write('job.done', 'done', { job: this.#job });
  }

  async #write<T extends 'job.stepped' | 'job.failed' | 'job.done'>(
    type: T,
    tag: string,
    data: Extract<Draft, { type: T }>['data'],
  ): Promise<void> {
    const draft = {
      id: `job.${this.#job.id}.${tag}`,
      type,
      source: this.#job.agent,
      data,
      correlationid: this.#lineage,
      causationid: this.#cause,
    } as Draft;
    this.#seq = await write(this.#bus, subjects.job(this.#job.id), draft, this.#seq);
  }
}
