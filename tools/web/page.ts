// Reading one page: every hop is judged, and only text comes back.

import type { Dispatcher } from 'undici';
import { allowedUrl } from './address.ts';
import { shownText } from './html.ts';
import { ask } from './http.ts';
import { type Page, WebFailure, webLimits } from './web.ts';

const markup = new Set(['text/html', 'application/xhtml+xml']);
const plain = new Set(['text/plain', 'text/markdown', 'text/csv', 'application/json', 'text/xml', 'application/xml']);

/** Throws WebFailure. */
export async function readPage(
  text: string,
  allow: readonly string[],
  dispatcher: Dispatcher,
  signal: AbortSignal,
): Promise<Page> {
  let url = allowedUrl(text, allow);
  for (let hop = 0; hop <= webLimits.redirects; hop += 1) {
    const reply = await ask(url, {}, dispatcher, signal);
    if (reply.status >= 300 && reply.status < 400 && reply.location !== undefined) {
      url = allowedUrl(reply.location, allow, url);
      continue;
    }
    const failed = (why: string) => new WebFailure('failed', `${url.host}: ${why}`, 'read another page');
    if (reply.status !== 200) throw failed(`it answers ${reply.status}`);
    if (!markup.has(reply.type) && !plain.has(reply.type))
      throw failed(`${reply.type.slice(0, 60) || 'no type'} is no text`);
    const shown = markup.has(reply.type) ? shownText(reply.text) : { title: '', text: reply.text, hidden: 0 };
    const cut = reply.cut || shown.text.length > webLimits.text;
    return {
      url: url.href,
      title: shown.title.slice(0, 200),
      text: shown.text.slice(0, webLimits.text),
      cut,
      hidden: shown.hidden,
    };
  }
  throw new WebFailure(
    'refused',
    `${JSON.stringify(text.slice(0, 120))} leads on more than ${webLimits.redirects} times`,
    'read another page',
  );
}
