// What happens to a company from outside while a scenario runs: what it is given, issues, answers of people, changes of the
// org chart.

import { keyMatches } from '../brain/models/scripted.ts';
import type { Bus, Stored } from '../bus/bus.ts';
import type { Clock } from '../bus/clock.ts';
import { subjects } from '../bus/subjects.ts';
import type { Org } from '../org/org.ts';
import { type Ending, watchFor } from '../scenarios/ending.ts';
import type { Scenario, TimedEvent } from '../scenarios/schema.ts';
import type { Board } from './board.ts';

export type HappeningPorts = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly board: Board;
  readonly ending: Ending;
  /** Makes a patched org chart the one in force. */
  readonly changeOrg: (patch: unknown) => Promise<void>;
  readonly switchTo: (state: 'paused' | 'running') => Promise<void>;
  /** Answers a question as a person does; the first answer counts. */
  readonly answer: (id: string, option: string, from: { by: string; note?: string }) => Promise<unknown>;
};

/** Makes the events of a scenario happen; feed `told` every message. */
export function createHappenings(scenario: Scenario, ports: HappeningPorts, signal: AbortSignal) {
  const { clock, ending } = ports;
  const waiting = new Set<(stored: Stored) => void>();
  const when = (met: (stored: Stored) => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (stored: Stored) => {
        if (!met(stored)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
    });

  async function play(event: TimedEvent, index: number): Promise<void> {
    if (typeof event.at === 'number') await clock.sleepUntil(event.at, signal);
    else {
      const { after, plusMs } = event.at;
      const watch = watchFor(after);
      await when(({ message }) => watch(message));
      if (plusMs > 0) await clock.sleepUntil(clock.now() + plusMs, signal);
    }
    await happen(event, index);
    ending.happened(index);
  }

  async function happen(event: TimedEvent, index: number): Promise<void> {
    const { bus } = ports;
    const id = `event.${index + 1}`;
    const { issue, answer, org, feedback, control } = event;
    if (issue) {
      const number = index + 1;
      await bus.publish(subjects.issue(number), {
        id: `forge.issue.${number}.opened`,
        type: 'issue.opened',
        source: issue.author,
        data: { ...issue, number, status: 'open' },
      });
    }
    if (answer) await answered(answer);
    if (org) await ports.changeOrg(org);
    if (feedback) {
      await bus.publish(subjects.brain('feedback'), {
        id,
        type: 'brain.feedback',
        source: feedback.from,
        data: feedback,
      });
    }
    if (control) await ports.switchTo(control);
  }

  /** Answers the question about a task; one that has not been asked yet is waited for. */
  async function answered(answer: NonNullable<TimedEvent['answer']>): Promise<void> {
    const { board } = ports;
    const find = () =>
      [...board.state.approvals.values()].find(
        (one) =>
          one.status === 'open' &&
          (answer.approval === undefined || one.id === answer.approval) &&
          (answer.task === undefined || keyMatches(answer.task, board.task(one.task ?? '')?.key ?? '')),
      );
    if (!find()) await when(() => find() !== undefined);
    const question = find();
    const { option, note, by } = answer;
    if (question) await ports.answer(question.id, option, { by, ...(note === undefined ? {} : { note }) });
  }

  return {
    told(stored: Stored): void {
      for (const look of waiting) look(stored);
    },
    /** Begins; failures other than the end of the run go to `failed`. */
    start(failed: (error: unknown) => void): void {
      for (const [index, event] of scenario.when.entries()) {
        play(event, index).catch((error: unknown) => {
          if (!signal.aborted) failed(error);
        });
      }
    },
  };
}

/** Gives a company what a scenario starts from: its products, and its mission or tasks. */
export async function giveScenario({ given }: Scenario, org: Org, bus: Bus): Promise<void> {
  for (const { slug, name, description, stack } of org.products) {
    await bus.publish(subjects.brain('product'), {
      id: `brain.product.${slug}`,
      type: 'brain.product',
      source: 'operator',
      data: { slug, name, description, stack: [...stack] },
    });
  }
  const { mission, backlog } = given;
  const product = org.products[0]?.slug;
  const about = product === undefined ? {} : { product };
  if (mission !== undefined) {
    const data = { text: mission, ...about };
    await bus.publish(subjects.brain('mission'), {
      id: 'brain.mission.1',
      type: 'brain.mission',
      source: 'operator',
      data,
    });
  }
  if (backlog !== undefined) {
    await bus.publish(subjects.directives, {
      id: 'backlog.1',
      type: 'backlog.given',
      source: 'operator',
      data: { id: 'B1', tasks: backlog, ...about },
    });
  }
}
