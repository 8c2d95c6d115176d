import type { Command } from 'commander';
import type { Task } from '../../bus/records.ts';
import { readHistory, withCompany } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { briefView, renderBrief } from '../views/brief.ts';
import { latestOf, whenIn } from '../views/history.ts';
import { renderScore, scoreView } from '../views/score.ts';
import { ofAttempt, whyOf } from '../views/why.ts';
import { renderWhy } from '../views/why-text.ts';
import { type CompanyOptions, print, readsCompany } from './shared.ts';

/** Why a task has no score to explain. */
function notScored({ id, status, score }: Task): string {
  if (score !== undefined) return `${id} was scored by a version that kept no ledger`;
  return `${id} is ${status}: only what is done is scored`;
}

function notBriefed({ id, attempt }: Task, wanted: number | undefined): string {
  return wanted === undefined
    ? `${id} has asked no model yet`
    : `${id} asked no model in attempt ${wanted} of ${attempt}`;
}

function attemptNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`"${text}" is no attempt`, 'write a whole number from 1');
  return Number(text);
}

type WhyOptions = CompanyOptions & { readonly score?: true; readonly brief?: true; readonly attempt?: number };

export function register(program: Command, context: CliContext): void {
  readsCompany(program.command('why <task>'))
    .description('Why a task is what it is: goal, directive, attempts with their steps, review, commit, score.')
    .option('--score', 'what the score is made of, and the messages that show it')
    .option('--brief', 'what the model was told: each section, what it took, what was left out, and what was sent')
    .option('--attempt <n>', 'only this attempt; with --brief the last one unless told', attemptNumber)
    .action((id: string, options: WhyOptions) =>
      withCompany(options, context, async (reading) => {
        const history = await readHistory(reading.bus);
        const known = [...latestOf(history).tasks.keys()];
        // `t3` is what people type.
        const why = whyOf(history, known.find((task) => task.toLowerCase() === id.toLowerCase()) ?? id);
        if (why === undefined) throw new UsageError(`${reading.company} has no task ${id}`, 'headcount tasks');
        if (options.brief) {
          const view = await briefView(history, why.task.id, options.attempt, reading.bus);
          if (view === undefined)
            throw new UsageError(notBriefed(why.task, options.attempt), `headcount why ${why.task.id}`);
          return print(context, view, (paint) => renderBrief(view, paint, context.columns));
        }
        if (options.score) {
          if (options.attempt !== undefined)
            throw new UsageError('a task has one score, whatever its attempts', `headcount why ${why.task.id} --score`);
          const view = scoreView(why.task);
          if (view === undefined) throw new UsageError(notScored(why.task), `headcount why ${why.task.id}`);
          return print(context, view, (paint) => renderScore(view, paint, context.columns));
        }
        const shown = options.attempt === undefined ? why : ofAttempt(why, options.attempt);
        if (shown === undefined) {
          const reason = `${why.task.id} had no attempt ${options.attempt}: it had ${why.task.attempt}`;
          throw new UsageError(reason, `headcount why ${why.task.id}`);
        }
        print(context, shown, (paint) => renderWhy(shown, paint, context.columns, whenIn(history)));
      }),
    );
}
