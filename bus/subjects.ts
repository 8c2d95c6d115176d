// The subject table: what travels where, and who reads it. docs/subjects.md is generated from it. On the wire each subject
// has the company's slug in front (`acme.task.T1`).

import type { MessageType } from './messages.ts';

/** Builds subjects; everything that publishes or reads goes through these. */
export const subjects = {
  directives: 'ceo.directives',
  tasksFor: (role: string) => `cto.tasks.${role}`,
  reports: 'agent.reports',
  alerts: 'qa.alerts',
  knowledge: 'knowledge.requests',
  knowledgeBase: 'knowledge.base',
  hr: 'hr.requests',
  answer: (request: string) => `answer.${request}`,
  task: (id: string) => `task.${id}`,
  job: (id: string) => `job.${id}`,
  agentState: (agent: string) => `agent.${agent}.state`,
  agentSaid: (agent: string) => `agent.${agent}.said`,
  agentMemory: (agent: string) => `agent.${agent}.memory`,
  agentStanding: (agent: string) => `agent.${agent}.standing`,
  lesson: (id: string) => `lesson.${id}`,
  decision: (task: string) => `decision.${task}`,
  brain: (event: string) => `brain.${event}`,
  directiveEnd: (id: string) => `brain.directive.${id}`,
  clock: (duty: string) => `clock.${duty}`,
  control: (scope: string) => `control.${scope}`,
  org: 'control.org',
  storage: 'control.storage',
  process: (name: string) => `process.${name}`,
  issue: (n: number) => `forge.issue.${n}`,
  pull: (n: number) => `forge.pull.${n}`,
  policy: (work: string) => `policy.${work}`,
  approval: (id: string) => `approval.${id}`,
  money: 'money.calls',
  moneyEnds: 'money.ends',
  provider: (name: string) => `provider.${name}`,
  audit: (invariant: string) => `audit.${invariant}`,
  delivery: (consumer: string, seq: number) => `delivery.${consumer}.${seq}`,
  dead: (consumer: string) => `dead.${consumer}`,
} as const;

export type SubjectRow = {
  readonly subject: string;
  readonly carries: string;
  readonly types: readonly (MessageType | `${string}.*`)[];
  readonly readers: string;
};

/** DESIGN.md section 3 as data, in the order a reader wants it. */
export const subjectTable: readonly SubjectRow[] = [
  {
    subject: 'ceo.directives',
    carries: 'directives and backlogs',
    types: ['directive.issued', 'backlog.given'],
    readers: 'durable `cto-decompose`',
  },
  {
    subject: 'cto.tasks.<role>',
    carries: 'assignments and review requests',
    types: ['assignment.given', 'review.requested'],
    readers: 'durable `<role>`, shared by every instance of the role',
  },
  {
    subject: 'agent.reports',
    carries: 'reports upwards',
    types: ['report.filed'],
    readers: 'durable `cto-digest`; the CEO reads it through the company brain',
  },
  { subject: 'qa.alerts', carries: 'alerts', types: ['alert.raised'], readers: 'durable `cto-remediate`' },
  {
    subject: 'knowledge.requests',
    carries: 'questions, answered on the subject they name',
    types: ['knowledge.requested'],
    readers: 'durable `knowledge-answer`',
  },
  {
    subject: 'knowledge.base',
    carries: 'what was read or forgotten, and the version of the knowledge since then',
    types: ['knowledge.changed'],
    readers: 'people; answers name the version that they saw',
  },
  {
    subject: 'hr.requests',
    carries: 'requests to reassign or to scale',
    types: ['hr.requested'],
    readers: 'durable `hr-staff`',
  },
  {
    subject: 'answer.<request>',
    carries: 'the answer to one request',
    types: ['request.answered'],
    readers: 'the asker',
  },
  {
    subject: 'task.<id>',
    carries: "a task's events, each with the task as it now is",
    types: ['task.*'],
    readers: 'readers only',
  },
  {
    subject: 'job.<id>',
    carries: "a standing duty's turn: its recorded steps",
    types: ['job.*'],
    readers: 'readers only',
  },
  {
    subject: 'agent.<id>.state',
    carries: 'each transition of an agent, published without waiting',
    types: ['agent.changed'],
    readers: 'readers only',
  },
  {
    subject: 'agent.<id>.said',
    carries:
      'what it says while it works: lines of a command line, parts of an answer as they come; published without waiting',
    types: ['agent.said'],
    readers: 'readers only',
  },
  {
    subject: 'agent.<id>.memory',
    carries: 'what each scored task brought it: praise or a correction, a pattern, its average since',
    types: ['agent.remembered'],
    readers: 'readers only',
  },
  {
    subject: 'agent.<id>.standing',
    carries: 'how far it is trusted, each change with its evidence',
    types: ['standing.changed'],
    readers: 'every process, to choose who gets work',
  },
  {
    subject: 'lesson.<id>',
    carries: 'what failed, what worked, and where; the last message says whether it still holds',
    types: ['lesson.*'],
    readers: 'every process, for briefs',
  },
  {
    subject: 'decision.<task>',
    carries: 'a change of the architecture that was merged',
    types: ['decision.recorded'],
    readers: 'every process, for briefs',
  },
  {
    subject: 'brain.<event>',
    carries: 'facts the company brain is folded from',
    types: ['brain.*'],
    readers: 'every process',
  },
  {
    subject: 'brain.directive.<id>',
    carries: 'what a directive came to, once its last task has ended',
    types: ['brain.directive'],
    readers: 'every process',
  },
  {
    subject: 'clock.<duty>',
    carries: 'ticks, one per slot however many processes tick',
    types: ['clock.ticked'],
    readers: 'durable `<role>-<duty>-clock`, or `<role>-<duty>` when the duty listens to nothing else',
  },
  {
    subject: 'control.<scope>',
    carries: 'switches: company, org, storage',
    types: ['control.changed', 'org.changed', 'loss.accepted'],
    readers: 'every process',
  },
  {
    subject: 'process.<name>',
    carries: 'who runs the company: each start of a process, and its leaving',
    types: ['process.*'],
    readers: 'every process; the older of one name hears that it is fenced',
  },
  {
    subject: 'forge.<kind>.<n>',
    carries: 'issues and pull requests as they are known',
    types: ['issue.opened', 'issue.closed', 'pull.*'],
    readers: 'durable `cto-decompose-forge` (issues); readers',
  },
  {
    subject: 'policy.<work>',
    carries: 'what the policy gate refused in a task or job, and what a person allowed it',
    types: ['policy.decided'],
    readers: 'people, through `headcount why` and `headcount log`',
  },
  {
    subject: 'approval.<id>',
    carries: 'one question to a person, its options, its answer',
    types: ['approval.asked', 'approval.answered', 'approval.expired', 'approval.withdrawn'],
    readers: 'durable `hr-staff-approval`; people',
  },
  {
    subject: 'money.calls',
    carries: 'what each model call may cost at most; warnings, stops and raised caps',
    types: ['money.*'],
    readers: 'every process, before each call',
  },
  {
    subject: 'money.ends',
    carries: 'what each model call did cost: gives money back, so nobody has to have seen it',
    types: ['money.settled', 'money.refunded'],
    readers: 'every process; before a wallet is called empty',
  },
  {
    subject: 'provider.<name>',
    carries: 'whether a provider of models can be asked, by each account: one message for each change',
    types: ['provider.changed'],
    readers: 'every process, before work is taken and before each call',
  },
  {
    subject: 'audit.<invariant>',
    carries: 'what the auditor found: an invariant that does not hold',
    types: ['audit.violated'],
    readers: 'people, through `headcount status` and `headcount audit`',
  },
  {
    subject: 'delivery.<consumer>.<seq>',
    carries: 'how often a message came again without anything recorded; at the bound it is dead',
    types: ['delivery.tried'],
    readers: 'whoever gets it next',
  },
  {
    subject: 'dead.<consumer>',
    carries: 'messages given up on, with the reason, and whether they were put back',
    types: ['dead.lettered', 'dead.requeued'],
    readers: 'the operator',
  },
];

/** True when `subject` matches a filter with NATS wildcards. */
export function matches(filter: string, subject: string): boolean {
  const want = filter.split('.');
  const have = subject.split('.');
  for (const [index, token] of want.entries()) {
    if (token === '>') return have.length > index;
    if (index >= have.length || (token !== '*' && token !== have[index])) return false;
  }
  return want.length === have.length;
}

/** True when something of the table could be published on a subject that the filter matches. What stands for an id may have dots. */
export function isEverSpokenOn(filter: string): boolean {
  const want = filter.split('.');
  return subjectTable.some(({ subject }) => {
    const have = subject.split('.');
    const isOpen = (token: string | undefined) => token?.startsWith('<') === true;
    for (const [index, token] of want.entries()) {
      if (token === '>') return have.length > index || isOpen(have.at(-1));
      const other = have[index] ?? (isOpen(have.at(-1)) ? '<more>' : undefined);
      if (other === undefined || (token !== '*' && !isOpen(other) && token !== other)) return false;
    }
    return want.length >= have.length;
  });
}
