// What a run shows: what it starts with, its timeline, how it ended. With --json only the end, as one value.

import type { Stored } from '../bus/bus.ts';
import type { Org } from '../org/org.ts';
import { pad } from '../org/width.ts';
import type { Check } from '../scenarios/expect.ts';
import type { Scenario } from '../scenarios/schema.ts';
import type { Sandbox } from '../tools/sandbox.ts';
import type { Workers } from './company-start.ts';
import type { CliContext } from './context.ts';
import type { RunOptions } from './options.ts';
import { clean, cut, painter, safeJson, typed } from './output.ts';
import { reportOf } from './report.ts';
import { renderReport } from './report-text.ts';
import { createTimeline } from './timeline.ts';
import { timeOf } from './views/history.ts';

export type Opening = {
  readonly org: Org;
  readonly stream: string;
  readonly sandbox: Sandbox;
  readonly scenario: Scenario;
  readonly inspector: string | undefined;
  /** Old products that were moved away. */
  readonly kept: readonly string[];
};

export type End = {
  readonly how: 'reached' | 'deadline' | 'interrupted';
  readonly checks: readonly Check[];
  readonly messages: readonly Stored[];
  readonly company: string;
  /** Budgets that are used up and kept the end away, one line each. */
  readonly budgets: readonly string[];
  /** What was still open, one line each. */
  readonly open: readonly string[];
  readonly url: string | undefined;
  readonly wallMs: number;
  readonly readable: boolean;
  readonly productDir: (slug: string) => string;
  readonly reproduce: string;
};

export type Screen = {
  opening(opening: Opening): void;
  message(stored: Stored): void;
  end(end: End): void;
  /** Says that everything stays up, and waits for Ctrl+C. */
  keep(drain: AbortSignal): Promise<void>;
};

const LABEL = 11;
const BEFORE = '    before    ';

function sandboxLine({ kind, reason }: Sandbox): string {
  return kind === 'refused' ? `none, so nothing that a model wrote will run: ${reason}` : reason;
}

function failedCheck(check: Check, line: (stored: Stored) => string | undefined): string[] {
  return [
    `  ${check.what}`,
    `    expected  ${check.expected}`,
    `    actual    ${check.actual}`,
    ...check.before.map(
      (stored) => `${BEFORE}${line(stored) ?? `${stored.seq} ${stored.subject} ${stored.message.type}`}`,
    ),
  ];
}

export function createScreen(options: Pick<RunOptions, 'json' | 'quiet'>, context: CliContext): Screen {
  const paint = painter(context.colour, context.name);
  const width = context.columns;
  const say = (line: string) => context.out(`${line}\n`);
  const label = (name: string, text: string) => say(cut(`${pad(name, LABEL)}${text}`, width));
  const silent = options.json;
  const timeline = createTimeline({ relative: true, paint, width });
  return {
    opening({ org, stream, sandbox, scenario, inspector, kept }) {
      if (silent) return;
      const people = org.roles.reduce((sum, role) => sum + role.instances, 0);
      label(
        'company',
        `${org.company}   ${people} agents in ${org.roles.length} roles   scripted workers, no key needed`,
      );
      label('scenario', scenario.title);
      label('stream', typed(stream, context.name));
      label('sandbox', sandboxLine(sandbox));
      if (inspector !== undefined) label('inspector', inspector);
      for (const dir of kept) label('kept', `${clean(dir)}: an earlier product that was changed by hand`);
      say('');
    },
    message(stored) {
      if (silent || options.quiet) return;
      const line = timeline(stored);
      if (line !== undefined) say(line);
    },
    end(end) {
      const report = reportOf(end.messages, end.company);
      const failed = end.checks.filter((check) => !check.ok);
      if (silent) {
        const { how, budgets, checks, open, wallMs } = end;
        const passed = how === 'reached' && failed.length === 0;
        say(
          safeJson(
            { passed, how, budgets, open, wallMs, checks: checks.map(({ before, ...check }) => check), report },
            2,
          ),
        );
        return;
      }
      const { productDir, url, wallMs, readable, reproduce } = end;
      say('');
      for (const line of renderReport(report, { productDir, url, wallMs, readable, reproduce }, paint, width))
        say(line);
      if (end.how !== 'reached') {
        say(paint(end.how === 'deadline' ? 'the deadline came first; still open:' : 'interrupted; still open:', 'bad'));
        for (const line of end.open) say(cut(`  ${line}`, width));
        for (const line of end.budgets) say(paint(cut(`budget: ${line}`, width), 'bad'));
      }
      const all = end.checks.length;
      say('');
      // Half a story meets half of what is expected of it: the count is enough.
      if (end.how === 'interrupted') return say(`${all - failed.length} of ${all} expectations met so far`);
      if (failed.length === 0) say(paint(`${all} of ${all} expectations met`, 'good'));
      else say(paint(`${failed.length} of ${all} expectations failed`, 'bad'));
      const first = end.messages[0];
      const start = first === undefined ? 0 : timeOf(first.message);
      for (const check of failed) {
        const log = createTimeline({ relative: true, start, paint, width: width - BEFORE.length, everything: true });
        for (const line of failedCheck(check, log)) say(line);
      }
    },
    keep(drain) {
      if (!silent) say('\neverything stays up; Ctrl+C ends it');
      return new Promise((resolve) => {
        if (drain.aborted) resolve();
        else drain.addEventListener('abort', () => resolve(), { once: true });
      });
    },
  };
}

export type CompanyScreen = {
  opening(opening: {
    readonly org: Org;
    readonly stream: string;
    readonly sandbox: Sandbox;
    /** Who thinks. */
    readonly workers: Pick<Workers, 'line' | 'able'>;
    readonly inspector: string | undefined;
    /** This process among those of the company. */
    readonly member: { readonly name: string; readonly incarnation: number };
  }): void;
  message(stored: Stored): void;
  say(line: string): void;
};

/** What a company that keeps running shows: its timeline by the clock, or with --json its messages, one a line. */
export function createCompanyScreen(options: Pick<RunOptions, 'json' | 'quiet'>, context: CliContext): CompanyScreen {
  const paint = painter(context.colour, context.name);
  const width = context.columns;
  const timeline = createTimeline({ relative: false, paint, width });
  const say = (line: string) => (options.json ? context.err : context.out)(`${line}\n`);
  const hint = (text: string) => typed(text, context.name);
  /** What is said before it is said which company this is. */
  let early: Stored[] | undefined = [];
  const show = (stored: Stored) => {
    if (options.json) return context.out(`${safeJson(stored.message)}\n`);
    if (options.quiet) return;
    const line = timeline(stored);
    if (line !== undefined) say(line);
  };
  return {
    say: (line) => say(hint(line)),
    opening({ org, stream, sandbox, workers, inspector, member }) {
      const people = org.roles.reduce((sum, role) => sum + role.instances, 0);
      const label = (name: string, text: string) => say(cut(`${pad(name, LABEL)}${text}`, width));
      label('company', `${org.company}   ${people} agents in ${org.roles.length} roles`);
      if (workers.able) label('workers', workers.line);
      else say(paint(cut(`${pad('workers', LABEL)}${workers.line}`, width), 'warn'));
      label('process', member.incarnation === 1 ? member.name : `${member.name}, start ${member.incarnation}`);
      label('stream', hint(stream));
      label('sandbox', sandboxLine(sandbox));
      if (inspector !== undefined) label('inspector', inspector);
      label('watch', hint("headcount status   headcount tap 'task.>'   (Ctrl+C drains)"));
      say('');
      for (const stored of early ?? []) show(stored);
      early = undefined;
    },
    message(stored) {
      if (early) early.push(stored);
      else show(stored);
    },
  };
}
