import fc from 'fast-check';
import { expect, test } from 'vitest';
import { widthOf } from '../org/width.ts';
import {
  clean,
  cut,
  cutName,
  flowed,
  folded,
  nameTyped,
  painter,
  safeJson,
  table,
  wantsColour,
  wrapped,
} from './output.ts';

test('colour needs a terminal, and NO_COLOR, --no-color and --plain refuse it', () => {
  expect(wantsColour({}, true, [])).toBe(true);
  expect(wantsColour({}, false, [])).toBe(false);
  expect(wantsColour({ NO_COLOR: '1' }, true, [])).toBe(false);
  expect(wantsColour({ NO_COLOR: '' }, true, [])).toBe(true);
  expect(wantsColour({ FORCE_COLOR: '1' }, true, ['status', '--plain'])).toBe(false);
  expect(wantsColour({ TERM: 'dumb' }, true, [])).toBe(false);
});

test('FORCE_COLOR colours a pipe, but NO_COLOR has the last word', () => {
  expect(wantsColour({ FORCE_COLOR: '1' }, false, [])).toBe(true);
  expect(wantsColour({ FORCE_COLOR: '0' }, true, [])).toBe(false);
  expect(wantsColour({ FORCE_COLOR: '1', NO_COLOR: '1' }, true, [])).toBe(false);
});

test.each([
  ['a colour', 'a\u001b[31mb\u001b[0mc', 'abc'],
  ['a title by OSC and BEL', 'a\u001b]0;owned\u0007b', 'ab'],
  ['a link by OSC and ST', '\u001b]8;;http://evil\u001b\\click\u001b]8;;\u001b\\', 'click'],
  ['8-bit CSI and OSC', 'a\u009b2Jb\u009d0;x\u009cc', 'abc'],
  ['an OSC that never ends', 'a\u001b]52;c;ZXZpbA==', 'a'],
  ['a cursor movement without its end', 'a\u001b[', 'a'],
  ['newlines and tabs', 'a\r\n\tb', 'a b'],
  ['backspaces, bells and NUL', 'a\b\u0007\u0000b', 'ab'],
  ['text that turns around', 'a\u202eb\u2066c', 'abc'],
])('removes %s', (_, dirty, tidy) => {
  expect(clean(dirty)).toBe(tidy);
});

const anything = fc
  .array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\u001b', '\u009b', '\u001b]', '\u0007')))
  .map((parts) => parts.join(''));
const hasControl = (text: string) => [...text].some((char) => char < ' ' || (char >= '\u007f' && char <= '\u009f'));

test('no text keeps a control character', () => {
  fc.assert(fc.property(anything, (text) => !hasControl(clean(text))));
});

test('JSON keeps every value and writes no control character', () => {
  fc.assert(
    fc.property(anything, (text) => {
      const json = safeJson({ text });
      return !hasControl(json) && JSON.parse(json).text === text;
    }),
  );
});

test('a long name of an agent keeps its number', () => {
  expect(cutName('customer_success-2', 16)).toBe('customer_succ…-2');
  expect(cutName('customer_success', 16)).toBe('customer_success');
  expect(cutName('customer_relations', 16)).toBe('customer_relati…');
  expect(cutName('a-123456', 6)).toBe('a-123…');
});

test('a long text is cut to its width, with an ellipsis', () => {
  expect(cut('abcdef', 4)).toBe('abc…');
  expect(cut('abcd', 4)).toBe('abcd');
});

test('a table stays within its width and lines up its columns', () => {
  const rows = [
    ['T1', 'done', 'x'.repeat(100)],
    ['T12', 'working', 'short'],
  ];
  const lines = table(['TASK', 'status', 'title'], rows, { width: 40, paint: painter(false) });
  expect(lines.every((line) => line.length <= 40)).toBe(true);
  expect(lines.map((line) => line.slice(0, 15))).toEqual(['TASK  status   ', 'T1    done     ', 'T12   working  ']);
});

test('in a narrow terminal the widest columns give way', () => {
  const rows = [['backend-1', 'working', 'x'.repeat(30), 'y'.repeat(30)]];
  const lines = table(['AGENT', 'state', 'what', 'why'], rows, { width: 44, paint: painter(false) });
  expect(lines[1]).toBe(`backend-1  working  ${'x'.repeat(9)}…  ${'y'.repeat(11)}…`);
});

test('items go on below the first one when the line is full', () => {
  expect(flowed('FLOW  ', ['todo 1', 'working 12', 'done 3'], 26)).toEqual([
    'FLOW  todo 1  working 12',
    '      done 3',
  ]);
});

test('words are broken between, a word that is too long within, and spaces of code stay', () => {
  expect(wrapped('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrapped('abcdefgh ij', 4)).toEqual(['abcd', 'efgh', 'ij']);
  expect(wrapped('    code here', 80)).toEqual(['    code here']);
  expect(wrapped('', 10)).toEqual(['']);
});

test('a text word for word loses nothing but what could move a cursor', () => {
  expect(folded('abcdef\n\u001b[31mg', 4)).toEqual(['abcd', 'ef', 'g']);
});

test.each([
  ['start', '/srv/hc/bin/headcount.js', 'npx headcount'],
  ['exec', '/srv/node_modules/.bin/headcount', 'npx headcount'],
  ['test', '/usr/bin/headcount', 'headcount'],
  [undefined, '/usr/bin/headcount', 'headcount'],
  [undefined, '/srv/hc/bin/headcount.js', 'node bin/headcount.js'],
  [undefined, '/srv/other/bin/headcount.js', 'node /srv/other/bin/headcount.js'],
  [undefined, "/home/o'neil/my code/headcount.js", "node '/home/o'\\''neil/my code/headcount.js'"],
])('what the reader may type next is found where npm %s ran %s', (npm_command, script, name) => {
  const paint = painter(false, nameTyped({ env: { npm_command }, script, cwd: '/srv/hc' }));
  expect(paint('next  headcount status', 'command')).toBe(`next  ${name} status`);
  expect(paint(paint('headcount --help', 'command'), 'command')).toBe(`${name} --help`);
});

test('only our own commands are typed another way', () => {
  const paint = painter(false, 'npx headcount');
  expect(paint('git -C products/headcount log; cd /srv/headcount logs; node bin/headcount.js run', 'command')).toBe(
    'git -C products/headcount log; cd /srv/headcount logs; node bin/headcount.js run',
  );
  expect(paint('headcount up', 'dim')).toBe('headcount up');
});

test('columns stand below each other whatever the letters: an ideograph is two wide, an accent none', () => {
  const paint = painter(false);
  const names = ['营销主管', 'é'.normalize('NFD'), '👩‍🚀 pilot', 'plain'];
  const lines = table(
    ['WHO', 'what'],
    names.map((name) => [name, '|']),
    { width: 40, paint },
  );
  expect(lines.slice(1).map((line) => widthOf(line.slice(0, line.indexOf('|'))))).toEqual([10, 10, 10, 10]);
});

test('text of wide letters is cut and folded by the room it takes, and no letter is cut in two', () => {
  expect(cut('营销主管报告', 8)).toBe('营销主…');
  expect(cut('👩‍🚀👩‍🚀👩‍🚀', 5)).toBe('👩‍🚀👩‍🚀…');
  expect(folded('营销a主管', 4)).toEqual(['营销', 'a主', '管']);
  expect(wrapped('营销 主管 报告', 9)).toEqual(['营销 主管', '报告']);
  const letters = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(letters, fc.integer({ min: 3, max: 20 }), (text, width) => {
      expect(widthOf(cut(clean(text), width))).toBeLessThanOrEqual(width);
      expect(folded(text, width).join('')).toBe(text.split('\n').map(clean).join(''));
    }),
  );
});
