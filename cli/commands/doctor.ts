import type { Command } from 'commander';
import type { Finding } from '../checks/finding.ts';
import { examineMachine } from '../checks.ts';
import type { CliContext } from '../context.ts';
import { clean, type Paint, pad } from '../output.ts';
import { print } from './shared.ts';

/** How long one question of `--live` may take, ms: a server of one's own may have to load its model first. */
const LIVE_MS = 60_000;

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
      print(context, { ok, checks }, (paint) => renderFindings(checks, paint));
      if (!ok) context.setExit(5);
    });
}

/** One line a check, and under a failure the command that mends it. */
export function renderFindings(findings: readonly Finding[], paint: Paint): string[] {
  const lines = findings.flatMap(({ name, ok, required, detail, fix }) => {
    const mark = ok ? paint('ok  ', 'good') : required ? paint('FAIL', 'bad') : paint('miss', 'warn');
    const line = `${mark}  ${pad(name, 12)}  ${clean(detail)}`;
    return fix === undefined ? [line] : [line, `${' '.repeat(20)}fix: ${paint(fix, 'info')}`];
  });
  const failed = findings.filter((finding) => !finding.ok && finding.required).length;
  const verdict =
    failed === 0
      ? paint('ready: headcount run scenarios/first-product.yaml', 'good')
      : paint(`${failed} to mend`, 'bad');
  return [...lines, verdict];
}
