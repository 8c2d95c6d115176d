import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signUpForm } from '../src/form.js';

test('what was typed stays, and what is missing is said', () => {
  const form = signUpForm({ name: 'Ada' }, ['email']);
  assert.match(form, /value="Ada"/);
  assert.match(form, /E-mail <em>please fill in<\/em>/);
});

test('nobody types markup into the page', () => {
  const form = signUpForm({ name: '"><script>' });
  assert.doesNotMatch(form, /<script>/);
  assert.match(form, /&quot;&gt;&lt;script&gt;/);
});
