// What a reader sees of a page. Scripts, styles, comments and elements that are not shown are left out, and what was hidden is
// counted: it is where orders to machines are put.

import { Parser } from 'htmlparser2';

export type Shown = { readonly title: string; readonly text: string; readonly hidden: number };

/** Elements whose content nobody reads as text. */
const silent = new Set(['script', 'style', 'noscript', 'template', 'svg', 'iframe', 'object', 'canvas', 'select']);
const block = new Set(
  'address article aside blockquote br dd div dl dt figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section table td th tr ul'.split(
    ' ',
  ),
);
/** Elements without an end. */
const empty = new Set('area base br col embed hr img input link meta source track wbr'.split(' '));

function isHidden(attributes: Readonly<Record<string, string>>): boolean {
  if ('hidden' in attributes || attributes['aria-hidden'] === 'true') return true;
  const style = (attributes.style ?? '').toLowerCase().replace(/\s+/g, '');
  return /display:none|visibility:hidden|opacity:0(?![.\d]*[1-9])|font-size:0|text-indent:-\d{3}|left:-\d{4}/.test(
    style,
  );
}

/** Reads a page. Never throws: a browser shows something of any text, and so does this. */
export function shownText(html: string): Shown {
  const parts: string[] = [];
  let title = '';
  let hidden = 0;
  /** Names of open elements below one that is not shown. */
  const below: string[] = [];
  let inTitle = false;
  const parser = new Parser({
    onopentag(name, attributes) {
      if (name === 'title') inTitle = true;
      if (block.has(name)) parts.push('\n');
      const starts = below.length > 0 || silent.has(name) || isHidden(attributes);
      if (starts && !empty.has(name)) below.push(name);
    },
    ontext(text) {
      if (below.length === 0) {
        if (inTitle) title += text;
        else parts.push(text);
      } else if (!below.some((name) => silent.has(name))) hidden += text.trim().length;
    },
    oncomment(text) {
      hidden += text.trim().length;
    },
    onclosetag(name) {
      if (name === 'title') inTitle = false;
      if (block.has(name)) parts.push('\n');
      const open = below.lastIndexOf(name);
      if (open !== -1) below.splice(open);
    },
  });
  parser.end(html);
  const text = parts
    .join('')
    .replace(/[^\S\n]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  return { title: title.replace(/\s+/g, ' ').trim(), text, hidden };
}
