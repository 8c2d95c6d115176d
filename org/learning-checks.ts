// Of what a company file says about learning: can anybody rise or fall so, and is every milestone something that can be
// reached?

import type { OrgDocument } from './document.ts';
import { standingOf } from './learning.ts';
import { knownMilestone, parseCondition } from './milestones.ts';
import { type Keys, type Problem, quote } from './problems.ts';
import type { OrgFile } from './schema.ts';

/** A sample under this is no reason to bench anybody, whatever the file says. */
export const LEAST_TO_BENCH = 3;

/** Thresholds in the right order, and enough tasks before anybody is benched. */
export function checkStanding({ standing }: OrgFile, document: OrgDocument): Problem[] {
  if (standing === undefined) return [];
  const policy = standingOf(standing);
  const { trusted, lead, probation, benched, window } = policy;
  const problems: Problem[] = [];
  const complain = (keys: Keys, message: string) => {
    // The line that was written, not the default it clashes with.
    const [name, field] = keys;
    const part = standing[name as 'lead' | 'trusted' | 'probation' | 'benched'];
    const written = part !== undefined && Object.hasOwn(part, field ?? '');
    problems.push(document.problem(['standing', ...(written ? keys : [])], message, written ? 'value' : 'key'));
  };
  if (lead.from < trusted.from) {
    complain(['lead', 'from'], `a lead needs ${lead.from} points, less than the ${trusted.from} of somebody trusted`);
  }
  if (probation.below > trusted.from) {
    const message = `under ${probation.below} is probation, and from ${trusted.from} trusted: the two overlap`;
    complain(['probation', 'below'], message);
  }
  if (benched.below > probation.below) {
    const message = `under ${benched.below} is benched, and under ${probation.below} probation: nobody would be warned`;
    complain(['benched', 'below'], message);
  }
  if (benched.tasks < LEAST_TO_BENCH) {
    complain(['benched', 'tasks'], `${benched.tasks} is too few to bench anybody; at least ${LEAST_TO_BENCH}`);
  }
  for (const name of ['trusted', 'lead', 'probation', 'benched'] as const) {
    const { tasks } = policy[name];
    if (tasks > window) complain([name, 'tasks'], `${tasks} tasks never count: the window is ${window}`);
  }
  return problems;
}

/** Every milestone once, known or with a condition that can be read. */
export function checkMilestones({ milestones = [] }: OrgFile, document: OrgDocument): Problem[] {
  const names = milestones.map((one) => (typeof one === 'string' ? one : one.name));
  return milestones.flatMap((one, index) => {
    const name = names[index] ?? '';
    const at: Keys = typeof one === 'string' ? ['milestones', index] : ['milestones', index, 'name'];
    if (names.indexOf(name) < index) return [document.problem(at, `${quote(name)} is listed twice`)];
    if (typeof one === 'string') {
      const found = knownMilestone(one);
      return 'problem' in found ? [document.problem(at, found.problem)] : [];
    }
    const when = parseCondition(one.when);
    return 'problem' in when ? [document.problem(['milestones', index, 'when'], when.problem)] : [];
  });
}
