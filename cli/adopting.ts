// `headcount up --repo`: a repository that a person names becomes a product in the org file, and its clone in `products/`.

import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { dutyFacts } from '../actors/duties/registry.ts';
import { addProduct } from '../org/add-product.ts';
import { loadOrg, promptsIn } from '../org/load.ts';
import type { Org } from '../org/org.ts';
import { adoptRepo, examineRepo, slugOfFolder } from '../tools/adopt.ts';
import { detectTest } from '../tools/detect-test.ts';
import { openGit } from '../tools/git.ts';
import type { CliContext } from './context.ts';
import { UsageError } from './errors.ts';
import type { UpOptions } from './options.ts';
import { findFile } from './package-root.ts';
import type { Places } from './places.ts';

const gitIn = (home: string, { env }: Pick<CliContext, 'env'>) =>
  openGit({ home: join(home, 'home'), env: { ...env } });

/**
 * Writes the repository of `--repo` into the org file, unless it is there; returns the product it is.
 * Throws UsageError, RepoRefused, OrgInvalid; then nothing was written.
 */
export async function askedProduct(options: UpOptions, context: CliContext): Promise<string | undefined> {
  const { repo, test, automation } = options;
  if (repo === undefined) {
    if (test === undefined && automation === undefined) return undefined;
    throw new UsageError('--test and --automation say something of --repo', 'add --repo <path>, or leave them out');
  }
  if (options.roles !== undefined) {
    throw new UsageError('--roles joins a company that has its products', 'name --repo where the company is started');
  }
  const file = resolve(context.cwd, options.org);
  if (findFile(options.org, context.cwd) !== file) {
    throw new UsageError(
      `there is no ${options.org} in this folder to write the product into`,
      'headcount init, then again',
    );
  }
  const source = await examineRepo(gitIn(join(context.cwd, '.headcount'), context), resolve(context.cwd, repo));
  const slug = slugOfFolder(source.path);
  const text = readFileSync(file, 'utf8');
  const org = loadOrg({ text, file: options.org, readPrompt: promptsIn(join(file, '..')) }, { duties: dutyFacts() });
  if (org.products.some((product) => product.slug === slug)) {
    if (test === undefined && automation === undefined) return slug;
    throw new UsageError(`${slug} is in ${options.org} already`, `change it there: products.${slug}`);
  }
  const command = test ?? detectTest(source.path);
  if (command === undefined)
    throw new UsageError(`nothing in ${source.path} says how it is tested`, 'add --test "npm test"');
  const fields = { repo: source.path, test: command, automation: automation ?? 'supervised' };
  const changed = addProduct(text, slug, fields);
  loadOrg({ text: changed, file: options.org, readPrompt: promptsIn(join(file, '..')) }, { duties: dutyFacts() });
  const part = `${file}.${process.pid}.part`;
  await writeFile(part, changed);
  await rename(part, file);
  return slug;
}

/** Makes the clones of products that are repositories of somebody, and says where their work is to be had. */
export async function adoptProducts(
  org: Org,
  places: Places,
  context: CliContext,
  say: (line: string) => void,
): Promise<void> {
  for (const { slug, repo, automation, test } of org.products) {
    if (repo === undefined) continue;
    const git = gitIn(places.work, context);
    const source = await examineRepo(git, resolve(context.cwd, repo));
    const isNew = await adoptRepo(git, places.products, slug, source);
    const how =
      automation === 'supervised' ? 'each merge waits for your yes (headcount status)' : 'merged without asking';
    say(
      `product    ${slug}, ${isNew ? 'cloned from' : 'from'} ${source.path} at ${source.branch}; tests: ${test.join(' ')}`,
    );
    say(`           ${how}; to have it: git -C ${source.path} fetch ${resolve(places.products, slug)} main`);
  }
}
