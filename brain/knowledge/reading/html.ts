// HTML as headings and blocks: what a reader of the page sees. Scripts, styles, comments and hidden elements are left out,
// so that a page cannot say one thing to people and another to models.

import { Parser } from 'htmlparser2';
import type { Block } from './document.ts';

const LEFT_OUT = new Set([
  'script',
  'style',
  'noscript',
  'template',
  'head',
  'iframe',
  'object',
  'svg',
  'nav',
  'select',
]);
const INLINE = new Set(
  'a abbr b bdi bdo cite code data dfn em font i kbd label mark q s samp small span strong sub sup time tt u var wbr'.split(
    ' ',
  ),
);
/** Elements without an end. */
const VOID = new Set('area base br col embed hr img input link meta source track wbr'.split(' '));

function isHidden(name: string, attributes: Readonly<Record<string, string>>): boolean {
  if (LEFT_OUT.has(name) || 'hidden' in attributes || attributes['aria-hidden'] === 'true') return true;
  const style = (attributes.style ?? '').toLowerCase().replace(/\s/g, '');
  return /display:none|visibility:hidden|font-size:0(?![.\d])|opacity:0(?![.\d])/.test(style);
}

/** Blocks of a page, in order. */
export function readHtml(text: string): Block[] {
  const blocks: Block[] = [];
  let line = '';
  let heading = 0;
  let pre = 0;
  /** Open elements inside the one that is left out. */
  let hidden = 0;
  const flush = () => {
    const said = pre > 0 ? line.trimEnd() : line.replace(/\s+/g, ' ').trim();
    line = '';
    if (said.trim() === '') return;
    blocks.push(heading > 0 ? { kind: 'heading', level: heading, text: said } : { kind: 'text', text: said });
  };
  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (hidden > 0 || isHidden(name, attributes)) {
          if (!VOID.has(name)) hidden += 1;
          return;
        }
        if (name === 'td' || name === 'th') line += line === '' ? '' : ' | ';
        else if (!INLINE.has(name)) flush();
        if (name === 'pre') pre += 1;
        if (/^h[1-6]$/.test(name)) heading = Number(name[1]);
      },
      ontext(data) {
        if (hidden === 0) line += data;
      },
      onclosetag(name) {
        if (hidden > 0) {
          if (!VOID.has(name)) hidden -= 1;
          return;
        }
        if (name === 'td' || name === 'th' || INLINE.has(name)) return;
        flush();
        if (name === 'pre') pre -= 1;
        if (/^h[1-6]$/.test(name)) heading = 0;
      },
    },
    { decodeEntities: true },
  );
  parser.end(text);
  flush();
  return blocks;
}
