import type { Command } from 'commander';
import { dutyFacts } from '../../actors/duties/registry.ts';
import { mermaidOf } from '../../machines/draw.ts';
import type { AgentPolicy } from '../../machines/policy.ts';
import { loadOrg, readOrg } from '../../org/load.ts';
import { type Org, roleOf } from '../../org/org.ts';
import { chartNames, drawChart, type NamedChart } from '../charts.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { findFile } from '../package-root.ts';
import { print } from './shared.ts';

type Options = { readonly org: string; readonly role?: string };

export function register(program: Command, context: CliContext): void {
  program
    .command('machines [name]')
    .description(`Print the statecharts as Mermaid, or as JSON: ${chartNames.join(', ')}. All of them without a name.`)
    .option('--org <file>', 'the org file whose policies build them', 'org/org.yaml')
    .option('--role <role>', 'the role whose ladder the agent chart shows')
    .option('--json', 'states, transitions, guards and descriptions as JSON')
    .action((name: string | undefined, options: Options) => machines(name, options, context));
}

function machines(name: string | undefined, options: Options, context: CliContext): void {
  const org = loadOrg(readOrg(findFile(options.org, context.cwd), options.org), { duties: dutyFacts() });
  const policy = policyFor(org, options.role);
  const wanted = name === undefined ? chartNames : [name];
  const charts = wanted.map((one) => {
    const drawn = drawChart(one, { ...org, agent: policy });
    if (!drawn) throw new UsageError(`there is no chart "${one}"`, `one of: ${chartNames.join(', ')}`);
    return drawn;
  });
  const shown = charts.map(({ name: id, about, chart }) => ({ name: id, about, ...chart }));
  print(context, name === undefined ? shown : shown[0], () => charts.flatMap(linesOf));
}

/** The policy of a role; without one, that of the first role. */
function policyFor(org: Org, name: string | undefined): AgentPolicy {
  const role = name === undefined ? org.roles[0] : roleOf(org, name);
  if (role) return role.policy;
  throw new UsageError(`there is no role "${name}"`, `one of: ${org.roles.map((one) => one.name).join(', ')}`);
}

/** A comment line that Mermaid skips, the drawing, and an empty line: `headcount machines agent > agent.mmd` works. */
function linesOf({ name, chart }: NamedChart): string[] {
  return [`%% ${name}`, mermaidOf(chart), ''];
}
