// The shapes of things whose state lives on the stream: the last message on a subject carries one of these. Instants are
// epoch milliseconds, durations milliseconds, money US dollars.

import { z } from 'zod';
import { BlockerCode } from './blocker-code.ts';
import { ScoreLedger } from './scores.ts';

/** A name that is also a subject token. */
export const Token = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'letters, digits, - and _, at most 64');

/** Why an attempt failed; only `quality` and `contract` climb the ladder (machines/policy.ts). */
export const FailureKind = z.enum(['quality', 'environment', 'quota', 'dependency', 'permanent', 'contract']);
export type FailureKind = z.infer<typeof FailureKind>;

export const Failure = z.strictObject({
  kind: FailureKind,
  /** One line, in plain words, without paths of this machine. */
  reason: z.string(),
  /** Quota only: when the provider works again. */
  until: z.number().optional(),
});
export type Failure = z.infer<typeof Failure>;

/** Of a failure. `model`: whose answer failed as it came; what failed later is told by the steps. */
const ofAttempt = { attempt: z.number(), agent: z.string(), model: z.string().optional() };

/** What the harness, never the worker, established about one commit. */
export const Evidence = z.strictObject({
  check: z.enum(['syntax', 'tests', 'checks', 'review', 'merge', 'deployment', 'health', 'answer', 'children']),
  ok: z.boolean(),
  /** The commit it is bound to; absent for work that leaves none. */
  commit: z.string().optional(),
  /** Who established it: `harness` or an agent other than the author. */
  by: z.string(),
  detail: z.string(),
});
export type Evidence = z.infer<typeof Evidence>;

export const Usage = z.strictObject({
  model: z.string(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  cost: z.number(),
  /** True when the provider did not say what was used, and it was estimated. */
  estimated: z.boolean().optional(),
});
export type Usage = z.infer<typeof Usage>;

const lines = (description: string) => z.array(z.string().min(1).max(500)).max(50).default([]).describe(description);

/** What a worker says of its work, whichever engine did it: a claim. What the harness finds is Evidence, kept apart. */
export const WorkReport = z
  .strictObject({
    status: z
      .enum(['complete', 'partial', 'blocked'])
      .describe(
        'complete: all of it is done. partial: some of it, and it is sound. blocked: nothing that can be kept.',
      ),
    blocker: BlockerCode.optional().describe('Why it is partial or blocked; left out when it is complete.'),
    summary: z.string().min(1).max(2_000).describe('What was done, in one paragraph.'),
    done: lines('Each thing that is finished.'),
    nextStep: z.string().min(1).max(2_000).optional().describe('What whoever goes on should do first.'),
    decisions: lines('Each choice that was made, with its reason.'),
    risks: lines('What may go wrong because of this work.'),
    attempted: lines('What was tried and did not work.'),
    manualSteps: lines('What only a person can do, ready to be done.'),
  })
  .refine(({ status, blocker }) => (status === 'complete') === (blocker === undefined), {
    path: ['blocker'],
    message: 'says why work is partial or blocked, and is left out when it is complete',
  });
export type WorkReport = z.infer<typeof WorkReport>;

/** Work that was handed on: where its commits are, what its worker said of it, what the harness found. */
export const Continued = z.strictObject({
  task: Token,
  branch: z.string(),
  commit: z.string(),
  /** Commit on the default branch that it left from. */
  base: z.string(),
  report: WorkReport,
  /** One line: how the tests went on that commit. */
  tests: z.string(),
});
export type Continued = z.infer<typeof Continued>;

/** Text from outside that was read on the way, each as `issue 7 by stranger`; absent: none (tools/policy/gate.ts). */
export const Taint = z.array(z.string().min(1).max(200)).max(20).optional();

export const Band = z.string();

/** blocked: inputs missing. ready: assigned, in a mailbox. waiting: for children, a review or an answer. */
export const TaskStatus = z.enum([
  'blocked',
  'ready',
  'working',
  'retrying',
  'waiting',
  'escalated',
  'done',
  'abandoned',
]);
export type TaskStatus = z.infer<typeof TaskStatus>;

/** Where a task goes on when it is next assigned: the substate of the agent chart that it enters. */
export const Phase = z.enum(['briefing', 'executing', 'verifying', 'reporting', 'backing-off', 'planning']);
export type Phase = z.infer<typeof Phase>;

export const Task = z.strictObject({
  id: Token,
  /** The natural key, unique for ever: what it is about (`D1.store`). Creating the same key twice creates one task. */
  key: z.string(),
  title: z.string(),
  description: z.string(),
  acceptance: z.array(z.string()),
  /** What kind of work: picks the duty (`code`, `document`, `deploy`, `advice`). */
  type: z.string(),
  role: Token,
  product: Token.optional(),
  estimateMs: z.number(),
  priority: z.enum(['high', 'normal', 'low']),
  goal: z.string().optional(),
  directive: z.string().optional(),
  parent: Token.optional(),
  /** The task whose budget of attempts, money and time this one draws on: itself, or the root of its parents. */
  lineage: Token,
  depth: z.number(),
  dependsOn: z.array(Token),
  dependents: z.array(Token),
  children: z.array(Token),
  status: TaskStatus,
  phase: Phase,
  /** Why it does not move, when it does not: "waits for T2", "waits for review of pull 3". */
  reason: z.string().optional(),
  deadline: z.number(),
  createdAt: z.number(),
  startedAt: z.number().optional(),
  /** Since when somebody works on it; absent while it waits for others. */
  workingSince: z.number().optional(),
  endedAt: z.number().optional(),
  /** Backing off: when to go on. */
  dueAt: z.number().optional(),
  agent: z.string().optional(),
  /** Agents that must not take it again. */
  avoid: z.array(z.string()),
  /** Attempts started, over the whole life of this task. */
  attempt: z.number(),
  /** Position on the ladder, 1-based; starts again after a reassignment. */
  rung: z.number(),
  /** Retries of the same attempt, for failures that do not climb. */
  waits: z.number(),
  /** How many of them are not counted: waits for a quota whose end was known. */
  excused: z.number().optional(),
  /** How often it was given to somebody else. */
  reassigned: z.number(),
  failures: z.array(Failure.omit({ until: true }).extend(ofAttempt)),
  /** Help collected on the way, for the brief: what knowledge or a person said. */
  guidance: z.array(
    // `taint`: what of it came from outside.
    z.strictObject({ from: z.string(), text: z.string(), taint: Taint }),
  ),
  branch: z.string().optional(),
  commit: z.string().optional(),
  pull: z.number().optional(),
  merged: z.string().optional(),
  summary: z.string().optional(),
  /** Work partly done, of another task of the lineage or of an earlier attempt, that this one goes on with. */
  continues: Continued.optional(),
  taint: Taint,
  evidence: z.array(Evidence),
  /** Lessons in the brief of this attempt. */
  lessons: z.array(Token).optional(),
  /** Files of the product that its last draft changed, at most fifty. */
  paths: z.array(z.string()).optional(),
  spent: z.strictObject({ inputTokens: z.number(), outputTokens: z.number(), cost: z.number(), workingMs: z.number() }),
  score: z.number().optional(),
  band: Band.optional(),
  /** Why the score is what it is. */
  ledger: ScoreLedger.optional(),
});
export type Task = z.infer<typeof Task>;

/** One turn of a standing duty: a directive, a tick, an alert, a request being handled. */
export const Job = z.strictObject({
  id: Token,
  duty: z.string(),
  agent: z.string(),
  role: Token,
  attempt: z.number(),
  status: z.enum(['working', 'retrying', 'escalated', 'done']),
  startedAt: z.number(),
  reason: z.string().optional(),
  spent: z.strictObject({ inputTokens: z.number(), outputTokens: z.number(), cost: z.number() }),
});
export type Job = z.infer<typeof Job>;

/** A provider of models, or one of its accounts. */
export const ProviderStanding = z.strictObject({
  provider: Token,
  state: z.enum(['healthy', 'throttled', 'broken', 'probing']),
  /** Changes so far. */
  turn: z.number(),
  /** Tries in a row that failed. */
  failed: z.number(),
  /** When one call is let through; absent while it is healthy. */
  until: z.number().optional(),
  /** What went wrong last, in one line without secrets. */
  reason: z.string().max(500).optional(),
  /** Calls that were let through one after the other and have said nothing yet; absent unless it is probed. */
  probes: z.number().optional(),
  /** The process that met it. */
  by: z.string(),
});
export type ProviderStanding = z.infer<typeof ProviderStanding>;

/** A recorded step: never run, or paid for, twice. */
export const Step = z.strictObject({
  name: z.string(),
  agent: z.string(),
  /** Absent when it is kept as a blob. */
  result: z.unknown(),
  /** sha256 of the JSON result when that is over 64 KB. */
  blob: z.string().optional(),
  usage: Usage.optional(),
  /** sha256 of the blob that keeps what was sent to the model (brain/models/snapshot.ts); absent for a scripted one. */
  prompt: z.string().optional(),
  /** Tools that the policy gate allowed since the step before. */
  allowed: z.array(z.string()).optional(),
});
export type Step = z.infer<typeof Step>;

export const Pull = z.strictObject({
  number: z.number(),
  product: Token,
  title: z.string(),
  /** The agent who wrote it, and its role: neither may review it. */
  author: z.string(),
  authorRole: Token,
  task: Token,
  branch: z.string(),
  /** Commit on the default branch that it started from. */
  base: z.string(),
  head: z.string(),
  status: z.enum(['open', 'merged', 'closed']),
  /** Each of the head merged with a commit of the default branch, `onto`; that is absent in records of older versions. */
  checks: z.array(
    z.strictObject({ head: z.string(), onto: z.string().optional(), ok: z.boolean(), summary: z.string() }),
  ),
  reviews: z.array(
    z.strictObject({
      by: z.string(),
      role: Token,
      head: z.string(),
      verdict: z.enum(['approve', 'reject']),
      notes: z.array(z.string()),
    }),
  ),
  merged: z.string().optional(),
});
export type Pull = z.infer<typeof Pull>;

export const Issue = z.strictObject({
  number: z.number(),
  title: z.string(),
  body: z.string(),
  author: z.string(),
  /** False for text from outside: it is data, fenced in every brief. */
  trusted: z.boolean(),
  status: z.enum(['open', 'closed']),
  task: Token.optional(),
});
export type Issue = z.infer<typeof Issue>;

export const Approval = z.strictObject({
  id: Token,
  question: z.string(),
  options: z.array(z.strictObject({ key: Token, label: z.string(), recommended: z.boolean().optional() })).min(2),
  askedBy: z.string(),
  task: Token.optional(),
  blocks: z.array(Token),
  status: z.enum(['open', 'answered', 'expired', 'withdrawn']),
  askedAt: z.number(),
  deadline: z.number(),
  answer: z.string().optional(),
  note: z.string().optional(),
  by: z.string().optional(),
  /** What the harness computed about it; no agent can write here. */
  facts: z.array(z.strictObject({ name: z.string(), value: z.string() })).optional(),
  /** What agents say about it: claims. */
  said: z.array(z.strictObject({ by: z.string(), text: z.string() })).optional(),
});
export type Approval = z.infer<typeof Approval>;

export const Alert = z.strictObject({
  id: Token,
  product: Token,
  severity: z.enum(['critical', 'warning']),
  check: z.string(),
  detail: z.string(),
  commit: z.string().optional(),
});
export type Alert = z.infer<typeof Alert>;

/** One file of a model's answer: written whole, or deleted. */
export const FileChange = z.union([
  z.strictObject({ path: z.string(), content: z.string() }),
  z.strictObject({ path: z.string(), delete: z.literal(true) }),
]);
export type FileChange = z.infer<typeof FileChange>;

export type HealthCheck = {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string | undefined;
  readonly status: number;
  /** Text the body must contain. */
  readonly includes: string | undefined;
};

export type Product = {
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly stack: readonly string[];
  /** argv of the test command, run in the sandbox in a clone. */
  readonly test: readonly string[];
  /** argv that serves the product; it gets PORT and HOST in its environment. */
  readonly start: readonly string[] | undefined;
  /** Probed after a deployment and by QA; the first one decides whether it is up. */
  readonly health: readonly HealthCheck[];
  /** The repository that it was cloned from; absent: the company made it. */
  readonly repo?: string;
  /** `supervised`: a person allows each merge and each deployment. Absent: `full`. */
  readonly automation?: 'supervised' | 'full';
};

/** A task as a plan names it, before it has a number. */
export const PlannedTask = z.strictObject({
  /** Names the task inside this plan; other tasks refer to it in `after`. */
  key: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/),
  title: z.string().min(1).max(120),
  description: z.string().default(''),
  acceptance: z.array(z.string()).default([]),
  role: z.string(),
  /** code, document, deploy, advice; the role's first duty for tasks when absent. */
  type: z.string().optional(),
  estimateMinutes: z.number().positive().default(30),
  priority: z.enum(['high', 'normal', 'low']).default('normal'),
  /** Id of the goal that it serves; that of the whole plan when absent. */
  goal: z.string().optional(),
  after: z.array(z.string()).default([]),
});
export type PlannedTask = z.infer<typeof PlannedTask>;
