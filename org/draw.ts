// The org chart as text: who reports to whom, what they do, and when.

import { formatCadence } from './duration.ts';
import { type Org, type Role, roleOf } from './org.ts';

/** One line a role, in columns: tree, title, tier, duties with their clocks. No colour, no trailing space. */
export function drawOrg(org: Org): string {
  const rows = [
    { tree: org.person, rest: [] },
    ...draw(
      org,
      org.roles.filter(({ boss }) => boss === undefined),
      '',
    ),
  ];
  const width = (read: (row: (typeof rows)[number]) => string) => Math.max(...rows.map((row) => read(row).length));
  const tree = width((row) => row.tree);
  const columns = [0, 1].map((column) => width((row) => row.rest[column] ?? ''));
  return rows
    .map(({ tree: branch, rest }) => {
      const cells = rest.map((cell, column) => cell.padEnd(columns[column] ?? 0));
      return [branch.padEnd(tree), ...cells].join('  ').trimEnd();
    })
    .join('\n');
}

function draw(org: Org, roles: readonly Role[], indent: string): { tree: string; rest: string[] }[] {
  return roles.flatMap((role, index) => {
    const last = index === roles.length - 1;
    const name = role.instances === 1 ? role.name : `${role.name} x${role.instances}`;
    const below = role.reports.flatMap((report) => roleOf(org, report) ?? []);
    return [
      { tree: `${indent}${last ? '└─ ' : '├─ '}${name}`, rest: [role.title, role.tier, dutiesOf(role)] },
      ...draw(org, below, `${indent}${last ? '   ' : '│  '}`),
    ];
  });
}

function dutiesOf({ duties, schedule }: Role): string {
  return duties
    .map((duty) => {
      const cadence = schedule[duty];
      return cadence === undefined ? duty : `${duty} (${formatCadence(cadence)})`;
    })
    .join(', ');
}
