import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Stored } from '../../bus/bus.ts';
import { chooseCompany, readHistory, withCompany, withServer } from '../connect.ts';
import type { CliContext } from '../context.ts';
import { sequenceAt } from '../moment.ts';
import { companiesAt, openStream } from '../stream.ts';
import { differenceOf } from '../views/difference.ts';
import { renderDifference } from '../views/difference-text.ts';
import { pastOf } from '../views/past.ts';
import { print } from './shared.ts';

type DiffOptions = { readonly nats?: string };

/** What was asked for: an export, or a company on a server; up to a moment, if one was named. */
type Asked =
  | { readonly file: string; readonly at: string | undefined }
  | { readonly company: string; readonly at: string | undefined };

export function register(program: Command, context: CliContext): void {
  program
    .command('diff <a> <b>')
    .description(
      'Where two companies differ. Each is an export, a company on the server, or either up to a moment: acme@120. ' +
        'Exit code 1 when they do.',
    )
    .option('--nats <url>', 'the NATS server of companies (default: NATS_URL, then this workspace)')
    .option('--json', 'JSON on standard output')
    .action((a: string, b: string, options: DiffOptions) => diff([a, b], options, context));
}

async function diff([a, b]: readonly [string, string], options: DiffOptions, context: CliContext): Promise<void> {
  const asked = [askedFor(a, context), askedFor(b, context)];
  const read = (url: string | undefined) =>
    Promise.all(asked.map((one) => ('file' in one ? fromFile(one, context) : fromServer(one, url ?? '', context))));
  const needsServer = asked.some((one) => 'company' in one);
  const [left = [], right = []] = needsServer
    ? await withServer(options, context, ({ url }) => read(url))
    : await read(undefined);
  const difference = differenceOf(left, right);
  const names = [a, b] as const;
  print(context, { a, b, ...difference }, (paint) => renderDifference(difference, names, paint, context.columns));
  if (!difference.same) context.setExit(1);
}

function askedFor(text: string, { cwd }: CliContext): Asked {
  const [, name = text, at] = /^(.+?)@([^@/]+)$/.exec(text) ?? [];
  const path = [text, name].find((one) => existsSync(resolve(cwd, one)));
  const looksLikePath = /[./\\]/.test(name);
  if (path === undefined && !looksLikePath) return { company: name, at };
  return path === text ? { file: text, at: undefined } : { file: name, at };
}

async function fromFile({ file, at }: Extract<Asked, { file: string }>, context: CliContext): Promise<Stored[]> {
  return withCompany({ from: file }, context, async ({ bus }) => upTo(await readHistory(bus), at));
}

async function fromServer(
  { company, at }: Extract<Asked, { company: string }>,
  url: string,
  { err }: CliContext,
): Promise<Stored[]> {
  const known = chooseCompany(await companiesAt(url), company, err);
  const { bus, close } = await openStream(url, known);
  try {
    return upTo(await readHistory(bus), at);
  } finally {
    await close();
  }
}

function upTo(history: Stored[], at: string | undefined): Stored[] {
  return at === undefined ? history : [...pastOf(history, sequenceAt(at, history)).history];
}
