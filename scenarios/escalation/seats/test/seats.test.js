import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seatsLeft } from '../src/seats.js';

test('one person has one seat, however often they sign up', () => {
  assert.equal(seatsLeft(12, [{ email: 'ada@example.com' }, { email: ' Ada@Example.com' }]), 11);
});

test('a class that is full has no seats, not fewer', () => {
  assert.equal(seatsLeft(1, [{ email: 'a@example.com' }, { email: 'b@example.com' }]), 0);
});
