import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defaultOrgPath, duties, load, source } from '../tests/fixtures/company-file.ts';
import { roleOf } from './org.ts';
import { type LocatePatch, loadPatched, overlayOrg } from './overlay.ts';
import { OrgInvalid } from './problems.ts';

const shipped = readFileSync(defaultOrgPath, 'utf8');
const patched = (patch: unknown) => load(overlayOrg(shipped, patch));
const bossOf = (org: ReturnType<typeof load>, name: string) => roleOf(org, name)?.boss;

describe('a patch', () => {
  test('that says nothing changes nothing', () => {
    for (const patch of [undefined, null, {}, { roles: {} }]) expect(patched(patch)).toEqual(load(shipped));
  });

  test('changes fields of a role wherever it sits, and keeps the others', () => {
    const org = patched({ roles: { backend: { instances: 3, budget: 4 }, qa: { schedule: { assure: '1m' } } } });
    expect(roleOf(org, 'backend')).toMatchObject({ instances: 3, budget: { day: 4 }, tier: 'coding', boss: 'cto' });
    expect(roleOf(org, 'qa')?.schedule).toEqual({ assure: { every: 60_000 } });
  });

  test('adds a role under its boss, also under one that it adds', () => {
    const org = patched({
      roles: {
        clerk: { reportsTo: 'legal', duties: ['advise'] },
        legal: { reportsTo: 'ceo', duties: ['advise'] },
      },
    });
    expect([bossOf(org, 'clerk'), bossOf(org, 'legal')]).toEqual(['legal', 'ceo']);
  });

  test('moves a role with everybody below it, and to the person', () => {
    const org = patched({ roles: { cto: { reportsTo: 'founder' }, sales: { reportsTo: 'marketing' } } });
    expect([bossOf(org, 'cto'), bossOf(org, 'backend'), bossOf(org, 'sales')]).toEqual([undefined, 'cto', 'marketing']);
  });

  test('removes a role with null; who reported to it reports to its boss', () => {
    const org = patched({ roles: { cto: null } });
    expect(roleOf(org, 'cto')).toBeUndefined();
    expect(bossOf(org, 'backend')).toBe('ceo');
  });

  test('merges policies and replaces lists', () => {
    const org = patched({ retry: { waits: 9, backoff: { first: '1s' } }, milestones: ['10-users'], title: null });
    expect(roleOf(org, 'qa')?.policy).toMatchObject({
      waits: 9,
      depth: 2,
      backoff: { firstMs: 1_000, maxMs: 120_000 },
    });
    expect([org.milestones.map(({ name }) => name), org.title]).toEqual([['10-users'], 'Acme']);
  });

  test('with reports of its own is another company', () => {
    const org = patched({ reports: { boss: { duties: ['staff', 'advise'] } }, roles: { boss: { instances: 2 } } });
    expect(org.roles.map(({ name, instances }) => [name, instances])).toEqual([['boss', 2]]);
  });

  test('cannot reach into the objects of the program', () => {
    const patch: unknown = JSON.parse(
      '{"__proto__": {"polluted": true}, "roles": {"__proto__": {"reportsTo": "ceo"}}}',
    );
    expect(() => patched(patch)).toThrow('cannot be a name');
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  test('leaves a broken file to the loader', () => {
    expect(overlayOrg('company: [', { title: 'x' })).toBe('company: [');
  });
});

describe('problems of a patch', () => {
  const thrown = (patch: unknown, locate?: LocatePatch) => {
    try {
      loadPatched(source(shipped), patch, { duties }, locate);
    } catch (error) {
      if (error instanceof OrgInvalid) return error.message.split('\n');
    }
    return [];
  };

  test('name the role and what is wrong with it', () => {
    expect(thrown({ roles: { legal: { duties: ['advise'] }, backnd: null, qa: 5, ceo: { reportsTo: 'qa' } } })).toEqual(
      [
        'org patch legal "legal" is no role; a new one says who it reports to (reportsTo)',
        'org patch backnd "backnd" is no role; did you mean "backend"?',
        'org patch qa 5 must be a map of fields, or null to remove the role',
        'org patch ceo.reportsTo "qa" works below ceo: nobody is their own boss',
      ],
    );
    expect(thrown({ roles: { qa: { reportsTo: 'cmo' } } })).toEqual([
      'org patch qa.reportsTo "cmo" is no role; did you mean "ceo"?',
    ]);
    expect(thrown([])).toEqual(['org patch [] must be a map']);
    expect(thrown({ roles: [] })).toEqual(['org patch roles [] must be a map of roles by name']);
  });

  test('are found where the patch was written', () => {
    const patch = { roles: { legal: { reportsTo: 'ceo', dutys: ['advise'], duties: ['advise', 'write-cod'] } } };
    const locate: LocatePatch = (keys) => ({ file: 's.yaml', place: { line: 10 + keys.length, column: 7 } });
    expect(thrown(patch, locate)).toEqual([
      's.yaml:13:7 legal.dutys "dutys" is no field of a role; did you mean "duties"?',
      's.yaml:14:7 legal.duties[1] "write-cod" is no duty; did you mean "write-code"?',
    ]);
  });

  test('of the company itself are said first, at their own place', () => {
    const broken = source(shipped.replace('write-code', 'write-cod'));
    expect(() => loadPatched(broken, { title: 'x' }, { duties })).toThrow(/^org\.yaml:\d+:\d+ backend\.duties\[0\]/);
  });
});
