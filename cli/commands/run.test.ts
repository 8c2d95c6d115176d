import { expect, test } from 'vitest';
import { runOptions } from './run.ts';

const asked = (parsed: Parameters<typeof runOptions>[1]) => runOptions('x.yaml', parsed, { json: false });

test('what was not said is left to the scenario', () => {
  expect(asked({})).toMatchObject({ bus: undefined, seed: undefined, clock: undefined, speed: undefined, keep: false });
});

test('a named server means JetStream', () => {
  expect(asked({ nats: 'nats://127.0.0.1:4222' }).bus).toBe('jetstream');
});

test('a speed means the real clock', () => {
  expect(asked({ speed: 60 }).clock).toBe('real');
});
