// The org chart as text: who reports to whom, what they do, and when.

import { formatCadence } from './duration.ts';
import { type Org, type Role, roleOf } from './org.ts';
import { pad, widthOf } from './width.ts';

/** A role, and what stands below its branch where its duties need more than one line. */
type Row = { readonly tree: string; readonly under: string; readonly cells: string[]; readonly duties: string[] };

/** Narrower than this no column of duties gets. */
const NARROWEST = 20;

/**
 * A role after the other, in columns: tree, title, tier, duties with their clocks. No colour, no trailing space.
 * @param width duties that do not fit into so many columns go on below
 */
export function drawOrg(org: Org, width = Number.POSITIVE_INFINITY): string {
  const top = org.roles.filter(({ boss }) => boss === undefined);
  const rows = draw(org, top, '');
  const widest = (texts: readonly string[]) => Math.max(...texts.map(widthOf));
  const tree = widest([org.person, ...rows.map((row) => row.tree)]);
  const columns = [0, 1].map((column) => widest(rows.map(({ cells }) => cells[column] ?? '')));
  const rest = columns.reduce((sum, column) => sum + column + 2, 2);
  const room = Math.max(NARROWEST, width - tree - rest);
  const lines = rows.flatMap(({ tree: branch, under, cells, duties }) => {
    const head = [pad(branch, tree), ...cells.map((cell, column) => pad(cell, columns[column] ?? 0)), ''].join('  ');
    const below = pad(under, tree) + ' '.repeat(rest);
    return filled(duties, room).map((line, index) => ((index === 0 ? head : below) + line).trimEnd());
  });
  return [org.person, ...lines].join('\n');
}

function draw(org: Org, roles: readonly Role[], indent: string): Row[] {
  return roles.flatMap((role, index) => {
    const last = index === roles.length - 1;
    const name = role.instances === 1 ? role.name : `${role.name} x${role.instances}`;
    const below = role.reports.flatMap((report) => roleOf(org, report) ?? []);
    const inner = `${indent}${last ? '   ' : '│  '}`;
    const under = `${inner}${below.length > 0 ? '│' : ''}`;
    const tree = `${indent}${last ? '└─ ' : '├─ '}${name}`;
    return [{ tree, under, cells: [role.title, role.tier], duties: dutiesOf(role) }, ...draw(org, below, inner)];
  });
}

/** Parts on as many lines as they need; one line when there are none. */
function filled(parts: readonly string[], room: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + part.length <= room) lines[lines.length - 1] = `${line} ${part}`;
    else lines.push(part);
  }
  return lines.length === 0 ? [''] : lines;
}

/** Duties with commas between, each in the parts that may not be broken: its name, its clock. */
function dutiesOf({ duties, schedule }: Role): string[] {
  return duties.flatMap((duty, index) => {
    const cadence = schedule[duty];
    const comma = index < duties.length - 1 ? ',' : '';
    return cadence === undefined ? [`${duty}${comma}`] : [duty, `(${formatCadence(cadence)})${comma}`];
  });
}
