// The knowledge of a company that runs: what its script gives it, and what was read in its workspace.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isBundled } from '../brain/knowledge/choice.ts';
import { createFileKnowledge } from '../brain/knowledge/files.ts';
import { ingest } from '../brain/knowledge/ingest.ts';
import { createLibrary, type Library, type Shelf, together } from '../brain/knowledge/library.ts';
import { type Category, categories } from '../brain/knowledge/passage.ts';
import { Reader } from '../brain/knowledge/reading/reader.ts';
import type { Bus } from '../bus/bus.ts';
import { HeadcountError } from '../bus/errors.ts';
import type { Scenario } from '../scenarios/schema.ts';
import type { CliContext } from './context.ts';
import {
  asOnlyWriter,
  choiceFor,
  type KnowledgePlace,
  lastHeldIn,
  mayHaveKnowledge,
  openShelf,
} from './knowledge-place.ts';
import { restingAfter } from './knowledge-rest.ts';
import { sayKnowledge } from './knowledge-told.ts';

/** Read by itself when a company starts; a folder in it named after a category says what its documents are about. */
const FOLDER = 'knowledge';

/** Without a question for so long, ms, nothing is kept open: the server of a store takes over a hundred megabytes. */
const IDLE_MS = 2 * 60_000;

type Warn = (line: string) => void;

/** Opened with the first question: a company that asks nothing pays nothing. */
export function companyKnowledge(
  place: KnowledgePlace,
  script: Scenario | undefined,
  context: CliContext,
  warn: Warn,
): Library {
  const open = async () => (mayHaveKnowledge(place) ? openShelf(place, warn) : undefined);
  const library = restingAfter(IDLE_MS, createLibrary(open, warn, context.stop));
  const given = (script?.given.knowledge ?? []).map(({ name, text }) => ({ source: name, text }));
  if (given.length === 0) return library;
  return { ...together([createFileKnowledge(given), library]), close: library.close };
}

/**
 * Reads the workspace's `knowledge/` and says on the stream which version of the knowledge there is. Nothing of it keeps a
 * company from starting.
 */
export async function seedKnowledge(place: KnowledgePlace, bus: Bus, context: CliContext, warn: Warn): Promise<void> {
  const folder = existsSync(join(place.workspace, FOLDER));
  if (!folder && !mayHaveKnowledge(place)) return;
  const none = { by: 'operator', added: [], changed: [], forgotten: [] };
  const seed = async () => {
    // The bundled server is not started for the sake of a number.
    if (!folder && isBundled(choiceFor(place))) {
      const held = await lastHeldIn(place);
      if (held) await sayKnowledge(bus, { ...none, ...held, store: held.id });
      return;
    }
    const shelf = await openShelf(place, warn);
    try {
      const change = folder ? await readFolder(place, shelf, context, warn) : { added: [] };
      const { id: store, version, documents } = await shelf.store.state();
      const passages = documents.reduce((sum, one) => sum + one.passages, 0);
      await sayKnowledge(bus, { ...none, ...change, version, store, documents: documents.length, passages });
    } finally {
      await shelf.store.close();
    }
  };
  try {
    await (folder ? asOnlyWriter(place, seed) : seed());
  } catch (error) {
    if (!(error instanceof HeadcountError)) throw error;
    warn(`the company starts without its knowledge: ${error.message}; ${error.next}`);
  }
}

async function readFolder(place: KnowledgePlace, shelf: Shelf, context: CliContext, warn: Warn) {
  const reader = new Reader();
  try {
    const { workspace } = place;
    const report = await ingest({ ...shelf, reader, workspace, paths: [FOLDER], categoryOf, signal: context.stop });
    for (const { source, reason } of report.skipped) warn(`${source} is not read: ${reason}`);
    return report;
  } finally {
    await reader.close();
  }
}

function categoryOf(source: string): Category {
  return categories.find((name) => source.startsWith(`${FOLDER}/${name}/`)) ?? 'domain';
}
