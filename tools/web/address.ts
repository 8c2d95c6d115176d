// Which addresses may be read. Judged before a connection is made, again for every redirect, and once more for the address that
// a name turned out to have (pinned.ts): a name is checked and used in one step, so nobody can change it in between.

import ipaddr from 'ipaddr.js';
import { WebFailure, webLimits } from './web.ts';

function refused(url: string, why: string): WebFailure {
  return new WebFailure(
    'refused',
    `${JSON.stringify(url.slice(0, 120))} is not read: ${why}`,
    'name a public page that org.yaml allows (web.allow)',
  );
}

/** Why an IP address may not be reached; undefined when it is a public one. */
export function refusedIp(text: string): string | undefined {
  if (!ipaddr.isValid(text)) return `${text} is no address`;
  // An IPv4 address dressed as IPv6 is judged as what it is.
  const range = ipaddr.process(text).range();
  return range === 'unicast' ? undefined : `${text} is ${range}, not public`;
}

/** True when a pattern (`example.com`, `*.example.com`, `*`) covers a host. */
function covers(pattern: string, host: string): boolean {
  if (pattern === '*') return true;
  if (pattern.startsWith('*.')) return host.endsWith(pattern.slice(1));
  return host === pattern;
}

/** A host as it is compared: lower case, without the dot of the root and without brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}

/**
 * The address of a page that may be read.
 * @param allow hosts that may be read; nothing else, so an empty list means nothing
 * @param from the page that led here; a page read by https never leads to one without
 * Throws WebFailure (`refused`).
 */
export function allowedUrl(text: string, allow: readonly string[], from?: URL): URL {
  if (text.length > webLimits.url) throw refused(text, `it is longer than ${webLimits.url} characters`);
  if (!URL.canParse(text, from?.href)) throw refused(text, 'it is no address');
  const url = new URL(text, from?.href);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw refused(text, `${url.protocol} is neither http nor https`);
  if (from?.protocol === 'https:' && url.protocol === 'http:') throw refused(text, 'it leads from https to http');
  if (url.username !== '' || url.password !== '') throw refused(text, 'it names a user');
  if (url.port !== '') throw refused(text, `it names the port ${url.port}`);
  const host = hostOf(url);
  const ip = ipaddr.isValid(host) ? refusedIp(host) : undefined;
  if (ip !== undefined) throw refused(text, ip);
  if (!ipaddr.isValid(host) && !host.includes('.')) throw refused(text, `${host} is a name of a local network`);
  if (!allow.some((pattern) => covers(pattern.toLowerCase(), host))) throw refused(text, `${host} is not in web.allow`);
  return url;
}
