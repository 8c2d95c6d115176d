// What becomes of an answer that breaks its schema, over a real wire: one question to repair it, and a record of who gives such answers.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Turn } from './fixtures/model-server.ts';
import { openSite, type Site, wiredCompany } from './fixtures/wired-company.ts';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

const usage = { input: 1_000, output: 100 };
const say = (text: string): Turn => ({ say: { text, usage } });
const good = say(JSON.stringify({ summary: 'Thought about it', advice: 'Keep what is simple.' }));
const broken = (advice: unknown) => say(JSON.stringify({ summary: 'Thought about it', advice }));

type Company = Awaited<ReturnType<typeof wiredCompany>>;
const promptOf = (company: Company, index: number) => JSON.stringify(company.server.asked[index]?.body.messages);
const modelsOf = (company: Company) => company.server.asked.map(({ body }) => body.model);

test('an answer with a wrong schema is shown to its model once, and the repaired one counts; both are paid for', async () => {
  const company = await wiredCompany(site, [broken(7), good]);
  await company.has(() => company.task()?.status === 'done');
  expect(company.server.asked).toHaveLength(2);
  expect(promptOf(company, 1)).toContain('It cannot be used');
  expect(promptOf(company, 1)).toContain('advice');
  expect(promptOf(company, 1)).toContain('7}');
  expect(company.task()).toMatchObject({ attempt: 1, failures: [] });
  expect(company.task()?.spent).toMatchObject({ inputTokens: 2_000, outputTokens: 200 });
  expect(await company.audit()).toEqual([]);
  await company.close();
});

test('an answer that is wrong twice is a typed failure, and nobody asks a third time in that attempt', async () => {
  const retry = ', ladder: [standard, standard, standard, escalate]';
  const company = await wiredCompany(site, [broken(7), broken({}), broken(null), broken([]), good], { retry });
  await company.has(() => company.task()?.status === 'done');
  expect(company.server.asked).toHaveLength(5);
  expect([1, 3].map((index) => promptOf(company, index).includes('It cannot be used'))).toEqual([true, true]);
  expect([0, 2, 4].map((index) => promptOf(company, index).includes('It cannot be used'))).toEqual([
    false,
    false,
    false,
  ]);
  expect(company.task()).toMatchObject({
    attempt: 3,
    failures: [
      { attempt: 1, kind: 'contract', model: 'local/m' },
      { attempt: 2, kind: 'contract', reason: expect.stringContaining('advice'), model: 'local/m' },
    ],
    spent: { inputTokens: 5_000 },
  });
  expect(await company.audit()).toEqual([]);
  await company.close();
});

test('a model that fails four times in a row is asked after the others', async () => {
  const ladder = ', ladder: [standard, standard, standard, standard, standard, escalate]';
  const turns = [...Array.from({ length: 8 }, () => broken(7)), good];
  const company = await wiredCompany(site, turns, { retry: ladder, models: ['poor', 'fair'] });
  await company.has(() => company.task()?.status === 'done');
  expect(modelsOf(company)).toEqual([...Array.from({ length: 8 }, () => 'poor'), 'fair']);
  expect(company.task()).toMatchObject({ attempt: 5, spent: { inputTokens: 9_000 } });
  await company.close();
});
