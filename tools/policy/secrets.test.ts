import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSecrets, noiseIn, SecretRefused } from './secrets.ts';

const CANARY = 'CANARY/9f+81 c2=Zü';
const secrets = createSecrets({ APP_SECRET: CANARY, HOME: 'no-secret-value', EDITOR_TOKEN: 'short' });
const none = createSecrets({});

/** Joined at run time, so that no scanner takes this file for a leak. */
const of = (...parts: readonly string[]) => parts.join('');
const letters = (n: number) => 'Ab3dEf7hIj1LmN0pQr5tUv9xYz2BcD4fGh6j'.repeat(3).slice(0, n);

describe('the value of a secret variable is found', () => {
  test.each([
    ['as it is', CANARY],
    ['reversed', [...CANARY].reverse().join('')],
    ['in base64', Buffer.from(CANARY).toString('base64')],
    ['in base64 within a longer text', Buffer.from(`x${CANARY}yz`).toString('base64')],
    ['in base64 two places further', Buffer.from(`ab${CANARY}`).toString('base64')],
    ['in base64url', Buffer.from(`--${CANARY}`).toString('base64url')],
    ['url-encoded', encodeURIComponent(CANARY)],
    ['url-encoded, every byte', [...Buffer.from(CANARY)].map((b) => `%${b.toString(16).toUpperCase()}`).join('')],
    ['in hex', Buffer.from(CANARY).toString('hex')],
    ['in upper-case hex', Buffer.from(CANARY).toString('hex').toUpperCase()],
    ['reversed in base64', Buffer.from([...CANARY].reverse().join('')).toString('base64')],
    ['as JSON', JSON.stringify({ key: CANARY })],
    ['with hidden characters between', [...CANARY].join('\u200b')],
  ])('%s', (_, text) => {
    const found = secrets.find(`see ${text} there`);
    expect(found?.what).toBe('the value of APP_SECRET');
    expect(() => secrets.refuse('a title', 'fine', text)).toThrow(SecretRefused);
    expect(secrets.scrub(`see ${text} there`)).not.toContain(text);
    expect(secrets.find(secrets.scrub(`see ${text} there`))).toBeUndefined();
  });

  test('wherever it stands in a text of any bytes, also in base64', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const text = `${before}${CANARY}${after}`;
        expect(secrets.find(text)).toBeDefined();
        expect(secrets.find(Buffer.from(text).toString('base64'))).toBeDefined();
        expect(secrets.find(Buffer.from(text).toString('hex'))).toBeDefined();
      }),
    );
  });
});

test('short values and variables that are no secrets are not looked for', () => {
  expect(secrets.find('no-secret-value is short')).toBeUndefined();
});

describe('what looks like the secret of a provider is found', () => {
  test.each([
    ['Anthropic key', of('sk-', 'ant-api03-', letters(40))],
    ['OpenAI key', of('sk-', 'proj-', letters(40))],
    ['OpenAI key', of('sk-', letters(48))],
    ['AWS key id', of('AKIA', 'IOSFODNN7EXAMPLE')],
    ['AWS secret key', of('aws_secret_access_key = ', letters(40))],
    ['GitHub token', of('ghp_', letters(36))],
    ['GitHub token', of('github_pat_', letters(50))],
    ['GitLab token', of('glpat-', letters(20))],
    ['Slack token', of('xoxb-', '123456789012-', letters(24))],
    ['Slack hook', of('https://hooks.slack.com/', 'services/T000/B000/', letters(24))],
    ['Telegram bot token', of('123456789:', letters(35))],
    ['Stripe key', of('sk_live_', letters(24))],
    ['Stripe key', of('whsec_', letters(32))],
    ['Google key', of('AIza', letters(35))],
    ['npm token', of('npm_', letters(36))],
    ['Resend key', of('re_', letters(8), '_', letters(20))],
    ['private key', of('-----BEGIN RSA ', 'PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----')],
    ['private key', of('-----BEGIN ', 'PRIVATE KEY-----\nMIIE, cut off')],
    ['JSON web token', of('eyJ', letters(20), '.eyJ', letters(20), '.', letters(30))],
    ['URL with a password', of('postgres://admin:', 'hunter2hunter2@db.example.net/app')],
  ])('%s', (name, text) => {
    expect(none.find(`key: ${text}\n`)).toEqual({ what: `what looks like a secret (${name})`, how: 'as it is' });
    expect(none.scrub(`a ${text} b`)).toContain(`[${name}]`);
    expect(none.find(none.scrub(`a ${text} b`))).toBeUndefined();
  });

  test.each([
    'sk-etch the skeleton of the task-list',
    'https://user:password@example.com/ explains basic auth',
    'see https://example.com:8080/@scope/name and mailto:someone@example.com',
    'commit 2f0c5a1b9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a',
    'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
    '12:30:45 and 10:00:00',
    'git@github.com:owner/name.git',
    '-----BEGIN PUBLIC KEY-----',
  ])('and not in %j', (text) => {
    expect(none.find(text)).toBeUndefined();
    expect(none.scrub(text)).toBe(text);
  });
});

test('an error says which secret and how, and never the secret', () => {
  try {
    secrets.refuse('the branch of T7', Buffer.from(CANARY).toString('base64'));
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(SecretRefused);
    const { message, next, code } = error as SecretRefused;
    expect([code, message]).toEqual([
      'SECRET_REFUSED',
      'the branch of T7 holds the value of APP_SECRET, base64: it was not sent',
    ]);
    expect(secrets.find(`${message} ${next}`)).toBeUndefined();
  }
});

test.each([
  ['agent/T7/add-the-store', undefined],
  ['agent/T12/the-counterrevolutionaries-of-internationalization', undefined],
  ['agent/T7/q0fnqvjz9f81c2zx7k3m5w8', 'q0fnqvjz9f81c2zx7k3m5w8'],
])('noise in the name %s: %s', (name, noise) => {
  expect(noiseIn(name)).toBe(noise);
});
