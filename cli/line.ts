// What a message comes to in words, before anything is cut or coloured.

import type { Tone } from './output.ts';

export type Line = {
  readonly who: string;
  /** The state change or the event, in at most 24 characters. */
  readonly what: string;
  readonly text: string;
  readonly tone: Tone;
  /** False for what only the log shows: steps, ticks, wakes that found nothing to do. */
  readonly news: boolean;
};

/** A line that only the log shows. */
export const quiet = (who: string, what: string, text: string): Line => ({ who, what, text, tone: 'dim', news: false });
/** A line of the timeline. */
export const news = (who: string, what: string, text: string, tone: Tone = 'plain'): Line => ({
  who,
  what,
  text,
  tone,
  news: true,
});

/** A commit as people say it. */
export const short = (commit: string | undefined) => (commit ?? '').slice(0, 7);
