import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultOrgPath, load, small } from '../tests/fixtures/company-file.ts';
import { addRole, type NewRole, RoleRefused } from './edit.ts';
import { type Org, roleOf } from './org.ts';

const legal: NewRole = { name: 'legal', reportsTo: 'ceo', duties: ['advise'], title: 'Counsel', tier: 'light' };
const shipped = readFileSync(defaultOrgPath, 'utf8');

describe('adding a role', () => {
  test('inserts one line into the company that ships and leaves the rest as it was', () => {
    const before = shipped.split('\n');
    const after = addRole(shipped, legal).split('\n');
    const line = after.findIndex((each) => each.includes('legal:'));
    expect(after[line]).toBe('      legal: { title: Counsel, tier: light, duties: [advise] }');
    expect(after.toSpliced(line, 1)).toEqual(before);
    expect(roleOf(load(after.join('\n')), 'legal')?.boss).toBe('ceo');
  });

  test('writes it the way its colleagues are written', () => {
    expect(addRole(small(), { ...legal, reportsTo: 'hr', instances: 3 })).toBe(
      small(
        '',
        '      legal:\n        title: Counsel\n        tier: light\n        duties: [advise]\n        instances: 3\n',
      ),
    );
  });

  test('opens `reports` for a boss who had none', () => {
    expect(addRole(small(), { name: 'intern', reportsTo: 'backend', duties: ['advise'] })).toBe(
      small('', '        reports:\n          intern: { duties: [advise] }\n'),
    );
  });

  test('works under the person at the top, at the end of a file without a newline, and with Windows line ends', () => {
    const text = 'company: acme\r\nreports:\r\n  hr: { duties: [staff] } # keeps the peace';
    const after = addRole(text, { ...legal, reportsTo: 'founder' });
    expect(after).toBe(`${text}\r\n  legal: { title: Counsel, tier: light, duties: [advise] }\r\n`);
    expect(load(after).roles.map(({ name }) => name)).toEqual(['hr', 'legal']);
  });

  test('goes between the last colleague and a comment after it, and past text in blocks', () => {
    const text = `company: acme
reports:
  hr:
    duties: [staff]
    title: |
      People
      Manager
    # the next one is only an example
    # reports: { legal: {} }
milestones: [100-users] # one day
`;
    const after = addRole(text, { ...legal, reportsTo: 'hr' });
    expect(after.replace(/ {4}reports:\n.*\n/, '')).toBe(text);
    expect(roleOf(load(after), 'legal')?.boss).toBe('hr');
    expect(roleOf(load(after), 'hr')?.title).toBe('People Manager');
    expect(load(after).milestones.map(({ name }) => name)).toEqual(['100-users']);
  });

  test('a title that YAML would misread is quoted', () => {
    for (const title of ['true', 'Ops: night, and day', '# one', '{a}', 'null', '12', "it's"]) {
      expect(roleOf(load(addRole(shipped, { ...legal, title })), 'legal')?.title).toBe(title);
    }
  });

  test('a boss in flow style gets it all the same', () => {
    const text =
      'company: acme # ours\nreports: { hr: { duties: [staff], reports: { ops: { duties: [operate] } } } }\n';
    for (const reportsTo of ['hr', 'ops', 'founder']) {
      const after = addRole(text, { ...legal, reportsTo });
      expect(after).toContain('company: acme # ours');
      expect(roleOf(load(after), 'legal')?.boss).toBe(reportsTo === 'founder' ? undefined : reportsTo);
    }
  });

  test('a boss on one line gets it there, and no other line changes', () => {
    const role: NewRole = { name: 'intern', reportsTo: 'backend', duties: ['advise'] };
    const boss =
      '          backend: { title: Backend Engineer, tier: coding, duties: [write-code, advise], instances: 2 }';
    expect(shipped).toContain(boss);
    const once = addRole(shipped, role);
    expect(once).toBe(shipped.replace(boss, boss.replace(' }', ', reports: { intern: { duties: [advise] } } }')));
    const twice = addRole(once, { ...role, name: 'second' });
    expect(twice).toBe(once.replace('intern: { duties: [advise] }', '$&, second: { duties: [advise] }'));
    const below = addRole(once, { ...role, name: 'third', reportsTo: 'intern' });
    expect(below).toBe(
      once.replace(
        'intern: { duties: [advise] }',
        'intern: { duties: [advise], reports: { third: { duties: [advise] } } }',
      ),
    );
  });

  test('braces without room, with a last comma, empty, or over several lines stay as they are written', () => {
    const role: NewRole = { name: 'ops', reportsTo: 'hr', duties: ['operate'] };
    const ops = 'ops: { duties: [operate] }';
    for (const [boss, after] of [
      ['{duties: [staff]}', `{duties: [staff], reports: { ${ops} } }`],
      ['{ duties: [staff], }', `{ duties: [staff], reports: { ${ops} } }`],
      ['{ duties: [staff], reports: {} }', `{ duties: [staff], reports: { ${ops} } }`],
      ['{\n    duties: [staff],\n  }', `{\n    duties: [staff], reports: { ${ops} }\n  }`],
    ] as const) {
      expect(addRole(`company: acme\nreports:\n  hr: ${boss} # keeps the peace\n`, role)).toBe(
        `company: acme\nreports:\n  hr: ${after} # keeps the peace\n`,
      );
    }
  });

  test('is refused for an unknown boss, a name that is taken, and a file that is no YAML', () => {
    const next =
      (change: Partial<NewRole>, text = shipped) =>
      () =>
        addRole(text, { ...legal, ...change });
    expect(next({ reportsTo: 'ctoo' })).toThrow('nobody is called "ctoo"; did you mean "cto"?');
    expect(next({ name: 'qa' })).toThrow('"qa" is a role already');
    expect(next({}, 'company: [')).toThrow(RoleRefused);
  });
});

type Tree = { below: Tree[]; style: 'block' | 'flow'; comment: boolean };

/** A company of any shape: names numbered in the order they appear. */
const { forest: trees } = fc.letrec<{ tree: Tree; forest: Tree[] }>((tie) => ({
  tree: fc.record({ below: tie('forest'), style: fc.constantFrom('block', 'flow'), comment: fc.boolean() }),
  forest: fc.oneof({ maxDepth: 4 }, fc.constant<Tree[]>([]), fc.array(tie('tree'), { maxLength: 3 })),
}));

function write(forest: readonly Tree[], indent: string, count: { value: number }): string {
  return forest
    .map(({ below, style, comment }) => {
      count.value += 1;
      const name = `r${count.value}`;
      const note = comment ? ` # about ${name}` : '';
      if (style === 'flow' && below.length === 0) return `${indent}${name}: { duties: [advise] }${note}\n`;
      const head = `${comment ? `${indent}# before ${name}\n` : ''}${indent}${name}:${note}\n${indent}  duties: [advise]\n`;
      if (below.length === 0) return head;
      return `${head}${indent}  reports:\n${write(below, `${indent}    `, count)}${comment ? `${indent}    # after ${name}\n` : ''}`;
    })
    .join('');
}

const commentsOf = (text: string) => text.match(/#.*/g) ?? [];
const chart = (org: Org) => org.roles.map(({ name, boss }) => `${boss} > ${name}`);

test('in a company of any shape, a role added anywhere is loaded where it belongs, every comment and role kept', () => {
  fc.assert(
    fc.property(trees, fc.nat(), fc.boolean(), (forest, pick, pretty) => {
      const count = { value: 0 };
      const text = `company: acme # ours\nreports: # to the founder\n  hr: { duties: [staff, advise] }\n${write(forest, '  ', count)}# the end\n`;
      const before = load(text);
      const boss = ['founder', ...before.roles.map(({ name }) => name)][pick % (before.roles.length + 1)] ?? 'founder';
      const role: NewRole = {
        name: 'added',
        reportsTo: boss,
        duties: ['advise'],
        ...(pretty ? { title: 'A, b' } : {}),
      };
      const after = addRole(text, role);
      const now = load(after);
      expect(commentsOf(after)).toEqual(commentsOf(text));
      expect(roleOf(now, 'added')?.boss).toBe(boss === 'founder' ? undefined : boss);
      expect(chart(now).filter((line) => !line.endsWith('> added'))).toEqual(chart(before));
    }),
    { numRuns: 200 },
  );
});
