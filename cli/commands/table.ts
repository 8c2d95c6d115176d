// Every command: what the help says, and where its code is. The code is loaded only for the command that runs, so that
// `headcount --help` costs no more than commander itself.

import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

type CommandModule = {
  /** Adds the command, its options and its action. */
  register(program: Command, context: CliContext): void;
};

export type CommandRow = {
  /** As commander reads it: `why <task>`. */
  readonly usage: string;
  readonly summary: string;
  readonly group: string;
  readonly load: () => Promise<CommandModule>;
};

const RUN = 'Run a company:';
const READ = 'Read a company:';
const ACT = 'Act on it:';
const SHAPE = 'Shape it:';
const KEEP = 'Keep it, and travel in its time:';

export const commandTable: readonly CommandRow[] = [
  {
    usage: 'run <scenario>',
    summary: 'run a scenario to its end and check what it expects',
    group: RUN,
    load: () => import('./run.ts'),
  },
  {
    usage: 'sim [scenario]',
    summary: 'run it hundreds of times with faults, and look for what breaks',
    group: RUN,
    load: () => import('./sim.ts'),
  },
  {
    usage: 'forecast <scenario>',
    summary: 'what it would cost and how long it would take',
    group: RUN,
    load: () => import('./forecast.ts'),
  },
  { usage: 'up', summary: 'start a company that keeps running', group: RUN, load: () => import('./up.ts') },
  { usage: 'status', summary: 'one screen, problems first', group: READ, load: () => import('./status.ts') },
  { usage: 'tasks', summary: 'every task, one a line', group: READ, load: () => import('./tasks.ts') },
  { usage: 'why <task>', summary: 'the chain from goal to commit', group: READ, load: () => import('./why.ts') },
  {
    usage: 'cost',
    summary: 'what was spent, by role, task, goal, model or day',
    group: READ,
    load: () => import('./cost.ts'),
  },
  { usage: 'log', summary: 'what happened, in order', group: READ, load: () => import('./log.ts') },
  {
    usage: 'audit [export]',
    summary: 'check that nothing is lost, doubled or against the rules',
    group: READ,
    load: () => import('./audit.ts'),
  },
  { usage: 'tap [pattern]', summary: 'messages as they are published', group: READ, load: () => import('./tap.ts') },
  {
    usage: 'ask <question>',
    summary: 'what its documents say, with the sources',
    group: READ,
    load: () => import('./ask.ts'),
  },
  {
    usage: 'ingest <files...>',
    summary: 'give it documents to read',
    group: ACT,
    load: () => import('./ingest.ts'),
  },
  {
    usage: 'answer <question> <option>',
    summary: 'answer a question that waits for you',
    group: ACT,
    load: () => import('./answer.ts'),
  },
  {
    usage: 'dead',
    summary: 'messages given up on: list, show, put back',
    group: ACT,
    load: () => import('./dead.ts'),
  },
  {
    usage: 'lessons',
    summary: 'what it has learned: list, retire',
    group: ACT,
    load: () => import('./lessons.ts'),
  },
  {
    usage: 'pause',
    summary: 'let it finish what is in hand, and no more',
    group: ACT,
    load: () => import('./pause.ts'),
  },
  { usage: 'resume', summary: 'let it take work again', group: ACT, load: () => import('./resume.ts') },
  { usage: 'backup', summary: 'a copy to come back to', group: KEEP, load: () => import('./backup.ts') },
  { usage: 'restore <file>', summary: 'come back to a backup', group: KEEP, load: () => import('./restore.ts') },
  {
    usage: 'verify [file]',
    summary: 'check that the stream is what was written',
    group: KEEP,
    load: () => import('./verify.ts'),
  },
  { usage: 'replay', summary: 'the company as it was', group: KEEP, load: () => import('./replay.ts') },
  {
    usage: 'fork',
    summary: 'a second company that goes on from a moment',
    group: KEEP,
    load: () => import('./fork.ts'),
  },
  { usage: 'diff <a> <b>', summary: 'where two companies differ', group: KEEP, load: () => import('./diff.ts') },
  { usage: 'export', summary: 'a whole company in one file', group: KEEP, load: () => import('./export.ts') },
  { usage: 'import <file>', summary: 'the company of such a file', group: KEEP, load: () => import('./import.ts') },
  {
    usage: 'init [folder]',
    summary: 'write a new company from a template',
    group: SHAPE,
    load: () => import('./init.ts'),
  },
  { usage: 'org', summary: 'draw, check and change the org chart', group: SHAPE, load: () => import('./org.ts') },
  {
    usage: 'policy',
    summary: 'try another policy on a recorded company',
    group: SHAPE,
    load: () => import('./policy.ts'),
  },
  { usage: 'machines', summary: 'print the statecharts', group: SHAPE, load: () => import('./machines.ts') },
  {
    usage: 'validate <file>',
    summary: 'check an org file or a scenario',
    group: SHAPE,
    load: () => import('./validate.ts'),
  },
  {
    usage: 'doctor',
    summary: 'check this machine, with the command that mends it',
    group: SHAPE,
    load: () => import('./doctor.ts'),
  },
];

export const nameOf = (row: CommandRow): string => row.usage.split(' ')[0] ?? row.usage;
