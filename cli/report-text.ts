// The end report as lines: what was built, where it is, what it took, what to try next.

import { pad } from '../org/width.ts';
import { count, duration, money, plural } from './format.ts';
import { clean, cut, type Paint } from './output.ts';
import type { Report } from './report.ts';

export type ReportPlaces = {
  /** Folder of a product, as the reader would type it (`products/linkshort`). */
  readonly productDir: (slug: string) => string;
  /** Loopback address of what is live and still runs; undefined when nothing does. */
  readonly url?: string | undefined;
  /** Wall milliseconds the run took. */
  readonly wallMs: number;
  /** How to get this very run again (`headcount run scenarios/x.yaml --seed 7`). */
  readonly reproduce?: string | undefined;
  /** False when nothing is left to read (`--bus memory` without `--out`). */
  readonly readable: boolean;
};

const LABEL = 11;

function built(report: Report, places: ReportPlaces, paint: Paint, width: number): string[] {
  const lines: string[] = [];
  for (const { slug, name, deployment } of report.products) {
    lines.push(cut(`${pad('built', LABEL)}${clean(name)} in ${clean(places.productDir(slug))}`, width));
    if (deployment !== undefined) {
      // What was live when the run ended is gone with it, unless it was kept.
      const state = deployment.status !== 'live' ? `${deployment.status}, ` : places.url ? `${places.url}, ` : '';
      const commit = deployment.commit.slice(0, 7);
      lines.push(cut(`${pad('deployed', LABEL)}${state}${commit} ${clean(deployment.detail)}`, width));
    }
  }
  for (const { task, title, author, commit } of report.merged) {
    const who = clean(author);
    const room = width - LABEL - 7 - task.length - who.length - 6;
    lines.push(
      `${' '.repeat(LABEL)}${paint(commit.slice(0, 7), 'dim')}  ${task}  ${cut(clean(title), room)}  ${paint(who, 'dim')}`,
    );
  }
  return lines;
}

function next(report: Report, places: ReportPlaces): string[] {
  const product = report.products[0];
  if (!places.readable) return product === undefined ? [] : [`git -C ${places.productDir(product.slug)} log --oneline`];
  return [
    'headcount status',
    ...(report.worthReading === undefined ? [] : [`headcount why ${report.worthReading}`]),
    "headcount tap 'task.>' --all",
    ...(product === undefined ? [] : [`git -C ${places.productDir(product.slug)} log --oneline`]),
  ];
}

/** Lines of at most `width` columns (commands are never cut). */
export function renderReport(report: Report, places: ReportPlaces, paint: Paint, width: number): string[] {
  const { tasks, decisions } = report;
  const line = (label: string, text: string) => cut(`${pad(label, LABEL)}${text}`, width);
  const more = [
    tasks.abandoned > 0 ? `${tasks.abandoned} abandoned` : '',
    tasks.escalated > 0 ? `${tasks.escalated} escalated` : '',
    tasks.open.length > tasks.escalated ? `${tasks.open.length - tasks.escalated} open` : '',
  ].filter((part) => part !== '');
  const rough = [
    plural(report.retries, 'retry', 'retries'),
    plural(report.escalations, 'escalation'),
    report.splits > 0 ? plural(report.splits, 'split') : '',
    report.reassigned > 0 ? plural(report.reassigned, 'reassignment') : '',
    report.crashes > 0 ? plural(report.crashes, 'crash', 'crashes') : '',
    report.alerts > 0 ? plural(report.alerts, 'alert') : '',
    decisions.asked > 0 ? `${decisions.answered} of ${plural(decisions.asked, 'decision')} answered` : '',
  ].filter((part) => part !== '');
  const sound = report.lost.length === 0 && report.duplicated.length === 0 && report.deadLetters === 0;
  const safe = `${report.lost.length} lost, ${report.duplicated.length} duplicated, ${plural(report.deadLetters, 'dead letter')}`;
  return [
    ...(report.mission === undefined ? [] : [line('mission', clean(report.mission))]),
    ...built(report, places, paint, width),
    line('tasks', [`${tasks.done} of ${tasks.created} done`, ...more].join(', ')),
    line('on the way', rough.join(', ')),
    paint(line('stream', `${count(report.messages)} messages, ${safe}`), sound ? 'good' : 'bad'),
    ...(report.lost.length > 0 ? [paint(line('lost', report.lost.join(', ')), 'bad')] : []),
    ...report.duplicated.slice(0, 5).map((what) => paint(line('duplicated', clean(what)), 'bad')),
    line('cost', `${money(report.cost)}, ${plural(report.calls, 'model call')}, ${count(report.tokens)} tokens`),
    line('time', `${duration(report.elapsedMs)} in the company, ${duration(places.wallMs)} here`),
    ...report.milestones.map((text) => paint(line('milestone', clean(text)), 'good')),
    ...(places.reproduce === undefined ? [] : [`${pad('reproduce', LABEL)}${paint(places.reproduce, 'command')}`]),
    ...next(report, places).map(
      (command, index) => `${pad(index === 0 ? 'next' : '', LABEL)}${paint(command, 'command')}`,
    ),
  ];
}
