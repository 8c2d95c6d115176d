// What `headcount doctor` says of the knowledge of a workspace.

import { OtherVectors, sameVectors } from '../brain/knowledge/store.ts';
import { HeadcountError } from '../bus/errors.ts';
import type { CliContext } from './context.ts';
import { plural } from './format.ts';
import { knowledgePlaceOf } from './knowledge-org.ts';
import { choiceFor, embeddingsFor, mayHaveKnowledge, openShelf } from './knowledge-place.ts';

type Described = { readonly ok: boolean; readonly detail: string; readonly fix: string };

/** Looks, and opens what was chosen where something may be in it or Chroma was asked for. Nothing is read. */
export async function describeKnowledge({ env, cwd }: Pick<CliContext, 'env' | 'cwd'>): Promise<Described> {
  try {
    const place = knowledgePlaceOf('org/org.yaml', { env, cwd, now: Date.now });
    const { kind, why } = choiceFor(place);
    const chosen = `${kind} store (${why})`;
    if (kind === 'embedded' && !mayHaveKnowledge(place)) {
      await embeddingsFor(place);
      return { ok: true, detail: `nothing read yet; ${chosen}`, fix: '' };
    }
    const { store, embeddings } = await openShelf(place);
    try {
      const { documents, version, vectors } = await store.state();
      if (vectors && documents.length > 0 && !sameVectors(vectors, embeddings)) {
        throw new OtherVectors(vectors, embeddings);
      }
      const passages = documents.reduce((sum, one) => sum + one.passages, 0);
      const held = `${plural(documents.length, 'document')}, ${plural(passages, 'passage')}, version ${version}`;
      return { ok: true, detail: `${held}; ${chosen}, ${embeddings.name} vectors`, fix: '' };
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof HeadcountError)) throw error;
    return { ok: false, detail: `${error.message}: the company works without it`, fix: error.next };
  }
}
