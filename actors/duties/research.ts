// A look around before a decision: a search, and the pages it finds that may be read. What was found is from outside. Where it
// cannot be had (no web, no connection, no key), the work goes on without, and the brief says so.

import type { Section } from '../../brain/brief.ts';
import { SecretRefused } from '../../tools/policy/secrets.ts';
import { taintOfPage } from '../../tools/web/tools.ts';
import { type Web, WebFailure, webLimits } from '../../tools/web/web.ts';
import type { Work } from '../duty.ts';

type Finding = { readonly title: string; readonly url: string; readonly text: string };
/** `trouble`: why something could not be read. */
type Research = { readonly findings: readonly Finding[]; readonly trouble: readonly string[] };

/** Pages that are read after one search, and characters of each that a brief shows. */
const PAGES = 3;
const SHOWN = 3_000;

/** Looks a question up, as a recorded step; the sections of a brief that say what came of it. None without a web to look at. */
export async function research(work: Work, question: string): Promise<readonly Section[]> {
  if (work.org.web?.research !== true) return [];
  const query = question.replace(/\s+/g, ' ').slice(0, webLimits.query);
  const { findings, trouble } = await work.step('research', () => lookUp(work, query));
  return [
    {
      name: 'What the web says',
      text: findings.map(({ title, url, text }) => `[${title}] ${url}\n${text}`).join('\n\n'),
      untrusted: true,
      taint: findings.map(({ url }) => taintOfPage(url)),
      budget: PAGES * SHOWN,
    },
    { name: 'What could not be looked up', text: trouble.map((line) => `- ${line}`).join('\n') },
  ];
}

async function lookUp(work: Work, query: string): Promise<Research> {
  const results = await attempt(work, 'web_search', query, (web) => web.search(query, work.signal));
  if ('trouble' in results) return { findings: [], trouble: [results.trouble] };
  const findings: Finding[] = [];
  const trouble: string[] = [];
  for (const { title, url, snippet } of results.found.slice(0, PAGES)) {
    const page = await attempt(work, 'web_read', url, (web) => web.read(url, work.signal));
    if ('trouble' in page) trouble.push(page.trouble);
    const text = 'trouble' in page ? snippet : page.found.text.slice(0, SHOWN);
    findings.push({ title, url, text });
  }
  return { findings, trouble };
}

/** One use of the web, through the gate. A failure is said, not thrown: nothing depends on it. */
async function attempt<T>(
  work: Work,
  tool: 'web_search' | 'web_read',
  destination: string,
  run: (web: Web) => Promise<T>,
): Promise<{ readonly found: T } | { readonly trouble: string }> {
  const decision = await work.decide({ tool, summary: tool.replace('_', ' '), destination });
  if (decision.verdict === 'deny') return { trouble: decision.reason };
  try {
    return { found: await work.turn.pause(() => run(work.tools.web)) };
  } catch (error) {
    // A question that must not be asked, like a page that cannot be had, is no reason to decide nothing.
    if (error instanceof WebFailure || error instanceof SecretRefused) return { trouble: error.message };
    throw error;
  }
}
