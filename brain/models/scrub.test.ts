import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scrubOf } from './scrub.ts';

describe('scrubbing', () => {
  const canary = 'CANARY_9f"8\\e+/7d/6c';

  it.each([
    ['as it is', canary],
    ['escaped', JSON.stringify({ key: canary })],
    ['URL-encoded', `https://example.org/?k=${encodeURIComponent(canary)}`],
    ['hex', Buffer.from(canary).toString('hex')],
  ])('takes out a known value %s', (_, text) => {
    const out = JSON.stringify(scrubOf([canary])({ deep: [{ in: `before ${text} after` }] }));
    expect(out).toContain('[secret]');
    expect(out).not.toContain('CANARY');
    expect(out).not.toContain(Buffer.from(canary).toString('hex'));
  });

  it('takes out a known value inside anything that is base64, wherever it stands', () => {
    const hidden = fc.record({
      before: fc.string({ maxLength: 10 }),
      after: fc.string({ maxLength: 10 }),
      alphabet: fc.constantFrom('base64' as const, 'base64url' as const),
    });
    fc.assert(
      fc.property(hidden, ({ before, after, alphabet }) => {
        const out = scrubOf([canary])(Buffer.from(`${before}${canary}${after}`).toString(alphabet));
        expect(out).toContain('[secret]');
        const decoded = Buffer.from(out.replace('[secret]', ''), 'base64').toString('latin1');
        expect(decoded).not.toContain('CANARY');
      }),
    );
  });

  // The samples are put together here, so that no scanner takes this file for a leak.
  it.each([
    ['Anthropic', ['sk-', 'ant-api03-', 'abcdefghij0123456789']],
    ['OpenAI', ['sk-', 'proj-', 'abcdefghij0123456789']],
    ['GitHub', ['gh', 'p_', 'abcdefghij0123456789abcdefghij012345']],
    ['GitLab', ['glpat', '-abcdefghij0123456789']],
    ['npm', ['npm', '_abcdefghij0123456789abcdefghij012345']],
    ['AWS', ['AKIA', 'ABCDEFGHIJ012345']],
    ['Google', ['AIza', 'abcdefghij0123456789abcdefghij01234']],
    ['Slack', ['xoxb', '-0123456789-abcdefghij']],
    ['Telegram', ['0123456789', ':', 'abcdefghij0123456789abcdefghij01234']],
    ['a token', ['eyJhbGciOiJ', '.eyJzdWIiOiIx', '.abcdefghij']],
    ['a header', ['Authorization: Bear', 'er abcdefghij0123456789']],
    ['an address', ['postgres://admin:', 'hunter22', '@db.internal/shop']],
    ['a key that was cut off', ['-----BEGIN RSA PRIVATE ', 'KEY-----\nMIIEabcdef\n0123']],
  ])('takes out what looks like a secret of %s', (_, parts) => {
    const sample = parts.join('');
    const out = scrubOf([])(`see ${sample}`);
    expect(out).toContain('[secret]');
    expect(out).not.toContain(sample);
    expect(out).not.toMatch(/hunter22|MIIE|abcdefghij0123456789/);
  });

  it('leaves everything else alone', () => {
    const value = {
      text: 'task sk-1 by bearer of news, see https://example.org/a:b',
      list: [1, null, true],
      short: 'abc',
    };
    expect(scrubOf(['abc'])(value)).toEqual(value);
  });
});
