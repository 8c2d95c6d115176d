import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { dutyFacts } from '../../actors/duties/registry.ts';
import { diffLines, isEmptyDiff, type OrgDiff } from '../../org/diff.ts';
import { drawOrg } from '../../org/draw.ts';
import { hireInto } from '../../org/hire.ts';
import { loadOrg, readOrg } from '../../org/load.ts';
import { agentsOf, type Org, type Tier } from '../../org/org.ts';
import { OrgInvalid } from '../../org/problems.ts';
import { NoCompany, withCompany, withCompanyToChange } from '../connect.ts';
import { type CliContext, note } from '../context.ts';
import { UsageError } from '../errors.ts';
import { plural } from '../format.ts';
import { applyOrg, type Comparison, compareWith } from '../org-in-force.ts';
import { clean, type Paint, type Tone } from '../output.ts';
import { findFile, packageRoot } from '../package-root.ts';
import { type CompanyOptions, print, readsCompany, wholeNumber } from './shared.ts';

const DEFAULT_FILE = 'org/org.yaml';

type FileOptions = { readonly org: string };

type AddOptions = {
  readonly reportsTo: string;
  readonly duties: readonly string[];
  readonly title?: string;
  readonly tier?: Tier;
  readonly instances?: number;
};

export function register(program: Command, context: CliContext): void {
  const org = program.command('org').description('Draw the org chart; check it, change it, put it in force.');
  org
    .option('--org <file>', 'the org file', DEFAULT_FILE)
    .option('--json', 'JSON on standard output')
    .action(({ org: file }: FileOptions) => draw(file, context));

  org
    .command('check [file]')
    .description('Check an org file. Exit code 3 on problems, all of them with their lines.')
    .option('--json', 'JSON on standard output')
    .action((file: string | undefined) => check(file ?? org.opts<FileOptions>().org, context));

  org
    .command('add <role>')
    .description('Add a role to the org file, comments kept, and write its prompt file when there is none.')
    .requiredOption('--reports-to <role>', 'its boss: a role, or the person at the top')
    .requiredOption('--duties <list>', 'what it does, separated by commas', commaList)
    .option('--title <text>', 'what people call it')
    .addOption(new Option('--tier <tier>', 'which model it thinks with').choices(['strategy', 'coding', 'light']))
    .option('--instances <n>', 'how many agents share its mailbox', wholeNumber(1))
    .option('--org <file>', `the org file (default: "${DEFAULT_FILE}")`)
    .option('--json', 'JSON on standard output')
    // Wherever it stands, commander gives `--org` to the outer command, which knows it too.
    .action((role: string, options: AddOptions) => add(role, { ...options, ...org.opts<FileOptions>() }, context));

  readsCompany(org.command('diff <file>'))
    .description(
      'Show what would change in a company if this became its org chart: + hired, - let go, > moved, ~ changed.',
    )
    .action((file: string, options: CompanyOptions) => diff(file, options, context));

  readsCompany(org.command('apply <file>'))
    .description(
      'Put an org file in force in a running company. Refused when an open task would have nobody left to do it.',
    )
    .action((file: string, options: CompanyOptions) => apply(file, options, context));
}

function commaList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function sourceOf(file: string, { cwd }: CliContext) {
  return readOrg(findFile(file, cwd), file);
}

function draw(file: string, context: CliContext): void {
  const org = loadOrg(sourceOf(file, context), { duties: dutyFacts() });
  print(context, org, (paint) => [
    paint(clean(`${org.title} (${org.company})`), 'strong'),
    ...drawOrg(org, context.columns).split('\n').map(clean),
  ]);
}

function check(file: string, context: CliContext): void {
  try {
    const org = loadOrg(sourceOf(file, context), { duties: dutyFacts() });
    print(context, { file, ok: true, problems: [] }, (paint) => [
      `${paint('ok', 'good')}  ${clean(file)}  ${clean(org.company)}: ${headcountOf(org)}`,
    ]);
  } catch (error) {
    // With --json the problems are the answer, and go where answers go.
    if (!context.json || !(error instanceof OrgInvalid)) throw error;
    print(context, { file, ok: false, problems: error.problems }, () => []);
    context.setExit(error.exit);
  }
}

function headcountOf({ roles }: Org): string {
  const agents = roles.flatMap(agentsOf).length;
  return `${plural(roles.length, 'role')}, ${plural(agents, 'agent')}`;
}

function add(name: string, options: AddOptions & FileOptions, context: CliContext): void {
  const { org: file, ...role } = options;
  const path = resolve(context.cwd, file);
  if (!existsSync(path) && existsSync(join(packageRoot, file))) {
    throw new UsageError(`there is no ${file} in this folder yet`, `cp -r ${join(packageRoot, 'org')} org`);
  }
  const { org, prompt } = hireInto(path, file, { name, ...role }, { duties: dutyFacts() });
  print(context, { file, role: name, prompt, roles: org.roles.length }, (paint) => [
    `${paint('added', 'good')} ${name} to ${clean(file)}, reports to ${role.reportsTo}`,
    ...(prompt === undefined
      ? []
      : [`${paint('wrote', 'good')} ${clean(join(dirname(file), prompt))}: make it its own`]),
    paint(`next: headcount org apply ${clean(file)}, when the company is running`, 'command'),
  ]);
}

async function diff(file: string, options: CompanyOptions, context: CliContext): Promise<void> {
  const source = sourceOf(file, context);
  await withCompany(options, context, async ({ bus }) => {
    const compared = await compareWith(bus, source, () => sourceOf(DEFAULT_FILE, context));
    sayFallback(compared, context);
    print(context, compared.diff, (paint) => linesOf(compared.diff, paint));
  });
}

async function apply(file: string, options: CompanyOptions, context: CliContext): Promise<void> {
  const source = sourceOf(file, context);
  await withCompanyToChange(options, context, async ({ bus, live, company }) => {
    if (!live) {
      throw new NoCompany(`${company} is not running`, `headcount up --org ${file} starts it with this org chart`);
    }
    const compared = await applyOrg(bus, source, () => sourceOf(DEFAULT_FILE, context));
    sayFallback(compared, context);
    const { applied } = compared;
    const done = applied ? 'in force' : 'nothing to apply';
    print(context, { applied, ...compared.diff }, (paint) => [
      ...linesOf(compared.diff, paint),
      `${paint(done, 'good')}: ${company} ${headcountOf(loadOrg(source, { duties: dutyFacts() }))}`,
    ]);
  });
}

function sayFallback({ told }: Comparison, context: CliContext): void {
  if (!told) note(context, `the company has not said how it is organised; compared with ${DEFAULT_FILE}`);
}

const TONES: Readonly<Record<string, Tone>> = { '+': 'good', '-': 'bad', '>': 'info', '~': 'warn', '!': 'bad' };

function linesOf(diff: OrgDiff, paint: Paint): string[] {
  if (isEmptyDiff(diff)) return ['nothing changes'];
  return diffLines(diff).map(
    (line) => `${paint(line.charAt(0), TONES[line.charAt(0)] ?? 'plain')}${clean(line.slice(1))}`,
  );
}
