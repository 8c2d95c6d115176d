// One message in plain words: who, what happened, the rest of it. The timeline and the log print the same words; they
// differ in what they leave out.

import { isTaskMessage, type Message } from '../bus/messages.ts';
import type { Task } from '../bus/records.ts';
import { describeMoney, isMoney } from './describe-money.ts';
import { describePull, describeTask } from './describe-work.ts';
import { plural, type When } from './format.ts';
import { type Line, news, quiet, short } from './line.ts';
import { isPull } from './views/history.ts';

/** States that only the agent's own transitions tell; what happens to tasks is told by the tasks. */
function describeAgent(
  message: Extract<Message, { type: 'agent.changed' }>,
  before: string | undefined,
  when: When,
): Line {
  const { agent, state, task, reason, until } = message.data;
  const top = state.split('.')[0] ?? state;
  const about = [task, reason, until === undefined ? undefined : `until ${when(until)}`].filter(Boolean).join(' ');
  if (state === 'crashed') return news(agent, 'crashed', about, 'bad');
  if (state === 'fenced') return news(agent, 'fenced', about, 'warn');
  if (before === 'crashed') return news(agent, `resumed: ${top}`, about, 'good');
  const from = before?.split('.')[0];
  return quiet(agent, from && from !== top ? `${from} -> ${top}` : state, about);
}

/** What was known before the message: the same task, the same agent. */
export type Before = { readonly task: Task | undefined; readonly agent: string | undefined };

/** Says one message in words. Pure. */
export function describe(message: Message, before: Before, when: When): Line {
  if (isTaskMessage(message)) return describeTask(message, before.task, when);
  if (isPull(message)) return describePull(message);
  if (isMoney(message)) return describeMoney(message);
  const who = message.source;
  switch (message.type) {
    case 'agent.changed':
      return describeAgent(message, before.agent, when);
    case 'directive.issued': {
      const { id, directive, goals } = message.data;
      return news(who, 'directive', `${id} ${directive} (${plural(goals.length, 'goal')})`, 'strong');
    }
    case 'assignment.given':
      return quiet(who, 'assignment', `${message.data.task} (${message.data.why})`);
    case 'review.requested':
      return quiet(who, 'review asked', `pull ${message.data.pull} (${message.data.task})`);
    case 'job.started':
    case 'job.done':
      return quiet(
        message.data.job.agent,
        message.type.replace('.', ' '),
        `${message.data.job.id} ${message.data.job.duty}`,
      );
    case 'job.stepped':
      return quiet(message.data.job.agent, 'step', `${message.data.job.id} ${message.data.step.name}`);
    case 'job.failed': {
      const { job } = message.data;
      return news(job.agent, job.status, `${job.duty} attempt ${job.attempt} ${job.reason ?? ''}`, 'warn');
    }
    case 'report.filed': {
      const { kind, by, summary } = message.data;
      const wanted = kind === 'finance' || kind === 'staffing';
      return wanted ? news(by, `${kind} report`, summary) : quiet(by, `${kind} report`, summary);
    }
    case 'alert.raised':
      return news(who, 'alert', `${message.data.product} ${message.data.check}: ${message.data.detail}`, 'bad');
    case 'knowledge.requested':
      return news(
        message.data.by,
        'asks knowledge',
        `${message.data.task ?? message.data.document ?? ''} ${message.data.question}`.trim(),
      );
    case 'knowledge.changed': {
      const { version, documents, passages } = message.data;
      return news(
        message.data.by,
        'knowledge',
        `version ${version}: ${plural(documents, 'document')}, ${plural(passages, 'passage')}`,
      );
    }
    case 'hr.requested':
      return news(
        message.data.by,
        'asks hr',
        `${message.data.task ?? ''} ${message.data.kind}: ${message.data.reason}`.trim(),
        'warn',
      );
    case 'request.answered':
      return news(message.data.by, message.data.known ? 'answers' : 'knows nothing', message.data.text);
    default:
      return describeRest(message, when);
  }
}

type Rest = Exclude<
  Message,
  {
    type:
      | `task.${string}`
      | `pull.${string}`
      | `job.${string}`
      | `hr.${string}`
      | `knowledge.${string}`
      | `money.${string}`
      | 'agent.changed'
      | 'directive.issued'
      | 'assignment.given'
      | 'review.requested'
      | 'report.filed'
      | 'alert.raised'
      | 'request.answered';
  }
>;

function describeRest(message: Rest, when: When): Line {
  const who = message.source;
  switch (message.type) {
    case 'agent.said': {
      const { text, call } = message.data;
      // Half a line of an answer is no news.
      return call === undefined ? news(who, 'says', text, 'plain') : quiet(who, 'says', text);
    }
    case 'policy.decided': {
      const { tool, verdict, rule, reason, summary } = message.data;
      const said = verdict === 'deny' ? `policy refuses${rule === undefined ? '' : ` by ${rule}`}` : 'policy allows';
      return news(who, said, `${tool} (${summary}): ${reason}`, verdict === 'deny' ? 'warn' : 'plain');
    }
    case 'approval.asked': {
      const { id, question, options } = message.data;
      const keys = options.map(
        (option) => `${option.key} ${option.label}${option.recommended ? ' (recommended)' : ''}`,
      );
      return news(message.data.askedBy, 'needs you', `${id} ${question}  ${keys.join('  ')}`, 'bad');
    }
    case 'approval.answered': {
      const { id, answer, by, note } = message.data;
      return news(by ?? who, 'answers', `${id} ${answer ?? message.data.status}${note ? `: ${note}` : ''}`, 'good');
    }
    case 'approval.withdrawn':
      return news(who, 'withdraws', `${message.data.id}: ${message.data.note ?? ''}`, 'plain');
    case 'approval.expired': {
      const { id, answer } = message.data;
      const then = answer === undefined ? 'it is still to be answered' : `as recommended: ${answer}`;
      return news(who, 'unanswered', `${id} ${then}`, 'bad');
    }
    case 'backlog.given': {
      const { tasks } = message.data;
      return news(
        who,
        'backlog',
        `${plural(tasks.length, 'task')}: ${tasks.map(({ title }) => title).join(', ')}`,
        'strong',
      );
    }
    case 'brain.mission':
      return news(who, 'mission', message.data.text, 'strong');
    case 'brain.deployment': {
      const { product, commit, status, detail } = message.data;
      const tone = status === 'live' ? 'good' : status === 'stopped' ? 'dim' : 'bad';
      return news(
        who,
        status === 'rolled-back' ? 'rolled back' : `deployment ${status}`,
        `${product} ${short(commit)} ${detail}`,
        tone,
      );
    }
    case 'brain.milestone':
      return news(who, 'milestone', message.data.text, 'good');
    case 'brain.bug':
      return news(
        who,
        `bug ${message.data.status}`,
        message.data.title,
        message.data.status === 'open' ? 'warn' : 'good',
      );
    case 'brain.blocker':
      return quiet(who, `blocker ${message.data.status}`, `${message.data.task} ${message.data.reason}`);
    case 'brain.goal':
      return quiet(who, 'goal', `${message.data.id} ${message.data.text}`);
    case 'brain.directive':
      return news(who, 'directive ended', message.data.summary, message.data.achieved.length > 0 ? 'good' : 'plain');
    case 'brain.product':
      return quiet(who, 'product', `${message.data.slug} ${message.data.name}`);
    case 'brain.feature':
      return quiet(who, 'feature', `${message.data.task} ${message.data.title} ${short(message.data.commit)}`);
    case 'brain.feedback':
      return quiet(who, 'feedback', `${message.data.from}: ${message.data.text}`);
    case 'brain.metric':
      return quiet(who, 'metric', `${message.data.name} = ${message.data.value}`);
    case 'agent.remembered':
      return quiet(
        message.data.agent,
        'remembers',
        `${plural(message.data.count, 'task')}, average ${message.data.average}`,
      );
    case 'standing.changed': {
      const { agent, standing, why } = message.data;
      const tone = standing === 'benched' || standing === 'probation' ? 'warn' : 'good';
      return news(agent, standing, why, tone);
    }
    case 'lesson.learned':
      return news(message.data.owner, 'lesson', `${message.data.failed}: ${message.data.worked}`);
    case 'lesson.retired':
      return news(message.data.owner, 'lesson retired', `${message.data.failed}: ${message.data.reason ?? ''}`, 'dim');
    case 'decision.recorded':
      return news(who, 'decision', `${message.data.task} ${message.data.title}`);
    case 'clock.ticked':
      return quiet('clock', 'tick', message.data.duty);
    case 'control.changed': {
      const text =
        message.data.scope === 'company' ? message.data.reason : `${message.data.scope} ${message.data.reason}`;
      // The supervisor says the same once it has done so.
      const said = message.source === 'supervisor' && message.data.state !== 'starting' ? news : quiet;
      return said(message.data.by, message.data.state, text, 'dim');
    }
    case 'loss.accepted': {
      const { by, missing, firstBad } = message.data;
      return news(by, 'loss accepted', `${plural(missing, 'message')} from sequence ${firstBad} on`, 'bad');
    }
    case 'org.changed':
      return news(message.data.by, 'org changed', message.data.summary.join('; '), 'strong');
    case 'issue.opened':
      return news(message.data.author, 'issue opened', `#${message.data.number} ${message.data.title}`);
    case 'issue.closed':
      return quiet(who, 'issue closed', `#${message.data.number} ${message.data.title}`);
    case 'provider.changed': {
      const { provider, state, until, reason } = message.data;
      const text = [reason, until === undefined ? undefined : `until ${when(until)}`].filter(Boolean).join(', ');
      return news(provider, state, text, state === 'healthy' ? 'good' : state === 'broken' ? 'bad' : 'warn');
    }
    case 'audit.violated': {
      const { invariant, seq, detail } = message.data;
      return news(who, 'broken rule', `${invariant} at ${seq}: ${detail}`, 'bad');
    }
    case 'delivery.tried': {
      const { consumer, seq, tries, reason } = message.data;
      return quiet(consumer, 'tried again', `message ${seq}, ${tries} times in a row ${reason ?? ''}`.trimEnd());
    }
    case 'process.started': {
      const { name, incarnation, roles, pid, host } = message.data;
      const again = incarnation === 1 ? 'process started' : 'process is back';
      return news(name, again, `${roles?.join(', ') ?? 'all roles'}, process ${pid} on ${host}`);
    }
    case 'process.left':
      return news(message.data.name, 'process left', message.data.reason);
    case 'dead.lettered':
      return news(message.data.consumer, 'dead letter', `${message.data.subject} ${message.data.reason}`, 'bad');
    case 'dead.requeued':
      return news(message.data.by, 'requeued', `message ${message.data.seq} of ${message.data.consumer}`);
  }
}
