// Subject filters compiled once, for the places that ask about every message. Same answers as `matches` in subjects.ts.

import { matches } from './subjects.ts';

/** Says whether a subject matches any of the filters. */
export type Filter = (subject: string) => boolean;

function compileOne(filter: string): Filter {
  if (filter === '>') return (subject) => subject.length > 0;
  const rest = filter.endsWith('.>');
  const prefix = rest ? filter.slice(0, -1) : filter;
  if (prefix.includes('*') || prefix.includes('>')) return wildcards(filter);
  if (rest) return (subject) => subject.length > prefix.length && subject.startsWith(prefix);
  return (subject) => subject === filter;
}

function wildcards(filter: string): Filter {
  const tokens = filter.split('.').map((token, index, all) => {
    if (token === '*') return '[^.]*';
    if (token === '>' && index === all.length - 1) return '.*';
    return token.replace(/[^\w-]/g, '\\$&');
  });
  const pattern = new RegExp(`^${tokens.join('\\.')}$`);
  return (subject) => pattern.test(subject);
}

/** Compiles filters with NATS wildcards (`*` one token, `>` the rest). */
export function compileFilters(filters: readonly string[]): Filter {
  const [first, ...others] = filters.map(compileOne);
  if (!first) return () => false;
  if (others.length === 0) return first;
  const all = [first, ...others];
  return (subject) => all.some((matching) => matching(subject));
}

/** True for a subject without wildcards. */
export function isExact(filter: string): boolean {
  return !/(^|\.)[*>](\.|$)/.test(filter);
}

function covers(wide: string, narrow: string): boolean {
  return wide !== narrow && matches(wide, narrow) && (!narrow.endsWith('>') || wide.endsWith('>'));
}

/** The same filters without repetitions and without those another one covers: JetStream refuses overlapping filters. */
export function withoutCovered(filters: readonly string[]): string[] {
  const distinct = [...new Set(filters)];
  return distinct.filter((filter) => !distinct.some((other) => covers(other, filter)));
}
