import { expect, test } from 'vitest';
import { HeadcountError } from '../bus/errors.ts';
import { openTerminal } from '../tests/fixtures/terminal.ts';
import { reportError } from './errors.ts';

function reported(error: unknown, ...argv: string[]) {
  const terminal = openTerminal(argv, { cwd: '/' });
  const code = reportError(error, terminal.context);
  return { code, text: terminal.stderr() };
}

const full = new HeadcountError('STORE_FULL', 'the store is full', 'free some space', { cause: new Error('ENOSPC') });

test('an error says what, why and what next, and sets the exit code', () => {
  expect(reported(full)).toEqual({
    code: 5,
    text: 'error: the store is full\nwhy:   ENOSPC\nnext:  free some space\n',
  });
});

test('a cause that says nothing new is left out', () => {
  const error = new HeadcountError('X', 'cannot read: EACCES', 'chmod', { cause: new Error('EACCES') });
  expect(reported(error).text).not.toContain('why:');
});

test('a stack is shown only when asked for', () => {
  expect(reported(new TypeError('boom')).text).not.toContain('at ');
  expect(reported(new TypeError('boom')).code).toBe(5);
  expect(reported(new TypeError('boom'), '--verbose').text).toContain('errors.test.ts');
});

test('escape sequences in an error are removed, its lines kept', () => {
  const error = new HeadcountError('ORG_INVALID', 'a\u001b[31m:1\nb:2', 'mend it', { exit: 3 });
  expect(reported(error).text).toBe('error: a:1\n       b:2\nnext:  mend it\n');
});

test.each([
  ['ENOSPC', 'make room'],
  ['EROFS', 'a folder that can be written'],
  ['EACCES', 'who may write'],
])('what the machine refuses with %s has a next step of its own', (errno, next) => {
  const refused = Object.assign(new Error(`${errno}: refused, open '/x'`), {
    code: errno,
    path: '/x',
    syscall: 'open',
  });
  const { code, text } = reported(refused);
  expect(code).toBe(5);
  expect(text).toContain(next);
  expect(text).not.toContain('--verbose');
});
