// The person that a company asks when it does not know: answers what the scenario leaves open, as recommended.

import type { Board } from '../actors/board.ts';
import type { Bus } from '../bus/bus.ts';
import { StaleWrite } from '../bus/errors.ts';
import type { Approval } from '../bus/records.ts';
import { subjects } from '../bus/subjects.ts';

/**
 * Answers an open question; somebody else may have been faster. One that has no such option (a fault may have led to another
 * question than the scenario expects) is answered as recommended.
 */
export async function answerQuestion(
  bus: Pick<Bus, 'publish' | 'last'>,
  id: string,
  option: string,
  { by, note }: { readonly by: string; readonly note?: string },
): Promise<void> {
  const last = await bus.last(subjects.approval(id));
  if (last?.message.type !== 'approval.asked') return;
  const { message, seq } = last;
  const { options } = message.data;
  const fits = options.some(({ key }) => key === option);
  const answer = fits ? option : bestOf(options);
  const data = {
    ...message.data,
    status: 'answered' as const,
    answer,
    by,
    ...(note === undefined ? {} : { note }),
  };
  const draft = {
    id: `${message.id}.answered`,
    type: 'approval.answered' as const,
    source: 'operator',
    data,
    causationid: message.id,
    ...(message.correlationid === undefined ? {} : { correlationid: message.correlationid }),
  };
  await bus.publish(subjects.approval(id), draft, { expectedLastSeq: seq }).catch((error: unknown) => {
    if (!(error instanceof StaleWrite)) throw error;
  });
}

/**
 * Answers every open question with its recommended option, else its first.
 * @param before asked before this instant, epoch ms
 */
export async function answerOpen(bus: Pick<Bus, 'publish' | 'last'>, board: Board, before: number): Promise<void> {
  for (const { id, status, options } of board.state.approvals.values()) {
    if (status !== 'open') continue;
    const asked = await bus.last(subjects.approval(id));
    if (!asked || Date.parse(asked.message.time) > before) continue;
    const option = bestOf(options);
    if (option !== undefined) await answerQuestion(bus, id, option, { by: 'operator' });
  }
}

/** The option that whoever asked recommends, else the first. */
function bestOf(options: Approval['options']): string | undefined {
  return (options.find(({ recommended }) => recommended) ?? options[0])?.key;
}
