import type { Command } from 'commander';
import { readHistory, withCompany } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { expectedIn } from '../views/processes.ts';
import { statusOf } from '../views/status.ts';
import { renderStatus } from '../views/status-text.ts';
import { type CompanyOptions, print, readsCompany } from './shared.ts';

export function register(program: Command, context: CliContext): void {
  readsCompany(program.command('status'))
    .description('One screen: what needs you, what is late, who does what, what it cost.')
    .action((options: CompanyOptions) =>
      withCompany(options, context, async (reading) => {
        const history = await readHistory(reading.bus);
        const consumers = reading.live ? await reading.bus.consumers() : undefined;
        const present = reading.live ? await reading.present?.(expectedIn(history)) : [];
        const status = statusOf(history, {
          company: reading.company,
          wall: context.now(),
          live: reading.live,
          present,
          lag: consumers?.reduce((sum, { pending }) => sum + pending, 0),
        });
        print(context, status, (paint) => renderStatus(status, paint, context.columns));
      }),
    );
}
