// What a worker is told of work that it goes on with.

import type { Section } from '../../brain/brief.ts';
import type { Task } from '../../bus/records.ts';

const bullets = (title: string, lines: readonly string[]) =>
  lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `- ${line}`)];

/** Empty for a task that starts from nothing. A worker's words are a claim, and are said to be one. */
export function continuedSections({ id, continues }: Task): readonly Section[] {
  if (!continues) return [];
  const { task, report, tests } = continues;
  const who = task === id ? 'An earlier attempt' : task;
  const lines = [
    `${who} has done a part of this, and its files are what you start from. It says: ${report.summary}`,
    ...(report.nextStep === undefined ? [] : [`Go on with: ${report.nextStep}`]),
    ...bullets('Done', report.done),
    ...bullets('Decided', report.decisions),
    ...bullets('Risks', report.risks),
    ...bullets('Tried in vain, do not repeat', report.attempted),
    `The tests on those files, as the harness ran them: ${tests}`,
  ];
  return [{ name: 'Work that you go on with', text: lines.join('\n'), budget: 6_000 }];
}
