// A web of a few pages that are written down: for scenarios. Addresses are judged and pages are read as on the real one.

import { allowedUrl } from '../web/address.ts';
import { shownText } from '../web/html.ts';
import { type Web, WebFailure, webLimits } from '../web/web.ts';

/**
 * @param pages HTML by address
 * @param allow hosts that may be read
 */
export function openWrittenWeb(pages: Readonly<Record<string, string>>, allow: readonly string[]): Web {
  const at = (url: string) => Object.entries(pages).find(([address]) => new URL(address).href === url);
  return {
    async search(query) {
      const asked = query.toLowerCase().match(/\p{L}{3,}/gu) ?? [];
      return Object.entries(pages)
        .map(([url, html]) => ({ url: new URL(url).href, ...shownText(html) }))
        .filter(({ text, title }) => asked.some((word) => `${title} ${text}`.toLowerCase().includes(word)))
        .slice(0, webLimits.results)
        .map(({ url, title, text }) => ({ title, url, snippet: text.slice(0, 200) }));
    },
    async read(address) {
      const url = allowedUrl(address, allow).href;
      const [, html] = at(url) ?? [];
      if (html === undefined)
        throw new WebFailure('failed', `${new URL(url).host}: it answers 404`, 'read another page');
      return { url, ...shownText(html), cut: false };
    },
  };
}
