// What a model was told in one attempt of a task: each section of each brief, what it took, what it might take, what was left out,
// and, where it was kept, what was sent.

import { z } from 'zod';
import { Snapshot } from '../../brain/models/snapshot.ts';
import type { Bus, Stored } from '../../bus/bus.ts';
import { isTaskMessage } from '../../bus/messages.ts';
import type { Step } from '../../bus/records.ts';
import { clean, folded, type Paint, table } from '../output.ts';

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

type BriefOfStep = {
  readonly step: string;
  /** None for a turn that goes on with the brief of an earlier one. */
  readonly sections: readonly z.infer<typeof Size>[];
  /** What was sent to the model, without secrets; undefined for a scripted one. */
  readonly sent: Snapshot | undefined;
};

export type BriefView = { readonly task: string; readonly attempt: number; readonly briefs: readonly BriefOfStep[] };

/**
 * The briefs of an attempt; the last attempt that has one unless told. Undefined when there is none.
 */
export async function briefView(
  history: readonly Stored[],
  task: string,
  wanted: number | undefined,
  bus: Pick<Bus, 'getBlob'>,
): Promise<BriefView | undefined> {
  const found: { attempt: number; name: string; step: Step; sections: z.infer<typeof Size>[] }[] = [];
  for (const { message } of history) {
    if (!isTaskMessage(message) || message.type !== 'task.stepped' || message.data.task.id !== task) continue;
    const { step } = message.data;
    const [, number = '', name = step.name] = /^a(\d+)\.(.+)$/.exec(step.name) ?? [];
    const kept = Kept.safeParse(await resultOf(step, bus));
    if (!kept.success && step.prompt === undefined) continue;
    found.push({
      attempt: Number(number),
      name,
      step,
      sections: !kept.success ? [] : 'brief' in kept.data ? kept.data.brief : kept.data.sizes,
    });
  }
  const attempt = wanted ?? Math.max(...found.map((one) => one.attempt));
  const briefs: BriefOfStep[] = [];
  for (const { name, step, sections } of found.filter((one) => one.attempt === attempt)) {
    briefs.push({ step: name, sections, sent: await sentFor(step, bus) });
  }
  return briefs.length === 0 ? undefined : { task, attempt, briefs };
}

async function resultOf(step: Step, bus: Pick<Bus, 'getBlob'>): Promise<unknown> {
  if (step.blob === undefined) return step.result;
  return JSON.parse(new TextDecoder().decode(await bus.getBlob(step.blob)));
}

async function sentFor({ prompt }: Step, bus: Pick<Bus, 'getBlob'>): Promise<Snapshot | undefined> {
  if (prompt === undefined) return undefined;
  return Snapshot.parse(JSON.parse(new TextDecoder().decode(await bus.getBlob(prompt))));
}

/** What was sent, as it was laid out, in lines of at most `width` columns. */
function sentLines({ after, system, prompt, tools, rounds }: Snapshot, paint: Paint, width: number): string[] {
  const part = (name: string, text: string | undefined) =>
    text === undefined ? [] : [paint(name, 'dim'), ...folded(text, width)];
  return [
    ...part('sent as the system prompt', system),
    ...part('sent as the question', prompt),
    ...(tools?.length ? [paint(`with the tools ${tools.map(({ name }) => name).join(', ')}`, 'dim')] : []),
    ...(rounds ?? []).flatMap(({ said, results }) => [
      ...part(`sent after ${after ?? 'that'}: what it had said`, JSON.stringify(said)),
      ...results.flatMap(({ id, text, isError }) => part(isError ? `error for ${id}` : `result of ${id}`, text)),
    ]),
  ];
}

/** The briefs as tables, each with its sum, and below each what was sent. */
export function renderBrief({ task, attempt, briefs }: BriefView, paint: Paint, width: number): string[] {
  return briefs.flatMap(({ step, sections, sent }) => {
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
      ...(rows.length === 0
        ? []
        : table(
            ['section', 'bytes', 'tokens', 'budget', 'what is missing'],
            [...rows, ['all', sum((one) => one.bytes), sum((one) => one.tokens), '', '']],
            { width, paint },
          )),
      ...(sent === undefined ? [] : sentLines(sent, paint, width)),
      '',
    ];
  });
}
