// A contract that was copied instead of filled in. What a template says in the place of an answer is no answer: repeated as
// one, it would be believed by whoever goes on with the work.

import { z } from 'zod';
import { WorkReport } from '../bus/records.ts';

/** Words that stand for something that was not said. */
const PLACEHOLDER =
  /^[\s"'`([]*(?:<[^<>]*>|\{\{.*\}\}|\.{3}|…|todo|tbd|fixme|xxx|string|placeholder|lorem ipsum.*)[\s"'`)\].:]*$/i;

/** A text as it is compared: letters and digits only. */
const plain = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/** Everything that the contract itself says in words. */
const ownWords: ReadonlySet<string> = new Set(
  textsOf(z.toJSONSchema(WorkReport, { io: 'input' }))
    .filter((text) => /\s/.test(text))
    .map(plain),
);

/** Which field of a report is a placeholder or the contract's own text; undefined when none is. */
export function echoIn(report: WorkReport): string | undefined {
  const { status: _, blocker: __, ...said } = report;
  for (const [field, value] of Object.entries(said)) {
    for (const text of textsOf(value)) {
      if (!PLACEHOLDER.test(text) && !ownWords.has(plain(text))) continue;
      return `the report says nothing in ${field}: ${JSON.stringify(text.slice(0, 60))} is a placeholder`;
    }
  }
  return undefined;
}
