import { expect, test } from 'vitest';
import { dutyFacts } from '../actors/duties/registry.ts';
import type { Stored } from '../bus/bus.ts';
import { type DataOf, parseMessage, seal } from '../bus/messages.ts';
import { loadOrg } from '../org/load.ts';
import { refuseThoughtless } from './joining.ts';

const text = `
company: acme
reports:
  cto:
    title: Planner
    duties: [decompose, staff]
    reports:
      backend: { title: Coder, duties: [write-code] }
      handy: { title: Coder, duties: [write-code], engine: claude }
      devops: { title: Operator, duties: [operate] }
`;
const org = loadOrg({ text, file: 'org/org.yaml', readPrompt: () => 'You work here.' }, { duties: dutyFacts() });

/** The process that runs the company, as it started. */
function runner(more: Partial<DataOf<'process.started'>>): Stored[] {
  const seat = { pid: 1, host: 'h', seat: 's', version: '1', charts: 'c' };
  const data = { name: 'main', incarnation: 1, ...seat, ...more };
  const draft = { id: 'process.main.1', type: 'process.started', source: 'supervisor', data } as const;
  const parsed = parseMessage(JSON.stringify(seal('process.main', draft, 0)));
  if (!parsed.ok) throw new Error(parsed.reason);
  return [{ seq: 1, subject: 'process.main', message: parsed.message }];
}

const refused = (roles: readonly string[] | undefined, past: Stored[]) => () => refuseThoughtless(org, roles, past);

test('who has no model takes no work from a company that has one', () => {
  expect(refused(['backend', 'devops'], runner({}))).toThrow(
    'acme has models and this process has none, and backend cannot',
  );
  expect(refused(undefined, runner({}))).toThrow('cto, backend cannot work without');
});

test('who has no model takes the work that asks none: operations, and that of a command line', () => {
  expect(refused(['devops'], runner({}))).not.toThrow();
  expect(refused(['handy'], runner({}))).not.toThrow();
});

test('a company that cannot think itself is joined by anybody', () => {
  expect(refused(['backend'], runner({ thinks: false }))).not.toThrow();
});
