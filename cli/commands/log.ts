import type { Command } from 'commander';
import type { Stored } from '../../bus/bus.ts';
import { followFrom, type Reading, readHistory, withCompany } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { painter, safeJson } from '../output.ts';
import { createTimeline } from '../timeline.ts';
import { isSimulated } from '../views/history.ts';
import { type Selection, selects } from '../views/select.ts';
import { type CompanyOptions, readsCompany, wholeNumber } from './shared.ts';

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

async function showLog(reading: Reading, options: LogOptions, context: CliContext): Promise<void> {
  const history = await readHistory(reading.bus);
  const timeline = createTimeline({
    relative: isSimulated(history),
    paint: painter(context.colour),
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
