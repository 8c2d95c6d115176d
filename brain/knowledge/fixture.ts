// Documents as people have them, for tests.

import PDFDocument from 'pdfkit';

/** A PDF with these pages of text. */
export function pdf(pages: readonly string[], options: PDFKit.PDFDocumentOptions = {}): Promise<Buffer> {
  const document = new PDFDocument({ ...options, autoFirstPage: false });
  const parts: Buffer[] = [];
  document.on('data', (part: Buffer) => parts.push(part));
  const ended = new Promise<Buffer>((resolve) => document.on('end', () => resolve(Buffer.concat(parts))));
  for (const page of pages) document.addPage().text(page);
  document.end();
  return ended;
}
