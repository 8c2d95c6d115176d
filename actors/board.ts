// The board: every task, agent, pull request and question as the stream last told it. A projection: it decides nothing, and
// what must be right at once is read with `bus.last` instead. Besides, it gives out numbers, each once.

import type { Foreign } from '../bus/bus.ts';
import { remember } from '../bus/memories.ts';
import type { DataOf } from '../bus/messages.ts';
import { isTaskMessage, type Message } from '../bus/messages.ts';
import type { Approval, Pull, Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { createLearned, type Learned } from './learned.ts';
import type { Memory } from './memory.ts';
import { createBooks, type LiveBooks } from './money/books.ts';
import { createStandings, type LiveStandings } from './standings.ts';
import { LiveTally, type Tally } from './tally.ts';
import { createTrackRecord, type TrackRecord } from './track-record.ts';

export type BoardState = {
  readonly tasks: ReadonlyMap<string, Task>;
  readonly agents: ReadonlyMap<string, DataOf<'agent.changed'>>;
  readonly pulls: ReadonlyMap<number, Pull>;
  readonly approvals: ReadonlyMap<string, Approval>;
  readonly directives: ReadonlyMap<string, DataOf<'directive.issued'>>;
  /** Those that nobody has summed up, and what the others came to. */
  readonly unsummed: ReadonlyMap<string, DataOf<'directive.issued'>>;
  readonly summed: ReadonlyMap<string, DataOf<'brain.directive'>>;
  readonly alerts: ReadonlyMap<string, DataOf<'alert.raised'>>;
  /** By agent, with the sequence that a next write must have seen. */
  readonly memories: ReadonlyMap<string, Memory>;
  /** The last sequence folded in. */
  seq: number;
};

const statuses = ['blocked', 'ready', 'working', 'retrying', 'waiting', 'escalated'];

/** A task that still has to end. */
export function isOpen(task: Task): boolean {
  return statuses.includes(task.status);
}

export interface Board {
  readonly state: BoardState;
  readonly learned: Learned;
  task(id: string): Task | undefined;
  /** Tasks whose last message does not parse, by their ids, with where it is and why. */
  readonly unreadable: ReadonlyMap<string, Foreign>;
  /** The last message on a task's subject, as far as the board has heard. */
  lastOf(id: string): { readonly seq: number; readonly id: string } | undefined;
  /** True for an open task with a recorded step. */
  hasSteps(id: string): boolean;
  /** The task with this natural key. */
  byKey(key: string): Task | undefined;
  tasks(): Task[];
  open(): Task[];
  /** Tasks of a directive, in the order they were created. */
  under(directive: string): Task[];
  /** How many of them still have to end. */
  openUnder(directive: string): number;
  /** What was spent and is set aside. */
  readonly books: LiveBooks;
  /** How the providers of models stand. */
  readonly standings: LiveStandings;
  /** What is counted of all tasks. */
  readonly tally: Tally;
  /** How work went with each model. */
  readonly record: TrackRecord;
  /** Calls `look` after each message that is folded in. Returns a function that ends it. */
  watch(look: () => void): () => void;
  /**
   * A number that no id that starts so has, as far as the board has heard: 8 for `T` when there is a T7. Each is given once, so two
   * that plan in one process at the same time do not take the same.
   */
  nextNumber(stem: string): number;
}

/** The folding side of the board. */
export interface LiveBoard extends Board {
  /** Told of a message that does not parse. */
  foreign(foreign: Foreign): void;
  told(message: Message, seq: number): void;
}

export function createBoard(): LiveBoard {
  const tasks = new Map<string, Task>();
  const keys = new Map<string, string>();
  const lasts = new Map<string, { seq: number; id: string }>();
  const agents = new Map<string, DataOf<'agent.changed'>>();
  const pulls = new Map<number, Pull>();
  const approvals = new Map<string, Approval>();
  const directives = new Map<string, DataOf<'directive.issued'>>();
  const unsummed = new Map<string, DataOf<'directive.issued'>>();
  const summed = new Map<string, DataOf<'brain.directive'>>();
  const alerts = new Map<string, DataOf<'alert.raised'>>();
  const memories = new Map<string, Memory>();
  const learned = createLearned();
  const unreadable = new Map<string, Foreign>();
  const unended = new Set<string>();
  const stepped = new Set<string>();
  const books = createBooks();
  const standings = createStandings();
  const record = createTrackRecord();
  const tally = new LiveTally();
  const watchers = new Set<() => void>();
  const numbers = new Map<string, number>();
  const families = new Map<string, { ids: Set<string>; open: number }>();
  // Updated in place: a copy per message would make a company of 10,000 tasks quadratic.
  const state: BoardState = { tasks, agents, pulls, approvals, directives, unsummed, summed, alerts, memories, seq: 0 };

  function foldTask(task: Task): void {
    const before = tasks.get(task.id);
    tasks.set(task.id, task);
    tally.told(task, before);
    if (isOpen(task)) unended.add(task.id);
    else unended.delete(task.id);
    if (!before) {
      keys.set(task.key, task.id);
      const [, stem = '', digits = ''] = /^(.*?)(\d+)$/.exec(task.id) ?? [];
      numbers.set(stem, Math.max(numbers.get(stem) ?? 0, Number(digits)));
    }
    if (task.directive === undefined) return;
    const family = families.get(task.directive) ?? { ids: new Set(), open: 0 };
    families.set(task.directive, family);
    family.ids.add(task.id);
    family.open += Number(isOpen(task)) - Number(before !== undefined && isOpen(before));
  }

  function fold(message: Message, seq: number): void {
    learned.told(message, seq);
    if (isTaskMessage(message)) {
      foldTask(message.data.task);
      record.told(message);
      if (message.type === 'task.stepped') stepped.add(message.data.task.id);
      else if (!isOpen(message.data.task)) stepped.delete(message.data.task.id);
      lasts.set(message.data.task.id, { seq, id: message.id });
      if (unreadable.size > 0) unreadable.delete(message.data.task.id);
      return;
    }
    switch (message.type) {
      case 'agent.remembered':
        memories.set(message.data.agent, {
          memory: remember(memories.get(message.data.agent)?.memory, message.data),
          seq,
        });
        return;
      case 'agent.changed':
        agents.set(message.data.agent, message.data);
        return;
      case 'pull.opened':
      case 'pull.checked':
      case 'pull.reviewed':
      case 'pull.merged':
      case 'pull.closed':
        pulls.set(message.data.number, message.data);
        return;
      case 'approval.asked':
      case 'approval.answered':
      case 'approval.expired':
      case 'approval.withdrawn':
        approvals.set(message.data.id, message.data);
        return;
      case 'directive.issued':
        directives.set(message.data.id, message.data);
        unsummed.set(message.data.id, message.data);
        return;
      case 'brain.directive':
        unsummed.delete(message.data.id);
        summed.set(message.data.id, message.data);
        return;
      case 'alert.raised':
        alerts.set(message.data.id, message.data);
        return;
    }
  }

  const known = (ids: Iterable<string>): Task[] =>
    [...ids].map((id) => tasks.get(id)).filter((task) => task !== undefined);

  return {
    state,
    learned,
    unreadable,
    books,
    standings,
    record,
    tally,
    watch(look) {
      watchers.add(look);
      return () => watchers.delete(look);
    },
    foreign(foreign) {
      if (foreign.subject === subjects.money) books.foreign(foreign.seq, foreign.reason);
      const [, id] = /^task\.([^.]+)$/.exec(foreign.subject) ?? [];
      if (id !== undefined) unreadable.set(id, foreign);
    },
    task: (id) => tasks.get(id),
    lastOf: (id) => lasts.get(id),
    hasSteps: (id) => stepped.has(id),
    byKey: (key) => tasks.get(keys.get(key) ?? ''),
    tasks: () => [...tasks.values()],
    open: () => known(unended),
    under: (directive) => known(families.get(directive)?.ids ?? []),
    nextNumber(stem) {
      const next = (numbers.get(stem) ?? 0) + 1;
      numbers.set(stem, next);
      return next;
    },
    openUnder: (directive) => families.get(directive)?.open ?? 0,
    told(message, seq) {
      if (message.type.startsWith('money.')) books.told(message, seq);
      else if (message.type === 'provider.changed') standings.told(message, seq);
      else fold(message, seq);
      state.seq = seq;
      for (const look of watchers) look();
    },
  };
}
