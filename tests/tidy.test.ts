// Rules about the code itself that the linter cannot say. The table is the architecture: a room may import itself, what
// is listed here, and nothing else.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

type Room = {
  /** Rooms whose values it may import. */
  readonly rooms: readonly string[];
  /** Rooms or single files of which it may import the types. */
  readonly types?: readonly string[];
  /** Single files of other rooms whose values it may import. */
  readonly files?: readonly string[];
  readonly packages: readonly string[];
};

/** Types and policies that everyone may name. */
const vocabulary = ['machines/policy.ts', 'org/org.ts'];

const table: Readonly<Record<string, Room>> = {
  bus: { rooms: [], packages: ['nats', 'zod', 'node:'] },
  machines: { rooms: [], types: ['bus'], packages: ['xstate'] },
  org: {
    rooms: ['bus'],
    types: vocabulary,
    files: ['machines/policy.ts'],
    packages: ['zod', 'yaml', 'cron-parser', 'get-east-asian-width', 'node:'],
  },
  brain: {
    rooms: ['bus'],
    types: vocabulary,
    files: ['machines/policy.ts'],
    packages: [
      'zod',
      '@xstate/store',
      '@anthropic-ai/sdk',
      '@anthropic-ai/sdk/lib/transform-json-schema',
      'openai',
      '@copilotkit/aimock',
      'chromadb',
      'unpdf',
      'htmlparser2',
      'node:',
    ],
  },
  tools: {
    rooms: ['bus'],
    types: vocabulary,
    packages: ['zod', 'yaml', 'simple-git', 'acorn', 'typescript', 'undici', 'ipaddr.js', 'htmlparser2', 'node:'],
  },
  scenarios: {
    rooms: ['bus', 'org', 'brain'],
    types: vocabulary,
    files: ['machines/policy.ts'],
    packages: ['zod', 'yaml', 'node:'],
  },
  invariants: { rooms: ['bus'], types: vocabulary, packages: ['zod', 'node:'] },
  actors: {
    rooms: ['bus', 'machines', 'org', 'brain', 'tools', 'scenarios', 'invariants'],
    packages: ['zod', 'xstate', '@xstate/store', 'cron-parser', 'node:'],
  },
  simulator: {
    rooms: ['bus', 'machines', 'org', 'brain', 'tools', 'scenarios', 'invariants', 'actors'],
    packages: ['zod', 'xstate', 'yaml', 'node:'],
  },
  dashboard: {
    rooms: ['bus', 'machines', 'org', 'brain', 'tools', 'scenarios', 'invariants', 'actors'],
    packages: ['zod', 'xstate', 'ws', 'node:'],
  },
  cli: {
    rooms: ['bus', 'machines', 'org', 'brain', 'tools', 'scenarios', 'invariants', 'actors', 'simulator', 'dashboard'],
    packages: ['zod', 'xstate', 'nats', 'commander', 'picocolors', 'pino', 'node:'],
  },
};

/** Rooms where time, chance and the environment come in as arguments. */
const logic = ['machines', 'actors', 'bus', 'brain', 'org', 'tools', 'scenarios', 'invariants', 'simulator'];

/** Where the wall clock, the network or a process is the point. */
const edges = [
  'bus/clock.ts',
  'bus/server/',
  'bus/jetstream/',
  'bus/ledger/',
  'brain/knowledge/chroma/server.ts',
  'tools/process.ts',
  'tools/lock.ts',
  'simulator/hunt.ts',
  'tools/sandbox',
  'tools/deploy/',
  'tools/probe',
];

const ambient =
  /\b(?:Date\.now|Math\.random|process\.env|performance\.now)\b|\bnew Date\(\)|\b(?:randomUUID|setTimeout|setInterval)\(|timers\/promises/;

/** Somebody's folder; `/home/task` is the one inside the sandbox. */
const somebodysFolder = /(?:^|[^\w./])\/(?:home|Users)\/(?!task\b)[\w.-]+/m;

const LONGEST = 400;

type Source = { readonly room: string; readonly path: string; readonly text: string };

function sourcesOf(room: string): Source[] {
  const folder = join(root, room);
  if (!existsSync(folder)) return [];
  return (
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      // The folders of scenarios/ hold products that scripted models write.
      .filter((file) => room !== 'scenarios' || !file.includes('/'))
      .sort()
      .map((file) => ({ room, path: `${room}/${file}`, text: readFileSync(join(folder, file), 'utf8') }))
  );
}

const sources = Object.keys(table).flatMap(sourcesOf);
/** Tests, and what only tests use, may reach further. */
const isForTests = ({ path }: Source) => path.endsWith('.test.ts') || path.endsWith('fixture.ts');
const product = sources.filter((source) => !isForTests(source));

type Import = { readonly from: string; readonly specifier: string; readonly typeOnly: boolean };

/** Every import and re-export, also dynamic ones. `import { type A }` counts as an import of values. */
function importsOf({ path, text }: Pick<Source, 'path' | 'text'>): Import[] {
  const pattern =
    /^(?:import|export)(\s+type)?\b[^;'"]*?\bfrom\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;
  return [...text.matchAll(pattern)].map(([, type, from, bare, dynamic]) => ({
    from: path,
    specifier: from ?? bare ?? dynamic ?? '',
    typeOnly: type !== undefined,
  }));
}

function isAllowed({ from, specifier, typeOnly }: Import): boolean {
  const own = from.split('/')[0] ?? '';
  const room = table[own];
  if (!room) return false;
  if (!specifier.startsWith('.')) {
    return room.packages.some((name) => specifier === name || (name.endsWith(':') && specifier.startsWith(name)));
  }
  const target = normalize(join(dirname(from), specifier));
  const [there = ''] = target.split('/');
  if (there === own || room.rooms.includes(there) || room.files?.includes(target)) return true;
  return typeOnly && (room.types ?? []).some((one) => one === there || one === target);
}

describe('the import table', () => {
  test.each(Object.keys(table))('holds in %s/', (room) => {
    const bad = product.filter((source) => source.room === room).flatMap(importsOf);
    expect(bad.filter((one) => !isAllowed(one)).map(({ from, specifier }) => `${from}: ${specifier}`)).toEqual([]);
  });

  test.each([
    ["import { a } from '../cli/main.ts';", 'actors/x.ts'],
    ["import { a } from '../bus/records.ts';", 'machines/x.ts'],
    ["import {\n  a,\n  type B,\n} from '../actors/host.ts';", 'brain/x.ts'],
    ["export { a } from '../../tools/git.ts';", 'brain/models/x.ts'],
    ["import { connect } from 'nats';", 'actors/x.ts'],
    ["import 'commander';", 'org/x.ts'],
    ["const a = await import('../dashboard/x.ts');", 'actors/x.ts'],
    ["import { walk } from '../tests/walk.ts';", 'machines/x.ts'],
  ])('refuses %s in %s', (text, path) => {
    expect(importsOf({ path, text }).map(isAllowed)).toEqual([false]);
  });

  test.each([
    ["import type { Failure } from '../bus/records.ts';", 'machines/x.ts'],
    ["import type { Org } from '../org/org.ts';", 'brain/x.ts'],
    ["import { rungs } from '../machines/policy.ts';", 'org/x.ts'],
    ["import { join } from 'node:path';", 'tools/x.ts'],
  ])('takes %s in %s', (text, path) => {
    expect(importsOf({ path, text }).map(isAllowed)).toEqual([true]);
  });
});

describe('every file', () => {
  test('that tests share begins and ends nothing by itself: that would happen for the first who imports it alone', () => {
    const shared = [...sources, ...sourcesOf('tests')].filter(
      ({ path, text }) => !path.endsWith('.test.ts') && text.includes("from 'vitest'"),
    );
    expect(shared.length).toBeGreaterThan(5);
    expect(shared.filter(({ text }) => /^(?:before|after)(?:All|Each)\(/m.test(text)).map(({ path }) => path)).toEqual(
      [],
    );
  });

  test('of a logic room gets time, chance and the environment as arguments', () => {
    const inside = product.filter(
      ({ room, path }) => logic.includes(room) && !edges.some((edge) => path.startsWith(edge)),
    );
    const bad = inside.flatMap(({ path, text }) =>
      withoutComments(text)
        .split('\n')
        .filter((line) => ambient.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    expect(bad).toEqual([]);
  });

  test(`has at most ${LONGEST} lines`, () => {
    const long = sources.filter(({ text }) => text.split('\n').length - 1 > LONGEST);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test('names no folder of the machine it was written on', () => {
    const shipped = [...product, ...documents()].filter(({ text }) => somebodysFolder.test(text));
    const here = [...sources, ...sourcesOf('tests'), ...documents()].filter(({ text }) => text.includes(root));
    expect([...shipped, ...here].map(({ path }) => path)).toEqual([]);
  });
});

describe('dependencies', () => {
  const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8'));

  test('have one version and the digest of what it holds, and come from the registry', () => {
    const { dependencies, devDependencies } = read('package.json');
    const asked: [string, string][] = Object.entries({ ...dependencies, ...devDependencies });
    expect(asked.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
    const all: [string, { integrity?: string; resolved?: string }][] = Object.entries(
      read('package-lock.json').packages,
    );
    const locked = all.filter(([path]) => path !== '');
    expect(locked.length).toBeGreaterThan(asked.length);
    const foreign = locked.filter(
      ([, { integrity = '', resolved = 'https://registry.npmjs.org/' }]) =>
        !integrity.startsWith('sha512-') || !resolved.startsWith('https://registry.npmjs.org/'),
    );
    expect(foreign.map(([path]) => path)).toEqual([]);
  });

  test('run no script when the image installs them', () => {
    const installs = readFileSync(join(root, 'Dockerfile'), 'utf8').match(/npm (ci|i|install|prune)\b[^\n]*/g) ?? [];
    expect(installs.length).toBeGreaterThan(0);
    expect(installs.filter((line) => !line.includes('--ignore-scripts'))).toEqual([]);
  });
});

describe('documents', () => {
  test('name files that exist', () => {
    const named = documents().flatMap(({ path, text }) =>
      [...text.matchAll(/`((?:\w+\/)+[\w.-]+\.(?:ts|md))`/g)].map(([, file = '']) => ({ path, file })),
    );
    expect(named.length).toBeGreaterThan(30);
    const missing = named.filter(({ file }) => !existsSync(join(root, file)));
    expect(missing.map(({ path, file }) => `${path}: ${file}`)).toEqual([]);
  });

  test('number decisions in order, each once', () => {
    const text = readFileSync(join(root, 'docs/decisions.md'), 'utf8');
    const numbers = [...text.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });
});

function documents(): Source[] {
  const folders = ['.', 'docs', 'scenarios', 'org'];
  const names = folders.flatMap((room) =>
    readdirSync(join(root, room)).map((name) => ({ room, path: join(room, name) })),
  );
  return names
    .filter(({ path }) => /\.(md|yaml|json|conf)$/.test(path))
    .map((one) => ({ ...one, text: readFileSync(join(root, one.path), 'utf8') }));
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$|\s\/\/ .*$/gm, '');
}
