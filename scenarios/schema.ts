// The shape of a scenario file. It reads like a story: given a company, when things happen, then this is how it ends.
// What a shape cannot say (does an answer keep its contract? is a folder there?) is checked by load.ts. Descriptions
// show up in editors.

import { z } from 'zod';
import type { ScriptedAnswer } from '../brain/models/scripted.ts';
import type { Outage } from '../brain/models/scripted-wire.ts';
import { FailureKind, PlannedTask, Token } from '../bus/records.ts';
import type { OrgDocument } from '../org/document.ts';
import type { LocatePatch } from '../org/overlay.ts';
import { OrgFile } from '../org/schema.ts';
import { Condition, Event, type EventFile, Fault, type FaultFile } from './events.ts';
import { Expectations } from './expectations.ts';
import { ExtendingFile } from './extend.ts';
import { OrgPatch, RoleName } from './patch.ts';
import { Duration, exactlyOne, Instant, OneOrMore, purposes, Text } from './words.ts';

/** Longer than any plan of a model: a year's letters may be given. */
const Plan = z.array(PlannedTask).min(1).max(500);

// A product as org.yaml writes it.
const Product = OrgFile.shape.products.unwrap().valueType;

const Knowledge = z.union([
  Text.meta({ description: 'A text file, in the folder named like the scenario.' }),
  z.strictObject({ name: Text, text: Text }),
]);

const Given = z
  .strictObject({
    company: Token.default('acme').meta({ description: 'First token of every subject.' }),
    mission: Text.optional().meta({ description: 'What the founder asks for; the CEO starts from it.' }),
    backlog: Plan.optional().meta({ description: 'Tasks to start from, instead of a mission.' }),
    product: Product.extend({ slug: Token }).optional(),
    org: OrgPatch.optional(),
    clock: z
      .union([z.enum(['virtual', 'real']), z.strictObject({ speed: z.number().positive() })])
      .default('virtual')
      .meta({ description: 'virtual: time moves when nobody has anything to do. speed: times as fast as the wall.' }),
    start: z.iso.datetime('is no instant; write 2026-01-05T09:00:00Z').default('2026-01-05T09:00:00Z'),
    wire: z.enum(['scripted', 'anthropic']).optional().meta({
      description:
        "The answers come through the models of org.yaml, with their routing and prices. anthropic: and over HTTP, through the vendor's SDK.",
    }),
    seed: z.int().min(0).default(1).meta({ description: 'Decides everything that chance decides.' }),
    jitter: z
      .number()
      .min(0)
      .max(0.9)
      .default(0)
      .meta({ description: 'How much the time of answers varies: 0.2 = 20 %.' }),
    sandbox: z
      .enum(['required', 'none'])
      .optional()
      .meta({ description: 'Unless told: used where there is one; what runs here is written in this scenario.' }),
    pages: z
      .record(z.url({ protocol: /^https?$/, error: 'is no URL' }), z.string())
      .optional()
      .meta({ description: 'The whole web, as HTML by address; `org.web.allow` says what of it may be read.' }),
    knowledge: z.array(Knowledge).default([]).meta({ description: 'What the knowledge agent has read.' }),
  })
  .meta({ title: 'given' });

const Match = z
  .strictObject({
    role: RoleName.optional(),
    purpose: z.enum(purposes).optional(),
    task: Text.optional().meta({
      description: 'Key of a task or of what it is about; its last part will do; * = any.',
    }),
    attempt: z.union([z.int().positive(), z.array(z.int().positive()).min(1)]).optional(),
    told: OneOrMore.optional().meta({ description: 'Texts that stand in the brief, word for word: all of them.' }),
  })
  .meta({ title: 'match', description: 'Which questions this answers; what is absent fits every question.' });

const tokens = z.tuple([z.int().min(0), z.int().min(0)]).meta({ description: 'Input and output tokens.' });

const Fail = z.strictObject({
  kind: FailureKind,
  reason: Text,
  until: Instant.optional().meta({ description: 'Quota only: when the provider works again.' }),
});

const Call = z
  .record(Text, z.record(z.string(), z.unknown()))
  .refine((call) => Object.keys(call).length === 1, 'is not one tool with its arguments')
  .meta({ title: 'call', description: 'One tool with its arguments: `read_file: { path: README.md }`.' });

const reply = {
  takes: Duration.optional().meta({ description: 'How long it takes, in time of the company.' }),
  tokens: tokens.optional(),
  answer: z.unknown().optional().meta({ description: 'The answer as its purpose demands it: brain/answers.ts.' }),
  files: z
    .union([Text, z.array(Text).min(1), z.record(Text, z.string())])
    .optional()
    .meta({ description: 'A folder in the one named like the scenario, several (later ones win), or path: content.' }),
  summary: Text.optional().meta({ description: 'With files: what was done, in one line.' }),
  calls: z
    .array(z.array(Call).min(1))
    .min(1)
    .optional()
    .meta({ description: 'For `work`: what the model calls in each round of its loop; the last round is repeated.' }),
  raw: z.string().optional().meta({ description: 'Whatever the model says, sense or nonsense.' }),
  fail: Fail.optional(),
};

const replies = ['answer', 'files', 'raw', 'calls', 'fail'];
const [hasOneReply, oneReply] = exactlyOne(replies);
const hasNoReply = (value: object) => !replies.some((key) => Object.hasOwn(value, key));

const Rule = z
  .strictObject({ for: Match, ...reply })
  .refine(hasOneReply, oneReply)
  .meta({ title: 'answer' });
export type RuleFile = z.infer<typeof Rule>;

const Default = z
  .strictObject(reply)
  .refine((value) => hasOneReply(value) || hasNoReply(value), oneReply)
  .meta({ title: 'default' });
export type DefaultFile = z.infer<typeof Default>;

/** A scenario as it is written. */
export const ScenarioFile = z
  .strictObject({
    name: Token.meta({ description: 'Like the file, and like the folder beside it.' }),
    title: Text,
    story: Text.optional().meta({ description: 'What happens and what it shows, for the reader.' }),
    given: Given,
    defaults: z
      .partialRecord(z.enum(purposes), Default)
      .default({})
      .meta({ description: 'Per purpose: time and tokens of rules that say none, and the answer when no rule fits.' }),
    answers: z.array(Rule).default([]).meta({ description: 'The first rule that fits answers.' }),
    when: z.array(Event).default([]),
    faults: z.array(Fault).default([]),
    simulation: z
      .strictObject({
        seed: z.int().min(0).default(1),
        processes: z.int().min(1).max(16).default(1).meta({ description: 'Processes of the company at once.' }),
        healAfter: Duration.default(0).meta({ description: 'How long after the start nothing strikes any more.' }),
      })
      .optional()
      .meta({
        description: 'How a simulated run found something: `run` and `sim` repeat it, without git or processes.',
      }),
    until: z.array(Condition).default([]).meta({
      description: 'The run ends when every task has ended, everything in `when` has happened, and all this is so.',
    }),
    deadline: Duration.meta({ description: 'After the start. A run that has not ended by then has failed.' }),
    // biome-ignore lint/suspicious/noThenProperty: the third word of a story; nobody awaits a scenario.
    then: Expectations,
  })
  .refine(({ given }) => (given.mission === undefined) !== (given.backlog === undefined), {
    path: ['given'],
    message: 'needs exactly one of mission, backlog',
  })
  .meta({ title: 'scenario' });
export type ScenarioFile = z.infer<typeof ScenarioFile>;

type Given = Omit<ScenarioFile['given'], 'start' | 'knowledge'>;

/** Something that happens at an instant (epoch ms), or a while after a condition is met. */
export type TimedEvent = Omit<EventFile, 'at'> & {
  readonly at: number | { readonly after: Condition; readonly plusMs: number };
};

/** A fault with its instants in epoch ms. */
export type TimedFault = Omit<FaultFile, 'quota' | 'provider'> & {
  readonly provider?: Outage;
  readonly quota?: { readonly from: number; readonly until: number; readonly tier?: string | undefined };
};

/** A scenario with everything it refers to: files read, texts parsed, instants in epoch ms, durations in ms. */
export type Scenario = Pick<ScenarioFile, 'name' | 'title' | 'until' | 'then'> & {
  readonly path: string;
  /** The whole story as YAML, with what it goes on from. */
  readonly text: string;
  /** The folder beside it: what it refers to, prompts of its new roles among them. */
  readonly folder: string;
  readonly story: string;
  /** Where the file says what `patchOf(given)` holds, for errors of `loadPatched`. */
  readonly locate: LocatePatch;
  /** A problem with what the file says under these keys. */
  readonly problem: OrgDocument['problem'];
  readonly given: Given & {
    readonly start: number;
    readonly knowledge: readonly { readonly name: string; readonly text: string }[];
  };
  /** The rules in order, then the defaults of each purpose. */
  readonly answers: readonly ScriptedAnswer[];
  readonly when: readonly TimedEvent[];
  readonly faults: readonly TimedFault[];
  /** Set: this is a simulated run, repeated by its strikes. */
  readonly simulation: ScenarioFile['simulation'];
  /** Epoch ms. */
  readonly deadline: number;
};

/** The first line of a scenario: tells editors which schema completes and checks the rest. */
export const scenarioModeline = '# yaml-language-server: $schema=scenario.schema.json';

/** The JSON Schema of a scenario file, for editors. */
export function scenarioJsonSchema(): string {
  const whole = z.toJSONSchema(ScenarioFile, { io: 'input' });
  const extending = z.toJSONSchema(ExtendingFile, { io: 'input' });
  const schema = {
    ...whole,
    properties: { ...whole.properties, extends: extending.properties?.extends },
    required: undefined,
    anyOf: [{ required: whole.required }, { required: extending.required }],
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
