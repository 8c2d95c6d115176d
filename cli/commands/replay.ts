import type { Command } from 'commander';
import { dutyFacts } from '../../actors/duties/registry.ts';
import { RealClock } from '../../bus/clock.ts';
import { drawOrg } from '../../org/draw.ts';
import { loadOrg } from '../../org/load.ts';
import { readHistory, withCompany } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { MOMENT_HELP, sequenceAt } from '../moment.ts';
import { orgSource } from '../org-in-force.ts';
import { clean, type Paint, painter, safeJson } from '../output.ts';
import { createTimeline } from '../timeline.ts';
import { isSimulated, latestOf, timeOf, whenIn } from '../views/history.ts';
import { asOf, orgTextOf, type Past, pastOf } from '../views/past.ts';
import { statusOf } from '../views/status.ts';
import { renderStatus } from '../views/status-text.ts';
import { renderTasks, tasksOf } from '../views/tasks.ts';
import { whyOf } from '../views/why.ts';
import { renderWhy } from '../views/why-text.ts';
import { type CompanyOptions, positiveNumber, print, readsCompany } from './shared.ts';

type ReplayOptions = CompanyOptions & {
  readonly until?: string;
  readonly tasks?: true;
  readonly org?: true;
  readonly why?: string;
  readonly follow?: true;
  readonly speed?: number;
};

/** How much faster than it happened a history is played, and the longest pause in it, in ms. */
const SPEED = 600;
const LONGEST_PAUSE_MS = 2_000;

export function register(program: Command, context: CliContext): void {
  readsCompany(program.command('replay'))
    .description('A company as it was at a moment: its status, or its tasks, its org chart, the story of a task.')
    .option('--until <moment>', `${MOMENT_HELP} (default: its last message)`)
    .option('--tasks', 'every task, as it was')
    .option('--org', 'the org chart in force')
    .option('--why <task>', 'the chain from goal to commit, as far as it had come')
    .option('-f, --follow', 'play the timeline up to there')
    .option('--speed <n>', `times as fast as it happened (default: ${SPEED}); with --follow`, positiveNumber)
    .action((options: ReplayOptions) => replay(options, context));
}

function replay(options: ReplayOptions, context: CliContext): Promise<void> {
  refuseContradictions(options);
  return withCompany(options, context, async ({ bus, company }) => {
    const whole = await readHistory(bus);
    const seq = options.until === undefined ? (whole.at(-1)?.seq ?? 0) : sequenceAt(options.until, whole);
    const past = pastOf(whole, seq);
    if (options.follow) await play(past, options.speed ?? SPEED, context);
    const { value, lines } = viewOf(past, company, options, context);
    if (options.follow && context.json) return;
    print(context, value, (paint) => [paint(asOf(past), 'info'), ...lines(paint)]);
  });
}

function refuseContradictions({ tasks, org, why, follow, speed }: ReplayOptions): void {
  if ([tasks, org, why].filter((one) => one !== undefined).length > 1) {
    throw new UsageError('--tasks, --org and --why are different answers', 'ask for one at a time');
  }
  if (speed !== undefined && !follow) throw new UsageError('--speed is for --follow', 'add --follow');
}

type View = { readonly value: unknown; readonly lines: (paint: Paint) => readonly string[] };

function viewOf(past: Past, company: string, options: ReplayOptions, context: CliContext): View {
  const { history, seq, time, of } = past;
  const width = context.columns;
  const moment = { seq, time, of };
  if (options.tasks) {
    const tasks = tasksOf(history);
    return { value: { asOf: moment, tasks }, lines: (paint) => renderTasks(tasks, paint, width) };
  }
  if (options.org) return orgView(past, company, context);
  if (options.why !== undefined) {
    const id = options.why;
    const known = [...latestOf(history).tasks.keys()];
    const why = whyOf(history, known.find((task) => task.toLowerCase() === id.toLowerCase()) ?? id);
    if (why === undefined) throw new UsageError(`${company} had no task ${id} at ${seq}`, 'headcount replay --tasks');
    return { value: { asOf: moment, ...why }, lines: (paint) => renderWhy(why, paint, width, whenIn(history)) };
  }
  const last = history.at(-1);
  const wall = last === undefined ? context.now() : timeOf(last.message);
  const status = statusOf(history, { company, wall, live: true });
  return { value: { asOf: moment, ...status }, lines: (paint) => renderStatus(status, paint, width) };
}

function orgView({ history, seq, time, of }: Past, company: string, context: CliContext): View {
  const text = orgTextOf(history);
  if (text === undefined) {
    throw new UsageError(`${company} had not said how it is organised at ${seq}`, 'headcount org draws the org file');
  }
  const org = loadOrg(orgSource(text, context), { duties: dutyFacts() });
  return {
    value: { asOf: { seq, time, of }, ...org, company },
    lines: (paint) => [
      paint(clean(`${org.title} (${company})`), 'strong'),
      ...drawOrg(org, context.columns).split('\n').map(clean),
    ],
  };
}

/** Prints the timeline at its own pace, until Ctrl+C. */
async function play({ history }: Past, speed: number, context: CliContext): Promise<void> {
  const clock = new RealClock();
  const timeline = createTimeline({
    relative: isSimulated(history),
    paint: painter(context.colour, context.name),
    width: context.columns,
    everything: context.json,
  });
  let before: number | undefined;
  for (const stored of history) {
    const line = timeline(stored);
    if (line === undefined) continue;
    const at = timeOf(stored.message);
    const pause = Math.min(LONGEST_PAUSE_MS, (at - (before ?? at)) / speed);
    before = at;
    if (pause >= 1) await clock.sleepUntil(clock.now() + pause, context.drain).catch(() => {});
    if (context.drain.aborted) return;
    context.out(`${context.json ? safeJson(stored.message) : line}\n`);
  }
}
