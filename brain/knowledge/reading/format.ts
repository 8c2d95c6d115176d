// What a file is, from its first bytes and its name. The bytes decide: a name is only believed about text.

import { extname } from 'node:path';
import { DocumentRefused, type Format } from './document.ts';

const byEnding: Readonly<Record<string, Format>> = {
  '.md': 'markdown',
  '.markdown': 'markdown',
  '.mdx': 'markdown',
  '.html': 'html',
  '.htm': 'html',
  '.xhtml': 'html',
  '.txt': 'text',
  '.text': 'text',
  '.rst': 'text',
  '.adoc': 'text',
  '.csv': 'text',
  '.log': 'text',
  '': 'text',
};

/** How far into a file a PDF may begin, as readers allow it. */
const PDF_WITHIN = 1_024;
/** How much of a file is looked at for what no text has. */
const LOOKED_AT = 8_192;

/** Throws DocumentRefused (`binary`, `empty`). */
export function formatOf(name: string, bytes: Uint8Array): Format {
  if (bytes.length === 0) throw new DocumentRefused('empty', 'the file is empty');
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, LOOKED_AT));
  if (head.subarray(0, PDF_WITHIN).includes('%PDF-')) return 'pdf';
  if (head.includes(0)) throw new DocumentRefused('binary', 'not text: it has zero bytes');
  return byEnding[extname(name).toLowerCase()] ?? 'source';
}

/** The text of a file that is UTF-8, with or without a mark. Throws DocumentRefused (`binary`). */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r\n?/g, '\n');
  } catch (cause) {
    throw new DocumentRefused('binary', 'not UTF-8 text', cause);
  }
}
