import { expect, test } from 'vitest';
import { kindOf } from './validate.ts';

test('a story is a scenario, a chart of people is an org file, whatever the files are called', () => {
  expect(kindOf('name: x\ngiven:\n  mission: y\n')).toBe('scenario');
  expect(kindOf('company: acme\nreports:\n  ceo:\n')).toBe('org');
});

test('a word inside is not mistaken for a part of a story', () => {
  expect(kindOf('company: acme\nmission: >\n  given: everything\n')).toBe('org');
});

test('text that is no YAML is still sorted', () => {
  expect(kindOf('given: [\n: :')).toBe('scenario');
});
