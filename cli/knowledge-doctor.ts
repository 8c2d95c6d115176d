// What `headcount doctor` says of the knowledge of a workspace.

import type { Choice } from '../brain/knowledge/choice.ts';
import { OtherVectors, StoreTrouble, sameVectors } from '../brain/knowledge/store.ts';
import { HeadcountError } from '../bus/errors.ts';
import type { CliContext } from './context.ts';
import { plural } from './format.ts';
import { knowledgePlaceOf } from './knowledge-org.ts';
import { choiceFor, embeddingsFor, mayHaveKnowledge, openShelf, tryBundledServer } from './knowledge-place.ts';

type Described = { readonly ok: boolean; readonly detail: string; readonly fix: string };

/** Looks, opens what holds something or was asked for, and tries what would be started. Nothing is read. */
export async function describeKnowledge({ env, cwd }: Pick<CliContext, 'env' | 'cwd'>): Promise<Described> {
  try {
    const place = knowledgePlaceOf('org/org.yaml', { env, cwd, now: Date.now });
    const choice = choiceFor(place);
    if (!mayHaveKnowledge(place) && (choice.kind === 'embedded' || choice.orEmbedded)) {
      await embeddingsFor(place);
      return { ok: true, detail: `nothing read yet; ${await described(choice)}`, fix: '' };
    }
    const { store, embeddings } = await openShelf(place, () => {});
    try {
      const { documents, version, vectors } = await store.state();
      if (vectors && documents.length > 0 && !sameVectors(vectors, embeddings)) {
        throw new OtherVectors(vectors, embeddings);
      }
      const passages = documents.reduce((sum, one) => sum + one.passages, 0);
      const held = `${plural(documents.length, 'document')}, ${plural(passages, 'passage')}, version ${version}`;
      return { ok: true, detail: `${held}; ${await described(choice)}; ${embeddings.name} vectors`, fix: '' };
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof HeadcountError)) throw error;
    return { ok: false, detail: `${error.message}: the company works without it`, fix: error.next };
  }
}

/** Which store and why; where Chroma was passed over, what stands in the way, or how to move. */
async function described(choice: Choice): Promise<string> {
  if (choice.kind === 'chroma') {
    const trouble = choice.orEmbedded ? await troubleOfServer() : undefined;
    if (trouble !== undefined) return `embedded store (${trouble})`;
    return `${choice.url === undefined ? 'bundled Chroma' : 'Chroma'} (${choice.why})`;
  }
  const { why } = choice;
  if (!choice.couldMove) return `embedded store (${why})`;
  const trouble = await troubleOfServer();
  if (trouble !== undefined) return `embedded store (${why}; ${trouble})`;
  return `embedded store (${why}; to move to the bundled Chroma: \`knowledge: { store: chroma }\` in org.yaml, then ingest again)`;
}

/** Why the bundled server does not start here; undefined: it does. */
async function troubleOfServer(): Promise<string | undefined> {
  try {
    await tryBundledServer();
    return undefined;
  } catch (error) {
    if (!(error instanceof StoreTrouble)) throw error;
    return error.message;
  }
}
