// Files of a product that the harness writes and nobody else: compiled from merged work and from the books. Agents may read
// them. A branch never changes them, so no two branches can disagree about them.

/** What the product is, compiled at each merge (brain/memory/codebase.ts). */
export const DIGEST = 'CODEBASE.md';
/** A record for each merged change of the architecture (brain/memory/decisions.ts). */
export const DECISIONS = 'docs/decisions';
/** The weekly reports of finance. */
export const FINANCE = 'docs/finance';

/** A file of the harness, written whole. */
export type Document = { readonly path: string; readonly content: string };

/** A path that differs between two commits. */
export type Changed = { readonly path: string; readonly kind: 'added' | 'changed' | 'deleted' };

const OWN = [DIGEST, DECISIONS, FINANCE].map((path) => path.toLowerCase());

/** True for a file of the harness, in any spelling: some systems do not tell them apart. */
export function isDocument(path: string): boolean {
  const name = path.toLowerCase();
  return OWN.some((own) => name === own || name.startsWith(`${own}/`));
}

/** Why an agent may not write a path; undefined when it may. */
export function refusedDocument(path: string): string | undefined {
  return isDocument(path) ? 'the harness writes it, from merged work only; say what matters in the report' : undefined;
}

/** True when a file can be at `path` beside those that are there: none of them is a folder of it, or below it. */
export function hasRoom(paths: readonly string[], path: string): boolean {
  return paths.every((other) => !path.startsWith(`${other}/`) && !other.startsWith(`${path}/`));
}
