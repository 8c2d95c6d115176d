// What was read, told on the company's stream, so that everybody knows since when the company knows what.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Bus } from '../bus/bus.ts';
import { HeadcountError } from '../bus/errors.ts';
import type { DataOf } from '../bus/messages.ts';
import { subjects } from '../bus/subjects.ts';
import { withCompanyToChange } from './connect.ts';
import { type CliContext, note } from './context.ts';
import type { KnowledgePlace } from './knowledge-place.ts';
import { readRunFile, storeDirOf } from './run-file.ts';

type Change = Pick<DataOf<'knowledge.changed'>, 'version' | 'store' | 'by' | 'documents' | 'passages'> & {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly forgotten: readonly string[];
};

/** Names shown of each kind; the rest is counted in `documents`. */
const NAMED = 100;

/** Says it on the stream, once for each version of a store. */
export async function sayKnowledge(bus: Bus, change: Change): Promise<void> {
  const { version, store, by, documents, passages } = change;
  const last = await bus.last(subjects.knowledgeBase);
  const known = last?.message.type === 'knowledge.changed' ? last.message.data : undefined;
  if (version === 0 || (known?.store === store && known.version >= version)) return;
  await bus.publish(subjects.knowledgeBase, {
    id: `knowledge.${store}.${version}`,
    type: 'knowledge.changed',
    source: 'operator',
    data: {
      version,
      store,
      by,
      documents,
      passages,
      added: change.added.slice(0, NAMED),
      changed: change.changed.slice(0, NAMED),
      forgotten: change.forgotten.slice(0, NAMED),
    },
  });
}

/** Tells the company of this workspace, where there is one; one that cannot be reached hears it when it starts. */
export async function tellKnowledge({ workspace, org }: KnowledgePlace, change: Change, context: CliContext) {
  const there = readRunFile(workspace) !== undefined || existsSync(join(storeDirOf(workspace), 'jetstream'));
  if (!there && !context.env.NATS_URL) return;
  if (change.added.length + change.changed.length + change.forgotten.length === 0) return;
  try {
    await withCompanyToChange({ company: org.company }, context, ({ bus }) => sayKnowledge(bus, change));
  } catch (error) {
    if (!(error instanceof HeadcountError)) throw error;
    note(context, `not told on the stream: ${error.message}; ${org.company} hears it when it starts`);
  }
}
