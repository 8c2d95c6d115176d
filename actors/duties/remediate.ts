import type { Alert } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { isOpen } from '../board.ts';
import type { JobWork, StandingDuty } from '../duty.ts';
import { filedUnder, fileTasks, numbersFor } from '../file-tasks.ts';
import { unlearnFrom } from '../lessons.ts';
import { refusePlan, staffSection } from '../plan.ts';

async function run(work: JobWork): Promise<void> {
  if (work.message.type !== 'alert.raised') return;
  const alert = work.message.data;
  // Recorded, because this job's own tasks are open when it is resumed.
  const { busy } = await work.step('look', async () => ({ busy: filedUnder(work.board, alert.id).some(isOpen) }));
  if (busy) return;
  if (alert.commit !== undefined) await unlearnFrom(work, alert.commit, work.message.id);
  await work.publish<'brain.bug'>(subjects.brain('bug'), {
    id: `bug.${alert.id}.open`,
    type: 'brain.bug',
    data: { id: alert.id, title: `${alert.check}: ${alert.detail}`, status: 'open' },
  });
  const filing = { prefix: alert.id, product: alert.product };
  const { answer, concluded } = await work.conclude(
    'remediate',
    [alertSection(alert), staffSection(work.org)],
    ({ tasks }) => numbersFor(work, tasks, filing),
    (plan) => refusePlan(plan, work.org),
  );
  await fileTasks(work, answer.tasks, filing, concluded);
}

function alertSection({ id, product, severity, check, detail, commit }: Alert) {
  const text = [
    `${severity}: check "${check}" of ${product} fails${commit === undefined ? '' : ` at ${commit.slice(0, 7)}`}.`,
    detail,
    'Plan the tasks that repair it, and the deployment of the repair.',
  ].join('\n');
  return { name: `Alert ${id}`, text };
}

/** Alerts become tasks that repair what is broken. */
export const remediate: StandingDuty = {
  kind: 'standing',
  thinks: true,
  name: 'remediate',
  filters: [subjects.alerts],
  types: ['alert.raised'],
  wants: (_, message) => message.type === 'alert.raised',
  run,
};
