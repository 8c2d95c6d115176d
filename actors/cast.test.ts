import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readOrg } from '../org/load.ts';
import { loadScenario, ScenarioInvalid } from '../scenarios/load.ts';
import { defaultOrgPath } from '../tests/fixtures/company-file.ts';
import { castOf } from './cast.ts';

const shipped = join(dirname(defaultOrgPath), '..', 'scenarios');
const names = (await readdir(shipped)).filter((name) => name.endsWith('.yaml'));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cast-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function problemsOf(lines: string): Promise<string[]> {
  const path = join(folder, 'story.yaml');
  await writeFile(path, `name: story\ntitle: A story\ndeadline: 1h\n${lines}\n`);
  const scenario = await loadScenario(path);
  try {
    castOf(scenario, readOrg(defaultOrgPath));
    return [];
  } catch (error) {
    if (error instanceof ScenarioInvalid) return error.message.split('\n');
    throw error;
  }
}

const given = 'given: { backlog: [{ key: store, title: Keep links, role: backend }] }';

describe('the company of a scenario', () => {
  it.each(names)('can play %s', async (name) => {
    const scenario = await loadScenario(join(shipped, name));
    expect(castOf(scenario, readOrg(defaultOrgPath)).org.company).toBe(scenario.given.company);
  });

  it('is refused before it starts when nobody takes a task of the backlog', async () => {
    const backlog = `given:
  backlog:
    - { key: a, title: Of nobody, role: bakend }
    - { key: b, title: Of one who takes none, role: hr }
    - { key: c, title: Of the wrong kind, role: backend, type: deploy }`;
    expect(await problemsOf(`${backlog}\nthen: {}`)).toEqual([
      expect.stringMatching(/^story.yaml:6:41 given.backlog\[0\].role a is for "bakend", and no such role works here/),
      'story.yaml:7:53 given.backlog[1].role b is for hr, who takes no tasks',
      'story.yaml:8:49 given.backlog[2].role c has type "deploy", and backend does code, advice',
    ]);
  });

  it('has everybody whom faults and expectations speak of, and knows the milestones', async () => {
    const faults = 'faults: [{ crash: { agent: bakend } }, { slow: { agent: qa, by: 1m } }]';
    const then = 'then: { agents: { legl: {}, backend-2: {} }, milestones: [first-deploymnt] }';
    expect(await problemsOf(`${given}\n${faults}\n${then}`)).toEqual([
      'story.yaml:5:28 faults[0].crash.agent "bakend" is nobody here; did you mean "backend"?',
      'story.yaml:6:19 then.agents.legl "legl" is nobody here',
      'story.yaml:6:59 then.milestones[0] "first-deploymnt" is no milestone of this company; did you mean "first-deployment"?',
    ]);
  });

  it('is in the states that are expected, and writes the commits', async () => {
    const then = `then:
  agents: { backend: { visits: [working, working.executng, crashed] }, qa: { visits: [retrying.backing-off] } }
  commits: { by: { backend: 1, fronted: 1 } }`;
    expect(await problemsOf(`${given}\n${then}`)).toEqual([
      'story.yaml:6:42 then.agents.backend.visits[1] "working.executng" is no state of an agent; did you mean "working.executing"?',
      'story.yaml:6:87 then.agents.qa.visits[0] "retrying.backing-off" is no state of an agent; did you mean "retrying.backingOff"?',
      'story.yaml:7:32 then.commits.by.fronted "fronted" is nobody here; did you mean "frontend"?',
    ]);
  });

  it('may have somebody who is hired on the way', async () => {
    const when = 'when: [{ at: +1m, org: { roles: { legal: { reportsTo: ceo, duties: [advise] } } } }]';
    expect(await problemsOf(`${given}\n${when}\nthen: { agents: { legal: {} } }`)).toEqual([]);
  });
});
