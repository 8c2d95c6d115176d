// What `headcount init` writes: a company from a template, with a scenario that passes and the settings it knows. Everything is
// made beside the folder first, and moved into it whole.

import { existsSync } from 'node:fs';
import { appendFile, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HeadcountError } from '../bus/errors.ts';
import { titled } from '../org/load.ts';
import { modelsSection, type OwnServer } from './own-server.ts';
import { packageRoot } from './package-root.ts';
import { NotWritable } from './workspace.ts';

export type Template = {
  readonly name: string;
  /** One line for who has to choose. */
  readonly summary: string;
  /** Who writes code and who writes documents on the first day. */
  readonly coder: string;
  readonly writer: string;
};

export const templates: readonly Template[] = [
  {
    name: 'software',
    summary: 'a software company: strategy, engineering, growth',
    coder: 'backend',
    writer: 'customer_success',
  },
  {
    name: 'agency',
    summary: 'an agency: a producer, makers, account managers',
    coder: 'backend',
    writer: 'customer_success',
  },
  {
    name: 'maintainers',
    summary: 'an open-source team: fixes with tests, reviews, documents',
    coder: 'backend',
    writer: 'customer_success',
  },
  {
    name: 'solo',
    summary: 'a founder alone: one plans, one builds, one writes',
    coder: 'fullstack',
    writer: 'marketing',
  },
];

/** Who does the work: nobody real, the models of a provider, or those of an OpenAI-compatible server. */
export const workers = ['scripted', 'claude', 'openai'] as const;
export type Workers = (typeof workers)[number] | OwnServer;

export type NewCompany = { readonly slug: string; readonly template: Template; readonly workers: Workers };

/** A company is there already, or something in its place. Exit code 2. */
export class CompanyThere extends HeadcountError {
  override readonly name = 'CompanyThere';
  constructor(there: readonly string[]) {
    super(
      'COMPANY_THERE',
      `there is already: ${there.join(', ')}; nothing was changed`,
      'headcount org, or init another folder',
      {
        exit: 2,
      },
    );
  }
}

/** Written whole; `.gitignore` is added to instead. */
const OWN = ['org', 'scenarios', '.env.example'] as const;

/** What a company leaves in its folder that is nobody's source. */
const IGNORED = ['.headcount/', 'products/', '.env'];

const schemaLine = /^# yaml-language-server: \$schema=.*\n/;

/** The text of a template's file for this company. Its slug may be read by YAML as something else, so it is quoted. */
function named(text: string, slug: string): string {
  return text.replace(/^(\s*company:) acme$/m, `$1 '${slug}'`).replace(/^title: Acme$/m, `title: ${titled(slug)}`);
}

/** With the models that it thinks with, where they are not the usual ones. */
function staffed(text: string, staff: Workers): string {
  return typeof staff === 'string' ? text : text.replace(/^reports:$/m, `${modelsSection(staff)}reports:`);
}

async function fill(stage: string, { slug, template, workers: staff }: NewCompany): Promise<void> {
  const ours = join(packageRoot, 'org');
  const [org, scenario] = await Promise.all([
    readFile(join(ours, 'templates', template.name, 'org.yaml'), 'utf8'),
    readFile(join(ours, 'templates', 'first-day.yaml'), 'utf8'),
  ]);
  await mkdir(join(stage, 'org'), { recursive: true });
  await mkdir(join(stage, 'scenarios'));
  await writeFile(join(stage, 'org/org.yaml'), staffed(named(org, slug), staff));
  await cp(join(ours, 'org.schema.json'), join(stage, 'org/org.schema.json'));
  await cp(join(ours, 'prompts'), join(stage, 'org/prompts'), { recursive: true });
  const cast = scenario
    .replace('role: CODER', `role: ${template.coder}`)
    .replace('role: WRITER', `role: ${template.writer}`);
  // Its schema stays with the program: a scenario is checked by `headcount validate`.
  await writeFile(join(stage, 'scenarios/first-day.yaml'), named(cast.replace(schemaLine, ''), slug));
  await cp(join(packageRoot, '.env.example'), join(stage, '.env.example'));
}

async function ignoreRuns(dir: string): Promise<void> {
  const path = join(dir, '.gitignore');
  const before = existsSync(path) ? await readFile(path, 'utf8') : '';
  const missing = IGNORED.filter((line) => !before.split('\n').includes(line));
  if (missing.length === 0) return;
  const start = before === '' || before.endsWith('\n') ? '' : '\n';
  await appendFile(path, `${start}${missing.join('\n')}\n`);
}

/**
 * Writes a company into a folder, which is made when it is not there. All or nothing: what is there is never touched.
 * Throws CompanyThere, NotWritable, and what the file system throws.
 */
export async function writeCompany(dir: string, company: NewCompany): Promise<readonly string[]> {
  const there = OWN.filter((name) => existsSync(join(dir, name)));
  if (there.length > 0) throw new CompanyThere(there);
  const stage = await stageIn(dir);
  const moved: string[] = [];
  try {
    await fill(stage, company);
    for (const name of OWN) {
      await rename(join(stage, name), join(dir, name));
      moved.push(name);
    }
    await ignoreRuns(dir);
  } catch (error) {
    for (const name of moved) await rm(join(dir, name), { recursive: true, force: true });
    throw error;
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
  return [...OWN, '.gitignore'];
}

/** A folder beside what is to be there, which is made too. */
async function stageIn(dir: string): Promise<string> {
  try {
    await mkdir(dir, { recursive: true });
    return await mkdtemp(join(dir, '.headcount-init-'));
  } catch (cause) {
    throw new NotWritable(dir, 'name a folder that can be made and written to', cause);
  }
}
