import type { Command } from 'commander';
import type { Stored } from '../../bus/bus.ts';
import type { Auditor, Violation } from '../../invariants/auditor.ts';
import { invariants } from '../../invariants/auditor.ts';
import type { Org } from '../../org/org.ts';
import { pad } from '../../org/width.ts';
import { type Reading, withCompany } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { count, plural } from '../format.ts';
import { clean, cut, type Paint, painter, safeJson } from '../output.ts';
import { nowIn } from '../views/history.ts';
import { type CompanyOptions, print, readsCompany } from './shared.ts';

type AuditOptions = CompanyOptions & { readonly org?: string; readonly ended?: true; readonly follow?: true };

/** How much company time passes between two looks at what lies still, while following; ms. */
const LOOK_MS = 60_000;

export function register(program: Command, context: CliContext): void {
  readsCompany(program.command('audit [export]'))
    .description(
      'Check every invariant (docs/invariants.md) on a company or an exported log. Exit code 1 when one is broken.',
    )
    .option('--org <file>', 'the org file whose limits hold until the stream tells another (default: none)')
    .option('--ended', 'also what must hold when all work has ended')
    .option('-f, --follow', 'go on with what happens next, until Ctrl+C')
    .action((file: string | undefined, options: AuditOptions) =>
      withCompany({ ...options, ...(file === undefined ? {} : { from: file }) }, context, (reading) =>
        audit(reading, file ?? options.from, options, context),
      ),
    );
}

type Found = Violation & {
  /** The command that shows it. */
  readonly show: string;
};

type Report = {
  readonly company: string;
  readonly messages: number;
  readonly clean: boolean;
  /** How often each invariant was judged. */
  readonly judged: Readonly<Record<string, number>>;
  readonly violations: readonly Found[];
  readonly unjudged: readonly string[];
};

async function audit(
  reading: Reading,
  file: string | undefined,
  options: AuditOptions,
  context: CliContext,
): Promise<void> {
  const { openAuditor } = await import('../audit-rules.ts');
  const auditor = openAuditor(options.org === undefined ? undefined : await readOrgFile(options.org, context));
  const found: Violation[] = [];
  let messages = 0;
  let last: Stored | undefined;
  const foreign = auditor.skip;
  for await (const stored of reading.bus.replay({ filter: '>', foreign })) {
    found.push(...auditor.look(stored));
    messages += 1;
    last = stored;
  }
  const now = last === undefined ? context.now() : nowIn([last], context.now(), reading.live);
  found.push(...auditor.atRest(now), ...(options.ended ? auditor.atEnd(now) : []));
  const more = file === undefined ? '' : ` --from ${file}`;
  const report = reportOf(reading.company, messages, auditor, found, more);
  if (!report.clean) context.setExit(1);
  print(context, report, (paint) => lines(report, paint, context.columns));
  if (options.follow && reading.live) await follow(reading, auditor, last?.seq ?? 0, context);
}

async function readOrgFile(path: string, context: CliContext): Promise<Org> {
  const { loadOrg, readOrg } = await import('../../org/load.ts');
  const { dutyFacts } = await import('../../actors/duties/registry.ts');
  const { findFile } = await import('../package-root.ts');
  return loadOrg(readOrg(findFile(path, context.cwd), path), { duties: dutyFacts() });
}

/** The command that shows what broke it: the task it is about, or the messages of its subject. */
function showing({ subject }: Violation, more: string): string {
  const [, task] = /^task\.([^.]+)$/.exec(subject) ?? [];
  return task === undefined ? `headcount tap '${clean(subject)}' --all${more}` : `headcount why ${task}${more}`;
}

function reportOf(
  company: string,
  messages: number,
  auditor: Auditor,
  found: readonly Violation[],
  more: string,
): Report {
  const violations = found.map((one) => ({ ...one, show: showing(one, more) }));
  const judged = Object.fromEntries(auditor.counts);
  return { company, messages, clean: found.length === 0, judged, violations, unjudged: auditor.unjudged() };
}

function lines(
  { company, messages, judged, violations, unjudged, clean: isClean }: Report,
  paint: Paint,
  width: number,
) {
  const broken = new Set(violations.map(({ invariant }) => invariant));
  return [
    `${paint(clean(company), 'strong')}   ${plural(messages, 'message')}`,
    ...violations.flatMap((one) => violationLines(one, paint, width)),
    paint(`${pad('RULE', 4)} ${'judged'.padStart(9)}  what must hold`, 'dim'),
    ...invariants.map(({ id, title }) => {
      const times = judged[id] ?? 0;
      const said = `${pad(id, 4)} ${(times === 0 ? '-' : count(times)).padStart(9)}  ${title}`;
      return paint(cut(said, width), broken.has(id) ? 'bad' : times === 0 ? 'dim' : 'plain');
    }),
    ...unjudged.map((line) => paint(cut(`not judged  ${line}`, width), 'dim')),
    isClean
      ? paint('no invariant is broken', 'good')
      : paint(`${plural(violations.length, 'violation')} of ${[...broken].join(', ')}`, 'bad'),
  ];
}

function violationLines({ invariant, seq, subject, detail, show }: Found, paint: Paint, width: number): string[] {
  const where = `${invariant}  seq ${seq}  ${clean(subject)}  `;
  return [
    paint(cut(`BROKEN  ${where}${clean(detail)}`, Math.max(width, where.length + 60)), 'bad'),
    `      ${paint(show, 'command')}`,
  ];
}

/** Keeps checking a running company until Ctrl+C. */
async function follow({ bus }: Reading, auditor: Auditor, seen: number, context: CliContext): Promise<void> {
  const paint = painter(context.colour, context.name);
  const told = new Set<string>();
  const say = (found: readonly Violation[]) => {
    for (const one of found) {
      const key = `${one.invariant} ${one.seq} ${one.detail}`;
      if (told.has(key)) continue;
      told.add(key);
      context.setExit(1);
      const shown = { ...one, show: showing(one, '') };
      for (const line of context.json ? [safeJson(shown)] : violationLines(shown, paint, context.columns)) {
        context.out(`${line}\n`);
      }
    }
  };
  let looked = 0;
  const tap = await bus.tap({ filter: '>', fromSeq: seen + 1, foreign: auditor.skip }, (stored) => {
    say(auditor.look(stored));
    const at = Date.parse(stored.message.time);
    if (at - looked < LOOK_MS) return;
    looked = at;
    say(auditor.atRest(at));
  });
  await new Promise<void>((resolve) => {
    if (context.drain.aborted) resolve();
    context.drain.addEventListener('abort', () => resolve(), { once: true });
  });
  await tap.close();
}
