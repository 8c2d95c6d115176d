import { describe, expect, it } from 'vitest';
import { loadOrg } from './load.ts';
import { OrgInvalid } from './problems.ts';

const duties = new Map([
  ['write-code', { task: true, schedulable: false, types: ['code'] }],
  ['staff', { task: false, schedulable: false, filters: ['hr.requests'] }],
]);

const company = (role: string, more = '') => `company: acme
${more}reports:
  hr: { duties: [staff] }
  backend: { duties: [write-code], ${role} }
`;

const load = (text: string) => loadOrg({ text, file: 'org.yaml', readPrompt: () => 'You work here.' }, { duties });

function problemsOf(text: string): readonly string[] {
  try {
    load(text);
    return [];
  } catch (error) {
    if (error instanceof OrgInvalid) return error.problems.map(({ place, message }) => `${place?.line}: ${message}`);
    throw error;
  }
}

describe('the engine of a role', () => {
  it('is one for all its tasks, or one for each type', () => {
    const engineOf = (role: string) => load(company(role)).roles.at(-1)?.engine;
    expect([engineOf('tier: coding'), engineOf('engine: loop'), engineOf('engine: { code: claude }')]).toEqual([
      {},
      { '*': 'loop' },
      { code: 'claude' },
    ]);
  });

  it('is one that there is, for a type of task that the role does', () => {
    expect(problemsOf(company('engine: lopp'))).toEqual(['4: "lopp" is no engine; did you mean "loop"?']);
    expect(problemsOf(company('engine: { deploy: loop }'))).toEqual([
      '4: "deploy" is no type of task here; backend does code',
    ]);
  });
});

describe('the limits of an engine', () => {
  it('are what the file says, and defaults for the rest', () => {
    const { engines } = load(
      company('engine: loop', 'engines: { loop: { turns: 5, time: 2m }, claude: { cost: 9 } }\n'),
    );
    expect(engines.loop).toEqual({ turns: 5, ms: 120_000, cost: 5, idle: 12 });
    expect(engines.claude).toMatchObject({ cost: 9, command: 'claude', key: 'ANTHROPIC_API_KEY', worstCall: 1 });
  });

  it('can be kept: a command line ends within its step, and its last call within its money', () => {
    const text = company('engine: claude', 'engines: { claude: { time: 45m }, codex: { cost: 1, worstCall: 2 } }\n');
    expect(problemsOf(text)).toEqual([
      '2: 45m is not shorter than the longest step (retry.step)',
      '2: one call may cost $2, and the whole attempt $1: raise cost, or lower worstCall',
    ]);
  });
});
