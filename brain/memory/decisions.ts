// Which merged changes are decisions about the architecture, and their records, docs/decisions/NNNN-<slug>.md. Decided from
// the changed paths alone, so that the same merge always makes the same record; what it says comes from what the worker
// stated in its report. Pure.

import { type Changed, DECISIONS, isDocument } from '../../bus/documents.ts';
import type { Decision } from '../../bus/learned.ts';
import { dayOf, plain } from './plain.ts';

/** What a changed path is a part of, in the order in which it is looked for. */
const PARTS: readonly (readonly [string, RegExp])[] = [
  [
    'package manifest',
    /(^|\/)(package\.json|pyproject\.toml|setup\.py|requirements[^/]*\.txt|Cargo\.toml|go\.mod|pom\.xml|build\.gradle(\.kts)?|Gemfile|composer\.json|deno\.jsonc?)$/,
  ],
  [
    'how it is built and run',
    /(^|\/)(Dockerfile[^/]*|(docker-)?compose[^/]*\.ya?ml|Procfile|Makefile|\.gitlab-ci\.yml|vercel\.json|netlify\.toml|fly\.toml|railway\.(json|toml)|[^/]+\.(tf|service))$|^\.github\/workflows\//,
  ],
  ['stored data', /(^|\/)migrations?\/|(^|\/)schema\.[^/]+$|\.(sql|prisma)$/],
  ['public interface', /(^|\/)(openapi|swagger)[^/]*\.(json|ya?ml)$|\.(proto|graphqls?)$|(^|\/)index\.d\.ts$/],
  [
    'configuration',
    /(^|\/)(tsconfig[^/]*\.json|[^/]+\.config\.[cm]?[jt]s|\.[a-z]+rc(\.[a-z]+)?|\.env\.example)$|^config\//,
  ],
];

/** Folders that say nothing about how a product is made. */
const APART = ['docs', 'growth', 'test', 'tests'];

/** Changes that decide nothing, whatever they touch. */
const TRIVIAL = /\b(bump|typo|typos|reformat|formatting|lint)\b/i;

const MOST_PATHS = 20;

/** A part of the architecture that a change touches. */
export type Touch = { readonly path: string; readonly what: string };

/**
 * What a change touches of the architecture: a new folder at the top, a manifest, how it is built and run, stored data, a
 * public interface, configuration. Empty when nothing.
 * @param after paths of the product with the change
 */
export function touched(title: string, changed: readonly Changed[], after: readonly string[]): readonly Touch[] {
  if (TRIVIAL.test(title)) return [];
  const own = changed.filter(({ path }) => !isDocument(path));
  const added = new Set(own.filter(({ kind }) => kind === 'added').map(({ path }) => path));
  const folderOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '');
  const gone = own.filter(({ kind }) => kind === 'deleted').map(({ path }) => folderOf(path));
  const before = new Set([...after.filter((path) => !added.has(path)).map(folderOf), ...gone]);
  const folders = [...new Set([...added].map(folderOf))].filter(
    (folder) => folder !== '' && !before.has(folder) && !APART.includes(folder),
  );
  const parts = own.flatMap(({ path }): Touch[] => {
    const part = PARTS.find(([, pattern]) => pattern.test(path));
    return part === undefined ? [] : [{ path, what: part[0] }];
  });
  return [...folders.map((folder) => ({ path: `${folder}/`, what: 'new folder' })), ...parts].slice(0, MOST_PATHS);
}

const numberOf = (path: string) => Number(/^docs\/decisions\/(\d{4})-/.exec(path)?.[1] ?? 0);

/** Where the next record goes. */
export function recordPath(title: string, paths: readonly string[]): string {
  const number = Math.max(0, ...paths.map(numberOf)) + 1;
  const slug = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replace(/^-+|-+$/g, '');
  return `${DECISIONS}/${String(number).padStart(4, '0')}-${slug || 'decision'}.md`;
}

/** The record among the files that a merge added; undefined when it made none. */
export function recordIn(changed: readonly Changed[]): string | undefined {
  return changed.find(({ path, kind }) => kind === 'added' && numberOf(path) > 0)?.path;
}

/** The record of a decision as a file. */
export function recordOf(
  path: string,
  decision: Omit<Decision, 'commit' | 'file'>,
  by: string,
  touches: readonly Touch[],
): string {
  const { title, task, pull, at, context, decision: decided, consequences } = decision;
  return [
    `# ${numberOf(path)}. ${title}`,
    '',
    `- Date: ${dayOf(at)}`,
    `- Task: ${task}${pull === undefined ? '' : `, pull ${pull}`}, by ${plain(by, 64)}`,
    `- Touches: ${touches.map((one) => `\`${plain(one.path, 120)}\` (${one.what})`).join(', ')}`,
    '',
    '## Context',
    '',
    context,
    '',
    '## Decision',
    '',
    decided,
    '',
    '## Consequences',
    '',
    consequences,
    '',
  ].join('\n');
}

/** One line for a brief. */
export function decisionLine({ task, title, decision, file }: Decision): string {
  return `${title} (${file ?? task}): ${plain(decision, 300)}`;
}
