// The org chart a company runs with, as its stream tells it, and putting another in force.

import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import type { Board } from '../actors/board.ts';
import { dutyFacts } from '../actors/duties/registry.ts';
import type { Bus } from '../bus/bus.ts';
import { HeadcountError } from '../bus/errors.ts';
import type { DataOf } from '../bus/messages.ts';
import { subjects } from '../bus/subjects.ts';
import { diffLines, diffOrg, isEmptyDiff, type OrgDiff } from '../org/diff.ts';
import { loadOrg, type OrgSource, promptsIn } from '../org/load.ts';
import type { Org } from '../org/org.ts';
import { readHistory } from './connect.ts';
import { findFile } from './package-root.ts';
import { latestOf } from './views/history.ts';

/** Putting this org chart in force would leave open tasks with nobody to do them. Exit code 1. */
export class WouldStrand extends HeadcountError {
  override readonly name = 'WouldStrand';
  constructor(diff: OrgDiff) {
    const lines = diffLines({ ...diff, hires: [], fires: [], moves: [], changes: [] });
    const message = `open tasks would be left with nobody to do them\n${lines.join('\n')}`;
    super('WOULD_STRAND', message, 'nothing was changed; resolve each task as said, then apply again', { exit: 1 });
  }
}

export type Comparison = {
  readonly diff: OrgDiff;
  /** False: the company has not said how it is organised, and was compared with `fallback`. */
  readonly told: boolean;
  /** Sequence of the org chart in force; 0 when the stream has none. */
  readonly seq: number;
};

/**
 * What would change in a company when the org file became its org chart.
 * @param fallback the org file to compare with while the stream holds none
 * @throws OrgInvalid
 */
export async function compareWith(bus: Bus, file: OrgSource, fallback: () => OrgSource): Promise<Comparison> {
  const duties = dutyFacts();
  // A company may run under another name than its file has; that is nothing a change can undo.
  const named = (org: Org): Org => ({ ...org, company: bus.company });
  const after = named(loadOrg(file, { duties }));
  const last = await bus.last(subjects.org);
  const text = last?.message.type === 'org.changed' ? last.message.data.text : undefined;
  const before = named(loadOrg(text === undefined ? fallback() : inForce(text, file), { duties }));
  const tasks = [...latestOf(await readHistory(bus)).tasks.values()];
  const diff = diffOrg(before, after, tasks, duties);
  const seq = last?.seq ?? 0;
  if (text !== undefined) return { diff, told: true, seq };
  // The fallback may be the very file: what it could do before says nothing about what strands.
  const { stranded } = diffOrg({ ...before, roles: [] }, after, tasks, duties);
  return { diff: { ...diff, stranded }, told: false, seq };
}

/** The stream has the chart, not the prompts: those are compared as they are on disk now, and one that is gone is no error. */
function inForce(text: string, { readPrompt }: OrgSource): OrgSource {
  return { text, file: 'the org chart in force', readPrompt: (path) => readPrompt(path) ?? 'This prompt is gone.' };
}

/** An org chart that a stream has, to be loaded in a workspace. */
export function orgSource(text: string, { cwd }: { readonly cwd: string }): OrgSource {
  return inForce(text, { text, file: 'org/org.yaml', readPrompt: promptsIn(dirname(findFile('org/org.yaml', cwd))) });
}

/**
 * Puts an org file in force: every process of the company follows it. Says nothing when nothing would change.
 * @throws OrgInvalid; WouldStrand; StaleWrite when somebody else changed the org chart meanwhile
 */
export async function applyOrg(
  bus: Bus,
  file: OrgSource,
  fallback: () => OrgSource,
): Promise<Comparison & { readonly applied: boolean }> {
  const compared = await compareWith(bus, file, fallback);
  const { diff, told, seq } = compared;
  if (diff.stranded.length > 0) throw new WouldStrand(diff);
  const applied = !told || !isEmptyDiff(diff);
  if (applied) await tell(bus, { by: 'operator', text: file.text, summary: diffLines(diff) }, seq);
  return { ...compared, applied };
}

/** What to do with an org file that was saved while its company runs. */
export function howToApply({ stranded }: OrgDiff, file: string): string {
  const apply = `headcount org apply ${file}`;
  if (stranded.length === 0) return `to make it so: ${apply}`;
  return `it is refused as long as ${stranded.length === 1 ? 'that task' : 'those tasks'} would be stranded; afterwards: ${apply}`;
}

/** A company that runs. */
type Following = {
  org(): Org;
  readonly projections: { readonly board: Pick<Board, 'tasks'> };
  changeOrg(after: Org): Promise<void>;
};

/**
 * Makes the staff that of a chart which the stream has put in force. Between the check of whoever changed it and the change
 * somebody may have begun with a task: they finish it, then they go. Throws WouldStrand when a task would have nobody.
 */
export async function followOrg(after: Org, running: Following): Promise<void> {
  const diff = diffOrg(running.org(), after, running.projections.board.tasks(), dutyFacts());
  if (diff.stranded.some(({ finishes }) => !finishes)) throw new WouldStrand(diff);
  await running.changeOrg(after);
}

/** Says which org chart a company starts with, unless its stream says so already; `text` is the org file's, patches applied. */
export async function tellOrg(bus: Bus, text: string): Promise<void> {
  const last = await bus.last(subjects.org);
  if (last?.message.type === 'org.changed' && last.message.data.text === text) return;
  await tell(bus, { by: 'operator', text, summary: ['as the company starts'] }, last?.seq ?? 0);
}

async function tell(bus: Bus, data: DataOf<'org.changed'>, seq: number): Promise<void> {
  const digest = createHash('sha256').update(data.text).digest('hex').slice(0, 16);
  const draft = { id: `org.${seq}.${digest}`, type: 'org.changed', source: 'operator', data } as const;
  await bus.publish(subjects.org, draft, { expectedLastSeq: seq });
}
