// Text without headings, and source code: blocks are what stands between empty lines.

import type { Block } from './document.ts';

/** Blocks of a text; each says on which line it begins when `numbered`. */
export function readLines(text: string, numbered: boolean): Block[] {
  const blocks: Block[] = [];
  let lines: string[] = [];
  let first = 1;
  const flush = () => {
    const joined = lines.join('\n').trimEnd();
    if (joined.trim() !== '') blocks.push({ kind: 'text', text: joined, ...(numbered && { line: first }) });
    lines = [];
  };
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') flush();
    else {
      if (lines.length === 0) first = index + 1;
      lines.push(line);
    }
  }
  flush();
  return blocks;
}
