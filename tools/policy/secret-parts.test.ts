import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSecrets } from './secrets.ts';

const CANARY = 'CANARY/9f+81 c2=Zü';
const secrets = createSecrets({ APP_SECRET: CANARY });

/** Joined at run time, so that no scanner takes this file for a leak. */
const of = (...parts: readonly string[]) => parts.join('');
const letters = (n: number) => 'Ab3dEf7hIj1LmN0pQr5tUv9xYz2BcD4fGh6j'.repeat(3).slice(0, n);

const samples: readonly (readonly [string, string])[] = [
  ['a value as it is', CANARY],
  ['a value reversed', [...CANARY].reverse().join('')],
  ['a value in base64', Buffer.from(`x${CANARY}yz`).toString('base64')],
  ['a value in hex', Buffer.from(CANARY).toString('hex')],
  ['a value url-encoded', encodeURIComponent(CANARY)],
  ['a value with hidden characters between', [...CANARY].join('\u200b')],
  ['an Anthropic key', of('sk-', 'ant-api03-', letters(40))],
  ['an OpenAI key', of('sk-', letters(48))],
  ['an AWS key id', of('AKIA', 'IOSFODNN7EXAMPLE')],
  ['an AWS secret key', of('aws_secret_access_key" = "', letters(40))],
  ['a GitHub token', of('github_pat_', letters(50))],
  ['a Slack hook', of('https://hooks.slack.com/', 'services/T000/B000/', letters(24))],
  ['a Telegram token', of('123456789:', letters(35))],
  ['a Stripe key', of('sk_live_', letters(24))],
  ['a private key', of('-----BEGIN RSA ', 'PRIVATE KEY-----\nMIIE Proc-Type: 4\n-----END RSA PRIVATE KEY-----')],
  ['a JSON web token', of('eyJ', letters(20), '.eyJ', letters(20), '.', letters(30))],
  ['a URL with a password', of('postgres://admin:', 'hü!$&()nter2@db.example.net/app')],
];

/** What a watcher sees of a text that is cut at these places. */
function watched(text: string, cuts: readonly number[]): string {
  const parts = secrets.parts();
  const places = [0, ...[...cuts].map((cut) => cut % (text.length + 1)).sort((a, b) => a - b), text.length];
  const shown = places.slice(1).map((to, index) => parts.take(text.slice(places[index], to)));
  return `${shown.join('')}${parts.end()}`;
}

test.each(samples)('%s is not seen however a text is cut into parts', (_, secret) => {
  const text = `He said: "${secret}" and went on, in many words.`;
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 12 }), (cuts) => {
      expect(watched(text, cuts)).toBe(secrets.scrub(text));
    }),
    { numRuns: 300 },
  );
  const letterByLetter = Array.from({ length: text.length }, (_, index) => index);
  expect(watched(text, letterByLetter)).toBe(secrets.scrub(text));
  expect(watched(text, letterByLetter)).not.toBe(text);
});

test('what holds no secret comes whole, also in other scripts and with characters of two halves', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(fc.nat(), { maxLength: 8 }), (text, cuts) => {
      const plain = text.replace(/\p{Cf}/gu, '');
      expect(watched(plain, cuts)).toBe(plain);
    }),
  );
});

test('a part is shown at once but for the word in progress', () => {
  const parts = secrets.parts();
  expect(parts.take('{"summary":"Links in an append-on')).toBe('{"summary":"Links in an ');
  expect(parts.take('ly file')).toBe('append-only ');
  expect(parts.take('，已完成 ')).toBe('file，已完成 ');
  expect(parts.end()).toBe('');
});

test('what goes on for ever without an end is not held for ever', () => {
  const parts = secrets.parts();
  const blob = 'x'.repeat(30_000);
  expect(parts.take(blob)).toBe(blob);
});
