import type { Command } from 'commander';
import type { Stored } from '../../bus/bus.ts';
import { followFrom, type Reading, readHistory, withCompany } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { painter, safeJson } from '../output.ts';
import { createTimeline } from '../timeline.ts';
import { isSimulated, latestOf } from '../views/history.ts';
import { type Selection, selects } from '../views/select.ts';
import { type CompanyOptions, didYouMean, readsCompany, wholeNumber } from './shared.ts';

type LogOptions = CompanyOptions & Selection & { readonly follow?: true; readonly all?: true; readonly tail?: number };

export function register(program: Command, context: CliContext): void {
  readsCompany(program.command('log'))
    .description('What happened, in order, in words.')
    .option('--agent <agent>', 'only what concerns this agent')
    .option('--task <task>', 'only what concerns this task')
    .option('--all', 'also steps, ticks and wakes')
    .option('-n, --tail <count>', 'only the last lines', wholeNumber(1))
    .option('-f, --follow', 'go on with what happens next, until Ctrl+C')
    .action((options: LogOptions) => withCompany(options, context, (reading) => showLog(reading, options, context)));
}

/** Nothing is said of what does not exist: better to say so. Throws UsageError. */
function refuseUnknown({ agent, task }: Selection, history: readonly Stored[]): void {
  const { tasks, agents } = latestOf(history);
  if (task !== undefined && !history.some((stored) => selects({ task }, stored))) {
    throw new UsageError(`nothing is known of a task ${task}`, didYouMean(task, [...tasks.keys()], 'headcount tasks'));
  }
  if (agent !== undefined && !history.some((stored) => selects({ agent }, stored))) {
    const next = didYouMean(agent, [...agents.keys()], 'headcount status');
    throw new UsageError(`nothing is known of an agent ${agent}`, next);
  }
}

async function showLog(reading: Reading, options: LogOptions, context: CliContext): Promise<void> {
  const history = await readHistory(reading.bus);
  if (!options.follow) refuseUnknown(options, history);
  const timeline = createTimeline({
    relative: isSimulated(history),
    paint: painter(context.colour, context.name),
    width: context.columns,
    everything: options.all === true || context.json,
  });
  // Every message passes the timeline, wanted or not: a line depends on the ones before it.
  const lineOf = (stored: Stored) => {
    const line = timeline(stored);
    if (line === undefined || !selects(options, stored)) return undefined;
    return context.json ? safeJson(stored.message) : line;
  };
  const lines = history.map(lineOf).filter((line) => line !== undefined);
  for (const line of options.tail === undefined ? lines : lines.slice(-options.tail)) context.out(`${line}\n`);
  if (!options.follow) return;
  await followFrom(reading, { filter: '>', fromSeq: (history.at(-1)?.seq ?? 0) + 1 }, context, (stored) => {
    const line = lineOf(stored);
    if (line !== undefined) context.out(`${line}\n`);
    return true;
  });
}
