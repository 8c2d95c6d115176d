// Output of foreign programs as text for the stream: the same code gives the same words, on any machine, at any time, and
// nothing in it can steer a terminal.

/** Most characters of an output that are kept. */
const TAIL = 4096;

/** Longest summary, in characters. */
const LINE = 300;

/** Escape sequences: CSI, OSC and the two-character ones. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point.
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

/** Control and invisible characters, apart from tab and newline. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]|\p{Cf}/gu;

/** What differs from run to run, and what stands for it. In this order. */
const varying: readonly (readonly [RegExp, string])[] = [
  [/file:\/\//g, ''],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?\b/g, '<time>'],
  [/\b\d{1,2}:\d\d:\d\d(?:\.\d+)?(?: ?[AP]M)?\b/g, '<time>'],
  [/^(\s*(?:# |ℹ )?duration_ms:?) .*$/gm, '$1 <duration>'],
  [/ ?\(\d+(?:\.\d+)? ?(?:ns|μs|µs|us|ms|s|m)\)/g, ''],
  [/\b\d+(?:\.\d+)? ?(?:ns|μs|µs|ms|s|sec|secs|seconds|milliseconds)\b/g, '<duration>'],
  [/\((node|pid):? ?\d+\)/gi, '($1)'],
  [/\b(pid|process)([ =:#]+)\d+/gi, '$1$2<pid>'],
  [/\b0x[0-9a-f]{6,16}\b/gi, '<address>'],
  [/((?:127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1?\]|:::?1?):)\d{2,5}\b/g, '$1<port>'],
  [/\b(port)([ =:]+)\d{2,5}\b/gi, '$1$2<port>'],
  [/\/tmp\/[^\s'"`)\]:,]+/g, '<tmp>'],
  [/(^|[\s'"`([=:,])\/(?:[\w.@+~-]+\/)+[\w.@+~-]*/gm, '$1<path>'],
];

/**
 * One text, cleaned.
 * @param dirs folders of this machine that stand for the product's own root, longest first
 */
export function cleanText(text: string, dirs: readonly string[] = []): string {
  let clean = text.replace(/\r\n?/g, '\n').replace(ESCAPES, '').replace(UNSEEN, '');
  for (const dir of dirs) clean = clean.replaceAll(`${dir}/`, '').replaceAll(dir, '.');
  // Roots that come behind `file://` have gone by now, so that the paths left are relative.
  for (const [pattern, stand] of varying) clean = clean.replace(pattern, stand);
  return clean.replace(/[ \t]+$/gm, '').trim();
}

/** The end of a cleaned text, whole lines, at most 4 KB. */
export function tailOf(clean: string): string {
  if (clean.length <= TAIL) return clean;
  const cut = clean.slice(-TAIL);
  const line = cut.indexOf('\n');
  return line < 0 ? cut : cut.slice(line + 1);
}

/** A cleaned text as one line. */
export function oneLine(clean: string): string {
  const line = clean.replace(/\s+/g, ' ').trim();
  return line.length > LINE ? `${line.slice(0, LINE - 3)}...` : line;
}

type Counts = { readonly passed: number; readonly failed: number; readonly names: readonly string[] };

/** The runner counts at its end: what stands before is what a test printed, which may look the same. */
function countAfter(text: string, label: string): number | undefined {
  const last = [...text.matchAll(new RegExp(`^(?:# |ℹ )${label} (\\d+)$`, 'gm'))].at(-1);
  return last && Number(last[1]);
}

/** Names of tests that failed by themselves, not because one inside them did. */
function failedNames(text: string): string[] {
  const names: string[] = [];
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    const tap = /^\s*not ok \d+ - (.+?)(?: # .*)?$/.exec(line)?.[1];
    if (tap === undefined) continue;
    const rest = lines.slice(index + 1, index + 10);
    const end = rest.findIndex((next) => /^\s*(?:\.\.\.|(?:not )?ok \d+.*)$/.test(next));
    const block = rest.slice(0, end < 0 ? undefined : end).join('\n');
    if (!/failureType: '?subtestsFailed/.test(block)) names.push(tap);
  }
  if (names.length > 0) return names;
  const listed = text.split(/^✖ failing tests:$/m)[1] ?? '';
  for (const match of listed.matchAll(/^✖ (.+)$/gm)) if (match[1]) names.push(match[1]);
  return names;
}

/** What node:test (TAP or spec) says it ran; undefined for other runners. */
function countsOf(clean: string): Counts | undefined {
  const passed = countAfter(clean, 'pass');
  const failed = countAfter(clean, 'fail');
  if (passed === undefined || failed === undefined) return undefined;
  const cancelled = countAfter(clean, 'cancelled') ?? 0;
  return { passed, failed: failed + cancelled, names: failedNames(clean) };
}

/** How many names of failed tests a summary holds. */
const NAMED = 3;

/** One line on a test run that ended by itself. */
export function summaryOf(clean: string, code: number | undefined): string {
  const counts = countsOf(clean);
  if (!counts) {
    if (code === 0) return 'the test command passed';
    const last = clean.split('\n').findLast((line) => line.trim() !== '') ?? 'it said nothing';
    return oneLine(`the test command ended with ${code === undefined ? 'a signal' : `code ${code}`}: ${last}`);
  }
  const { passed, failed, names } = counts;
  if (failed === 0 && code === 0) return `${passed} passed`;
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  const named = names.length > 0 ? `: ${names.slice(0, NAMED).join('; ')}${more}` : '';
  return oneLine(`${passed} passed, ${failed} failed${named}`);
}
