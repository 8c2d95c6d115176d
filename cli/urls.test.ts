import { expect, test } from 'vitest';
import { natsWords } from './urls.ts';

test('the words for the same server hold no password', () => {
  expect(natsWords(undefined)).toBe('');
  expect(natsWords('nats://127.0.0.1:4222')).toBe(' --nats nats://127.0.0.1:4222');
  expect(natsWords('nats://me:secret@n1:4222,nats://me:secret@n2:4222')).toBe(' --nats nats://n1:4222,nats://n2:4222');
});
