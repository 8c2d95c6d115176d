// Which messages a reader asked for.

import type { Stored } from '../../bus/bus.ts';
import type { Message } from '../../bus/messages.ts';

export type Selection = {
  /** An agent (`backend-2`): what it said, and what was said about it. */
  readonly agent?: string | undefined;
  /** A task (`T12`): its own messages, and those of everything that names it. */
  readonly task?: string | undefined;
};

function concernsAgent(message: Message, agent: string): boolean {
  if (message.source === agent) return true;
  const { data } = message;
  if ('agent' in data && data.agent === agent) return true;
  if ('by' in data && data.by === agent) return true;
  if ('task' in data && typeof data.task === 'object') return data.task.agent === agent;
  return 'job' in data && data.job.agent === agent;
}

function concernsTask(message: Message, id: string): boolean {
  const { data } = message;
  if (!('task' in data) || data.task === undefined) return false;
  return (typeof data.task === 'string' ? data.task : data.task.id) === id;
}

/** True when a message is part of what was asked for. */
export function selects(selection: Selection, { message }: Stored): boolean {
  const { agent, task } = selection;
  return (agent === undefined || concernsAgent(message, agent)) && (task === undefined || concernsTask(message, task));
}
