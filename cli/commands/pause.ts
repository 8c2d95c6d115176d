import type { Command } from 'commander';
import { BusFailure } from '../../bus/errors.ts';
import { NoCompany, withCompanyToChange } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { switchCompany } from '../switch.ts';
import { type CompanyOptions, print, readsCompany } from './shared.ts';

type SwitchOptions = CompanyOptions & { readonly reason: string; readonly by: string };

/** How long the company may take to answer, in ms. */
const ANSWER_MS = 10_000;

export function register(program: Command, context: CliContext): void {
  addSwitch(program, context, 'pause', 'Let a company finish what is in hand and take nothing new.');
}

/** Adds the command that switches a company; also for `resume`. */
export function addSwitch(program: Command, context: CliContext, verb: 'pause' | 'resume', description: string): void {
  readsCompany(program.command(verb))
    .description(description)
    .option('--reason <text>', 'why; everybody reads it', `${verb}d by hand`)
    .option('--by <name>', 'who says so', 'operator')
    .action((options: SwitchOptions) => switchTo(verb === 'pause' ? 'paused' : 'running', options, context));
}

async function switchTo(wanted: 'paused' | 'running', options: SwitchOptions, context: CliContext): Promise<void> {
  await withCompanyToChange(options, context, async ({ bus, live, company }) => {
    if (!live) throw new NoCompany(`${company} is not running`, 'headcount up');
    const signal = AbortSignal.any([context.stop, AbortSignal.timeout(ANSWER_MS)]);
    const { state, changed } = await switchCompany(bus, wanted, options, signal);
    if (state === undefined) {
      throw new BusFailure('NO_ANSWER', `${company} does not answer`, 'headcount status says whether it runs');
    }
    const rest = state === 'paused' && changed ? ', after what is in hand' : '';
    print(context, { company, state, changed }, (paint) => [
      `${company} ${changed ? 'is' : 'was already'} ${paint(state, state === wanted ? 'good' : 'bad')}${rest}`,
    ]);
    if (state !== wanted) context.setExit(1);
  });
}
