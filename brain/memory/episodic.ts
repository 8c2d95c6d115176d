// Episodic memory: what each agent took up in its last 24 hours, folded from its own transitions on the stream.

import type { Message } from '../../bus/messages.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Lines kept for each agent, whatever the day was like. */
const KEPT = 50;

/** Transitions worth remembering: taking work up, planning, giving up. */
const remembered = ['working.briefing', 'decomposing.planning', 'escalated'];

export type Episodes = {
  told(message: Message): void;
  /** One line for each piece of work of the 24 hours before `now`, oldest first, at most `most`. */
  day(agent: string, now: number, most?: number): string[];
};

/** A live copy; feed it every `agent.*.state` message in order. */
export function createEpisodes(): Episodes {
  const events = new Map<string, { at: number; line: string }[]>();
  return {
    told(message) {
      if (message.type !== 'agent.changed') return;
      const { agent, state, task, attempt, reason, since } = message.data;
      if (task === undefined || !remembered.includes(state)) return;
      const list = events.get(agent) ?? [];
      const line = `${message.time.slice(11, 16)} ${state} ${task}, attempt ${attempt ?? 1}${reason ? `: ${reason}` : ''}`;
      list.push({ at: since, line });
      if (list.length > KEPT) list.shift();
      events.set(agent, list);
    },
    day(agent, now, most = 20) {
      const list = events.get(agent) ?? [];
      return list
        .filter((event) => event.at >= now - DAY_MS)
        .slice(-most)
        .map((event) => event.line);
    },
  };
}
