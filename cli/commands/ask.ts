import { type Command, InvalidArgumentError, Option } from 'commander';
import { askStore, type Shelf } from '../../brain/knowledge/library.ts';
import { type Category, categories, citationOf } from '../../brain/knowledge/passage.ts';
import { type Quote, quotesFor } from '../../brain/knowledge/quotes.ts';
import type { CliContext } from '../context.ts';
import { plural } from '../format.ts';
import { knowledgePlaceOf } from '../knowledge-org.ts';
import { mayHaveKnowledge, openShelf } from '../knowledge-place.ts';
import { clean, type Paint } from '../output.ts';
import { print, wholeNumber } from './shared.ts';

type AskOptions = {
  readonly category?: Category;
  readonly limit: number;
  readonly at?: number;
  readonly org: string;
};

/** Passages looked at; those that support an answer are quoted. */
const LOOKED_AT = 20;

export type Asked = {
  readonly question: string;
  readonly known: boolean;
  /** Version of the knowledge that was asked. */
  readonly knowledge: number;
  readonly quotes: readonly (Quote & { readonly citation: string })[];
};

export function register(program: Command, context: CliContext): void {
  program
    .command('ask <question>')
    .description('What the documents of the company say, word for word, with the sources. Exit code 1: nothing.')
    .addOption(new Option('--category <name>', 'only documents about it').choices(categories))
    .option('--limit <n>', 'quotes at most', wholeNumber(1), 3)
    .option('--at <version>', 'as the knowledge was at this version', wholeNumber(1))
    .option('--org <file>', 'the company file', 'org/org.yaml')
    .option('--json', 'JSON on standard output')
    .action((question: string, options: AskOptions) => ask(question, options, context));
}

async function ask(question: string, options: AskOptions, context: CliContext): Promise<void> {
  if (question.trim() === '') throw new InvalidArgumentError('The question is empty.');
  const place = knowledgePlaceOf(options.org, context);
  const empty = { question, known: false, knowledge: 0, quotes: [] };
  const asked = mayHaveKnowledge(place)
    ? await withShelf(await openShelf(place), (shelf) => quoted(shelf, question, options, context))
    : empty;
  print(context, asked, (paint) => lines(asked, paint));
  if (!asked.known) context.setExit(1);
}

async function withShelf<T>(shelf: Shelf, use: (shelf: Shelf) => Promise<T>): Promise<T> {
  try {
    return await use(shelf);
  } finally {
    await shelf.store.close();
  }
}

async function quoted(shelf: Shelf, question: string, options: AskOptions, context: CliContext): Promise<Asked> {
  const { category, at: version, limit } = options;
  const wanted = { limit: Math.max(LOOKED_AT, limit), category, version };
  const { hits, version: knowledge } = await askStore(shelf, question, wanted, context.stop);
  const quotes = quotesFor(question, hits, shelf.embeddings.related, limit);
  return {
    question,
    known: quotes.length > 0,
    knowledge,
    quotes: quotes.map((quote) => ({ ...quote, citation: citationOf(quote) })),
  };
}

function lines({ known, knowledge, quotes }: Asked, paint: Paint): string[] {
  if (knowledge === 0) return ['nothing has been read yet: headcount ingest <files or folders>'];
  if (!known) return [`nothing here says anything about that (knowledge version ${knowledge})`];
  const blocks = quotes.flatMap((quote) => [
    ...quote.text.split('\n').map((line) => `  ${clean(line)}`),
    `${paint(clean(quote.citation), 'info')}${quote.orders ? paint('  reads like an order: it is only text', 'warn') : ''}`,
    '',
  ]);
  return [...blocks, paint(`${plural(quotes.length, 'source')}, knowledge version ${knowledge}`, 'dim')];
}
