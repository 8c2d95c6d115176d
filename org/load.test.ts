import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { defaultOrgPath, duties, load, problemsOf, small, source } from '../tests/fixtures/company-file.ts';
import { loadOrg, promptsIn } from './load.ts';
import { roleOf } from './org.ts';
import { OrgInvalid, OrgUnreadable } from './problems.ts';

describe('the company that ships', () => {
  const org = loadOrg(defaultOrgPath, { duties });

  test('has the twelve roles, bosses before their reports', () => {
    expect(org.roles.map(({ name, boss }) => `${boss ?? org.person} > ${name}`)).toEqual([
      'founder > ceo',
      'ceo > cto',
      'cto > backend',
      'cto > frontend',
      'cto > devops',
      'cto > qa',
      'cto > knowledge',
      'ceo > marketing',
      'ceo > sales',
      'ceo > customer_success',
      'ceo > hr',
      'ceo > finance',
    ]);
    expect(roleOf(org, 'ceo')?.reports).toEqual(['cto', 'marketing', 'sales', 'customer_success', 'hr', 'finance']);
  });

  test('keeps the cadences, the ladder and the bands of the specification', () => {
    const schedules = org.roles.flatMap(({ schedule }) => Object.entries(schedule));
    expect(Object.fromEntries(schedules)).toEqual({
      strategy: { every: 300_000 },
      digest: { every: 120_000 },
      staff: { every: 3_600_000 },
      assure: { every: 900_000 },
      account: { cron: '0 9 * * 1' },
    });
    expect(roleOf(org, 'backend')?.policy).toEqual({
      ladder: ['standard', 'recall', 'consult', 'decompose', 'escalate'],
      backoff: { firstMs: 15_000, factor: 2, maxMs: 120_000 },
      waits: 3,
      depth: 2,
      stepMs: 1_800_000,
      lineage: { attempts: 15, cost: 50, ms: 259_200_000 },
    });
    expect(org.reward.weights).toEqual({ qa: 0.3, time: 0.2, regressions: 0.2, quality: 0.15, attempts: 0.15 });
    expect(org.reward.bands.map(({ name, from, effect }) => `${name} ${from} ${effect}`)).toEqual([
      'elite 90 praise',
      'good 75 optimise',
      'acceptable 50 correct',
      'poor 0 recover',
    ]);
  });

  test('says nothing that differs from the defaults, so that a file without policies is the same company', () => {
    const [was, now] = [org, load(small())];
    expect(now.reward).toEqual(was.reward);
    expect(now.roles[1]?.policy).toEqual(roleOf(was, 'backend')?.policy);
    expect([now.person, now.sandbox]).toEqual([was.person, was.sandbox]);
  });

  test('is short: no role takes six lines, the file stays under seventy', () => {
    const lines = readFileSync(defaultOrgPath, 'utf8').split('\n');
    expect(lines.length).toBeLessThan(70);
    expect(lines[0]).toBe('# yaml-language-server: $schema=./org.schema.json');
    const starts = lines.flatMap((line, index) => (/^ {2,}[a-z_]+:( \{ title|$)/.test(line) ? [index] : []));
    for (const [index, start] of starts.entries()) expect((starts[index + 1] ?? lines.length) - start).toBeLessThan(6);
  });

  test('gives every role a prompt of its own, and fullstack one to be switched on with', () => {
    const prompts = org.roles.map(({ prompt }) => prompt);
    expect(new Set(prompts).size).toBe(12);
    const text = readFileSync(defaultOrgPath, 'utf8').replace('# fullstack:', 'fullstack:');
    const readPrompt = promptsIn(join(defaultOrgPath, '..'));
    const withFullstack = loadOrg({ text, file: 'org.yaml', readPrompt }, { duties });
    expect(roleOf(withFullstack, 'fullstack')?.prompt).toContain('# Fullstack Engineer');
    for (const prompt of prompts) {
      expect(prompt.split('\n').length).toBeGreaterThanOrEqual(10);
      expect(prompt.split('\n').length).toBeLessThanOrEqual(25);
      expect(prompt).toContain('contract section');
    }
  });
});

describe('a role', () => {
  test('takes the policy of the company where it has none of its own', () => {
    const org = load(
      small('retry: { waits: 7, backoff: { first: 1s } }\n', '        retry: { backoff: { max: 10s }, depth: 0 }\n'),
    );
    const policy = roleOf(org, 'backend')?.policy;
    expect(policy?.backoff).toEqual({ firstMs: 1_000, factor: 2, maxMs: 10_000 });
    expect([policy?.waits, policy?.depth]).toEqual([7, 0]);
    expect(roleOf(org, 'hr')?.policy.backoff.maxMs).toBe(120_000);
  });

  test('has sensible defaults: its name as title, the light tier, one agent, no budget', () => {
    const role = roleOf(load(small('', '      back_office: { duties: [advise] }\n')), 'back_office');
    expect(role).toMatchObject({
      title: 'Back office',
      tier: 'light',
      instances: 1,
      budget: {},
      team: {},
      schedule: {},
    });
  });
});

test('products are read in their short form', () => {
  const org = load(
    small(`products:
  links:
    description: Shortens links.
    test: npm  test
    start: [node, 'a file.js']
    health:
      - GET /health
      - GET /about 200 Made by us
      - { name: shorten, method: POST, path: /links, body: '{}', status: 201 }
`),
  );
  expect(org.products).toEqual([
    {
      slug: 'links',
      name: 'Links',
      description: 'Shortens links.',
      stack: [],
      test: ['npm', 'test'],
      start: ['node', 'a file.js'],
      health: [
        { name: 'GET /health', method: 'GET', path: '/health', body: undefined, status: 200, includes: undefined },
        { name: 'GET /about', method: 'GET', path: '/about', body: undefined, status: 200, includes: 'Made by us' },
        { name: 'shorten', method: 'POST', path: '/links', body: '{}', status: 201, includes: undefined },
      ],
    },
  ]);
});

describe('problems', () => {
  test('name the place, the path, the value and the nearest valid name', () => {
    const text = `company: acme
reports:
  hr:
    duties: [staff]
  backend:
    duties: [write-cod]
`;
    expect(problemsOf(text)).toEqual([
      'org.yaml:6:14 backend.duties[0] "write-cod" is no duty; did you mean "write-code"?',
    ]);
  });

  test('come all at once, in the order of the file, with exit code 3', () => {
    const text = `compny: acme
person: hr
retry: { ladder: [standard, recal, escalate], waits: -1 }
reports:
  hr:
    tier: lite
    dutys: [staff]
  Back End:
    instances: 0
    budget: free
    duties: [write-code]
`;
    const readPrompt = (path: string) => (path === 'prompts/hr.md' ? ' ' : undefined);
    const error = (() => {
      try {
        return loadOrg(source(text, readPrompt), { duties });
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(OrgInvalid);
    expect(error).toMatchObject({ exit: 3, code: 'ORG_INVALID' });
    expect(problemsOf(text, readPrompt)).toEqual([
      'org.yaml:1:1 company is missing',
      'org.yaml:1:1 compny "compny" is no field of the company; did you mean "company"?',
      'org.yaml:3:29 retry.ladder[1] "recal" is no rung; did you mean "recall"?',
      'org.yaml:3:54 retry.waits -1 is too small: at least 0',
      'org.yaml:5:3 hr "hr" is the person at the top and cannot be a role as well',
      'org.yaml:5:3 hr the prompt file "prompts/hr.md" is empty',
      'org.yaml:6:11 hr.tier "lite" is no tier; it is one of strategy, coding, light',
      'org.yaml:7:5 hr.dutys "dutys" is no field of a role; did you mean "duties"?',
      'org.yaml:8:3 ["Back End"] "Back End" is no role name: lower-case letters, digits and _, starting with a letter, at most 32',
      'org.yaml:8:3 ["Back End"] the prompt file "prompts/Back End.md" does not exist',
      'org.yaml:9:16 ["Back End"].instances 0 is too small: at least 1',
      'org.yaml:10:13 ["Back End"].budget "free" is no budget; write US dollars a day, or { day: 5, month: 100 }',
    ]);
  });

  const cases: [name: string, text: string, ...expected: string[]][] = [
    ['an empty file', '', 'org.yaml:1:1 is empty, or no map of fields'],
    ['a list', '- acme\n', 'org.yaml:1:1 is empty, or no map of fields'],
    [
      'broken YAML',
      'company: [acme\nreports: {}\n',
      'org.yaml:2:1 is no YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['a tab', 'company: acme\nreports:\n\thr: 1\n', 'org.yaml:3:1 is no YAML: Tabs are not allowed as indentation'],
    [
      'a key written twice',
      small('person: ann\nperson: bob\n'),
      'org.yaml:3:1 person "person" is written twice; keep one',
    ],
    [
      'a role written twice among the reports of one boss',
      small('', '      backend: { duties: [advise] }\n'),
      'org.yaml:8:7 backend "backend" is written twice; keep one',
    ],
    [
      'a role with two bosses',
      small('', '  ceo: { duties: [advise], reports: { backend: { duties: [advise] } } }\n'),
      'org.yaml:8:39 backend "backend" is a role already, on line 6; everybody has one boss',
    ],
    [
      'a tag',
      small('title: !!js/function x\n'),
      'org.yaml:2:22 title "tag:yaml.org,2002:js/function" is a tag; a company file has none',
    ],
    ['a private tag', small('title: !secret x\n'), 'org.yaml:2:16 title "!secret" is a tag; a company file has none'],
    ['__proto__', small('__proto__: { person: mallory }\n'), 'org.yaml:2:1 __proto__ "__proto__" cannot be a name'],
    [
      'a role called constructor',
      small('', '      constructor: { duties: [advise] }\n'),
      'org.yaml:8:7 constructor "constructor" cannot be a name',
    ],
    ['an alias of nothing', small('title: *nobody\n'), 'org.yaml:2:8 title *nobody refers to nothing'],
    ['an alias of itself', small('retry: &a { backoff: *a }\n'), 'org.yaml:2:22 retry.backoff *a refers to itself'],
    ['a key that is no word', small('? [a, b]\n: c\n'), 'org.yaml:2:3 has a key that is no word'],
    [
      'a name that the system speaks under',
      small('', '      harness: { duties: [advise] }\n'),
      'org.yaml:8:7 harness "harness" is taken: the system speaks under that name',
    ],
    [
      'a slug that could not be a subject',
      small().replace('acme', 'Acme Inc.'),
      'org.yaml:1:10 company "Acme Inc." is no slug: lower-case letters, digits and single dashes, starting with a letter',
    ],
    [
      'a role nobody can assign to',
      small('', '      idle: { title: Idle }\n      dreamer: { duties: [assure] }\n'),
      'org.yaml:8:7 idle.duties nobody can assign to idle: it has no duties',
      'org.yaml:9:26 dreamer.duties nobody can assign to dreamer: its duties wait for the clock and are on no schedule',
    ],
    [
      'an escalation that nobody hears',
      'company: acme\nreports:\n  backend: { duties: [write-code] }\n',
      'org.yaml:2:1 reports nobody hears an escalation: no role has the duty "staff", so it cannot reach the person',
    ],
    [
      'a company of nobody',
      'company: acme\nreports: {}\n',
      'org.yaml:2:10 reports nobody works here; name at least one role',
    ],
    [
      'a clock for a duty that cannot tick, that is unknown, or that the role does not have',
      small('', '        schedule: { write-code: 5m, assur: 5m, strategy: 5m }\n'),
      'org.yaml:8:21 backend.schedule.write-code "write-code" runs when it is asked, not by the clock',
      'org.yaml:8:37 backend.schedule.assur "assur" is no duty; did you mean "assure"?',
      'org.yaml:8:48 backend.schedule.strategy "strategy" is none of the duties of backend; add it to them',
    ],
    [
      'two clocks for one duty',
      small(
        '',
        '      a: { duties: [assure], schedule: { assure: 5m } }\n      b: { duties: [assure], schedule: { assure: 6m } }\n',
      ),
      'org.yaml:9:50 b.schedule.assure "6m" differs from the clock of a, "5m": a duty has one clock',
    ],
    [
      'times that are none',
      small(
        'retry: { backoff: { first: 15, max: 2 minutes } }\n',
        '      a: { duties: [assure], schedule: { assure: 61 * * * * } }\n',
      ),
      'org.yaml:2:28 retry.backoff.first 15 is no duration; write 90s, 15m, 2h, 7d or 1w',
      'org.yaml:2:37 retry.backoff.max "2 minutes" is no duration; write 90s, 15m, 2h, 7d or 1w',
      'org.yaml:9:50 a.schedule.assure "61 * * * *" is no time that cron knows: constraint error, got value 61 expected range 0-59',
    ],
    [
      'a ladder that starts, ends and goes on in the wrong places',
      small('retry: { ladder: [recall, escalate, consult] }\n'),
      'org.yaml:2:19 retry.ladder[0] "recall" is first, but a ladder starts with "standard"',
      'org.yaml:2:27 retry.ladder[1] "escalate" ends a ladder; what follows is never tried',
      'org.yaml:2:37 retry.ladder[2] "consult" is last, but a ladder ends with "escalate", which reaches the person',
    ],
    [
      'an empty ladder, and waits the wrong way round',
      small('retry: { ladder: [], backoff: { first: 10m } }\n'),
      'org.yaml:2:18 retry.ladder the ladder is empty',
      'org.yaml:2:31 retry.backoff the first wait is longer than the longest: lower first, or raise max',
    ],
    [
      'weights that do not add up, bands with a gap and an overlap',
      small(`reward:
  weights: { qa: 0.3, time: 0.2, regressions: 0.2, quality: 0.15, attempts: 0.1 }
  bands:
    fine: { from: 50, effect: praise }
    poor: { from: 50, effect: recovr }
    bad: { from: 10, effect: recover }
`),
      'org.yaml:3:3 reward.weights the weights add up to 0.95, not 1',
      'org.yaml:4:3 reward.bands scores below 10 are in no band; the lowest band starts at 0',
      'org.yaml:6:31 reward.bands.poor.effect "recovr" is no effect; did you mean "recover"?',
    ],
    [
      'two bands from one score',
      small('reward: { bands: { fine: { from: 0, effect: praise }, poor: { from: 0, effect: recover } } }\n'),
      'org.yaml:2:69 reward.bands.poor.from 0 is where "fine" starts: the two bands overlap',
    ],
    [
      'a command that wants a shell, and a health check that is none',
      small(`products:
  links: { test: npm test && rm -rf /, health: [PUT /x, { path: x, code: 200 }] }
`),
      'org.yaml:3:18 products.links.test "npm test && rm -rf /" runs without a shell; write it as a list of words',
      'org.yaml:3:49 products.links.health[0] "PUT /x" is no health check; write "GET /path", or "GET /path 200 text" with the status and text it must give',
      'org.yaml:3:65 products.links.health[1].path "x" must start with "/"',
      'org.yaml:3:68 products.links.health[1].code "code" is no field of a health check; it may have name, method, path, body, status, includes',
    ],
    [
      'a milestone twice',
      small('milestones: [100-users, 100-users]\n'),
      'org.yaml:2:25 milestones[1] "100-users" is listed twice',
    ],
    [
      'a duty twice',
      small('', '      a: { duties: [advise, advise] }\n'),
      'org.yaml:8:29 a.duties[1] "advise" is listed twice',
    ],
  ];
  test.each(cases)('%s', (_name, text, ...expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });

  test('an alias may be used, an alias bomb may not', () => {
    const shared = small('retry: &r { waits: 5 }\n', '        retry: *r\n');
    expect(roleOf(load(shared), 'backend')?.policy.waits).toBe(5);
    const levels = Array.from({ length: 9 }, (_, n) => `  - &l${n} [${Array(9).fill(n === 0 ? 'x' : `*l${n - 1}`)}]`);
    expect(problemsOf(`company: acme\nbomb:\n${levels.join('\n')}\nreports: {}\n`)).toEqual([
      'org.yaml:4:10 has aliases that stand for more than 50 copies',
    ]);
  });

  test('a file of brackets or of megabytes is refused, not read to the end', () => {
    expect(problemsOf('['.repeat(20_000))).toEqual(['org.yaml:1:1 is nested too deeply']);
    expect(problemsOf(`# ${'x'.repeat(600_000)}`)).toEqual(['org.yaml:1:1 is longer than 512 KB']);
  });

  test('a misspelt duty is not also counted as missing', () => {
    const text = 'company: acme\nreports:\n  hr: { duties: [staf] }\n  backend: { duties: [write-code] }\n';
    expect(problemsOf(text)).toEqual(['org.yaml:3:18 hr.duties[0] "staf" is no duty; did you mean "staff"?']);
  });
});

describe('prompt files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'org-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'company'));
  writeFileSync(join(folder, 'outside.md'), 'secret');
  writeFileSync(join(folder, 'company', 'inside.md'), 'You are good.');
  symlinkSync(join(folder, 'outside.md'), join(folder, 'company', 'link.md'));
  const file = join(folder, 'company', 'org.yaml');
  const withPrompt = (prompt: string) => {
    writeFileSync(file, `company: acme\nreports:\n  hr: { duties: [staff], prompt: ${prompt} }\n`);
    return () => loadOrg(file, { duties });
  };

  test('are read from the folder of the company file', () => {
    expect(withPrompt('inside.md')().roles[0]?.prompt).toBe('You are good.');
  });

  test.each(['../outside.md', '/etc/hostname', 'a/../../outside.md', '..\\outside.md', './inside.md'])(
    '%s is outside of it',
    (path) => {
      expect(withPrompt(path)).toThrow(`${JSON.stringify(path)} is outside the folder of the company file`);
    },
  );

  test('are not followed through a link that leads outside', () => {
    expect(withPrompt('link.md')).toThrow('the prompt file "link.md" does not exist');
  });

  test('a company file that is not there is said to be so', () => {
    expect(() => loadOrg(join(folder, 'no.yaml'), { duties })).toThrow(OrgUnreadable);
  });
});
