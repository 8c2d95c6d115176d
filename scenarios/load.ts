// A scenario file to a story that can be played, or to every problem it has, each with its line.

import { dirname, join } from 'node:path';
import { HeadcountError } from '../bus/errors.ts';
import type { OrgDocument } from '../org/document.ts';
import { formatProblem, type Keys, type Problem, quote, sortProblems } from '../org/problems.ts';
import { explainIssues } from '../org/shape.ts';
import { readAnswers } from './answers.ts';
import { readWhole } from './extend.ts';
import { type Folder, openFolder } from './folder.ts';
import { looseEnds } from './loose-ends.ts';
import { type Scenario, ScenarioFile, type TimedEvent, type TimedFault } from './schema.ts';
import { parseInstant } from './time.ts';

/** What is wrong with a scenario file; `problems` holds each, `message` all of them, one a line. */
export class ScenarioInvalid extends HeadcountError {
  override readonly name = 'ScenarioInvalid';
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[], path: string) {
    const next = `correct ${path}; \`headcount validate ${path}\` looks again`;
    super('SCENARIO_INVALID', problems.map(formatProblem).join('\n'), next, { exit: 3 });
    this.problems = problems;
  }
}

/** The scenario file cannot be read at all. */
export class ScenarioUnreadable extends HeadcountError {
  override readonly name = 'ScenarioUnreadable';
  constructor(path: string, cause: unknown) {
    super('SCENARIO_UNREADABLE', `cannot read the scenario ${path}`, 'check the path; `ls scenarios/` lists ours', {
      exit: 3,
      cause,
    });
  }
}

/**
 * Reads a scenario and what it refers to: the folder beside it that has its name.
 * @throws ScenarioInvalid with every problem at once; ScenarioUnreadable when there is no such file
 */
export async function loadScenario(path: string): Promise<Scenario> {
  const { document, text, home } = await readWhole(path).catch((cause: unknown) => {
    throw new ScenarioUnreadable(path, cause);
  });
  const problems = [...document.problems];
  if (document.value === undefined) throw new ScenarioInvalid(sortProblems(problems), path);
  const parsed = ScenarioFile.safeParse(document.value);
  if (!parsed.success) {
    problems.push(...explainIssues(ScenarioFile, parsed.error.issues, document).problems);
    throw new ScenarioInvalid(sortProblems(problems), path);
  }
  const place = join(dirname(path), home ?? parsed.data.name);
  const folder = openFolder(place);
  const scenario = await resolve(parsed.data, { path, text, document, place, folder, problems });
  problems.push(...looseEnds(scenario, parsed.data, document));
  if (problems.length > 0) throw new ScenarioInvalid(sortProblems(problems), path);
  return scenario;
}

type Reading = {
  readonly path: string;
  readonly text: string;
  readonly document: OrgDocument;
  /** Where the folder is. */
  readonly place: string;
  readonly folder: Folder;
  readonly problems: Problem[];
};

async function resolve(file: ScenarioFile, reading: Reading): Promise<Scenario> {
  const { name, title, story = '', until, then, given } = file;
  const start = Date.parse(given.start);
  const knowledge: { name: string; text: string }[] = [];
  for (const [index, source] of given.knowledge.entries()) {
    const known = typeof source === 'string' ? await reading.folder.text(source) : source.text;
    if (known !== undefined) knowledge.push({ name: typeof source === 'string' ? source : source.name, text: known });
    else {
      const message = `${quote(source)} is no file in ${reading.folder.name}`;
      reading.problems.push(reading.document.problem(['given', 'knowledge', index], message));
    }
  }
  return {
    path: reading.path,
    text: reading.text,
    folder: reading.place,
    locate: (keys) => locate(reading.document, keys, given.product?.slug),
    problem: reading.document.problem,
    name,
    title,
    story,
    until,
    then,
    given: { ...given, start, knowledge },
    answers: await readAnswers(file, { ...reading, start, wire: given.wire }),
    when: file.when.map((event) => timedEvent(event, start)),
    faults: file.faults.map((fault) => timedFault(fault, start)),
    simulation: file.simulation,
    deadline: start + file.deadline,
  };
}

/** Where a patch of the org chart is written: `products` under given.product, the company's own fields under given. */
function locate(document: OrgDocument, keys: Keys, product: string | undefined): ReturnType<Scenario['locate']> {
  const [first, second, ...rest] = keys;
  const own = ['company', 'mission', 'sandbox'].includes(String(first));
  const isProduct = first === 'products' && second === product;
  const { file, place } = document.problem(
    isProduct ? ['given', 'product', ...rest] : ['given', ...(own ? [] : ['org']), ...keys],
    '',
  );
  return place && { file, place };
}

/** Instants were checked by the schema. */
function instant(text: string, start: number): number {
  return parseInstant(text, start) ?? start;
}

function timedEvent({ at, ...what }: ScenarioFile['when'][number], start: number): TimedEvent {
  return { ...what, at: typeof at === 'string' ? instant(at, start) : { after: at.after, plusMs: at.plus } };
}

function timedFault({ quota, provider, ...others }: ScenarioFile['faults'][number], start: number): TimedFault {
  if (provider !== undefined) {
    const { name, from, until } = provider;
    return { ...others, provider: { provider: name, from: instant(from, start), until: instant(until, start) } };
  }
  if (quota === undefined) return others;
  const window = { from: instant(quota.from, start), until: instant(quota.until, start), tier: quota.tier };
  return { ...others, quota: window };
}
