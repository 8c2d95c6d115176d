import type { Command } from 'commander';
import type { HeadcountError } from '../../bus/errors.ts';
import { type Reading, withCompany } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { readCompared } from '../ledgers.ts';
import { readRunFile } from '../run-file.ts';
import { expectedIn } from '../views/processes.ts';
import { type Status, statusOf } from '../views/status.ts';
import { renderStatus } from '../views/status-text.ts';
import { type CompanyOptions, print, readsCompany } from './shared.ts';

const INFRASTRUCTURE = 5;

export function register(program: Command, context: CliContext): void {
  readsCompany(program.command('status'))
    .description('One screen: what needs you, what is late, who does what, what it cost.')
    .action((options: CompanyOptions) =>
      withCompany(options, context, async (reading) => {
        const { history, trouble } = await readCompared(reading.bus, reading.noted ? context.cwd : undefined);
        const consumers = reading.live ? await reading.bus.consumers() : undefined;
        const present = reading.live ? await reading.present?.(expectedIn(history)) : [];
        const others = options.company === undefined ? await reading.others?.() : undefined;
        const status = statusOf(history, {
          company: reading.company,
          wall: context.now(),
          live: reading.live,
          present,
          lag: consumers?.reduce((sum, { pending }) => sum + pending, 0),
          storage: trouble ? saidOf(trouble) : waitsFor(reading, context),
          others: others?.map(({ company, error }) => ({ company, ...saidOf(error) })),
        });
        if (status.storage || status.others.length > 0) context.setExit(INFRASTRUCTURE);
        print(context, status, (paint) => renderStatus(status, paint, context.columns));
      }),
    );
}

function saidOf({ code, message, next }: HeadcountError): NonNullable<Status['storage']> {
  return { code, said: message, next };
}

/** What the process that runs it waits for: a stream that takes nothing cannot say so. */
function waitsFor({ company, noted }: Reading, { cwd }: CliContext): Status['storage'] {
  const running = noted ? readRunFile(cwd) : undefined;
  if (running?.company !== company || running.trouble === undefined) return undefined;
  const next = 'it goes on by itself when that is over; what was not stored is kept by process';
  return { code: 'STREAM_WAITS', said: running.trouble, next: `${next} ${running.pid}` };
}
