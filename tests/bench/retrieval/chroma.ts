// The same questions through the bundled Chroma server, as a workspace uses it.

import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { obstacle } from '../../../brain/knowledge/chroma/binding.ts';
import { openBundledStore } from '../../../brain/knowledge/chroma/bundled.ts';
import { noteIn } from '../../../brain/knowledge/chroma/folder.ts';
import { lexical } from '../../../brain/knowledge/embeddings/lexical.ts';
import { ingest } from '../../../brain/knowledge/ingest.ts';
import { askStore } from '../../../brain/knowledge/library.ts';
import { Reader } from '../../../brain/knowledge/reading/reader.ts';
import type { KnowledgeStore } from '../../../brain/knowledge/store.ts';
import { type Accuracy, accuracyOf, answers, RANKS } from './accuracy.ts';
import { corpusFolder, type QuestionSet, readQuestions, sets } from './questions.ts';
import { measureSpeed, type Speed } from './speed.ts';

export type ChromaMeasured = {
  readonly accuracy: ReadonlyMap<QuestionSet, Accuracy>;
  readonly speed: Speed;
  /** Of the server after the questions, MB. */
  readonly serverMb: number;
};

const open = (folder: string): Promise<KnowledgeStore> =>
  openBundledStore({ folder, alone: (work) => work(), company: 'bench', newId: () => 'bench' });

/** Undefined where the bundled server cannot run. */
export async function measureChroma(): Promise<ChromaMeasured | undefined> {
  if (obstacle() !== undefined) return undefined;
  const accuracy = await measureAccuracy();
  let serverMb = 0;
  const speed = await measureSpeed(async (folder) => {
    const store = await open(folder);
    const close = async () => {
      serverMb = residentMb(folder);
      await store.close();
    };
    return { store, close };
  });
  return { accuracy, speed, serverMb };
}

async function measureAccuracy(): Promise<Map<QuestionSet, Accuracy>> {
  const folder = await mkdtemp(join(tmpdir(), 'headcount-retrieval-'));
  const reader = new Reader();
  const store = await open(folder);
  const signal = new AbortController().signal;
  try {
    const where = { workspace: corpusFolder, paths: ['.'], categoryOf: () => 'engineering' as const };
    await ingest({ store, embeddings: lexical, reader, ...where, signal });
    const found = new Map<QuestionSet, Accuracy>();
    for (const set of Object.keys(sets) as QuestionSet[]) {
      const ranks: number[] = [];
      for (const one of readQuestions(set).filter((one) => one.answers.length > 0)) {
        const { hits } = await askStore({ store, embeddings: lexical }, one.question, { limit: RANKS }, signal);
        const at = hits.findIndex(({ passage }) => answers(one, passage));
        ranks.push(at === -1 ? Number.POSITIVE_INFINITY : at);
      }
      found.set(set, accuracyOf(ranks));
    }
    return found;
  } finally {
    await reader.close();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Of the server of a folder; 0 where it cannot be seen. */
function residentMb(folder: string): number {
  try {
    const { pid } = JSON.parse(readFileSync(noteIn(folder), 'utf8'));
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_000;
  } catch {
    return 0;
  }
}
