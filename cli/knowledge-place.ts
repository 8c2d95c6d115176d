// Where the knowledge of a workspace is and how its vectors are made: org.yaml, the environment and what is on disk decide.

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Choice, chooseStore } from '../brain/knowledge/choice.ts';
import { obstacle } from '../brain/knowledge/chroma/binding.ts';
import { type Held, hasKnowledge, lastHeld } from '../brain/knowledge/chroma/folder.ts';
import type { ServerOptions } from '../brain/knowledge/chroma/server.ts';
import { type Embeddings, EmbeddingsTrouble } from '../brain/knowledge/embeddings/embeddings.ts';
import { lexical } from '../brain/knowledge/embeddings/lexical.ts';
import type { Shelf } from '../brain/knowledge/library.ts';
import { type KnowledgeStore, StoreTrouble } from '../brain/knowledge/store.ts';
import { type ProviderConfig, settingsOf } from '../brain/models/open-wire.ts';
import { WireFailure } from '../brain/models/wire.ts';
import type { WireSettings } from '../brain/models/wire-settings.ts';
import { HeadcountError } from '../bus/errors.ts';
import { knowledgeOf } from '../org/knowledge.ts';
import type { KnowledgeSettings, Org } from '../org/org.ts';
import { withLock } from '../tools/lock.ts';

export type KnowledgePlace = {
  readonly workspace: string;
  readonly org: Pick<Org, 'company' | 'knowledge'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Wall time, epoch ms. */
  readonly now: () => number;
};

/** How long an embeddings server may take to begin its answer, ms. */
const EMBEDDING_MS = 60_000;
/** How long another ingestion is waited for, ms. */
const WRITER_MS = 2_000;

const folderOf = ({ workspace }: KnowledgePlace) => join(workspace, '.headcount', 'knowledge');
const embeddedIn = (place: KnowledgePlace) => join(folderOf(place), 'embedded');
const bundledIn = (place: KnowledgePlace) => join(folderOf(place), 'chroma');
const knowledgeIn = ({ org }: KnowledgePlace): KnowledgeSettings => org.knowledge ?? knowledgeOf(undefined);

/** Which store the workspace uses, and why. */
export function choiceFor(place: KnowledgePlace): Choice {
  return chooseStore({
    setting: knowledgeIn(place).store,
    chromaUrl: place.env.CHROMA_URL,
    bundledHasData: hasKnowledge(bundledIn(place)),
    embeddedHasData: existsSync(join(embeddedIn(place), 'catalogue.json')),
    obstacle,
  });
}

/** True when the store may hold something: looking is not worth a server otherwise. */
export function mayHaveKnowledge(place: KnowledgePlace): boolean {
  const choice = choiceFor(place);
  if (choice.kind === 'embedded') return existsSync(join(embeddedIn(place), 'catalogue.json'));
  return choice.url !== undefined || hasKnowledge(bundledIn(place));
}

/** What the bundled server of the workspace held when it was last asked; undefined: nothing is known. */
export function lastHeldIn(place: KnowledgePlace): Promise<Held | undefined> {
  return lastHeld(bundledIn(place));
}

/**
 * Opens the store of the workspace, and its server where it is ours.
 * @param say told when it is another store than the one that was chosen
 * Throws StoreTrouble, EmbeddingsTrouble.
 */
export async function openShelf(place: KnowledgePlace, say: (line: string) => void): Promise<Shelf> {
  const embeddings = await embeddingsFor(place);
  return { embeddings, store: await storeFor(place, say) };
}

async function storeFor(place: KnowledgePlace, say: (line: string) => void): Promise<KnowledgeStore> {
  const choice = choiceFor(place);
  if (choice.kind === 'embedded') return embeddedStore(place);
  const { company } = place.org;
  if (choice.url !== undefined) {
    const { openChromaStore } = await import('../brain/knowledge/chroma/store.ts');
    return openChromaStore({ url: choice.url, company, newId });
  }
  const { openBundledStore } = await import('../brain/knowledge/chroma/bundled.ts');
  try {
    return await openBundledStore({ company, newId, ...serverIn(bundledIn(place)) });
  } catch (error) {
    if (!choice.orEmbedded || !(error instanceof StoreTrouble)) throw error;
    say(`${error.message}; knowledge is kept in files of the workspace instead (embedded store)`);
    return embeddedStore(place);
  }
}

async function embeddedStore(place: KnowledgePlace): Promise<KnowledgeStore> {
  const { openEmbeddedStore } = await import('../brain/knowledge/embedded/store.ts');
  return openEmbeddedStore({ folder: embeddedIn(place), newId });
}

/** The bundled server of a folder: one process at a time starts or ends it. */
function serverIn(folder: string): ServerOptions {
  return { folder, alone: (work) => withLock(join(folder, 'start.lock'), work) };
}

/** Starts the bundled server in a folder of its own and ends it again. Throws StoreTrouble when it does not start here. */
export async function tryBundledServer(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'headcount-chroma-'));
  try {
    const { startChroma } = await import('../brain/knowledge/chroma/server.ts');
    const server = await startChroma(serverIn(folder));
    await server.stop();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const newId = () => randomUUID().slice(0, 8);

/** How texts become vectors here. Nothing is asked yet. Throws EmbeddingsTrouble. */
export async function embeddingsFor(place: KnowledgePlace): Promise<Embeddings> {
  const { embeddings, model, dimensions, url, key } = knowledgeIn(place);
  if (embeddings === 'lexical') return lexical;
  if (embeddings === 'minilm') {
    const { openMiniLm } = await import('../brain/knowledge/embeddings/minilm.ts');
    return openMiniLm(join(place.workspace, '.headcount', 'models'));
  }
  const { openAiEmbeddings } = await import('../brain/knowledge/embeddings/openai.ts');
  const wire = wireFor({ name: 'openai', kind: 'openai', url, key, timeoutMs: EMBEDDING_MS }, place);
  return openAiEmbeddings(wire, { model, dimensions });
}

/** The same rule as for models: a key goes to the address that it was configured for. Throws EmbeddingsTrouble. */
function wireFor(config: ProviderConfig, { env, now }: KnowledgePlace): WireSettings {
  try {
    return settingsOf(config, env, { now });
  } catch (cause) {
    if (!(cause instanceof WireFailure)) throw cause;
    throw new EmbeddingsTrouble(`embeddings cannot be asked: ${cause.more}`, 'set it, or write it into .env', cause);
  }
}

/** One ingestion at a time: two would put their documents under one version. Exit code 5. */
export class IngestRunning extends HeadcountError {
  override readonly name = 'IngestRunning';
  constructor(holder: number | undefined) {
    super('INGEST_RUNNING', `process ${holder} is reading documents in this workspace`, 'wait until it has ended');
  }
}

/** Runs `work` as the only writer of the workspace's knowledge. Throws IngestRunning. */
export function asOnlyWriter<T>(place: KnowledgePlace, work: () => Promise<T>): Promise<T> {
  const held = (holder: number | undefined) => new IngestRunning(holder);
  return withLock(join(folderOf(place), 'ingest.lock'), work, { patienceMs: WRITER_MS, held });
}
