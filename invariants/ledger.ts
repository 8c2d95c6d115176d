// What the auditor knows of the stream so far: its own fold, apart from the board of a running company, so that a fault in
// one is not a fault in both. Indexes only: no message is looked at twice.

import type { Foreign, Stored } from '../bus/bus.ts';
import { type DataOf, isTaskMessage, type Message, type TaskMessage } from '../bus/messages.ts';
import type { Approval, Job, Pull, Task } from '../bus/records.ts';
import type { Foldable } from './fold.ts';
import { MoneyLedger, micro } from './money-ledger.ts';

/** Something as its last message told it. */
export type Told<T> = { readonly is: T; readonly seq: number; readonly at: number; readonly id: string };

export type TaskTold = Told<Task> & { readonly type: TaskMessage['type'] };

type Mark = { readonly seq: number; readonly at: number };

export type Request = Mark & {
  readonly id: string;
  readonly kind: 'knowledge' | 'hr';
  readonly task: string | undefined;
};

/** A task with its parts: what they have used together. */
export type Lineage = { attempts: number; readonly members: Set<string> };

/** A recorded step that cost something: its question, and its cost in millionths of a dollar. */
export type PaidStep = {
  readonly question: string;
  readonly cost: number;
  readonly seq: number;
  readonly subject: string;
};

export class Ledger {
  seq = 0;
  at = 0;
  /** Of every message that another one can name as its cause or as evidence. */
  readonly ids = new Set<string>();
  readonly tasks = new Map<string, TaskTold>();
  /** Natural key -> id. */
  readonly keys = new Map<string, string>();
  /** Ids of tasks that have not ended. */
  readonly open = new Set<string>();
  readonly lineages = new Map<string, Lineage>();
  readonly money = new MoneyLedger();
  readonly paid: PaidStep[] = [];
  readonly jobs = new Map<string, Told<Job>>();
  readonly pulls = new Map<number, Told<Pull>>();
  readonly approvals = new Map<string, Told<Approval>>();
  readonly directives = new Map<string, Told<DataOf<'directive.issued'>>>();
  readonly alerts = new Map<string, DataOf<'alert.raised'>>();
  readonly agents = new Map<string, DataOf<'agent.changed'>>();
  readonly backlogs = new Map<string, Told<DataOf<'backlog.given'>>>();
  /** The last assignment of each task. */
  readonly assigned = new Map<string, Mark>();
  readonly requests = new Map<string, Request>();
  /** The last request to staff a task. */
  readonly staffing = new Map<string, Request>();
  /** Requests that were answered. */
  readonly answers = new Map<string, Mark>();
  /** The last question to a person about each task. */
  readonly questions = new Map<string, string>();
  readonly reported = new Set<string>();
  readonly remembered = new Set<string>();
  /** Sequences that were given up on. */
  readonly dead = new Set<number>();
  /** Directives that have tasks. */
  readonly planned = new Set<string>();
  /** Subjects whose last message cannot be read. */
  readonly unreadable = new Set<string>();
  /** The highest incarnation of each process. */
  readonly processes = new Map<string, number>();
  /** How many times as fast as the wall the fastest of them has run. */
  speed = 1;
  /** What the company says of itself, and since when. */
  company: { readonly state: DataOf<'control.changed'>['state']; readonly at: number } | undefined;
  /** When it took work last: since when, and until when if it does not any more. */
  ran: { readonly from: number; readonly until: number | undefined } | undefined;

  skip({ seq, subject }: Foreign): void {
    this.seq = seq;
    this.unreadable.add(subject);
  }

  fold({ seq, subject, message }: Stored, at: number): void {
    this.seq = seq;
    if (this.unreadable.size > 0) this.unreadable.delete(subject);
    this.at = Math.max(this.at, at);
    if (message.type !== 'agent.changed') this.ids.add(message.id);
    this.#paid({ seq, subject, message });
    if (message.type.startsWith('money.')) this.money.fold(message);
    else if (isTaskMessage(message)) this.#task(message, seq, at);
    else this.#thing(message, seq, at);
  }

  /** The part that a live state has, too. */
  foldable(): Foldable {
    const now = <K, T>(told: ReadonlyMap<K, Told<T>>) => new Map([...told].map(([key, { is }]) => [key, is]));
    const { tasks, pulls, approvals, directives, alerts, agents, seq } = this;
    return {
      tasks: now(tasks),
      pulls: now(pulls),
      approvals: now(approvals),
      directives: now(directives),
      alerts,
      agents,
      seq,
    };
  }

  #paid({ seq, subject, message }: Stored): void {
    if (message.type !== 'task.stepped' && message.type !== 'job.stepped') return;
    const { step } = message.data;
    if (step.usage === undefined || step.usage.cost === 0) return;
    // Steps of a job are not named after its attempt.
    const work = 'task' in message.data ? message.data.task.key : `${message.data.job.id}.a${message.data.job.attempt}`;
    this.paid.push({ question: `${work}.${step.name}`, cost: micro(step.usage.cost), seq, subject });
  }

  #task(message: TaskMessage, seq: number, at: number): void {
    const { task } = message.data;
    const before = this.tasks.get(task.id)?.is;
    this.tasks.set(task.id, { is: task, seq, at, id: message.id, type: message.type });
    if (hasEnded(task)) this.open.delete(task.id);
    else this.open.add(task.id);
    if (!before) {
      if (!this.keys.has(task.key)) this.keys.set(task.key, task.id);
      if (task.directive !== undefined) this.planned.add(task.directive);
    }
    const lineage = this.lineages.get(task.lineage) ?? { attempts: 0, members: new Set() };
    this.lineages.set(task.lineage, lineage);
    lineage.members.add(task.id);
    lineage.attempts += task.attempt - (before?.attempt ?? 0);
  }

  #thing(message: Exclude<Message, TaskMessage>, seq: number, at: number): void {
    const { id } = message;
    switch (message.type) {
      case 'job.started':
      case 'job.stepped':
      case 'job.failed':
      case 'job.done':
        this.jobs.set(message.data.job.id, { is: message.data.job, seq, at, id });
        return;
      case 'pull.opened':
      case 'pull.checked':
      case 'pull.reviewed':
      case 'pull.merged':
      case 'pull.closed':
        this.pulls.set(message.data.number, { is: message.data, seq, at, id });
        return;
      case 'approval.asked':
      case 'approval.answered':
      case 'approval.expired':
      case 'approval.withdrawn':
        this.approvals.set(message.data.id, { is: message.data, seq, at, id });
        if (message.data.task !== undefined) this.questions.set(message.data.task, message.data.id);
        return;
      case 'directive.issued':
        this.directives.set(message.data.id, { is: message.data, seq, at, id });
        return;
      case 'backlog.given':
        this.backlogs.set(message.data.id, { is: message.data, seq, at, id });
        return;
      case 'alert.raised':
        this.alerts.set(message.data.id, message.data);
        return;
      case 'agent.changed':
        this.agents.set(message.data.agent, message.data);
        return;
      case 'agent.remembered':
        this.remembered.add(message.data.task);
        return;
      default:
        this.#talk(message, seq, at);
    }
  }

  #talk(message: Message, seq: number, at: number): void {
    switch (message.type) {
      case 'assignment.given':
        this.assigned.set(message.data.task, { seq, at });
        return;
      case 'knowledge.requested':
        this.requests.set(message.data.id, {
          seq,
          at,
          id: message.data.id,
          kind: 'knowledge',
          task: message.data.task,
        });
        return;
      case 'hr.requested': {
        const request = { seq, at, id: message.data.id, kind: 'hr', task: message.data.task } as const;
        this.requests.set(request.id, request);
        if (request.task !== undefined) this.staffing.set(request.task, request);
        return;
      }
      case 'request.answered':
        this.answers.set(message.data.id, { seq, at });
        return;
      case 'report.filed':
        if (message.data.kind === 'task' && message.data.status === 'done' && message.data.task !== undefined) {
          this.reported.add(message.data.task);
        }
        return;
      case 'dead.lettered':
        this.dead.add(message.data.seq);
        return;
      case 'process.started':
        this.processes.set(message.data.name, message.data.incarnation);
        this.speed = Math.max(this.speed, message.data.speed ?? 1);
        return;
      case 'control.changed':
        if (message.data.scope === 'company') this.#company(message.data.state, at);
        return;
    }
  }

  #company(state: DataOf<'control.changed'>['state'], at: number): void {
    this.company = { state, at };
    if (state === 'running') this.ran = { from: at, until: undefined };
    // One that starts while it ran was killed: nobody knows since when it stands still.
    else if (state === 'starting') this.ran = undefined;
    else if (this.ran && this.ran.until === undefined) this.ran = { ...this.ran, until: at };
  }
}

/** True for a task that nothing happens to any more. */
export function hasEnded(task: Task): boolean {
  return task.status === 'done' || task.status === 'abandoned';
}
