import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { duties, small } from '../tests/fixtures/company-file.ts';
import type { NewRole } from './edit.ts';
import { hireInto } from './hire.ts';
import { OrgInvalid } from './problems.ts';

const legal: NewRole = { name: 'legal', reportsTo: 'hr', duties: ['advise'] };
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hire-'));
  file = join(folder, 'org.yaml');
  mkdirSync(join(folder, 'prompts'));
  for (const role of ['hr', 'backend']) writeFileSync(join(folder, 'prompts', `${role}.md`), 'You are good.');
  writeFileSync(file, `${small()}# the end\n`);
});
afterEach(() => rmSync(folder, { recursive: true }));

const hire = (role: Partial<NewRole> = {}) => hireInto(file, 'org.yaml', { ...legal, ...role }, { duties });
const everything = () => [
  readFileSync(file, 'utf8'),
  readdirSync(folder).sort(),
  readdirSync(join(folder, 'prompts')).sort(),
];

test('a hire is in the file, and has a prompt that names its title, its boss and its duties', () => {
  chmodSync(file, 0o640);
  const { org, prompt } = hire();
  expect(org.roles.map(({ name }) => name)).toEqual(['hr', 'backend', 'legal']);
  expect(prompt).toBe('prompts/legal.md');
  const text = readFileSync(join(folder, 'prompts/legal.md'), 'utf8');
  expect(text).toContain('# Legal\n\nYou are `legal` of this company and report to `hr`. Your duties: advise.');
  expect(org.roles.at(-1)?.prompt).toBe(text.trim());
  expect(readFileSync(file, 'utf8')).toContain('# the end');
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect(readdirSync(folder).sort()).toEqual(['org.yaml', 'prompts']);
});

test('a prompt that is there is kept', () => {
  writeFileSync(join(folder, 'prompts/legal.md'), 'You know the law.');
  expect(hire().prompt).toBeUndefined();
  expect(readFileSync(join(folder, 'prompts/legal.md'), 'utf8')).toBe('You know the law.');
});

test('a company file behind a link is changed where it is', () => {
  const link = join(folder, 'link.yaml');
  symlinkSync(file, link);
  hireInto(link, 'link.yaml', legal, { duties });
  expect(readFileSync(file, 'utf8')).toContain('legal:');
  expect(readFileSync(link, 'utf8')).toBe(readFileSync(file, 'utf8'));
});

test('what would not be valid is refused with every problem, and nothing is written', () => {
  const before = everything();
  expect(() => hire({ duties: ['advis'], name: 'Legal' })).toThrow(OrgInvalid);
  expect(() => hire({ duties: ['advis'] })).toThrow('legal.duties[0] "advis" is no duty; did you mean "advise"?');
  expect(() => hire({ instances: 101 })).toThrow('legal.instances 101 is too large: at most 100');
  expect(() => hire({ name: '../../etc' })).toThrow('is no role name');
  expect(() => hire({ reportsTo: 'nobody' })).toThrow('nobody is called "nobody"');
  expect(everything()).toEqual(before);
});

test('a file that is not valid as it stands says so before anything is added', () => {
  writeFileSync(file, small().replace('write-code', 'write-cod'));
  expect(() => hire()).toThrow(/^org\.yaml:7:18 backend\.duties\[0\]/);
});

test('when one of the two files cannot be written, neither is', () => {
  const before = everything();
  mkdirSync(join(folder, 'prompts/legal.md'));
  expect(() => hire()).toThrow();
  rmSync(join(folder, 'prompts/legal.md'), { recursive: true });
  mkdirSync(join(folder, 'org.yaml.new'));
  expect(() => hire()).toThrow();
  rmSync(join(folder, 'org.yaml.new'), { recursive: true, force: true });
  expect(everything()).toEqual(before);
});
