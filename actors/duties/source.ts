// What a brief shows of a product's files: all paths, and the contents of those that matter, up to a size.

import type { Section } from '../../brain/brief.ts';
import { repositoryMap } from '../../brain/repository-map.ts';
import { isDocument } from '../../bus/documents.ts';
import type { Product } from '../../bus/records.ts';
import type { Products } from '../../tools/tools.ts';

/** Files whose contents are shown, and files that are read for the map. */
const FILES = 16;
const MAPPED = 64;
const BYTES = 24_000;

/** Files whose contents tell a reader nothing. */
const opaque = /(^|\/)(package-lock\.json|[^/]*\.(lock|min\.js|map|png|jpe?g|gif|ico|pdf|woff2?|zip|gz))$/;

/** Paths in the order in which they matter for a text: named in it, then those that explain the product, then the rest. */
export function ranked(paths: readonly string[], text: string): readonly string[] {
  const rank = (path: string) => {
    if (text.includes(path)) return 0;
    if (text.includes(path.split('/').at(-1) ?? path)) return 1;
    return /^(package\.json|README\.md)$/.test(path) ? 2 : 3;
  };
  const readable = paths.filter((path) => !opaque.test(path) && !isDocument(path));
  return readable.toSorted((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
}

function fenced(path: string, content: string): string {
  return `### ${path}\n\`\`\`\n${content.trimEnd()}\n\`\`\``;
}

/**
 * What a product is, and which files it has.
 * @param read contents of those that were read, for the map
 */
export function aboutSections(
  product: Product,
  paths: readonly string[],
  read: ReadonlyMap<string, string> = new Map(),
): readonly Section[] {
  const about = [
    `${product.name}: ${product.description}`,
    `Stack: ${product.stack.join(', ') || 'not said'}`,
    `Tests: ${product.test.join(' ')}`,
    ...(product.start ? [`Start: ${product.start.join(' ')} (PORT and HOST in the environment)`] : []),
    ...product.health.map(
      (check) => `Health check ${check.name}: ${check.method} ${check.path} answers ${check.status}`,
    ),
  ];
  return [
    { name: 'The product', text: about.join('\n') },
    { name: 'Map of the repository', text: repositoryMap(paths, read), budget: 8_000 },
  ];
}

/**
 * The product as the author of a change sees it.
 * @param text what the change is about: files it names come first
 */
export async function productSections(
  products: Products,
  product: Product,
  commit: string,
  text: string,
): Promise<readonly Section[]> {
  const paths = await products.list(product.slug, commit);
  const shown: string[] = [];
  let left = BYTES;
  const mapped = ranked(paths, text).slice(0, MAPPED);
  const contents = await Promise.all(mapped.map((path) => products.read(product.slug, commit, path)));
  const read = new Map(mapped.flatMap((path, index) => [[path, contents[index] ?? ''] as const]));
  for (const path of mapped.slice(0, FILES)) {
    const content = read.get(path);
    if (content === undefined || Buffer.byteLength(content) > left) continue;
    left -= Buffer.byteLength(content);
    shown.push(fenced(path, content));
  }
  return [
    ...aboutSections(product, paths, read),
    { name: 'Contents of files', text: shown.join('\n\n'), budget: BYTES + 4_000 },
  ];
}

/** What a pull request changes: each changed file as it would be, new and deleted ones marked. */
export async function changeSection(products: Products, slug: string, base: string, head: string): Promise<Section> {
  const changed = await products.changed(slug, head, base);
  const there = changed.filter(({ kind }) => kind !== 'deleted');
  const contents = await Promise.all(there.map(({ path }) => products.read(slug, head, path)));
  const parts = there.map(({ path, kind }, index) =>
    fenced(kind === 'added' ? `${path} (new)` : path, contents[index] ?? ''),
  );
  const gone = changed.filter(({ kind }) => kind === 'deleted');
  return {
    name: 'Changed files',
    text: [...parts, ...gone.map(({ path }) => `### ${path} (deleted)`)].join('\n\n'),
    budget: BYTES,
  };
}
