// Words of models and people as one line of Markdown that cannot be anything else: no heading, no mark, no code.

const UNSEEN = /[\p{Cf}\p{Cc}]/gu;

/**
 * One line without marks of its own.
 * @param most bytes of UTF-8
 */
export function plain(text: string, most: number): string {
  const line = text
    .replace(/\s+/g, ' ')
    .replace(UNSEEN, '')
    .replaceAll('`', "'")
    // Nothing in it can open or close a comment, by which the parts of a file are told apart.
    .replaceAll('<!', '< !')
    .trim();
  if (Buffer.byteLength(line) <= most) return line;
  let end = 0;
  let bytes = 3;
  for (const sign of line) {
    bytes += Buffer.byteLength(sign);
    if (bytes > most) break;
    end += sign.length;
  }
  return `${line.slice(0, end).trimEnd()}...`;
}

/** A day as people write it in files: 2026-01-05. @param at epoch ms */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
