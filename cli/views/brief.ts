// What a model was told in one attempt of a task: each section of each brief, what it took, what it might take, what was left out.

import { z } from 'zod';
import type { Bus, Stored } from '../../bus/bus.ts';
import { isTaskMessage } from '../../bus/messages.ts';
import type { Step } from '../../bus/records.ts';
import { clean, type Paint, table } from '../output.ts';

const Size = z.object({
  name: z.string(),
  bytes: z.number(),
  tokens: z.number().optional(),
  budget: z.number().optional(),
  cut: z.boolean(),
  left: z.number().optional(),
  hidden: z.number().optional(),
});

/** Results of steps that keep what their brief took: an answer keeps `brief`, a tool loop `sizes`. */
const Kept = z.union([z.object({ brief: z.array(Size) }), z.object({ sizes: z.array(Size) })]);

export type BriefView = {
  readonly task: string;
  readonly attempt: number;
  readonly briefs: readonly { readonly step: string; readonly sections: readonly z.infer<typeof Size>[] }[];
};

/**
 * The briefs of an attempt; the last attempt that has one unless told. Undefined when there is none.
 */
export async function briefView(
  history: readonly Stored[],
  task: string,
  wanted: number | undefined,
  bus: Pick<Bus, 'getBlob'>,
): Promise<BriefView | undefined> {
  const found: { attempt: number; step: string; sections: z.infer<typeof Size>[] }[] = [];
  for (const { message } of history) {
    if (!isTaskMessage(message) || message.type !== 'task.stepped' || message.data.task.id !== task) continue;
    const { step } = message.data;
    const [, number = '', name = step.name] = /^a(\d+)\.(.+)$/.exec(step.name) ?? [];
    const kept = Kept.safeParse(await resultOf(step, bus));
    if (!kept.success) continue;
    found.push({
      attempt: Number(number),
      step: name,
      sections: 'brief' in kept.data ? kept.data.brief : kept.data.sizes,
    });
  }
  const attempt = wanted ?? Math.max(...found.map((one) => one.attempt));
  const briefs = found.filter((one) => one.attempt === attempt).map(({ step, sections }) => ({ step, sections }));
  return briefs.length === 0 ? undefined : { task, attempt, briefs };
}

async function resultOf(step: Step, bus: Pick<Bus, 'getBlob'>): Promise<unknown> {
  if (step.blob === undefined) return step.result;
  return JSON.parse(new TextDecoder().decode(await bus.getBlob(step.blob)));
}

/** The briefs as tables, each with its sum. */
export function renderBrief({ task, attempt, briefs }: BriefView, paint: Paint, width: number): string[] {
  return briefs.flatMap(({ step, sections }) => {
    const sum = (of: (one: z.infer<typeof Size>) => number | undefined) =>
      String(sections.reduce((total, one) => total + (of(one) ?? 0), 0));
    const rows = sections.map(({ name, bytes, tokens, budget, left, hidden }) => [
      clean(name),
      String(bytes),
      tokens === undefined ? '-' : String(tokens),
      budget === undefined ? '-' : String(budget),
      [left ? `${left} bytes left out` : '', hidden ? `${hidden} hidden characters taken out` : '']
        .filter(Boolean)
        .join(', '),
    ]);
    return [
      paint(`${task}, attempt ${attempt}, ${step}`, 'strong'),
      ...table(
        ['section', 'bytes', 'tokens', 'budget', 'what is missing'],
        [...rows, ['all', sum((one) => one.bytes), sum((one) => one.tokens), '', '']],
        { width, paint },
      ),
      '',
    ];
  });
}
