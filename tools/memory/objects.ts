// The objects of a repository in memory. Ids are the ones git gives: the same work has the same name in both worlds.

import { harness, type Identity, mailbox } from '../git.ts';
import { idOf } from '../objects.ts';

/** Every file of a tree, by path. */
export type Files = ReadonlyMap<string, string>;

export type Commit = {
  readonly id: string;
  readonly files: Files;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  readonly author: string;
};

const PLAIN = '100644';
const FOLDER = '40000';

/** Ids of texts seen before, at most so many: most files of a tree stay as they are. */
const REMEMBERED = 4_096;
const blobs = new Map<string, Buffer>();

function blobId(text: string): Buffer {
  const known = blobs.get(text);
  if (known) return known;
  if (blobs.size >= REMEMBERED) blobs.clear();
  const id = idOf('blob', text);
  blobs.set(text, id);
  return id;
}

/** A folder's entries by name: a text, or what is below it. */
type Folder = Map<string, string | Folder>;

function foldersOf(files: Files): Folder {
  const root: Folder = new Map();
  for (const [path, text] of files) {
    const names = path.split('/');
    let at = root;
    for (const name of names.slice(0, -1)) {
      const below = at.get(name);
      const folder: Folder = below instanceof Map ? below : new Map();
      at.set(name, folder);
      at = folder;
    }
    at.set(names.at(-1) ?? '', text);
  }
  return root;
}

function folderId(folder: Folder): Buffer {
  // git sorts folders as if their names ended with a slash.
  const entries = [...folder].map(([name, below]) => ({
    key: Buffer.from(below instanceof Map ? `${name}/` : name),
    head: `${below instanceof Map ? FOLDER : PLAIN} ${name}\0`,
    id: below instanceof Map ? folderId(below) : blobId(below),
  }));
  entries.sort((a, b) => Buffer.compare(a.key, b.key));
  return idOf('tree', Buffer.concat(entries.flatMap(({ head, id }) => [Buffer.from(head), id])));
}

/** The id of a tree with these files. */
export function treeId(files: Files): string {
  return folderId(foldersOf(files)).toString('hex');
}

/** A commit; the same input gives the same id. */
export function makeCommit(
  { files, parents, message }: Pick<Commit, 'files' | 'parents' | 'message'>,
  identity: Identity,
): Commit {
  const tree = treeId(files);
  const author = mailbox(identity.author);
  const committer = mailbox(harness);
  const at = `${Math.floor(identity.at / 1000)} +0000`;
  const lines = [
    `tree ${tree}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${author.name} <${author.email}> ${at}`,
    `committer ${committer.name} <${committer.email}> ${at}`,
    '',
    `${message.replaceAll('\0', '')}\n`,
  ];
  const id = idOf('commit', lines.join('\n')).toString('hex');
  return { id, files, tree, parents, message, author: author.name };
}
