import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { dutyFacts } from '../../actors/duties/registry.ts';
import { HeadcountError } from '../../bus/errors.ts';
import { readDocument } from '../../org/document.ts';
import { readOrg } from '../../org/load.ts';
import { loadPatched } from '../../org/overlay.ts';
import { OrgInvalid } from '../../org/problems.ts';
import { OrgFile } from '../../org/schema.ts';
import { explainIssues } from '../../org/shape.ts';
import { readHistory, withCompany } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { orgSource } from '../org-in-force.ts';
import { clean } from '../output.ts';
import { findFile } from '../package-root.ts';
import { orgTextOf } from '../views/past.ts';
import { renderTrial } from '../views/policy-text.ts';
import { tryPolicy } from '../views/policy-trial.ts';
import { print } from './shared.ts';

/** What a policy file may say: parts of org.yaml that decide what work brings. */
const PolicyFile = OrgFile.pick({ reward: true, standing: true, retry: true });

export function register(program: Command, context: CliContext): void {
  const policy = program.command('policy').description('Try a policy on a recorded company before it is put in force.');
  policy
    .command('try <file>')
    .description('What a file with `reward`, `standing` or `retry`, as in org.yaml, would have changed.')
    .requiredOption('--on <export>', 'a company in a file, from `headcount export`')
    .option('--json', 'as JSON')
    .action((file: string, { on }: { readonly on: string }) => tryOn(file, on, context));
}

function tryOn(file: string, on: string, context: CliContext): Promise<void> {
  const { patch, locate } = readPolicy(file, context.cwd);
  return withCompany({ from: on }, context, async ({ bus }) => {
    const history = await readHistory(bus);
    const text = orgTextOf(history);
    const source =
      text === undefined ? readOrg(findFile('org/org.yaml', context.cwd), 'org/org.yaml') : orgSource(text, context);
    const load = { duties: dutyFacts() };
    const trial = tryPolicy(history, loadPatched(source, undefined, load), loadPatched(source, patch, load, locate));
    print(context, trial, (paint) => renderTrial(trial, paint, context.columns));
  });
}

/** The file of a policy cannot be read. Exit code 3. */
class PolicyUnreadable extends HeadcountError {
  override readonly name = 'PolicyUnreadable';
  constructor(file: string, cause: unknown) {
    super('POLICY_UNREADABLE', `cannot read the policy ${clean(file)}`, 'check the path', { exit: 3, cause });
  }
}

/** Throws PolicyUnreadable, OrgInvalid with every problem at its place. */
function readPolicy(file: string, cwd: string) {
  let text: string;
  try {
    text = readFileSync(resolve(cwd, file), 'utf8');
  } catch (cause) {
    throw new PolicyUnreadable(file, cause);
  }
  const document = readDocument({ text, file });
  if (document.value === undefined) throw new OrgInvalid(document.problems, `correct ${file}`);
  const read = PolicyFile.safeParse(document.value);
  if (!read.success) {
    throw new OrgInvalid(explainIssues(PolicyFile, read.error.issues, document).problems, `correct ${file}`);
  }
  const locate = (keys: Parameters<typeof document.problem>[0]) => {
    const { place } = document.problem(keys, '');
    return place === undefined ? undefined : { file, place };
  };
  return { patch: read.data, locate };
}
