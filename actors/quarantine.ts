// A task whose last message this version cannot read. It is left as it is, since another process may well read it; a person
// is asked, and what they say is done only while the record is still the one they were asked about.

import type { Bus } from '../bus/bus.ts';
import { ForeignMessage, StaleWrite } from '../bus/errors.ts';
import { isTaskMessage } from '../bus/messages.ts';
import { Task } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';
import { type Org, roleOf } from '../org/org.ts';
import { ANSWER_MS } from './escalation.ts';
import { untouched } from './plan.ts';
import type { Ports } from './ports.ts';

type Asking = Pick<Ports, 'bus' | 'clock' | 'org' | 'board'>;

/** The last message of a task, when it cannot be read. Throws BusFailure. */
export async function unreadableTask(bus: Bus, id: string): Promise<ForeignMessage | undefined> {
  try {
    await bus.last(subjects.task(id));
    return undefined;
  } catch (error) {
    if (error instanceof ForeignMessage) return error;
    throw error;
  }
}

/** Asks a person about every task that the board could not read. Repeatable, and by any number of processes. */
export async function askAboutUnreadable(ports: Asking): Promise<void> {
  for (const id of ports.board.unreadable.keys()) await askAbout(ports, id);
}

/** Asks a person what becomes of a task, if it cannot be read and nobody has been asked about it. */
export async function askAbout(ports: Asking, id: string): Promise<void> {
  const { bus, board, clock, org } = ports;
  const foreign = await unreadableTask(bus, id);
  const stem = `Q-${id}-s`;
  const open = [...board.state.approvals.values()].some((one) => one.id.startsWith(stem) && one.status !== 'answered');
  if (!foreign || open) return;
  const base = await readableBefore(bus, foreign, org());
  const question = `${stem}${foreign.seq}`;
  const title = base === undefined ? '' : ` "${base.title}"`;
  const now = clock.now();
  try {
    await bus.publish<'approval.asked'>(
      subjects.approval(question),
      {
        id: `approval.${question}.asked`,
        type: 'approval.asked',
        source: 'supervisor',
        data: {
          id: question,
          question: `${id}${title} is in quarantine: this version cannot read its record (${foreign.reason}). What now?`,
          options: [
            base === undefined
              ? { key: 'keep', label: 'leave it to a version that can read it' }
              : { key: 'retry', label: `start it again from its briefing, as sequence ${foreign.seq - 1} knew it` },
            { key: 'abandon', label: 'give it up' },
          ],
          askedBy: 'supervisor',
          task: id,
          blocks: [id, ...(base?.dependents ?? [])],
          status: 'open',
          askedAt: now,
          deadline: now + ANSWER_MS,
        },
      },
      { expectedLastSeq: 0 },
    );
  } catch (error) {
    if (!(error instanceof StaleWrite)) throw error;
  }
}

/** The task as it was last readable; else what can be read of the message itself. Undefined when that is too little. */
export async function readableBefore(bus: Bus, foreign: ForeignMessage, org: Org): Promise<Task | undefined> {
  let last: Task | undefined;
  const range = { filter: foreign.subject, untilSeq: foreign.seq, foreign: () => {} };
  for await (const { message } of bus.replay(range)) if (isTaskMessage(message)) last = message.data.task;
  return last ?? salvaged(foreign, org);
}

/** A task from those fields of an unreadable record that still are what they should be. Pure. */
export function salvaged({ text, subject }: Pick<ForeignMessage, 'text' | 'subject'>, org: Org): Task | undefined {
  const id = subject.split('.')[1] ?? '';
  const record = recordIn(text);
  const kept: Record<string, unknown> = {};
  for (const [field, schema] of Object.entries(Task.shape)) {
    const read = schema.safeParse(record[field]);
    if (read.success && read.data !== undefined) kept[field] = read.data;
  }
  const whole = Task.safeParse({
    key: `salvaged.${id}`,
    title: id,
    description: '',
    acceptance: [],
    estimateMs: 30 * 60_000,
    priority: 'normal',
    lineage: id,
    depth: 0,
    dependsOn: [],
    dependents: [],
    children: [],
    deadline: 0,
    createdAt: 0,
    ...untouched(),
    ...kept,
    id,
    rung: 1,
    status: 'escalated',
    phase: 'briefing',
  });
  return whole.success && roleOf(org, whole.data.role) ? whole.data : undefined;
}

function recordIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const message: unknown = JSON.parse(text);
    const data = fieldOf(message, 'data');
    const task = fieldOf(data, 'task');
    return typeof task === 'object' && task !== null ? { ...task } : {};
  } catch {
    return {};
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : null;
}
