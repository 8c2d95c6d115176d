import { describe, expect, test } from 'vitest';
import { load, problemsOf, small } from '../tests/fixtures/company-file.ts';
import { type Milestone, parseCondition } from './milestones.ts';

describe('what is wrong with it is said with its place', () => {
  const cases: [name: string, text: string, ...expected: string[]][] = [
    [
      'milestones that nobody knows, and conditions that cannot be read',
      small(`milestones:
  - first-deploymnt
  - 100-user
  - { name: launch, when: merged >= 10 and usrs > 3 }
  - { name: luck, when: merged is ten }
`),
      'org.yaml:3:5 milestones[0] "first-deploymnt" is no milestone without a condition; did you mean "first-deployment"?; or say `when` it is reached',
      'org.yaml:4:5 milestones[1] "100-user" is no milestone without a condition; did you mean "100-users"?; or say `when` it is reached',
      'org.yaml:5:27 milestones[2].when "usrs" is nothing that is counted; did you mean "users"?',
      'org.yaml:6:25 milestones[3].when "merged is ten" is no condition; write "merged >= 10 and users > 0"',
    ],
    [
      'standings that overlap, and a bench that comes too soon',
      small(`standing:
  window: 5
  lead: { from: 60, tasks: 9 }
  probation: { below: 70 }
  benched: { below: 75, tasks: 2 }
`),
      'org.yaml:4:17 standing.lead.from a lead needs 60 points, less than the 65 of somebody trusted',
      'org.yaml:4:28 standing.lead.tasks 9 tasks never count: the window is 5',
      'org.yaml:5:23 standing.probation.below under 70 is probation, and from 65 trusted: the two overlap',
      'org.yaml:6:21 standing.benched.below under 75 is benched, and under 70 probation: nobody would be warned',
      'org.yaml:6:32 standing.benched.tasks 2 is too few to bench anybody; at least 3',
    ],
    [
      'a memory that nobody has',
      small('memory: { use: [day, lesons], expires: soon }\n'),
      'org.yaml:2:22 memory.use[1] "lesons" is no use; did you mean "lessons"?',
      'org.yaml:2:40 memory.expires "soon" is no duration; write 90s, 15m, 2h, 7d or 1w',
    ],
  ];
  test.each(cases)('%s', (_name, text, ...expected) => {
    expect(problemsOf(text)).toEqual(expected);
  });
});

test('a file that says nothing has everybody trusted, everything remembered and a person who decides', () => {
  const { standing, memory, staffing, milestones } = load(small());
  expect([standing.start, standing.effects.probation.reviews, standing.effects.lead.review]).toEqual([
    'trusted',
    2,
    'light',
  ]);
  expect(memory.use).toEqual(['day', 'rewards', 'lessons', 'digest', 'decisions']);
  expect(staffing.decides).toEqual({ hire: 'person', bench: 'person', reassign: 'person' });
  expect(milestones).toEqual([]);
});

test('memory can be turned off', () => {
  expect(load(small('memory: { use: [] }\n')).memory.use).toEqual([]);
});

test('milestones are names with a known condition, or with their own', () => {
  const text = small(`milestones:
  - 25-merged-tasks
  - { name: tidy, when: merged >= 5 and open_bugs = 0, text: Nothing is broken }
`);
  const expected: Milestone[] = [
    { name: '25-merged-tasks', when: [{ fact: 'merged', is: '>=', number: 25 }], text: '25 tasks are merged' },
    {
      name: 'tidy',
      when: [
        { fact: 'merged', is: '>=', number: 5 },
        { fact: 'open_bugs', is: '=', number: 0 },
      ],
      text: 'Nothing is broken',
    },
  ];
  expect(load(text).milestones).toEqual(expected);
  expect(parseCondition('metric.signups.week > 12.5')).toEqual([
    { fact: 'metric.signups.week', is: '>', number: 12.5 },
  ]);
});
