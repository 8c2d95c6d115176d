// What a row of simulated runs came to, for people and for machines that read JUnit.

import type { Summary } from '../../simulator/summary.ts';
import { count, duration, plural } from '../format.ts';
import { clean, flowed, type Paint } from '../output.ts';

/** A failing seed and how to see it again. */
export type FoundSeed = {
  readonly seed: number;
  readonly reproduce: string;
  /** The shortest scenario that still fails; undefined when none was written. */
  readonly scenario: string | undefined;
  readonly strikes: number;
};

/** What the runs came to, and how many were asked for: fewer ran when it was interrupted. */
export type SimResult = Summary & {
  readonly asked: number;
  readonly found: readonly FoundSeed[];
  readonly wallMs: number;
};

type Page = { readonly paint: Paint; readonly width: number };

const interruptedAfter = ({ runs, asked }: SimResult): string | undefined =>
  runs < asked ? `interrupted after ${count(runs)} of ${plural(asked, 'run')}` : undefined;

export function simLines(result: SimResult, { paint, width }: Page): readonly string[] {
  const { runs, virtualMs, messages, struck, failed, coverage, found, wallMs } = result;
  const lines = [
    `${plural(runs, 'run')}   ${duration(virtualMs)} simulated in ${duration(wallMs)}   ${plural(messages, 'message')}`,
  ];
  const faults = Object.entries(struck).map(([fault, times]) => `${fault} ${count(times)}`);
  lines.push(...flowed('faults      ', faults.length === 0 ? ['none'] : faults, width));
  lines.push(...coverageLines(coverage, { paint, width }));
  lines.push(
    failed.length === 0
      ? paint('violations  none', 'good')
      : paint(`violations  in ${plural(failed.length, 'run')}`, 'bad'),
  );
  const cut = interruptedAfter(result);
  if (cut !== undefined) lines.push(paint(cut, 'bad'));
  for (const { seed, violations } of failed) {
    for (const { invariant, seq, subject, detail } of violations.slice(0, 3)) {
      lines.push(`  seed ${seed}   ${invariant} at ${seq} on ${clean(subject)}: ${clean(detail)}`);
    }
    const seen = found.find((one) => one.seed === seed);
    if (!seen) continue;
    lines.push(`    reproduce: ${paint(seen.reproduce, 'command')}`);
    if (seen.scenario !== undefined) {
      const shortest = paint(`headcount sim ${seen.scenario}`, 'command');
      lines.push(`    shortest:  ${shortest}   (${plural(seen.strikes, 'fault')})`);
    }
  }
  return lines;
}

/** A row for each chart; the states that no run was in by name, the ways between them by number. */
function coverageLines(coverage: Summary['coverage'], { paint, width }: Page): readonly string[] {
  const lines: string[] = [];
  for (const { chart, states, ways } of coverage) {
    const label = lines.length === 0 ? 'charts      ' : '            ';
    lines.push(
      `${label}${chart.padEnd(10)}${states.taken} of ${states.of} states, ${ways.taken} of ${ways.of} transitions`,
    );
    if (states.never.length === 0) continue;
    lines.push(...flowed(`${' '.repeat(22)}never `, states.never, width).map((line) => paint(line, 'dim')));
  }
  return lines;
}

function xml(text: string): string {
  return clean(text).replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** JUnit XML: one test case a run that failed, one for all that passed, and one that fails when it was interrupted. */
export function simJunit(name: string, result: SimResult): string {
  const { runs, failed, found, wallMs } = result;
  const cut = interruptedAfter(result);
  const cases = failed.map(({ seed, violations }) => {
    const said = violations.map(
      ({ invariant, seq, subject, detail }) => `${invariant} at ${seq} on ${subject}: ${detail}`,
    );
    const again = found.find((one) => one.seed === seed)?.reproduce ?? '';
    return `  <testcase classname="${xml(name)}" name="seed ${seed}"><failure message="${xml(said[0] ?? '')}">${[...said, again].map(xml).join('\n')}</failure></testcase>`;
  });
  if (cut !== undefined) {
    cases.push(`  <testcase classname="${xml(name)}" name="every run"><failure message="${xml(cut)}"/></testcase>`);
  }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="headcount sim ${xml(name)}" tests="${cases.length + 1}" failures="${cases.length}" time="${(wallMs / 1000).toFixed(3)}">`,
    `  <testcase classname="${xml(name)}" name="${plural(runs - failed.length, 'run')} without violation"/>`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}
