import type { Command } from 'commander';
import type { Bus } from '../../bus/bus.ts';
import { type Letter, lettersIn } from '../../bus/dead.ts';
import { HeadcountError } from '../../bus/errors.ts';
import { lettersOn, putBack } from '../../bus/requeue.ts';
import { nearest } from '../../org/problems.ts';
import { readHistory, withCompany, withCompanyToChange } from '../connect.ts';
import { type CliContext, note } from '../context.ts';
import { UsageError } from '../errors.ts';
import { duration, plural } from '../format.ts';
import { clean, folded, type Paint, table } from '../output.ts';
import { nowIn, timeOf } from '../views/history.ts';
import { type CompanyOptions, print, readsCompany } from './shared.ts';

export function register(program: Command, context: CliContext): void {
  const dead = program
    .command('dead')
    .description('Messages that were given up on. Without a word after it: the list.');
  const list = (options: CompanyOptions) =>
    withCompany(options, context, ({ bus, live }) => showList(bus, live, context));
  readsCompany(dead.command('list', { isDefault: true }))
    .description('What is dead, why, since when, after how many deliveries.')
    .action(list);
  readsCompany(dead.command('show <letter>'))
    .description('One letter with the message it is about.')
    .action((id: string, options: CompanyOptions) =>
      withCompany(options, context, ({ bus }) => show(bus, id, context)),
    );
  readsCompany(dead.command('requeue <letter>'))
    .description('Publish the message again, once.')
    .option('--by <name>', 'who does it', 'operator')
    .action((id: string, options: CompanyOptions & { readonly by: string }) =>
      withCompanyToChange(options, context, async ({ bus, live }) => {
        const { letter, as, done } = await requeue(bus, id, options.by);
        const what = `${letter.letter.data.subject} as ${as}`;
        print(context, { id: letter.id, as, requeued: done }, (paint) => [
          done
            ? `${paint('requeued', 'good')} ${letter.id}: ${clean(what)}`
            : `${letter.id} was requeued before: ${clean(what)}`,
        ]);
        if (done && !live) note(context, 'the company is not running: it will read this when it does');
      }),
    );
}

async function find(bus: Bus, wanted: string): Promise<Letter> {
  const letters = await lettersOn(bus);
  const found = letters.find(({ id, seq }) => id === wanted.toUpperCase() || String(seq) === wanted);
  if (found) return found;
  const ids = letters.map(({ id }) => id);
  if (ids.length === 0) throw new UsageError(`there is no dead letter ${clean(wanted)}`, 'nothing is dead here');
  const near = nearest(wanted.toUpperCase(), ids) ?? ids.at(-1);
  throw new UsageError(
    `there is no dead letter ${clean(wanted)}`,
    `did you mean ${near}? headcount dead list shows all`,
  );
}

function asJson({ id, seq, letter, requeuedAs }: Letter, now: number) {
  const { consumer, subject, reason, attempts, seq: of } = letter.data;
  const ageMs = now - timeOf(letter);
  return { id, seq, consumer, subject, of, reason, attempts, time: letter.time, ageMs, requeuedAs: requeuedAs ?? null };
}

async function showList(bus: Bus, live: boolean, context: CliContext): Promise<void> {
  const history = await readHistory(bus);
  const now = nowIn(history, context.now(), live);
  const letters = lettersIn(history.filter(({ subject }) => subject.startsWith('dead.')));
  print(
    context,
    letters.map((letter) => asJson(letter, now)),
    (paint) => listed(letters, now, paint, context.columns),
  );
}

function listed(letters: readonly Letter[], now: number, paint: Paint, width: number): readonly string[] {
  if (letters.length === 0) return ['nothing is dead'];
  const rows = letters.map(({ id, letter, requeuedAs }) => {
    const { consumer, subject, reason, attempts } = letter.data;
    const state = {
      text: requeuedAs === undefined ? 'dead' : 'requeued',
      tone: requeuedAs === undefined ? 'bad' : 'dim',
    } as const;
    return [
      id,
      state,
      duration(now - timeOf(letter)),
      String(attempts),
      clean(consumer),
      clean(subject),
      clean(reason),
    ];
  });
  const lines = table(['LETTER', 'state', 'age', 'tries', 'consumer', 'subject', 'reason'], rows, { width, paint });
  const first = letters.find(({ requeuedAs }) => requeuedAs === undefined);
  return first === undefined ? lines : [...lines, paint(`headcount dead show ${first.id}`, 'command')];
}

async function show(bus: Bus, id: string, context: CliContext): Promise<void> {
  const letter = await find(bus, id);
  const { consumer, subject, seq, reason, attempts, payload } = letter.letter.data;
  const { requeuedAs } = letter;
  const { ageMs, ...facts } = asJson(letter, timeOf(letter.letter));
  print(context, { ...facts, untrusted: true, payload }, (paint) => [
    `${paint(letter.id, 'strong')}  ${clean(reason)}`,
    `message  ${seq} on ${clean(subject)}`,
    `given up by ${clean(consumer)} after ${plural(attempts, 'delivery', 'deliveries')}, ${letter.letter.time}`,
    requeuedAs === undefined
      ? `put it back: ${paint(`headcount dead requeue ${letter.id}`, 'command')}`
      : `requeued as ${clean(requeuedAs)}`,
    '',
    paint('the message as it came, untrusted; control characters are left out:', 'dim'),
    ...folded(clean(payload), context.columns - 2).map((line) => `  ${line}`),
  ]);
}

/** A message that cannot be published again. Exit code 1. */
class NotRequeued extends HeadcountError {
  override readonly name = 'NotRequeued';
  constructor(id: string, why: string) {
    super('NOT_REQUEUED', `${id} cannot be put back: ${why}`, `headcount dead show ${id}`, { exit: 1 });
  }
}

/**
 * Publishes the message of a letter again, with an id derived from the old one, then marks the letter. Doing it twice
 * changes nothing. Throws UsageError for a letter that does not exist, NotRequeued for a message that cannot be read.
 */
export async function requeue(
  bus: Bus,
  id: string,
  by: string,
): Promise<{ readonly letter: Letter; readonly as: string; readonly done: boolean }> {
  const letter = await find(bus, id);
  const back = await putBack(bus, letter, by);
  if (back) return { letter, ...back };
  throw new NotRequeued(letter.id, `the message at sequence ${letter.letter.data.seq} is none that can be read`);
}
