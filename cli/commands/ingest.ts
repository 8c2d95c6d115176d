import { isAbsolute, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type IngestReport, ingest, isBelow } from '../../brain/knowledge/ingest.ts';
import { type Category, categories } from '../../brain/knowledge/passage.ts';
import { sourceOf } from '../../brain/knowledge/reading/folder.ts';
import { Reader } from '../../brain/knowledge/reading/reader.ts';
import type { KnowledgeStore } from '../../brain/knowledge/store.ts';
import { type CliContext, note } from '../context.ts';
import { plural } from '../format.ts';
import { knowledgePlaceOf } from '../knowledge-org.ts';
import { asOnlyWriter, type KnowledgePlace, openShelf } from '../knowledge-place.ts';
import { tellKnowledge } from '../knowledge-told.ts';
import { clean, cut, type Paint, painter } from '../output.ts';
import { openWorkspace } from '../workspace.ts';
import { print } from './shared.ts';

type IngestOptions = { readonly category: Category; readonly forget?: true; readonly org: string };

export function register(program: Command, context: CliContext): void {
  program
    .command('ingest <files...>')
    .description(
      'Read documents into the knowledge of the company: PDF, Markdown, HTML, text, source code; folders too.',
    )
    .addOption(new Option('--category <name>', 'what they are about').choices(categories).default('domain'))
    .option('--forget', 'remove what was read from there instead')
    .option('--org <file>', 'the company file', 'org/org.yaml')
    .option('--json', 'JSON on standard output')
    .action((files: string[], options: IngestOptions) => run(files, options, context));
}

async function run(files: readonly string[], options: IngestOptions, context: CliContext): Promise<void> {
  const place = knowledgePlaceOf(options.org, context);
  await openWorkspace(place.workspace);
  await asOnlyWriter(place, async () => {
    const { store, embeddings } = await openShelf(place, (line) => note(context, line));
    const reader = new Reader();
    try {
      if (options.forget) return await forget(files, store, place, context);
      const bar = progressBar(context);
      const report = await ingest({
        store,
        embeddings,
        reader,
        workspace: place.workspace,
        paths: files,
        categoryOf: () => options.category,
        signal: context.stop,
        progress: bar.at,
      }).finally(bar.end);
      print(context, { ...report, where: store.where }, (paint) => reportLines(report, store, context, paint));
      await tellKnowledge(place, { ...report, by: 'operator' }, context);
      if (report.documents === 0) context.setExit(1);
    } finally {
      await reader.close();
      await store.close();
    }
  });
}

async function forget(
  files: readonly string[],
  store: KnowledgeStore,
  place: KnowledgePlace,
  context: CliContext,
): Promise<void> {
  const { workspace } = place;
  const before = await store.state();
  const named = files.map((file) => sourceOf(isAbsolute(file) ? file : resolve(workspace, file), workspace));
  const forgotten = before.documents.map(({ source }) => source).filter((source) => isBelow(source, named));
  if (forgotten.length > 0) await store.forget(forgotten, before.version + 1);
  const { id, version, documents } = await store.state();
  const passages = documents.reduce((sum, one) => sum + one.passages, 0);
  print(context, { version, forgotten, documents: documents.length, passages }, (paint) => [
    ...forgotten.map((source) => `${paint('forgotten', 'warn')}  ${clean(source)}`),
    `${plural(forgotten.length, 'document')} forgotten, ${documents.length} left`,
  ]);
  if (forgotten.length === 0) context.setExit(1);
  const change = { added: [], changed: [], forgotten, documents: documents.length, passages };
  await tellKnowledge(place, { ...change, version, store: id, by: 'operator' }, context);
}

/** On a terminal one line that is written over; elsewhere nothing until the end. */
function progressBar(context: CliContext) {
  const { isTTY, json, err, columns } = context;
  if (!isTTY || json) return { at: () => {}, end: () => {} };
  const paint = painter(context.colour, context.name);
  const width = 24;
  return {
    at: ({ done, of, source }: { done: number; of: number; source: string }) => {
      const filled = Math.round((done / of) * width);
      const bar = `${paint('█'.repeat(filled), 'good')}${paint('░'.repeat(width - filled), 'dim')}`;
      err(`\r\u001b[2K${bar} ${done}/${of} ${cut(clean(source), Math.max(10, columns - width - 16))}`);
    },
    end: () => err('\r\u001b[2K'),
  };
}

/** As `doctor` calls it. */
function storeName({ kind, where }: KnowledgeStore): string {
  if (kind === 'embedded') return 'embedded store';
  return /^https?:/.test(where) ? `Chroma at ${clean(where)}` : 'bundled Chroma';
}

function reportLines(report: IngestReport, store: KnowledgeStore, context: CliContext, paint: Paint): string[] {
  const { added, changed, unchanged, forgotten, skipped, same, orders, revectored } = report;
  const counts = [
    added.length > 0 ? `${added.length} new` : '',
    changed.length > 0 ? `${changed.length} changed` : '',
    unchanged > 0 ? `${unchanged} as before` : '',
    same.length > 0 ? `${same.length} with content that is known` : '',
    forgotten.length > 0 ? `${forgotten.length} gone` : '',
    skipped.length > 0 ? `${skipped.length} skipped` : '',
    revectored > 0 ? `${revectored} with new vectors` : '',
  ].filter((part) => part !== '');
  return [
    ...skipped.map(({ source, reason }) => `${paint('skipped', 'warn')}    ${clean(source)}: ${clean(reason)}`),
    ...same.map(({ source, as }) => `${paint('known', 'dim')}      ${clean(source)}: the same as ${clean(as)}`),
    ...forgotten.map((source) => `${paint('gone', 'warn')}       ${clean(source)}`),
    ...orders.map(
      ({ source, passages }) =>
        `${paint('look at', 'warn')}    ${clean(source)}: ${plural(passages, 'passage')} read like orders; they stay text`,
    ),
    `${paint('read', 'good')}       ${counts.join(', ') || 'nothing'}`,
    `knowledge  version ${report.version}: ${plural(report.documents, 'document')}, ` +
      `${plural(report.passages, 'passage')}, ${storeName(store)}`,
    ...(report.documents > 0 && !context.plain ? [paint('ask it:    headcount ask "..."', 'command')] : []),
  ];
}
