// A product added to a company file, comments kept.

import { parseDocument, stringify } from 'yaml';

export type NewProduct = {
  readonly repo: string;
  readonly test: string;
  readonly automation: 'supervised' | 'full';
};

/** The text of a company file with one more product. The result is not checked: load it. */
export function addProduct(text: string, slug: string, product: NewProduct): string {
  const doc = parseDocument(text, { prettyErrors: false, logLevel: 'error' });
  // Nothing of the text changes where the first product comes: it stands at the end.
  if (!doc.has('products'))
    return `${text.trimEnd()}\n\n${stringify({ products: { [slug]: product } }, { lineWidth: 0 })}`;
  doc.setIn(['products', slug], doc.createNode(product));
  return doc.toString({ lineWidth: 0 });
}
