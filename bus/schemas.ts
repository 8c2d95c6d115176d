// What each type of message carries: one schema per type. Ids say what the message is about (`task.T12.a2.draft`), so that
// doing a thing twice publishes it once.

import { z } from 'zod';
import { learnedSchemas } from './learned.ts';
import { Remembered } from './memories.ts';
import { Raise, Refund, Reserved, Settlement, Stop, Warning } from './money.ts';
import { PolicyDecided } from './policy.ts';
import {
  Alert,
  Approval,
  Issue,
  Job,
  PlannedTask,
  ProviderStanding,
  Pull,
  Step,
  Taint,
  Task,
  Token,
} from './records.ts';

const TaskChanged = z.strictObject({ task: Task, note: z.string().optional() });

const Goal = z.strictObject({ id: Token, text: z.string() });

/** One schema per message type: what `data` must be. */
export const schemas = {
  // Work handed down.
  'directive.issued': z.strictObject({
    id: Token,
    mission: z.string(),
    product: Token.optional(),
    directive: z.string(),
    goals: z.array(Goal),
    priorities: z.array(z.string()),
    deadline: z.number(),
    /** What was read from outside to come to it. */
    taint: Taint,
  }),
  /** Tasks that nobody has to plan any more. */
  'backlog.given': z.strictObject({ id: Token, product: Token.optional(), tasks: z.array(PlannedTask).min(1) }),
  /** On `cto.tasks.<role>`: work for whoever of the role is free. The task itself is on `task.<id>`. */
  'assignment.given': z.strictObject({
    task: Token,
    why: z.enum(['new', 'unblocked', 'reviewed', 'children', 'reassigned', 'answered', 'requeued']),
  }),
  /** On `cto.tasks.<role>` of a reviewing role. */
  'review.requested': z.strictObject({ pull: z.number(), task: Token, head: z.string() }),
  // A task's events; each carries the task as it now is.
  'task.created': TaskChanged,
  'task.assigned': TaskChanged,
  'task.started': TaskChanged,
  'task.stepped': z.strictObject({ task: Task, step: Step }),
  'task.failed': TaskChanged,
  'task.waiting': TaskChanged,
  'task.decomposed': TaskChanged,
  'task.escalated': TaskChanged,
  'task.reassigned': TaskChanged,
  'task.completed': TaskChanged,
  'task.abandoned': TaskChanged,
  // A standing duty's turn, on `job.<id>`.
  'job.started': z.strictObject({ job: Job }),
  'job.stepped': z.strictObject({ job: Job, step: Step }),
  'job.failed': z.strictObject({ job: Job }),
  'job.done': z.strictObject({ job: Job }),
  // Reports upwards.
  'report.filed': z.strictObject({
    id: z.string(),
    kind: z.enum(['task', 'health', 'finance', 'staffing', 'deployment']),
    by: z.string(),
    role: Token,
    task: Token.optional(),
    directive: z.string().optional(),
    status: z.enum(['done', 'escalated', 'abandoned', 'info']),
    summary: z.string(),
    score: z.number().optional(),
    band: z.string().optional(),
    cost: z.number(),
  }),
  'alert.raised': Alert,
  // Requests, answered on the reply subject that they name.
  'knowledge.requested': z.strictObject({
    id: z.string(),
    question: z.string(),
    /** Absent: the question is answered. Otherwise this document is summarised, with the question in mind. */
    document: z.string().optional(),
    /** Absent: a person asks, from a terminal. */
    task: Token.optional(),
    attempt: z.number().optional(),
    by: z.string(),
    replyTo: z.string(),
    deadline: z.number(),
  }),
  'hr.requested': z.strictObject({
    id: z.string(),
    kind: z.enum(['reassign', 'scale']),
    task: Token.optional(),
    reason: z.string(),
    by: z.string(),
    replyTo: z.string(),
  }),
  'request.answered': z.strictObject({
    id: z.string(),
    by: z.string(),
    /** False: the question is understood, and nothing here supports an answer. */
    known: z.boolean(),
    text: z.string(),
    sources: z.array(z.string()),
    /** Version of the knowledge that was asked, as its store counts. */
    knowledge: z.number().optional(),
    /** Sequence of the message on `knowledge.base` that told this version, or else the last one before it. */
    toldAt: z.number().optional(),
    /** What of it came from outside. */
    taint: Taint,
  }),
  /** What the company has read is another now: documents came, changed or were forgotten. */
  'knowledge.changed': z.strictObject({
    /** Grows with every change of this store. */
    version: z.number().int().positive(),
    /** Names the store, so that another one in its place is told from it. */
    store: Token,
    by: z.string(),
    documents: z.number(),
    passages: z.number(),
    added: z.array(z.string()),
    changed: z.array(z.string()),
    forgotten: z.array(z.string()),
  }),
  // Watching.
  'agent.changed': z.strictObject({
    agent: z.string(),
    role: Token,
    /** Dotted: `working.executing`. `crashed` and `gone` are the supervisor's. */
    state: z.string(),
    event: z.string(),
    task: z.string().optional(),
    attempt: z.number().optional(),
    since: z.number(),
    until: z.number().optional(),
    reason: z.string().optional(),
  }),
  /** A line of what a command line says or does while it works, or a part of a model's answer as it came; for watching only. */
  'agent.said': z.strictObject({
    agent: z.string(),
    task: z.string().optional(),
    /** The call whose answer it is a part of; parts of one that failed are here too, and nothing came of them. */
    call: z.string().optional(),
    text: z.string().max(500),
  }),
  'agent.remembered': Remembered,
  // What was learned.
  ...learnedSchemas,
  // Facts the company brain is folded from.
  'brain.mission': z.strictObject({ text: z.string(), product: Token.optional() }),
  'brain.product': z.strictObject({
    slug: Token,
    name: z.string(),
    description: z.string(),
    stack: z.array(z.string()),
  }),
  'brain.goal': z.strictObject({ id: Token, text: z.string() }),
  /** A directive's last task has ended; said once, whoever finds it out. */
  'brain.directive': z.strictObject({
    id: Token,
    summary: z.string(),
    done: z.number(),
    tasks: z.number(),
    cost: z.number(),
    /** Goals that are achieved with it. */
    achieved: z.array(Token),
  }),
  'brain.feature': z.strictObject({ task: Token, title: z.string(), commit: z.string() }),
  'brain.bug': z.strictObject({ id: Token, title: z.string(), status: z.enum(['open', 'fixed']) }),
  'brain.feedback': z.strictObject({ from: z.string(), text: z.string() }),
  'brain.blocker': z.strictObject({ task: Token, reason: z.string(), status: z.enum(['raised', 'cleared']) }),
  'brain.metric': z.strictObject({ name: z.string(), value: z.number() }),
  'brain.deployment': z.strictObject({
    id: Token,
    product: Token,
    commit: z.string(),
    status: z.enum(['live', 'failed', 'rolled-back', 'stopped']),
    detail: z.string(),
  }),
  'brain.milestone': z.strictObject({ name: Token, text: z.string() }),
  // Time and switches.
  'clock.ticked': z.strictObject({ duty: Token, slot: z.number(), due: z.number() }),
  'control.changed': z.strictObject({
    scope: z.string(),
    state: z.enum(['starting', 'running', 'paused', 'draining', 'stopped']),
    by: z.string(),
    reason: z.string(),
  }),
  /** A process of the company took its name. A higher incarnation of the same name fences the lower ones. */
  'process.started': z.strictObject({
    name: Token,
    incarnation: z.number().int().positive(),
    pid: z.number(),
    host: z.string(),
    /** Digest of host, folder and roles: who starts again in the same place gets the same name. */
    seat: z.string(),
    /** Absent: all of them. */
    roles: z.array(Token).optional(),
    /** Of the program, and a digest of the charts that it runs. */
    version: z.string(),
    charts: z.string(),
    /** How many times as fast as the wall it runs; absent: as fast. */
    speed: z.number().positive().optional(),
    /** The scenario that its workers answer from, relative to the company's folder; absent: they have models. */
    script: z.string().optional(),
    /** False: it has neither models nor a script. */
    thinks: z.literal(false).optional(),
  }),
  'process.left': z.strictObject({ name: Token, incarnation: z.number().int().positive(), reason: z.string() }),
  /** A person goes on with a stream that has lost or changed messages (bus/ledger/). */
  'loss.accepted': z.strictObject({
    by: z.string(),
    kind: z.enum(['short', 'holes', 'changed']),
    firstBad: z.number(),
    missing: z.number(),
    /** The last sequence that was seen before, and the last one left. */
    mark: z.number(),
    lastSeq: z.number(),
    tasks: z.array(z.string()),
  }),
  'org.changed': z.strictObject({ by: z.string(), text: z.string(), summary: z.array(z.string()) }),
  // The forge as it is known.
  'issue.opened': Issue,
  'issue.closed': Issue,
  'pull.opened': Pull,
  'pull.checked': Pull,
  'pull.reviewed': Pull,
  'pull.merged': Pull,
  'pull.closed': Pull,
  // What the policy gate decided (tools/policy/gate.ts).
  /** A refusal, or an act that a person allowed; plain permissions stand in the step that used them (`Step.allowed`). */
  'policy.decided': PolicyDecided,
  // Questions to people.
  'approval.asked': Approval,
  'approval.answered': Approval,
  /** Nobody answered in time. With an answer: the recommended one holds; without: it is still wanted. */
  'approval.expired': Approval,
  /** What was asked about is no more: another commit, another attempt, the end of the task. The note says which. */
  'approval.withdrawn': Approval,
  // Money: one subject for the whole company, so that one expected sequence decides about all wallets at once (money.ts).
  'money.reserved': Reserved,
  'money.settled': Settlement,
  'money.refunded': Refund,
  'money.warned': Warning,
  'money.stopped': Stop,
  'money.raised': Raise,
  /** A provider of models, as it now stands (machines/provider.ts). */
  'provider.changed': ProviderStanding,
  // What the auditor found.
  /** An invariant (docs/invariants.md) does not hold. */
  'audit.violated': z.strictObject({
    invariant: Token,
    /** Position and subject of the message that broke it. */
    seq: z.number(),
    about: z.string(),
    detail: z.string(),
  }),
  // Deliveries that came again, and those given up on.
  /** A message is begun once more, or its agent crashed over it. Written for what is delivered again only. */
  'delivery.tried': z.strictObject({
    consumer: z.string(),
    seq: z.number(),
    /** Deliveries in a row, this one included, without anything recorded in between. */
    tries: z.number(),
    /** The last sequence on the subject of the work when this was written. */
    progress: z.number(),
    reason: z.string().optional(),
  }),
  'dead.lettered': z.strictObject({
    consumer: z.string(),
    subject: z.string(),
    seq: z.number(),
    reason: z.string(),
    attempts: z.number(),
    /** What arrived, as text, cut at 4 KB. */
    payload: z.string(),
  }),
  /** A person had the message of a dead letter published again. */
  'dead.requeued': z.strictObject({
    consumer: z.string(),
    seq: z.number(),
    /** Id of the letter, and of the message as it was published again. */
    letter: z.string(),
    as: z.string(),
    by: z.string(),
  }),
} as const;
