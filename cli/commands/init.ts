import { basename, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { dutyFacts } from '../../actors/duties/registry.ts';
import { drawOrg } from '../../org/draw.ts';
import { loadOrg, readOrg } from '../../org/load.ts';
import { didYouMean } from '../../org/problems.ts';
import type { CliContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { type Template, templates, type Workers, workers, writeCompany } from '../new-company.ts';
import { clean } from '../output.ts';
import { findServer, needsPrice, serverIn } from '../own-server.ts';
import { print } from './shared.ts';

type InitOptions = {
  readonly name?: string;
  readonly template?: string;
  readonly workers?: string;
  readonly model?: string;
  readonly key?: string;
  readonly yes?: true;
};

type Wanted = { readonly slug: string; readonly template: Template; readonly workers: Workers };

const FIRST_DAY = 'scenarios/first-day.yaml';
const UP = 'headcount up --mission "what you want"';
const ANY_SERVER = 'the address of an OpenAI-compatible server';

/** What makes the workers of a new company work, in order. */
function startOf(staff: Workers): readonly string[] {
  if (staff === 'scripted') return [`headcount up --script ${FIRST_DAY} --speed 60`];
  if (staff === 'claude') return [`export ANTHROPIC_API_KEY=... && ${UP}`];
  if (staff === 'openai') return [`export OPENAI_API_KEY=... && ${UP}`];
  const { key, model } = staff;
  return [
    ...(key === undefined ? [] : [`export ${key}=...`]),
    ...(needsPrice(staff) ? [`org/org.yaml: give ${model} a price (models.prices), or it is not asked`] : []),
    'headcount doctor --live',
    UP,
  ];
}

export function register(program: Command, context: CliContext): void {
  program
    .command('init [folder]')
    .description('Write a new company: org chart, prompts, a scenario that passes. Asks three questions at most.')
    .option('--name <slug>', "the company's name: small letters, digits and dashes (default: the folder's)")
    .option('--template <name>', `one of ${templates.map(({ name }) => name).join(', ')}`)
    .option('--workers <kind>', `who does the work: ${workers.join(', ')}, or ${ANY_SERVER}`)
    .option('--model <name>', 'the model of that server; the first that it has unless told')
    .option('--key <variable>', 'the environment variable with the key of that server; none unless told')
    .option('-y, --yes', 'ask nothing, take the defaults')
    .option('--json', 'JSON on standard output')
    .action((folder: string | undefined, options: InitOptions) => init(folder ?? '.', options, context));
}

async function init(folder: string, options: InitOptions, context: CliContext): Promise<void> {
  const dir = resolve(context.cwd, folder);
  const wanted = await wantedOf(options, slugFrom(basename(dir)), context);
  const written = await writeCompany(dir, wanted);
  const org = loadOrg(readOrg(resolve(dir, 'org/org.yaml')), { duties: dutyFacts() });
  const place = relative(context.cwd, dir);
  const next = [...(place === '' ? [] : [`cd ${place}`]), `headcount run ${FIRST_DAY}`, ...startOf(wanted.workers)];
  const value = { folder: dir, company: wanted.slug, template: wanted.template.name, written, next };
  print(context, value, (paint) => [
    `${paint('ready', 'good')}  ${clean(wanted.slug)}: ${wanted.template.summary}`,
    ...drawOrg(org, context.columns - 2)
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    '',
    `wrote  ${written.join(', ')}`,
    ...next.map((line, index) => `${index === 0 ? 'next ' : '     '}  ${paint(line, 'command')}`),
  ]);
}

/** A name that the company may have, made of another. */
function slugFrom(text: string): string {
  const slug = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 32)
    .replace(/-+$/, '');
  return slug === '' ? 'acme' : slug;
}

async function wantedOf(options: InitOptions, usual: string, context: CliContext): Promise<Wanted> {
  const quit = new AbortController();
  const signal = AbortSignal.any([quit.signal, context.stop]);
  const staffOf = (text: string) => workersOf(text, options, context, signal);
  const given = {
    slug: options.name === undefined ? undefined : checkSlug(options.name),
    template: options.template === undefined ? undefined : templateOf(options.template),
    workers: options.workers === undefined ? undefined : await staffOf(options.workers),
  };
  const asks = context.isTTY && process.stdin.isTTY === true && options.yes === undefined && !context.json;
  const ask = asks ? asker(context, quit) : undefined;
  const [first] = templates;
  if (!first) throw new Error('there are no templates');
  try {
    const slug = given.slug ?? (await ask?.('name of the company', usual, checkSlug)) ?? usual;
    if (ask && !given.template)
      context.out(`${templates.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`).join('\n')}\n`);
    const template = given.template ?? (await ask?.('template', first.name, templateOf)) ?? first;
    const kinds = `workers (${workers.join(', ')}, or http://... of an OpenAI-compatible server)`;
    const staff = given.workers ?? (await ask?.(kinds, 'scripted', staffOf)) ?? 'scripted';
    checkServerOptions(options, staff);
    return { slug, template, workers: staff };
  } finally {
    ask?.close();
  }
}

type Asker = {
  <T>(what: string, usual: string, read: (text: string) => T | Promise<T>): Promise<T>;
  close(): void;
};

/**
 * Asks until the answer can be read; an empty one is the usual one, and so is every one after the end of the input.
 * @param quit is aborted by Ctrl+C
 */
function asker({ out }: CliContext, quit: AbortController): Asker {
  const input = createInterface({ input: process.stdin, output: process.stdout });
  input.once('SIGINT', () => {
    quit.abort(new UsageError('interrupted; nothing was written', 'headcount init --yes asks nothing'));
    input.close();
  });
  // Lines that come before their question is asked are kept.
  const lines = input[Symbol.asyncIterator]();
  const ask = async <T>(what: string, usual: string, read: (text: string) => T | Promise<T>) => {
    for (;;) {
      out(`${what} [${usual}]: `);
      const { value, done } = await lines.next();
      quit.signal.throwIfAborted();
      const said = done ? '' : value.trim();
      try {
        return await read(said === '' ? usual : said);
      } catch (error) {
        quit.signal.throwIfAborted();
        if (!(error instanceof UsageError)) throw error;
        out(`  ${error.message}; ${error.next}\n`);
      }
    }
  };
  return Object.assign(ask, { close: () => input.close() });
}

function checkSlug(text: string): string {
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(text) && text.length <= 32) return text;
  throw new UsageError(
    `${JSON.stringify(text)} is no name for a company`,
    'small letters, digits and single dashes, at most 32',
  );
}

function templateOf(text: string): Template {
  const found = templates.find(({ name }) => name === text);
  if (found) return found;
  const names = templates.map(({ name }) => name);
  throw new UsageError(
    `there is no template ${JSON.stringify(text)}${didYouMean(text, names)}`,
    `one of ${names.join(', ')}`,
  );
}

async function workersOf(
  text: string,
  { model, key }: InitOptions,
  { env, now }: CliContext,
  signal: AbortSignal,
): Promise<Workers> {
  const found = workers.find((kind) => kind === text);
  if (found) return found;
  const server = serverIn(text);
  if (server) return findServer(server.url, { model: model ?? server.model, key, env, now, signal });
  throw new UsageError(
    `${JSON.stringify(text)} is no kind of workers${didYouMean(text, workers)}`,
    `one of ${workers.join(', ')}, or ${ANY_SERVER}`,
  );
}

/** Options of a server that is none would be forgotten without a word. */
function checkServerOptions({ model, key }: InitOptions, staff: Workers): void {
  if (typeof staff !== 'string' || (model === undefined && key === undefined)) return;
  throw new UsageError(`${model === undefined ? '--key' : '--model'} is for ${ANY_SERVER}`, '--workers http://...');
}
