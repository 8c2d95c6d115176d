// The stream behind the check of secrets. Whatever people and agents say to each other (reports, answers, directives, questions, what
// the company remembers of itself) is scrubbed before it is written, for it must be readable in any case; that something was
// taken out is a decision on the stream. Records of work are not looked at here: their words come through the guards of the
// models, the tools and this one.

import { createHash } from 'node:crypto';
import type { Bus, PublishOptions } from '../bus/bus.ts';
import type { DataOf, Draft, MessageType } from '../bus/messages.ts';
import { subjects } from '../bus/subjects.ts';
import { scrubbed } from '../tools/policy/scrubbed.ts';
import type { Secrets } from '../tools/policy/secrets.ts';

/** What somebody says in words of their own. */
const spoken: ReadonlySet<MessageType> = new Set<MessageType>([
  'directive.issued',
  'backlog.given',
  'report.filed',
  'alert.raised',
  'knowledge.requested',
  'hr.requested',
  'request.answered',
  'issue.opened',
  'approval.asked',
  'approval.answered',
  'decision.recorded',
  'lesson.learned',
  'agent.remembered',
  'brain.mission',
  'brain.goal',
  'brain.directive',
  'brain.feature',
  'brain.bug',
  'brain.feedback',
  'brain.blocker',
  'brain.milestone',
]);

/** Who an agent is: what a decision about its words says. */
export type Speaker = { readonly role: string; readonly attempt: number };

/**
 * The same stream; what is said on it holds no secret.
 * @param speaker of a message: the role of its author, and the attempt of the task it is about
 */
export function outboundBus(
  bus: Bus,
  secrets: Secrets,
  speaker: (agent: string, task: string | undefined) => Speaker,
): Bus {
  async function tellTaken(subject: string, { id, type, source, data }: Draft): Promise<void> {
    const found = secrets.find(JSON.stringify([id, data]));
    const task = 'task' in data && typeof data.task === 'string' ? data.task : undefined;
    const { role, attempt } = speaker(source, task);
    const named = createHash('sha256').update(id).digest('hex').slice(0, 12);
    const work = task ?? `said-${named}`;
    const decided: DataOf<'policy.decided'> = {
      work,
      agent: source,
      role,
      attempt,
      tool: 'say',
      summary: secrets.scrub(`${type} ${id}`).slice(0, 300),
      destination: subject.slice(0, 200),
      verdict: 'deny',
      rule: 'secret',
      reason: `${type} held ${found?.what ?? 'a secret'}, ${found?.how ?? 'as it is'}: it was taken out`,
      taint: [],
    };
    const message = { id: `policy.${work}.said.${named}`, type: 'policy.decided' as const, source, data: decided };
    await bus.publish(subjects.policy(work), message);
  }

  async function say<T extends MessageType>(subject: string, draft: Draft<T>, options?: PublishOptions) {
    const said = scrubbed(draft, secrets);
    if (said !== draft) await tellTaken(subject, draft);
    return bus.publish(subject, said, options);
  }

  return {
    company: bus.company,
    publish: (subject, draft, options) =>
      spoken.has(draft.type) ? say(subject, draft, options) : bus.publish(subject, draft, options),
    tell: (...given) => bus.tell(...given),
    last: (subject) => bus.last(subject),
    consume: (...given) => bus.consume(...given),
    replay: (range) => bus.replay(range),
    tap: (...given) => bus.tap(...given),
    putBlob: (bytes) => bus.putBlob(bytes),
    getBlob: (digest) => bus.getBlob(digest),
    info: () => bus.info(),
    consumers: () => bus.consumers(),
    close: () => bus.close(),
  };
}
