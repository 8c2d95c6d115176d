// Work that never ends: batches of small tasks for three roles, and the script that answers them.

import { stringify } from 'yaml';
import type { PlannedTask } from '../../bus/records.ts';

/** Tasks of one batch. */
const BATCH = 6;
/** The 29th of February. */
const NEVER = '0 0 29 2 *';

type Kind = 'code' | 'document' | 'deploy';

function kindOf(n: number): Kind {
  const place = n % BATCH;
  if (place === 0) return 'deploy';
  return place === 5 ? 'document' : 'code';
}

const roles: Readonly<Record<Kind, string>> = { code: 'backend', document: 'customer_success', deploy: 'devops' };

/** Batch `b`, from 1: the last of it, a deployment, waits for the first; the third for the second. */
export function batch(b: number): PlannedTask[] {
  return Array.from({ length: BATCH }, (_, index) => {
    const n = (b - 1) * BATCH + index + 1;
    const kind = kindOf(n);
    const after = kind === 'deploy' ? [`n${n - 5}`] : n % BATCH === 3 ? [`n${n - 1}`] : [];
    return {
      key: `n${n}`,
      title: `Number ${n}`,
      description: '',
      acceptance: [],
      role: roles[kind],
      type: kind,
      estimateMinutes: 5,
      priority: 'normal',
      after,
    };
  });
}

const SERVER = `import { createServer } from 'node:http';

createServer((_, response) => response.end('ok')).listen(Number(process.env.PORT), process.env.HOST);
`;

/** In one process: with one for each file, a number more would cost more than the last. There may be none yet. */
const ALL = [
  "import { existsSync, readdirSync } from 'node:fs';",
  "const names = existsSync('test') ? readdirSync('test') : [];",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a program.
  'for (const name of names) await import(`${process.cwd()}/test/${name}`);',
].join(' ');

function filesOf(n: number): Record<string, string> {
  if (kindOf(n) === 'document') return { [`docs/n${n}.md`]: `# Number ${n}\n\nWhat number ${n} is for.\n` };
  const test = [
    "import assert from 'node:assert/strict';",
    "import { test } from 'node:test';",
    `import { n } from '../src/n${n}.mjs';`,
    '',
    `test('is ${n}', () => assert.equal(n, ${n}));`,
    '',
  ];
  return {
    [`src/n${n}.mjs`]: `/** Number ${n}. */\nexport const n = ${n};\n`,
    [`test/n${n}.test.mjs`]: test.join('\n'),
    // What the deployment of its batch starts.
    ...(n % BATCH === 1 ? { 'server.mjs': SERVER } : {}),
  };
}

/** A task as it is written, without what goes without saying. */
function brief({ key, title, role, type, estimateMinutes, after }: PlannedTask) {
  return { key, title, role, type, estimateMinutes, ...(after.length > 0 ? { after } : {}) };
}

/** A scenario file for so many batches; every seventh change of code fails at first. */
export function script(company: string, batches: number): string {
  const numbers = Array.from({ length: batches * BATCH }, (_, index) => index + 1);
  const plans = Array.from({ length: batches - 1 }, (_, index) => index + 2);
  const written = numbers.filter((n) => kindOf(n) !== 'deploy');
  const failing = written.filter((n) => kindOf(n) === 'code' && n % 7 === 0);
  return stringify({
    name: 'chaos',
    title: 'A company that is beaten while it works',
    given: {
      company,
      product: {
        slug: 'numbers',
        name: 'Numbers',
        test: ['node', '--input-type=module', '-e', ALL],
        start: 'node server.mjs',
        health: ['GET /healthz 200 ok'],
      },
      backlog: batch(1).map(brief),
      org: {
        retry: { backoff: { first: '1s', factor: 2, max: '4s' }, waits: 50, lineage: { attempts: 100 } },
        // What has no answer in this script is not asked: nobody looks for work by himself.
        roles: {
          ceo: { schedule: { strategy: NEVER } },
          qa: { schedule: { assure: NEVER } },
          finance: { schedule: { account: NEVER } },
        },
      },
    },
    // Most of the time somebody thinks, as with real models: a blow finds work under way, and the machine has time for others.
    defaults: {
      decompose: { takes: '4s', tokens: [100, 10] },
      write: { takes: '8s', tokens: [100, 10] },
      review: { takes: '4s', tokens: [100, 10], answer: { verdict: 'approve', notes: [] } },
      answer: { takes: '1s', tokens: [100, 10], answer: { known: true, answer: 'Try again.' } },
    },
    answers: [
      ...plans.map((b) => ({ for: { purpose: 'decompose', task: `D${b}` }, answer: { tasks: batch(b).map(brief) } })),
      ...failing.map((n) => ({
        for: { purpose: 'write', task: `n${n}`, attempt: 1 },
        fail: { kind: 'quality', reason: 'it is the seventh' },
      })),
      ...written.map((n) => ({ for: { purpose: 'write', task: `n${n}` }, files: filesOf(n) })),
    ],
    deadline: '24h',
    // biome-ignore lint/suspicious/noThenProperty: the third word of a story; nobody awaits a scenario.
    then: {},
  });
}
