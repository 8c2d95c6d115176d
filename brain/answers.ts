// What a model must answer, one schema per purpose. The prompt's contract section is generated from the same schema that
// parses the answer, so the two cannot drift apart.

import { z } from 'zod';
import { FileChange, PlannedTask, WorkReport } from '../bus/records.ts';
import { echoIn } from './echoes.ts';
import type { Purpose } from './models/model.ts';

const Plan = z.strictObject({ tasks: z.array(PlannedTask).min(1).max(20) });

/** The answer each purpose must give. */
export const answers = {
  work: WorkReport,
  strategy: z.strictObject({
    directive: z.string().min(1),
    goals: z.array(z.strictObject({ id: z.string(), text: z.string() })).min(1),
    priorities: z.array(z.string()).default([]),
    deadlineHours: z.number().positive(),
  }),
  decompose: Plan,
  remediate: Plan,
  split: z.strictObject({ tasks: z.array(PlannedTask).min(2).max(5) }),
  write: z.strictObject({
    summary: z.string().min(1),
    files: z.array(FileChange).min(1).max(200),
    report: WorkReport.optional().describe('What is to be said of the work; needed when it is not complete.'),
  }),
  advise: z.strictObject({ summary: z.string().min(1), advice: z.string().min(1) }),
  review: z.strictObject({ verdict: z.enum(['approve', 'reject']), notes: z.array(z.string()).default([]) }),
  answer: z.strictObject({ known: z.boolean(), answer: z.string(), sources: z.array(z.string()).default([]) }),
  staff: z.discriminatedUnion('action', [
    z.strictObject({ action: z.literal('reassign'), role: z.string(), reason: z.string() }),
    z.strictObject({
      action: z.literal('ask'),
      question: z.string(),
      options: z
        .array(z.strictObject({ key: z.string(), label: z.string(), recommended: z.boolean().optional() }))
        .min(2),
    }),
    z.strictObject({ action: z.literal('abandon'), reason: z.string() }),
  ]),
} as const satisfies Record<Purpose, z.ZodType>;

export type AnswerTo<P extends Purpose> = z.infer<(typeof answers)[P]>;

export type ParsedAnswer<P extends Purpose> = { ok: true; answer: AnswerTo<P> } | { ok: false; reason: string };

/** What is wrong with an answer that has the right shape. */
const refusals: { readonly [P in Purpose]?: (answer: AnswerTo<P>) => string | undefined } = {
  work: echoIn,
  write: ({ report }) => report && echoIn(report),
};

/** Holds a JSON value to the contract of its purpose; never throws. */
export function checkAnswer<P extends Purpose>(purpose: P, json: unknown): ParsedAnswer<P> {
  const parsed = answers[purpose].safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return {
      ok: false,
      reason: `the answer breaks its contract at ${issue?.path.join('.') || 'top'}: ${issue?.message}`,
    };
  }
  const answer = parsed.data as AnswerTo<P>;
  const wrong = (refusals[purpose] as ((answer: AnswerTo<P>) => string | undefined) | undefined)?.(answer);
  return wrong === undefined ? { ok: true, answer } : { ok: false, reason: wrong };
}

/** Reads a model's text as the answer its purpose demands; never throws. A fenced JSON block is accepted. */
export function parseAnswer<P extends Purpose>(purpose: P, text: string): ParsedAnswer<P> {
  const fenced = /^\s*```(?:json)?\n([\s\S]*?)\n```\s*$/.exec(text);
  let json: unknown;
  try {
    json = JSON.parse(fenced?.[1] ?? text);
  } catch {
    return { ok: false, reason: `the answer is not JSON: ${JSON.stringify(text.slice(0, 60))}` };
  }
  return checkAnswer(purpose, json);
}

export type Contract = { readonly text: string; readonly schema: Readonly<Record<string, unknown>> };

const contracts = new Map<Purpose, Contract>();

/** The contract of an answer: its JSON Schema, and the same as text. */
export function contractOf(purpose: Purpose): Contract {
  const known = contracts.get(purpose);
  if (known !== undefined) return known;
  const schema: Record<string, unknown> = z.toJSONSchema(answers[purpose], { io: 'input' });
  const contract = { schema, text: JSON.stringify(schema) };
  contracts.set(purpose, contract);
  return contract;
}
