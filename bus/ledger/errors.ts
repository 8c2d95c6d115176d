// What a ledger finds wrong with a stream, in words.

import { HeadcountError } from '../errors.ts';

export type Damage = {
  /** gone: no stream at all. short: it ends early. holes: messages are missing in it. changed: others are in their place. */
  readonly kind: 'gone' | 'short' | 'holes' | 'changed';
  /** The first sequence that is not what it was, */
  readonly firstBad: number;
  /** or one up to this. */
  readonly firstBadBy: number;
  /** How many messages are no longer there, as far as can be counted. */
  readonly missing: number;
  /** The last sequence that the stream was seen to hold. */
  readonly mark: number;
  /** The last one it holds now. */
  readonly lastSeq: number;
  /** Tasks that were written about from the first bad sequence on. */
  readonly tasks: readonly string[];
};

/** The stream is not what this company saw: nothing is written to it. Exit code 5. */
export class StreamDamaged extends HeadcountError {
  override readonly name = 'StreamDamaged';
  readonly company: string;
  readonly damage: Damage;

  constructor(company: string, damage: Damage) {
    super(
      'STREAM_DAMAGED',
      `the stream of ${company} is not what it was: ${inWords(damage)}`,
      [
        `look at all of it: headcount verify --company ${company}`,
        'bring it back from a backup: headcount restore <file>',
        `or go on with what is left: headcount verify --accept --company ${company}`,
      ].join('\n'),
    );
    this.company = company;
    this.damage = damage;
  }
}

const SHOWN = 8;

/** One line: what is lost, from where, which tasks. */
export function inWords({ kind, firstBad, firstBadBy, missing, mark, lastSeq, tasks }: Damage): string {
  const where = firstBad === firstBadBy ? `sequence ${firstBad}` : `a sequence from ${firstBad} to ${firstBadBy}`;
  const more = tasks.length > SHOWN ? ` and ${tasks.length - SHOWN} more` : '';
  const about = tasks.length === 0 ? '' : `; tasks written about since: ${tasks.slice(0, SHOWN).join(', ')}${more}`;
  switch (kind) {
    case 'gone':
      return `it is gone, and held ${mark} messages${about}`;
    case 'short':
      return `it ends at sequence ${lastSeq} and held ${mark}; ${missing} messages are lost, the first is ${where}${about}`;
    case 'holes':
      return `${missing} messages are missing in it, the first is ${where}${about}`;
    case 'changed':
      return `it holds other messages than before, beginning with ${where}${about}`;
  }
}

/** What a stream that is gone has lost. */
export function goneWith(mark: number, tasks: readonly string[]): Damage {
  return { kind: 'gone', firstBad: 1, firstBadBy: 1, missing: mark, mark, lastSeq: 0, tasks };
}
