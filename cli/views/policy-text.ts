// A trial of a policy as a table.

import type { Standing } from '../../bus/learned.ts';
import { pad } from '../../org/width.ts';
import { money, plural } from '../format.ts';
import { clean, cut, type Paint } from '../output.ts';
import type { Trial } from './policy-trial.ts';

const line = (what: string, before: string | number, after: string | number) =>
  `${pad(what, 22)}${pad(String(before), 14)}${after}`;

function standingLines(title: string, changes: readonly Standing[], paint: Paint, width: number): string[] {
  return changes.map(({ agent, before, standing, why }) =>
    paint(cut(`  ${title}  ${clean(agent)}: ${before} -> ${standing}, ${clean(why)}`, width), 'dim'),
  );
}

/** Lines of at most `width` columns. */
export function renderTrial(trial: Trial, paint: Paint, width: number): string[] {
  const { scored, bands, standings, assignments, escalations, triedAgain, cost } = trial;
  const demoted = (changes: readonly Standing[]) => changes.filter(({ standing }) => standing === 'benched').length;
  return [
    paint(line(plural(scored, 'scored task'), 'as it was', 'with it'), 'strong'),
    line('bands', '', `${plural(bands.length, 'task')} in another one`),
    ...bands.map(({ task, before, after }) =>
      paint(
        cut(`  ${task}  ${before.score} ${clean(before.band)} -> ${after.score} ${clean(after.band)}`, width),
        'dim',
      ),
    ),
    line('changes of standing', standings.before.length, standings.after.length),
    line('benched', demoted(standings.before), demoted(standings.after)),
    ...standingLines('as it was', standings.before, paint, width),
    ...standingLines('with it  ', standings.after, paint, width),
    line('assignments', '', `${plural(assignments.length, 'attempt')} would go to somebody else`),
    ...assignments.map(({ task, attempt, agent }) =>
      paint(cut(`  ${task}  attempt ${attempt}, not ${clean(agent)}`, width), 'dim'),
    ),
    line('escalations', '', `${escalations.length} earlier, ${triedAgain.length} tried again first`),
    ...escalations.map(({ task, attempt, saved }) =>
      paint(cut(`  ${task}  after attempt ${attempt}, ${money(saved)} not spent`, width), 'dim'),
    ),
    ...triedAgain.map((task) =>
      paint(cut(`  ${task}  tried again: what that costs and brings is unknown`, width), 'dim'),
    ),
    line('cost of steps', money(cost.recorded), money(cost.recorded - cost.saved)),
  ].map((text) => text.trimEnd());
}
