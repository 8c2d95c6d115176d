// Documents of the harness that come without a merge, such as the reports of finance: a commit of their own on the default
// branch. What is there already in the same words is not written again, so doing it twice changes nothing.

import type { Document } from '../bus/documents.ts';
import { HeadcountError } from '../bus/errors.ts';
import type { LocalProducts } from './products.ts';
import type { CommitInfo } from './tools.ts';

/** How often it starts again because the default branch moved meanwhile. */
const TRIES = 5;

/** A document that cannot be written. */
export class DocumentRefused extends HeadcountError {
  override readonly name = 'DocumentRefused';
  constructor(why: string) {
    super('DOCUMENT_REFUSED', why, 'look at the default branch of the product: git log');
  }
}

/**
 * Commits documents on the default branch of a product.
 * Throws LocalEdits, NoProduct, and DocumentRefused when others commit faster than this can.
 * @returns the head that has them
 */
export async function landDocuments(
  products: Pick<LocalProducts, 'head' | 'read' | 'repos'>,
  slug: string,
  documents: readonly Document[],
  { message, author, at }: CommitInfo,
): Promise<string> {
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const onto = await products.head(slug);
    const there = await Promise.all(documents.map(({ path }) => products.read(slug, onto, path)));
    const due = documents.filter(({ content }, index) => content !== there[index]);
    if (due.length === 0) return onto;
    const tree = await products.repos.write(slug, onto, due);
    const landed = await products.repos.land(slug, onto, tree, message, { author, at });
    if (landed !== undefined) return landed;
  }
  throw new DocumentRefused(`${slug} changes faster than a document can be committed`);
}
