// PDF as its pages. Runs in the reading thread only: parsing a hostile file may take for ever or all memory.

import { extractText, getDocumentProxy } from 'unpdf';
import { type Block, DocumentRefused, type Limits } from './document.ts';

/** Blocks of a PDF, one a page. Throws DocumentRefused (`encrypted`, `broken`, `huge`). */
export async function readPdf(bytes: Uint8Array, limits: Limits): Promise<Block[]> {
  const document = await getDocumentProxy(bytes, { verbosity: 0 }).catch((error: unknown) => {
    throw refusalOf(error);
  });
  try {
    if (document.numPages > limits.pages) {
      throw new DocumentRefused('huge', `${document.numPages} pages; at most ${limits.pages} are read`);
    }
    const { text } = await extractText(document, { mergePages: false }).catch((error: unknown) => {
      throw refusalOf(error);
    });
    return text.map((page, index) => ({ kind: 'text', text: page.trim(), page: index + 1 }));
  } finally {
    await document.destroy();
  }
}

function refusalOf(error: unknown): DocumentRefused {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && error.name === 'PasswordException') {
    return new DocumentRefused('encrypted', 'it is encrypted; save it without a password first', error);
  }
  return new DocumentRefused('broken', `no PDF that can be read: ${reason}`, error);
}
