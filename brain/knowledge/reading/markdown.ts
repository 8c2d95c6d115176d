// Markdown as headings and blocks. Inside a fence nothing is a heading; what a reader of the page does not see (comments) is
// left out.

import type { Block } from './document.ts';

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const UNDERLINE = /^ {0,3}(=+|-{2,})\s*$/;

/** Blocks of a Markdown text, in order. */
export function readMarkdown(text: string): Block[] {
  const blocks: Block[] = [];
  let lines: string[] = [];
  let fence: string | undefined;
  const flush = () => {
    // The first line of a code block is indented like the others.
    const joined = lines.join('\n').trimEnd();
    if (joined !== '') blocks.push({ kind: 'text', text: joined });
    lines = [];
  };
  for (const line of withoutComments(text).split('\n')) {
    const mark = FENCE.exec(line)?.[1];
    if (mark !== undefined && (fence === undefined || mark.startsWith(fence))) {
      fence = fence === undefined ? mark : undefined;
      lines.push(line);
    } else if (fence !== undefined) lines.push(line);
    else readLine(line, lines, blocks, flush);
  }
  flush();
  return blocks;
}

function readLine(line: string, lines: string[], blocks: Block[], flush: () => void): void {
  const heading = HEADING.exec(line);
  if (heading) {
    flush();
    blocks.push({ kind: 'heading', level: heading[1]?.length ?? 1, text: plain(heading[2] ?? '') });
    return;
  }
  const only = lines.length === 1 ? lines[0] : undefined;
  const under = UNDERLINE.exec(line)?.[1];
  if (under !== undefined && only !== undefined && /^\w/.test(only)) {
    lines.length = 0;
    blocks.push({ kind: 'heading', level: under.startsWith('=') ? 1 : 2, text: plain(only) });
    return;
  }
  if (line.trim() === '') flush();
  else lines.push(line);
}

function withoutComments(text: string): string {
  return text.replace(/<!--[\s\S]*?(?:-->|$)/g, '');
}

/** A heading without its decoration. */
function plain(text: string): string {
  return text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*`]/g, '')
    .trim();
}
