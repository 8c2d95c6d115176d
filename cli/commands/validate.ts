import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { HeadcountError } from '../../bus/errors.ts';
import type { CliContext } from '../context.ts';
import { clean } from '../output.ts';
import { findFile } from '../package-root.ts';
import { print } from './shared.ts';

export function register(program: Command, context: CliContext): void {
  program
    .command('validate <file>')
    .description('Check an org file or a scenario; which of the two it is, its content tells. Exit code 3 on problems.')
    .option('--json', 'JSON on standard output')
    .action((file: string) => validate(file, context));
}

/** A scenario has what a story needs; everything else is taken for an org file. Works on text that is no YAML, too. */
export function kindOf(text: string): 'org' | 'scenario' {
  return /^(given|then|when|answers|faults|story|until)[ \t]*:/m.test(text) ? 'scenario' : 'org';
}

/** What the loaders' errors carry, as far as it is shown. */
type Located = {
  readonly place: { readonly line: number; readonly column: number } | undefined;
  readonly message: string;
};

function problemsOf(error: HeadcountError): Located[] {
  if (!('problems' in error) || !Array.isArray(error.problems)) return [];
  return error.problems.map(({ place, message }: Located) => ({ place, message }));
}

async function load(kind: 'org' | 'scenario', path: string, shown: string, cwd: string): Promise<string> {
  if (kind === 'scenario') {
    const { loadScenario } = await import('../../scenarios/load.ts');
    const { castOf } = await import('../../actors/cast.ts');
    const { readOrg } = await import('../../org/load.ts');
    const scenario = await loadScenario(path);
    // As `run` would, with the company of this folder.
    castOf(scenario, readOrg(findFile('org/org.yaml', cwd), 'org/org.yaml'));
    return `${scenario.name}: ${scenario.title}`;
  }
  const { loadOrg, readOrg } = await import('../../org/load.ts');
  const { dutyFacts } = await import('../../actors/duties/registry.ts');
  const org = loadOrg(readOrg(path, shown), { duties: dutyFacts() });
  return `${org.company}: ${org.roles.length} roles`;
}

async function validate(file: string, context: CliContext): Promise<void> {
  const path = findFile(file, context.cwd);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new HeadcountError('UNREADABLE', `cannot read ${file}`, 'check the path', { exit: 3, cause });
  });
  const kind = kindOf(text);
  try {
    const summary = await load(kind, path, file, context.cwd);
    print(context, { file, kind, ok: true, problems: [] }, (paint) => [
      `${paint('ok', 'good')}  ${clean(file)}  ${kind}  ${clean(summary)}`,
    ]);
  } catch (error) {
    // With --json the problems are the answer, and go where answers go.
    if (!context.json || !(error instanceof HeadcountError) || error.exit !== 3) throw error;
    const problems = problemsOf(error);
    const all = problems.length > 0 ? problems : [{ place: undefined, message: error.message }];
    print(context, { file, kind, ok: false, problems: all }, () => []);
    context.setExit(3);
  }
}
