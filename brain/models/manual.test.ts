import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { providerPolicy } from '../../machines/policy.ts';
import { wireFaults } from './wire.ts';

const manual = readFileSync(new URL('../../docs/models.md', import.meta.url), 'utf8');

it('the manual lists every failure with what the company does about it', () => {
  const rows = [...manual.matchAll(/^\| `(\w+)` \| (quota|environment|permanent|contract) \| (\w+) \|/gm)];
  const listed = rows.map(([, fault, kind, scope]) => [fault, kind, scope]);
  expect(listed).toEqual(Object.entries(wireFaults).map(([fault, { kind, scope }]) => [fault, kind, scope]));
});

it('the manual names the waits', () => {
  const seconds = providerPolicy.waitsMs.map((ms) => ms / 1_000);
  expect(manual.replace(/\s+/g, ' ')).toContain(`${seconds.slice(0, -1).join(', ')} and ${seconds.at(-1)} s`);
});
