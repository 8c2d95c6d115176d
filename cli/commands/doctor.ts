import type { Command } from 'commander';
import { pad } from '../../org/width.ts';
import type { Finding } from '../checks/finding.ts';
import { examineMachine } from '../checks.ts';
import type { CliContext } from '../context.ts';
import { clean, type Paint, wrapped } from '../output.ts';
import { print } from './shared.ts';

/** How long one question of `--live` may take, ms: a server of one's own may have to load its model first. */
const LIVE_MS = 60_000;

/** Where the details of a check begin, in columns. */
const DETAIL = 20;

export function register(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description(
      'Check this machine. Each failure names the command that mends it; exit code 5 when something required fails.',
    )
    .option('--fetch', 'fetch nats-server and bubblewrap when they are missing')
    .option(
      '--live',
      'ask providers, coding command lines and the search engine one tiny question each: costs a little',
    )
    .option('--json', 'JSON on standard output')
    .action(async ({ fetch, live }: { fetch?: true; live?: true }) => {
      const checks = await examineMachine({
        env: context.env,
        cwd: context.cwd,
        nodeVersion: process.versions.node,
        uid: process.getuid?.(),
        now: context.now(),
        fetch: fetch === true,
        live: live === true,
        liveMs: LIVE_MS,
        progress: (line) => context.err(`${clean(line)}\n`),
      });
      const ok = checks.every((check) => check.ok || !check.required);
      print(context, { ok, checks }, (paint) => renderFindings(checks, paint, context.columns));
      if (!ok) context.setExit(5);
    });
}

/** One line a check, and under a failure the command that mends it: whole, to be copied. */
export function renderFindings(findings: readonly Finding[], paint: Paint, width: number): string[] {
  const lines = findings.flatMap(({ name, ok, required, detail, fix }) => {
    const mark = ok ? paint('ok  ', 'good') : required ? paint('FAIL', 'bad') : paint('miss', 'warn');
    const [first = '', ...rest] = wrapped(clean(detail), width - DETAIL);
    const lines = [`${mark}  ${pad(name, 12)}  ${first}`, ...rest.map((line) => ' '.repeat(DETAIL) + line)];
    return fix === undefined ? lines : [...lines, `${' '.repeat(DETAIL)}fix: ${paint(fix, 'command')}`];
  });
  const failed = findings.filter((finding) => !finding.ok && finding.required).length;
  const verdict =
    failed === 0
      ? `${paint('ready:', 'good')} ${paint('headcount run scenarios/first-product.yaml', 'command')}`
      : paint(`${failed} to mend`, 'bad');
  return [...lines, verdict];
}
