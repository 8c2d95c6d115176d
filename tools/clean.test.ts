import { expect, test } from 'vitest';
import { cleanText, oneLine, summaryOf, tailOf } from './clean.ts';

test.each([
  ['at file:///home/task/src/a.js:3:5', 'at src/a.js:3:5'],
  ['at /usr/lib/node_modules/npm/index.js:1:2', 'at <path>:1:2'],
  ['wrote /tmp/abc123/x.log', 'wrote <tmp>'],
  ['done in 12.5 ms', 'done in <duration>'],
  ['✔ adds (1.33ms)', '✔ adds'],
  ['# duration_ms 31.7', '# duration_ms <duration>'],
  ['listening on http://127.0.0.1:41234/', 'listening on http://127.0.0.1:<port>/'],
  ['port: 3999', 'port: <port>'],
  ['(node:4711) Warning', '(node) Warning'],
  ['2026-01-05T08:00:00.123Z up', '<time> up'],
  ['object at 0x7f2a1c00', 'object at <address>'],
  ['\u001b[31mred\u001b[0m \u001b]52;c;aGk=\u0007x', 'red x'],
  ['a\u202eb\u200bc\u0007', 'abc'],
  ['1 + 1 === 3 / 2', '1 + 1 === 3 / 2'],
])('%j becomes %j', (text, clean) => {
  expect(cleanText(text, ['/home/task'])).toBe(clean);
});

test('a tail is whole lines of the end, at most 4 KB', () => {
  const text = Array.from({ length: 1000 }, (_, index) => `line ${index}`).join('\n');
  expect(tailOf(text).length).toBeLessThanOrEqual(4096);
  expect(tailOf(text)).toMatch(/^line \d+\n[\s\S]*line 999$/);
  expect(tailOf('short')).toBe('short');
});

test('a summary counts, names what failed by itself, and is one line', () => {
  const tap = ['not ok 1 - inner', '  failureType: x', 'not ok 2 - outer', "  failureType: 'subtestsFailed'"];
  expect(summaryOf([...tap, '# pass 3', '# fail 2'].join('\n'), 1)).toBe('3 passed, 2 failed: inner');
  expect(summaryOf('# pass 3\n# fail 0', 0)).toBe('3 passed');
  expect(summaryOf('ℹ pass 1\nℹ fail 1\n✖ failing tests:\n\n✖ minus\n', 1)).toBe('1 passed, 1 failed: minus');
  expect(summaryOf('boom\nit broke', 2)).toBe('the test command ended with code 2: it broke');
  expect(summaryOf('', 0)).toBe('the test command passed');
  expect(oneLine('a\n\n b'.padEnd(500, 'x')).length).toBe(300);
});
