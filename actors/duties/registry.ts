import type { Duty, TaskDuty } from '../duty.ts';
import { account } from './account.ts';
import { advise } from './advise.ts';
import { answer } from './answer.ts';
import { assure } from './assure.ts';
import { decompose } from './decompose.ts';
import { digest } from './digest.ts';
import { operate } from './operate.ts';
import { remediate } from './remediate.ts';
import { review } from './review.ts';
import { staff } from './staff.ts';
import { strategy } from './strategy.ts';
import { writeCode } from './write-code.ts';
import { writeDocuments } from './write-documents.ts';

/** Every duty by its name, as org.yaml names it. */
export const duties: ReadonlyMap<string, Duty> = new Map(
  [
    strategy,
    decompose,
    remediate,
    digest,
    review,
    writeCode,
    writeDocuments,
    advise,
    operate,
    assure,
    answer,
    staff,
    account,
  ].map((duty) => [duty.name, duty]),
);

/** Evidence without which a task is not done, by its type. */
export function neededEvidence(): Readonly<Record<string, TaskDuty['needs']>> {
  const tasks = [...duties.values()].filter((duty) => duty.kind === 'task');
  return Object.fromEntries(tasks.flatMap(({ types, needs }) => types.map((type) => [type, needs])));
}

type Facts = {
  /** It does the tasks in a role's mailbox. */
  readonly task: boolean;
  /** A schedule makes sense for it. */
  readonly schedulable: boolean;
  /** Types of task it does. */
  readonly types?: readonly string[];
  /** Subjects it listens to besides its clock. */
  readonly filters?: readonly string[];
};

function factsOf(duty: Duty): Facts {
  if (duty.kind === 'task') return { task: true, schedulable: false, types: duty.types };
  return { task: false, schedulable: duty.types.includes('clock.ticked'), filters: duty.filters };
}

/** What checks of the company file need to know of each duty. */
export function dutyFacts(): ReadonlyMap<string, Facts> {
  return new Map([...duties].map(([name, duty]) => [name, factsOf(duty)]));
}
