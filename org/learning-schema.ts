// The parts of org.yaml about learning: where agents stand, what is remembered, who is hired, what is celebrated.

import { z } from 'zod';
import { Span } from './duration-schema.ts';

const points = z.number().min(0).max(100);
const tasks = z.int().min(1).max(1_000).optional().meta({ description: 'At least so many tasks must count.' });

const Effects = z
  .strictObject({
    reviews: z
      .union([z.literal(1), z.literal(2)], 'must be 1 or 2')
      .optional()
      .meta({ description: 'Approvals by other roles that a change needs.' }),
    review: z
      .enum(['full', 'light'])
      .optional()
      .meta({ description: 'light: the reviewer is shown less, and asked about risks only.' }),
    tier: z.enum(['strategy', 'coding', 'light']).optional().meta({ description: "Instead of the role's own." }),
    splits: z.boolean().optional().meta({ description: 'May split a task into parts by itself.' }),
  })
  .meta({ id: 'standing-effects', title: 'effects' });

export const StandingFile = z
  .strictObject({
    start: z.enum(['probation', 'trusted', 'lead']).optional().meta({ description: 'Where somebody new stands.' }),
    window: z.int().min(1).max(30).optional().meta({ description: 'The last so many tasks count.' }),
    halfLife: Span.optional().meta({ description: 'After this long a score weighs half.' }),
    confidence: z.number().min(0.5).max(0.999).optional().meta({ description: 'Of the interval around the mean.' }),
    spread: z
      .number()
      .min(1)
      .max(50)
      .optional()
      .meta({ description: 'The least standard deviation that is believed, points.' }),
    trusted: z.strictObject({ from: points.optional(), tasks }).optional().meta({ title: 'trusted' }),
    lead: z.strictObject({ from: points.optional(), tasks }).optional().meta({ title: 'lead' }),
    probation: z.strictObject({ below: points.optional(), tasks }).optional().meta({ title: 'probation' }),
    benched: z
      .strictObject({
        below: points.optional(),
        tasks,
        for: Span.optional().meta({ description: 'Then it works again, on probation.' }),
      })
      .optional()
      .meta({ title: 'benched' }),
    effects: z
      .partialRecord(z.enum(['probation', 'trusted', 'lead', 'benched']), Effects)
      .optional()
      .meta({ description: 'What a standing changes.' }),
  })
  .meta({ title: 'standing', description: 'How far an agent is trusted, by the scores of its tasks.' });
export type StandingFile = z.infer<typeof StandingFile>;

export const memories = ['day', 'rewards', 'lessons', 'digest', 'decisions'] as const;

export const MemoryFile = z
  .strictObject({
    use: z
      .array(z.enum(memories))
      .optional()
      .meta({ description: 'What briefs may remember; all of it unless told, [] for nothing.' }),
    expires: Span.optional().meta({ description: 'A lesson is forgotten after this long.' }),
  })
  .meta({ title: 'memory', description: 'What the company remembers in its briefs.' });
export type MemoryFile = z.infer<typeof MemoryFile>;

const MilestoneName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'is no name: letters, digits, - and _, at most 64');

export const MilestoneFile = z.union([
  MilestoneName,
  z
    .strictObject({
      name: MilestoneName,
      when: z.string().meta({ description: 'A condition: "merged >= 10 and open_bugs = 0".' }),
      text: z.string().min(1).max(500).optional().meta({ description: 'How it is celebrated.' }),
    })
    .meta({ title: 'milestone' }),
]);
export type MilestoneFile = z.infer<typeof MilestoneFile>;

/** What HR can change: one more agent of a role, one fewer, a task in the hands of another role. */
export const staffingKinds = ['hire', 'bench', 'reassign'] as const;

const Decider = z.enum(['person', 'hr']);

export const StaffingFile = z
  .strictObject({
    decides: z
      .union(
        [Decider, z.partialRecord(z.enum(staffingKinds), Decider)],
        'is neither person, hr nor a map of hire, bench and reassign to one of them',
      )
      .optional()
      .meta({ description: 'Who decides about what HR proposes, all of it or each kind; person unless told.' }),
    queue: z
      .number()
      .positive()
      .max(1_000)
      .optional()
      .meta({ description: 'Waiting tasks an agent before somebody helps.' }),
    late: z.int().min(1).max(1_000).optional().meta({ description: 'Late tasks of a role before somebody helps.' }),
    most: z.int().min(1).max(100).optional().meta({ description: 'Agents of a role at most.' }),
  })
  .meta({ title: 'staffing', description: 'When HR proposes to hire, to let go or to reassign.' });
export type StaffingFile = z.infer<typeof StaffingFile>;
