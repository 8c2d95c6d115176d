// The product's digest, CODEBASE.md: what it is made of, which files matter, what to beware of, what changed lately. Written
// into each merge by the harness, from the merged files and what was recorded of the work; no model is asked. What a person
// writes outside the marks stays. Pure.

import { DECISIONS, isDocument } from '../../bus/documents.ts';
import type { Product } from '../../bus/records.ts';
import { dayOf, plain } from './plain.ts';

const BEGIN = '<!-- headcount: written at each merge from merged work; what stands between these marks is replaced -->';
const END = '<!-- headcount: end -->';

/** Bytes between the marks, at most. */
export const DIGEST_BYTES = 12_000;

const MOST = { changes: 15, gotchas: 12, files: 12, folders: 20, atTop: 12, records: 5 } as const;
/** Of one change. */
const OF_ONE = { paths: 8, decisions: 5, gotchas: 4 } as const;

const HEADINGS = ['Architecture', 'Key files', 'Known issues and gotchas', 'Recent changes'] as const;

/** What was merged, as the harness recorded it. Words of work that read something from outside are left out before. */
export type MergedWork = {
  readonly task: string;
  readonly agent: string;
  readonly title: string;
  /** Epoch ms. */
  readonly at: number;
  readonly paths: readonly string[];
  readonly decisions: readonly string[];
  /** What whoever comes next should know: risks, what failed first, what a person has to do. */
  readonly gotchas: readonly string[];
};

/** The part between the marks; undefined where there is none. */
function blockIn(text: string | undefined): string | undefined {
  const from = text?.indexOf(BEGIN) ?? -1;
  const to = text?.indexOf(END, from) ?? -1;
  return from < 0 || to < 0 ? undefined : text?.slice(from + BEGIN.length, to).trim();
}

/** The list under a heading, as it was written. */
function listUnder(block: string | undefined, heading: (typeof HEADINGS)[number]): readonly string[] {
  const [, part = ''] = `\n${block ?? ''}`.split(`\n## ${heading}\n`);
  const [own = ''] = part.split('\n## ');
  return own.split('\n').filter((line) => line.startsWith('- '));
}

const code = (path: string) => `\`${plain(path, 120)}\``;

function named(paths: readonly string[], most: number): string {
  const more = paths.length > most ? [`and ${paths.length - most} more`] : [];
  return [...paths.slice(0, most).map(code), ...more].join(', ');
}

function changeLine({ task, agent, title, at, paths, decisions }: MergedWork): string {
  const decided = decisions.slice(0, OF_ONE.decisions).map((one) => plain(one, 200));
  const files = named(paths, OF_ONE.paths) || 'no file';
  const why = decided.length === 0 ? '' : `. Decided: ${decided.join('; ')}`;
  return `- ${dayOf(at)} ${task} ${plain(title, 120)} (${plain(agent, 64)}): ${files}${why}`;
}

/** The task of a line about a change, and the files that it names. */
function readChange(line: string): { readonly task: string; readonly paths: readonly string[] } {
  const task = /^- \S+ (\S+)/.exec(line)?.[1] ?? '';
  return { task, paths: [...line.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path) };
}

/** Files that changed most often of late and are still there, each with the tasks that changed it. */
function keyFiles(changes: readonly string[], paths: readonly string[]): readonly string[] {
  const tasks = new Map<string, string[]>();
  for (const change of changes) {
    const { task, paths: touched } = readChange(change);
    for (const path of touched) tasks.set(path, [...(tasks.get(path) ?? []), task]);
  }
  return [...tasks]
    .filter(([path]) => paths.includes(path))
    .toSorted(([a, by], [b, others]) => others.length - by.length || (a < b ? -1 : 1))
    .slice(0, MOST.files)
    .map(([path, by]) => `- ${code(path)}: ${by.slice(0, 5).join(', ')}`);
}

function architecture(product: Product, paths: readonly string[]): readonly string[] {
  const { name, description, stack, test, start } = product;
  const folders = new Map<string, number>();
  for (const path of paths) {
    const [folder = '', ...rest] = path.split('/');
    if (rest.length > 0) folders.set(folder, (folders.get(folder) ?? 0) + 1);
  }
  const top = paths.filter((path) => !path.includes('/') && !isDocument(path));
  const records = paths.filter((path) => path.startsWith(`${DECISIONS}/`)).toReversed();
  return [
    `- ${plain(`${name}: ${description}`, 400)}`,
    ...(stack.length > 0 ? [`- Stack: ${plain(stack.join(', '), 200)}`] : []),
    ...(test.length > 0 ? [`- Tests: ${plain(test.join(' '), 200)}`] : []),
    ...(start ? [`- Start: ${plain(start.join(' '), 200)}`] : []),
    ...[...folders]
      .slice(0, MOST.folders)
      .map(([folder, files]) => `- ${code(`${folder}/`)}: ${files} ${files === 1 ? 'file' : 'files'}`),
    ...(top.length > 0 ? [`- At the top: ${named(top, MOST.atTop)}`] : []),
    ...(records.length > 0 ? [`- Decisions, newest first: ${named(records, MOST.records)}`] : []),
  ];
}

function written(parts: readonly (readonly string[])[]): string {
  const body = HEADINGS.flatMap((heading, index) => {
    const lines = parts[index] ?? [];
    return lines.length === 0 ? [] : [`## ${heading}`, '', ...lines, ''];
  });
  return body.join('\n').trim();
}

/**
 * The file as it is after a merge, at most DIGEST_BYTES between its marks: the oldest changes and gotchas go first.
 * @param before its text before the merge; undefined when there was none
 * @param paths of the product after the merge
 */
export function digestOf(
  before: string | undefined,
  product: Product,
  paths: readonly string[],
  work: MergedWork,
): string {
  const old = blockIn(before);
  const about = architecture(product, paths);
  const own = work.gotchas.slice(0, OF_ONE.gotchas).map((one) => `- ${plain(one, 240)} (${work.task})`);
  const changes = [changeLine(work), ...listUnder(old, 'Recent changes')].slice(0, MOST.changes);
  const gotchas = [...new Set([...own, ...listUnder(old, 'Known issues and gotchas')])].slice(0, MOST.gotchas);
  const block = () => written([about, keyFiles(changes, paths), gotchas, changes]);
  while (Buffer.byteLength(block()) > DIGEST_BYTES && changes.length + gotchas.length > 1) {
    if (changes.length > 1 && changes.length >= gotchas.length) changes.pop();
    else gotchas.pop();
  }
  const marked = `${BEGIN}\n${block()}\n${END}`;
  const whole = blockIn(before);
  if (before === undefined || whole === undefined) {
    const kept = before === undefined ? `# ${plain(product.name, 120)}: the codebase` : before.trimEnd();
    return `${kept}\n\n${marked}\n`;
  }
  const from = before.indexOf(BEGIN);
  return `${before.slice(0, from)}${marked}${before.slice(before.indexOf(END, from) + END.length)}`;
}

/** What a brief tells of a digest: the part that the harness wrote. */
export function digestForBrief(text: string | undefined): string {
  return (blockIn(text) ?? '').replace(/^## /gm, '### ');
}
