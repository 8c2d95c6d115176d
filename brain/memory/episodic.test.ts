import { expect, it } from 'vitest';
import type { Message } from '../../bus/messages.ts';
import { createEpisodes } from './episodic.ts';

const HOUR = 3_600_000;

function told(at: number, state: string, task: string | undefined, agent = 'backend-1'): Message {
  const data = { agent, role: 'backend', state, event: 'X', since: at, task, attempt: 1 };
  return { type: 'agent.changed', time: new Date(at).toISOString(), data } as Message;
}

it("an agent remembers what it took up in the last 24 hours, and nobody else's work", () => {
  const episodes = createEpisodes();
  episodes.told(told(0, 'working.briefing', 'T1'));
  episodes.told(told(20 * HOUR, 'working.briefing', 'T2'));
  episodes.told(told(21 * HOUR, 'working.executing', 'T2'));
  episodes.told(told(22 * HOUR, 'escalated', 'T2'));
  episodes.told(told(23 * HOUR, 'working.briefing', 'T3', 'backend-2'));
  expect(episodes.day('backend-1', 30 * HOUR)).toEqual([
    '20:00 working.briefing T2, attempt 1',
    '22:00 escalated T2, attempt 1',
  ]);
});

it('a busy day is told from its end', () => {
  const episodes = createEpisodes();
  for (let n = 1; n <= 60; n += 1) episodes.told(told(n * 60_000, 'working.briefing', `T${n}`));
  const day = episodes.day('backend-1', HOUR, 3);
  expect(day.map((line) => line.split(' ')[2])).toEqual(['T58,', 'T59,', 'T60,']);
});
