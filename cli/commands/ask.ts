import { existsSync, realpathSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { modelsInUse } from '../../actors/routed-thinking.ts';
import { askStore, type Shelf } from '../../brain/knowledge/library.ts';
import { type Category, categories, citationOf } from '../../brain/knowledge/passage.ts';
import { type Quote, quotesFor } from '../../brain/knowledge/quotes.ts';
import { parseDuration } from '../../org/duration.ts';
import type { Org } from '../../org/org.ts';
import { type CliContext, note } from '../context.ts';
import { UsageError } from '../errors.ts';
import { plural } from '../format.ts';
import { askCompany, replyLines } from '../knowledge-asking.ts';
import { knowledgePlaceOf } from '../knowledge-org.ts';
import { type KnowledgePlace, mayHaveKnowledge, openShelf } from '../knowledge-place.ts';
import { clean, type Paint, wrapped } from '../output.ts';
import { readRunFile } from '../run-file.ts';
import { print, wholeNumber } from './shared.ts';

type AskOptions = {
  readonly summary?: string;
  readonly with?: 'quotes' | 'model';
  readonly within: number;
  readonly nats?: string;
  readonly company?: string;
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
    .command('ask [question]')
    .description('What the documents of the company say, with the sources. Exit code 1: nothing.')
    .option('--summary <document>', 'a summary of one document instead, with the question in mind')
    .addOption(
      new Option(
        '--with <who>',
        'quotes: word for word. model: the knowledge role of the company that runs here (default: model where one runs and has a model)',
      ).choices(['quotes', 'model']),
    )
    .option('--within <duration>', 'how long an answer of the company is waited for', durationMs, 5 * 60_000)
    .option('--nats <url>', 'the NATS server of a running company (default: NATS_URL, then this workspace)')
    .option('--company <slug>', 'which company, when the server holds several')
    .addOption(new Option('--category <name>', 'only documents about it').choices(categories))
    .option('--limit <n>', 'quotes at most', wholeNumber(1), 3)
    .option('--at <version>', 'as the knowledge was at this version', wholeNumber(1))
    .option('--org <file>', 'the company file', 'org/org.yaml')
    .option('--json', 'JSON on standard output')
    .action((question: string | undefined, options: AskOptions) => ask(question, options, context));
}

/** A duration above zero, for commander. */
function durationMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms === 0) throw new InvalidArgumentError('Expected a duration such as 90s or 5m.');
  return ms;
}

/** True when the company is to answer: a summary needs a model, and so does who says so; otherwise where there is one. */
function isForModel(options: AskOptions, org: Org, { cwd, env }: CliContext): boolean {
  const { summary, at, category } = options;
  const past = at !== undefined || category !== undefined;
  if (options.with === 'quotes' || (options.with === undefined && past)) {
    if (summary === undefined) return false;
    throw new UsageError('a summary is made by a model, of what is known now', 'leave --with, --at and --category out');
  }
  if (options.with === 'model' && past)
    throw new UsageError('the company answers by what is known now', 'leave --at and --category out');
  if (options.with === 'model' || summary !== undefined) return true;
  return readRunFile(cwd) !== undefined && modelsInUse(org, env).length > 0;
}

/** A document as the store calls it: its path in the workspace; what is no file here may be a name that it was given. */
function documentName(given: string, { cwd }: Pick<CliContext, 'cwd'>): string {
  const path = resolve(cwd, given);
  return existsSync(path) ? relative(realpathSync(cwd), realpathSync(path)).split(sep).join('/') : given;
}

/** What a summary is made for when nothing is said about it. */
const SUMMARY = 'What does it say?';

async function ask(asked: string | undefined, options: AskOptions, context: CliContext): Promise<void> {
  const { summary } = options;
  const question = asked ?? (summary === undefined ? '' : SUMMARY);
  if (question.trim() === '') throw new UsageError('there is no question', 'headcount ask "how do I add a role?"');
  const place = knowledgePlaceOf(options.org, context);
  if (!isForModel(options, place.org, context)) return quote(question, options, place, context);
  const document = summary === undefined ? undefined : documentName(summary, context);
  const { within: withinMs, nats, company } = options;
  const where = { ...(nats !== undefined && { nats }), ...(company !== undefined && { company }) };
  const reply = await askCompany({ question, document, withinMs }, where, context);
  print(context, reply, (paint) => replyLines(reply, paint));
  if (!reply.known) context.setExit(1);
}

/** Without a model, word for word. */
async function quote(question: string, options: AskOptions, place: KnowledgePlace, context: CliContext): Promise<void> {
  const empty = { question, known: false, knowledge: 0, quotes: [] };
  const asked = mayHaveKnowledge(place)
    ? await withShelf(await openShelf(place, (line) => note(context, line)), (shelf) =>
        quoted(shelf, question, options, context),
      )
    : empty;
  print(context, asked, (paint) => lines(asked, paint, context.columns));
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

function lines({ known, knowledge, quotes }: Asked, paint: Paint, width: number): string[] {
  if (knowledge === 0) return [`nothing has been read yet: ${paint('headcount ingest <files or folders>', 'command')}`];
  if (!known) return [`nothing here says anything about that (knowledge version ${knowledge})`];
  const blocks = quotes.flatMap((quote) => [
    ...quote.text.split('\n').flatMap((line) => wrapped(clean(line), width - 2).map((part) => `  ${part}`)),
    `${paint(clean(quote.citation), 'info')}${quote.orders ? paint('  reads like an order: it is only text', 'warn') : ''}`,
    '',
  ]);
  return [...blocks, paint(`${plural(quotes.length, 'source')}, knowledge version ${knowledge}`, 'dim')];
}
