// Bytes of a file to its pieces: what the reading thread does.

import { type Block, DocumentRefused, type Format, type Limits, type Piece } from './document.ts';
import { formatOf, textOf } from './format.ts';
import { readHtml } from './html.ts';
import { readMarkdown } from './markdown.ts';
import { readPdf } from './pdf.ts';
import { piecesOf } from './pieces.ts';
import { readLines } from './source.ts';

/** Reads a document. Throws DocumentRefused. */
export async function parse(name: string, bytes: Uint8Array, limits: Limits): Promise<Piece[]> {
  const format = formatOf(name, bytes);
  const pieces = piecesOf(await blocksOf(format, bytes, limits));
  if (pieces.length === 0) {
    const why = format === 'pdf' ? 'no text in it: scanned pages have to be recognised first' : 'no text in it';
    throw new DocumentRefused('empty', why);
  }
  const characters = pieces.reduce((sum, { text }) => sum + text.length, 0);
  if (characters > limits.characters) {
    throw new DocumentRefused('huge', `${characters} characters of text; at most ${limits.characters} are read`);
  }
  return pieces;
}

async function blocksOf(format: Format, bytes: Uint8Array, limits: Limits): Promise<Block[]> {
  if (format === 'pdf') return readPdf(bytes, limits);
  const text = textOf(bytes);
  if (format === 'markdown') return readMarkdown(text);
  if (format === 'html') return readHtml(text);
  return readLines(text, format === 'source');
}
