// Links and how often each was followed. Every change is one appended line of JSON, so that a crash can cost at most the
// line that was being written.

import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** Parses what a file holds; a last line that was cut off by a crash is left out. */
function readLines(file) {
  const changes = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    try {
      changes.push(JSON.parse(line));
    } catch {
      break;
    }
  }
  return changes;
}

/**
 * Opens the links.
 * @param file where they are kept; without it they live in memory only
 */
export function openStore(file) {
  const links = new Map();

  function apply(change) {
    if (change.add) links.set(change.add, { slug: change.add, url: change.url, hits: 0 });
    const followed = links.get(change.hit);
    if (followed) followed.hits += 1;
  }

  function record(change) {
    if (file) appendFileSync(file, `${JSON.stringify(change)}\n`);
    apply(change);
  }

  if (file && existsSync(file)) for (const change of readLines(file)) apply(change);

  return {
    get: (slug) => links.get(slug),
    /** Most followed first; of equals, the older one. */
    list: () => [...links.values()].sort((a, b) => b.hits - a.hits),
    add(slug, url) {
      record({ add: slug, url });
      return links.get(slug);
    },
    hit: (slug) => record({ hit: slug }),
  };
}
