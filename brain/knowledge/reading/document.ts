// A document as its parts, whatever it was written in: the parsers make blocks, the cutter makes pieces of them.

import type { Passage } from '../passage.ts';

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly text: string; readonly page?: number | undefined }
  | {
      readonly kind: 'text';
      readonly text: string;
      readonly page?: number | undefined;
      /** Line of the file where it begins, in source code. */
      readonly line?: number | undefined;
    };

/** A passage before it belongs to a document. */
export type Piece = Pick<Passage, 'text' | 'page' | 'heading' | 'orders'>;

/** How a document is written. */
export type Format = 'markdown' | 'html' | 'pdf' | 'text' | 'source';

export type Limits = {
  /** Bytes of a file. */
  readonly bytes: number;
  /** Pages of a PDF. */
  readonly pages: number;
  /** Reading of one document, ms. */
  readonly ms: number;
  /** Memory of the thread that reads, MB. */
  readonly memoryMb: number;
  /** Characters of text in one document. */
  readonly characters: number;
};

/** Books fit; what is larger is data and not something to read. */
export const usualLimits: Limits = {
  bytes: 20_000_000,
  pages: 2_000,
  ms: 30_000,
  memoryMb: 512,
  characters: 10_000_000,
};

/** Why a document is not read. Each has its own advice (docs/knowledge.md). */
export type Refusal = 'binary' | 'broken' | 'empty' | 'encrypted' | 'huge' | 'link' | 'special' | 'slow' | 'unreadable';

/** A document that is not read, and why; the others are. */
export class DocumentRefused extends Error {
  override readonly name = 'DocumentRefused';
  readonly refusal: Refusal;
  constructor(refusal: Refusal, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.refusal = refusal;
  }
}
