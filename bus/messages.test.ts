import { describe, expect, test } from 'vitest';
import { isOfType, isTaskMessage, parseMessage, seal } from './messages.ts';
import { schemas } from './schemas.ts';

const NOON = Date.UTC(2030, 0, 1, 12);
const sealed = seal(
  'brain.bug',
  { id: 'G1.open', type: 'brain.bug', source: 'ceo-1', data: { id: 'G1', title: 'ship', status: 'open' } },
  NOON,
);

/** The message as JSON, with changes. */
function json(changes: Record<string, unknown>): string {
  return JSON.stringify({ ...sealed, ...changes });
}

describe('messages', () => {
  test('a draft becomes a CloudEvent with time and subject', () => {
    expect(sealed).toEqual({
      specversion: '1.0',
      id: 'G1.open',
      type: 'brain.bug',
      source: 'ceo-1',
      time: '2030-01-01T12:00:00.000Z',
      subject: 'brain.bug',
      datacontenttype: 'application/json',
      data: { id: 'G1', title: 'ship', status: 'open' },
    });
  });

  test('what was written is read back as it was', () => {
    expect(parseMessage(JSON.stringify(sealed))).toEqual({ ok: true, message: sealed });
  });

  test('attributes of other systems are let through and dropped', () => {
    expect(parseMessage(json({ traceparent: '00-1-2-03' }))).toEqual({ ok: true, message: sealed });
  });

  test.each([
    ['broken JSON', '{"specversion":', /^not JSON: /],
    ['JSON that is no object', '[]', /^no CloudEvents envelope: /],
    ['another version of the envelope', json({ specversion: '0.3' }), /^no CloudEvents envelope: specversion/],
    ['an empty id', json({ id: '' }), /^no CloudEvents envelope: id/],
    ['an endless id', json({ id: 'x'.repeat(257) }), /^no CloudEvents envelope: id/],
    ['a type nobody knows', json({ type: 'brain.wish' }), /^unknown type "brain.wish"/],
    ['a type that every object has', json({ type: 'constructor' }), /^unknown type "constructor"/],
    ['data of the wrong shape', json({ data: { id: 'G1', title: 'ship', status: 'lost' } }), /^brain.bug: status/],
    ['data with an unknown key', json({ data: { id: 'G1', title: 't', status: 'open', x: 1 } }), /^brain.bug: .*"x"/],
    ['an id that is no token', json({ data: { id: 'a.b', title: 't', status: 'open' } }), /^brain.bug: id/],
  ])('%s is refused with its place', (_, text, reason) => {
    const parsed = parseMessage(text);
    expect(parsed).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  test('every type is a noun and what happened to it', () => {
    for (const type of Object.keys(schemas)) expect(type).toMatch(/^[a-z]+\.[a-z]+$/);
  });

  test('a message is told apart by type', () => {
    expect(isOfType(sealed, 'brain.mission', 'brain.bug')).toBe(true);
    expect(isOfType(sealed, 'brain.goal')).toBe(false);
    expect(isTaskMessage(sealed)).toBe(false);
  });
});
