// docs/scenarios.md teaches how a scenario is written: its examples end as they say, and no word of the format is left out.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { answers } from '../brain/answers.ts';
import { packageRoot } from '../cli/package-root.ts';
import { runScenario } from '../cli/run-scenario.ts';
import { Condition, Event, Fault } from '../scenarios/events.ts';
import { Expectations } from '../scenarios/expectations.ts';
import { ScenarioFile } from '../scenarios/schema.ts';
import { quietRun } from './fixtures/run-options.ts';
import { openTerminal } from './fixtures/terminal.ts';

const guide = await readFile(join(packageRoot, 'docs', 'scenarios.md'), 'utf8');
const examples = [...guide.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => ({
  name: /^name: (\S+)/m.exec(text)?.[1] ?? '',
  text,
}));

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'headcount-guide-'));
  await mkdir(join(cwd, 'scenarios'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

test('there are two', () => expect(examples).toHaveLength(2));

test.each(examples)('the example $name ends as it says', async ({ name, text }) => {
  await writeFile(join(cwd, 'scenarios', `${name}.yaml`), text);
  const { context, stdout, stderr } = openTerminal(['--plain'], { cwd, env: process.env });
  const scenario = join('scenarios', `${name}.yaml`);
  const code = await runScenario({ ...quietRun, scenario, out: undefined }, context);
  expect(stdout() + stderr()).toMatch(/(\d+) of \1 expectations met/);
  expect(code).toBe(0);
});

/** The fields of a schema, and those one level below. */
function fieldsOf(schema: z.ZodType): string[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input', reused: 'inline' });
  return Object.keys(properties);
}

test('every word of the format is explained', () => {
  const words = [
    ...fieldsOf(ScenarioFile),
    ...fieldsOf(ScenarioFile.shape.given),
    ...[Event, Fault, Condition, Expectations].flatMap(fieldsOf),
    ...fieldsOf(Expectations.shape.tasks.unwrap().valueType),
    ...fieldsOf(Expectations.shape.agents.unwrap().valueType),
    ...Object.keys(answers),
  ];
  expect(words.length).toBeGreaterThan(60);
  const isNamed = (word: string) => guide.includes(`\`${word}\``) || new RegExp(`^${word}:`, 'm').test(guide);
  expect(words.filter((word) => !isNamed(word))).toEqual([]);
});
