import type { Command } from 'commander';
import type { Bus } from '../../bus/bus.ts';
import { StaleWrite } from '../../bus/errors.ts';
import type { Approval } from '../../bus/records.ts';
import { subjects } from '../../bus/subjects.ts';
import { readHistory, withCompanyToChange } from '../connect.ts';
import { type CliContext, note } from '../context.ts';
import { UsageError } from '../errors.ts';
import { clean } from '../output.ts';
import { isApproval, latestOf } from '../views/history.ts';
import { type CompanyOptions, print, readsCompany } from './shared.ts';

type AnswerOptions = CompanyOptions & { readonly note?: string; readonly by: string };

export type Answered = {
  /** False when somebody else had answered, or the question had expired. */
  readonly won: boolean;
  readonly approval: Approval;
};

export function register(program: Command, context: CliContext): void {
  readsCompany(program.command('answer <question> <option>'))
    .description('Answer a question that waits for a person. The first answer counts.')
    .option('--note <text>', 'a word for whoever goes on with it')
    .option('--by <name>', 'who answers', 'operator')
    .action(async (question: string, option: string, options: AnswerOptions) => {
      await withCompanyToChange(options, context, async ({ bus, live }) => {
        const { won, approval } = await answerApproval(bus, question, option, options);
        if (!won) context.setExit(1);
        print(context, { won, ...approval }, (paint) => [
          sayIt(won, approval, (text) => paint(text, won ? 'good' : 'bad')),
        ]);
        if (won && !live) note(context, 'the company is not running: it will read this when it does');
      });
    });
}

function sayIt(won: boolean, approval: Approval, tone: (text: string) => string): string {
  const { id, options, answer, by, status, note: why } = approval;
  if (answer === undefined) {
    return `${tone('too late:')} ${id} is ${status}${why === undefined ? '' : `: ${clean(why)}`}`;
  }
  const label = options.find(({ key }) => key === answer)?.label ?? '';
  const text = `${id}: ${answer} ${clean(label)}`;
  return won ? `${tone('answered')} ${text}` : `${tone('too late:')} ${clean(by ?? 'somebody')} had answered ${text}`;
}

async function approvalAt(bus: Bus, id: string) {
  const last = await bus.last(subjects.approval(id));
  if (last === undefined) return undefined;
  const { message, seq } = last;
  if (!isApproval(message)) return undefined;
  return { approval: message.data, seq, message };
}

async function unknownQuestion(bus: Bus, id: string): Promise<UsageError> {
  const open = [...latestOf(await readHistory(bus)).approvals.values()].filter(({ status }) => status === 'open');
  const next = open.length === 0 ? 'no question is open' : `open: ${open.map((approval) => approval.id).join(', ')}`;
  return new UsageError(`there is no question ${id}`, `${next}; headcount status shows them`);
}

/**
 * Publishes a person's answer unless somebody has already given one.
 * Throws UsageError for a question or an option that does not exist.
 */
export async function answerApproval(
  bus: Bus,
  id: string,
  option: string,
  from: { readonly by: string; readonly note?: string },
): Promise<Answered> {
  const known = /^[A-Za-z0-9][\w-]{0,63}$/.test(id) ? await approvalAt(bus, id) : undefined;
  if (known === undefined) throw await unknownQuestion(bus, id);
  const { approval, seq, message } = known;
  const chosen = approval.options.find(({ key }) => key.toLowerCase() === option.toLowerCase());
  if (chosen === undefined) {
    const keys = approval.options.map(({ key, label }) => `${key} (${label})`).join(', ');
    throw new UsageError(`${id} has no option ${option}`, `choose one of: ${keys}`);
  }
  // What nobody answered in time, and no option was recommended for, can still be answered.
  const isOver = approval.status === 'answered' || approval.status === 'withdrawn';
  if (isOver || approval.answer !== undefined) return { won: false, approval };
  const mine: Approval = { ...approval, status: 'answered', answer: chosen.key, by: from.by };
  if (from.note !== undefined) mine.note = from.note;
  try {
    const published = await bus.publish(
      subjects.approval(id),
      {
        // A question may be asked again after an answer: each asking has its own answer.
        id: `${message.id}.answered`,
        type: 'approval.answered',
        source: 'operator',
        data: mine,
        correlationid: message.correlationid,
        causationid: message.id,
      },
      { expectedLastSeq: seq },
    );
    if (!published.duplicate) return { won: true, approval: mine };
  } catch (error) {
    if (!(error instanceof StaleWrite)) throw error;
  }
  const winner = await approvalAt(bus, id);
  return { won: false, approval: winner?.approval ?? approval };
}
