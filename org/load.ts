// org.yaml to the company as plain data, or to every problem it has.

import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { HealthCheck, Product } from '../bus/records.ts';
import { capsOf, warnAt } from './budget-schema.ts';
import { checkOrg, DEFAULT_PERSON, type Duties, promptPath, rolesOf } from './checks.ts';
import { readDocument } from './document.ts';
import { parseCadence } from './duration.ts';
import { enginesOf, everyType } from './engines.ts';
import { knowledgeOf } from './knowledge.ts';
import { memoryOf, milestonesOf, staffingOf, standingOf } from './learning.ts';
import { modelsOf } from './models.ts';
import type { Cadence, Org, Role, WebSettings } from './org.ts';
import { policyOf, rewardOf } from './policy.ts';
import { OrgInvalid, OrgUnreadable, type Problem, sortProblems } from './problems.ts';
import { type HealthFile, type OrgFile, type ProductFile, parseProbe } from './schema.ts';
import { readShape } from './shape.ts';
import type { WebFile } from './web-schema.ts';

/** A company file in hand: its text, the name that errors call it, and its prompt files. */
export type OrgSource = {
  readonly text: string;
  readonly file: string;
  /** The text of a prompt by its path relative to the company file; undefined when there is none. */
  readonly readPrompt: (path: string) => string | undefined;
};

export type LoadOptions = {
  /** Every duty there is (actors/duties/). */
  readonly duties: Duties;
};

/**
 * Reads a company file and its prompts.
 * @throws OrgInvalid with every problem at once; OrgUnreadable when there is no such file
 */
export function loadOrg(source: string | OrgSource, options: LoadOptions): Org {
  const { file, prompts, problems } = examine(typeof source === 'string' ? readOrg(source) : source, options);
  if (file === undefined || problems.length > 0) throw new OrgInvalid(problems);
  return toOrg(file, prompts);
}

/**
 * The company file on disk, with its prompts read from its folder. Symbolic links out of the folder are not followed.
 * @param shown what errors call the file; its path unless told
 * @throws OrgUnreadable
 */
export function readOrg(path: string, shown = path): OrgSource {
  try {
    return { text: readFileSync(path, 'utf8'), file: shown, readPrompt: promptsIn(dirname(path)) };
  } catch (cause) {
    throw new OrgUnreadable(shown, cause);
  }
}

/** Reads prompt files of a folder, and of nowhere else. */
export function promptsIn(folder: string): OrgSource['readPrompt'] {
  return (path) => {
    try {
      const real = realpathSync(join(folder, path));
      if (relative(realpathSync(folder), real).startsWith('..')) return undefined;
      return readFileSync(real, 'utf8');
    } catch {
      return undefined;
    }
  };
}

type Examined = {
  readonly file: OrgFile | undefined;
  readonly prompts: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
};

function examine({ text, file: name, readPrompt }: OrgSource, { duties }: LoadOptions): Examined {
  const prompts = new Map<string, string>();
  const document = readDocument({ text, file: name });
  if (document.value === undefined) return { file: undefined, prompts, problems: sortProblems(document.problems) };
  const { file, problems, broken } = readShape(document);
  const readOnce = (path: string) => {
    const prompt = prompts.get(path) ?? readPrompt(path);
    if (prompt !== undefined) prompts.set(path, prompt);
    return prompt;
  };
  const others = file === undefined ? [] : checkOrg(file, document, { duties, readPrompt: readOnce, broken });
  return { file, prompts, problems: sortProblems([...document.problems, ...problems, ...others]) };
}

function toOrg(file: OrgFile, prompts: ReadonlyMap<string, string>): Org {
  return {
    company: file.company,
    title: inOneLine(file.title ?? titled(file.company)),
    mission: file.mission,
    person: file.person ?? DEFAULT_PERSON,
    products: Object.entries(file.products ?? {}).map(([slug, product]) => toProduct(slug, product)),
    sandbox: file.sandbox ?? 'required',
    replicas: file.stream?.replicas,
    engines: enginesOf(file.engines),
    ...(file.web && { web: webOf(file.web) }),
    models: modelsOf(file.models),
    budget: { ...capsOf(file.budget), warn: warnAt(file.budget) },
    knowledge: knowledgeOf(file.knowledge),
    reward: rewardOf(file.reward),
    standing: standingOf(file.standing),
    memory: memoryOf(file.memory),
    staffing: staffingOf(file.staffing),
    milestones: milestonesOf(file.milestones),
    roles: rolesOf(file.reports).map(
      ({ name, boss, role }): Role => ({
        name,
        title: inOneLine(role.title ?? titled(name)),
        boss,
        reports: Object.keys(role.reports ?? {}),
        tier: role.tier ?? 'light',
        duties: role.duties ?? [],
        schedule: Object.fromEntries(
          Object.entries(role.schedule ?? {}).map(([duty, text]) => [duty, cadenceOf(text)]),
        ),
        instances: role.instances ?? 1,
        engine: typeof role.engine === 'string' ? { [everyType]: role.engine } : (role.engine ?? {}),
        ...(role.tools && { tools: role.tools }),
        prompt: (prompts.get(promptPath({ name, role })) ?? '').trim(),
        policy: policyOf(role.retry, file.retry),
        budget: capsOf(role.budget),
        team: capsOf(role.team),
      }),
    ),
  };
}

function webOf({ provider = 'duckduckgo', key, url, allow = [], research = false }: WebFile): WebSettings {
  return { provider, key, url, allow, research };
}

function cadenceOf(text: string): Cadence {
  const cadence = parseCadence(text);
  if ('problem' in cadence) throw new TypeError(`${text} ${cadence.problem}`);
  return cadence;
}

/** Tables and drawings show a title in a row, also one that was written as a block. */
const inOneLine = (title: string): string => title.trim().replace(/\s+/g, ' ');

/** What a name is called when nobody says: `customer_success` -> `Customer success`. */
export function titled(name: string): string {
  const words = name.replaceAll(/[-_]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function toProduct(slug: string, product: ProductFile): Product {
  return {
    slug,
    name: product.name ?? titled(slug),
    description: product.description ?? '',
    stack: product.stack ?? [],
    test: argvOf(product.test),
    start: product.start === undefined ? undefined : argvOf(product.start),
    health: (product.health ?? []).map(toHealthCheck),
    ...(product.repo === undefined ? {} : { repo: product.repo, automation: 'supervised' }),
    ...(product.automation === undefined ? {} : { automation: product.automation }),
  };
}

function argvOf(command: string | readonly string[]): readonly string[] {
  return typeof command === 'string' ? command.trim().split(/\s+/) : command;
}

function toHealthCheck(check: HealthFile): HealthCheck {
  if (typeof check === 'string') {
    const { method, path, status, includes } = parseProbe(check);
    return {
      name: `${method} ${path}`,
      method: method === 'POST' ? 'POST' : 'GET',
      path,
      body: undefined,
      status: Number(status),
      includes,
    };
  }
  const { method = 'GET', path, body, status = 200, includes } = check;
  return { name: check.name ?? `${method} ${path}`, method, path, body, status, includes };
}
