import { expect, test } from 'vitest';
import { VirtualClock } from '../bus/virtual-clock.ts';
import { createSecrets } from '../tools/policy/secrets.ts';
import { Listener } from './saying.ts';

const KEY = 'canary-9f81c2-value';

/** What is said of an answer that comes in these parts. */
function heardOf(parts: Iterable<string>): string {
  let said = '';
  const clock = new VirtualClock({ start: 0 });
  const listener = new Listener({ clock, secrets: createSecrets({ SHOP_TOKEN: KEY }) }, (text) => {
    said += text;
  });
  for (const part of parts) listener.hear(part);
  listener.end();
  return said;
}

test('all of an answer is said, without the secrets in it', () => {
  expect(heardOf(['use can', 'ary-9f81c2', '-value now'])).toBe('use [SHOP_TOKEN] now');
});

test('of an answer that does not end only the beginning is said: the stream is no place for megabytes of it', () => {
  function* endless() {
    for (let n = 0; n < 100; n += 1) yield 'word '.repeat(20_000);
  }
  const said = heardOf(endless());
  expect(said.length).toBeLessThan(210_000);
  expect(said).toMatch(/word word \n\[the rest is not shown\]$/);
});
