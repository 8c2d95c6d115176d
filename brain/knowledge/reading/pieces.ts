// Cuts a document into pieces that can be found and quoted: at headings and pages, then at blocks, then at lines, then at
// sentences. Small neighbours under one heading go together.

import { givesOrders } from '../orders.ts';
import type { Block, Piece } from './document.ts';

/** Characters that a piece grows to. About 250 words: one thing said, and a brief holds several. Measured: docs/knowledge.md. */
const WANTED = 1_500;
/** No piece is longer. */
const LONGEST = 2_200;

type Growing = { parts: string[]; length: number; page: number | undefined; line: number | undefined };

/** Pieces of a document, in order. Pure. */
export function piecesOf(blocks: readonly Block[]): Piece[] {
  const pieces: Piece[] = [];
  const path: { level: number; text: string }[] = [];
  let growing: Growing | undefined;
  const flush = () => {
    if (growing)
      pieces.push(
        pieceOf(
          growing,
          path.map(({ text }) => text),
        ),
      );
    growing = undefined;
  };
  for (const block of blocks) {
    if (block.kind === 'heading') {
      flush();
      while ((path.at(-1)?.level ?? 0) >= block.level) path.pop();
      if (block.text !== '') path.push({ level: block.level, text: block.text.slice(0, 160) });
      continue;
    }
    for (const text of cut(block.text)) {
      const full = growing !== undefined && growing.length + text.length > WANTED;
      if (full || (growing && growing.page !== block.page)) flush();
      growing ??= { parts: [], length: 0, page: block.page, line: block.line };
      growing.parts.push(text);
      growing.length += text.length + 2;
    }
  }
  flush();
  return pieces;
}

function pieceOf({ parts, page, line }: Growing, path: readonly string[]): Piece {
  const text = parts.join('\n\n');
  const heading = [...path, ...(line === undefined ? [] : [`line ${line}`])].join(' > ');
  const place = { ...(page !== undefined && { page }), ...(heading !== '' && { heading }) };
  return { text, ...place, ...(givesOrders(text) && { orders: true }) };
}

/** A block as parts no longer than LONGEST. */
function cut(text: string): string[] {
  if (text.length <= LONGEST) return text.trim() === '' ? [] : [text];
  const lines = joined(text.split('\n'), '\n');
  return lines.flatMap((part) => (part.length <= LONGEST ? [part] : joined(sentences(part), ' '))).flatMap(hardCut);
}

function sentences(text: string): string[] {
  return text.split(/(?<=[.!?;])\s+/);
}

/** Neighbours go together up to WANTED. */
function joined(parts: readonly string[], by: string): string[] {
  const done: string[] = [];
  let now = '';
  for (const part of parts) {
    if (now !== '' && now.length + part.length > WANTED) {
      done.push(now);
      now = '';
    }
    now = now === '' ? part : `${now}${by}${part}`;
  }
  if (now.trim() !== '') done.push(now);
  return done;
}

/** What has neither lines nor sentences, never inside a character. */
function hardCut(text: string): string[] {
  if (text.length <= LONGEST) return [text];
  const characters = [...text];
  const count = Math.ceil(characters.length / WANTED);
  return Array.from({ length: count }, (_, index) => characters.slice(index * WANTED, (index + 1) * WANTED).join(''));
}
