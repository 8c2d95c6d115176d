// Search engines, each in its own wire format: a question becomes a request, an answer becomes results. Pure.

import { Parser } from 'htmlparser2';
import { z } from 'zod';
import type { SearchProvider } from '../../bus/policy.ts';
import type { Asked } from './http.ts';
import { type SearchResult, webLimits } from './web.ts';

type Wire = {
  /** Where it is, unless org.yaml says otherwise; undefined: org.yaml must say. */
  readonly url: string | undefined;
  readonly needsKey: boolean;
  /** @param key empty where none is needed */
  request(base: string, query: string, key: string): { readonly url: URL } & Asked;
  /** Throws for what is not its wire format. */
  results(text: string): readonly SearchResult[];
};

const Text = z
  .string()
  .nullish()
  .transform((text) => text ?? '');
const Tavily = z.object({ results: z.array(z.object({ title: Text, url: z.string(), content: Text })) });
const Brave = z.object({
  web: z.object({ results: z.array(z.object({ title: Text, url: z.string(), description: Text })) }).optional(),
});
const Searxng = z.object({ results: z.array(z.object({ title: Text, url: z.string(), content: Text })) });

function withQuery(base: string, query: Readonly<Record<string, string>>): URL {
  const url = new URL(base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

/** Where a result of DuckDuckGo leads: its links go through a page of its own. */
function targetOf(href: string): string {
  if (!URL.canParse(href, 'https://duckduckgo.com')) return '';
  const url = new URL(href, 'https://duckduckgo.com');
  return url.searchParams.get('uddg') ?? url.href;
}

/** The results of DuckDuckGo's page without scripts. */
function duckResults(html: string): SearchResult[] {
  const found: { title: string; url: string; snippet: string }[] = [];
  let into: 'title' | 'snippet' | undefined;
  let known = false;
  const parser = new Parser({
    onopentag(_, { class: names = '', id = '', href = '' }) {
      const classes = names.split(/\s+/);
      known ||= classes.includes('results') || classes.includes('no-results') || id === 'links';
      if (classes.includes('result__a')) {
        found.push({ title: '', url: targetOf(href), snippet: '' });
        into = 'title';
      } else if (classes.includes('result__snippet')) into = 'snippet';
    },
    ontext(text) {
      const last = found.at(-1);
      if (last && into) last[into] += text;
    },
    onclosetag(name) {
      if (name === 'a' || name === 'div') into = undefined;
    },
  });
  parser.end(html);
  if (!known && found.length === 0) throw new Error('there are no results in this page');
  return found;
}

export const wires: Readonly<Record<SearchProvider, Wire>> = {
  duckduckgo: {
    url: 'https://html.duckduckgo.com/html/',
    needsKey: false,
    request: (base, query) => ({
      url: new URL(base),
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ q: query }).toString(),
    }),
    results: duckResults,
  },
  tavily: {
    url: 'https://api.tavily.com/search',
    needsKey: true,
    request: (base, query, key) => ({
      url: new URL(base),
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ query, max_results: webLimits.results }),
    }),
    results: (text) =>
      Tavily.parse(JSON.parse(text)).results.map(({ title, url, content }) => ({ title, url, snippet: content })),
  },
  brave: {
    url: 'https://api.search.brave.com/res/v1/web/search',
    needsKey: true,
    request: (base, query, key) => ({
      url: withQuery(base, { q: query, count: String(webLimits.results) }),
      headers: { 'x-subscription-token': key, accept: 'application/json' },
    }),
    results: (text) =>
      (Brave.parse(JSON.parse(text)).web?.results ?? []).map(({ title, url, description }) => ({
        title,
        url,
        snippet: description,
      })),
  },
  searxng: {
    url: undefined,
    needsKey: false,
    request: (base, query) => ({
      url: withQuery(new URL('search', base.endsWith('/') ? base : `${base}/`).href, { q: query, format: 'json' }),
      headers: { accept: 'application/json' },
    }),
    results: (text) =>
      Searxng.parse(JSON.parse(text)).results.map(({ title, url, content }) => ({ title, url, snippet: content })),
  },
};
