// Where this machine gets Debian packages from, read from its own apt configuration, so that a local mirror or an
// intranet archive is used like for everything else. Both formats: one-line (.list) and deb822 (.sources).

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from './cache.ts';

/** A Debian archive: its address and, when known, the keyring file that signs it. */
export type Archive = { readonly uri: string; readonly signedBy?: string };

type Entry = { uris: string[]; suites: string[]; components: string[]; signedBy: string | undefined };

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const PUBLIC_ARCHIVE = 'http://deb.debian.org/debian';

function parseOneLine(text: string): Entry[] {
  const entries: Entry[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line);
    if (!match) continue;
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const signedBy = /\bsigned-by=(\S+)/.exec(options)?.[1];
    entries.push({ uris: [uri], suites: [suite], components: components.trim().split(/\s+/), signedBy });
  }
  return entries;
}

function parseStanza(stanza: string): Entry | undefined {
  const fields = new Map<string, string>();
  let field = '';
  for (const line of stanza.split('\n')) {
    const start = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
    if (start?.[1] !== undefined) field = start[1].toLowerCase();
    if (field) fields.set(field, `${fields.get(field) ?? ''} ${start ? start[2] : line.trim()}`.trim());
  }
  const words = (name: string) => (fields.get(name) ?? '').split(/\s+/).filter((word) => word !== '');
  if (!words('types').includes('deb') || words('enabled')[0] === 'no') return undefined;
  const signedBy = words('signed-by')[0];
  return { uris: words('uris'), suites: words('suites'), components: words('components'), signedBy };
}

function parseStanzas(text: string): Entry[] {
  const plain = text.replace(/^#.*\n?/gm, '');
  return plain.split(/\n\s*\n/).flatMap((stanza) => parseStanza(stanza) ?? []);
}

/** True for an archive that carries all of Debian: not security or backports, not somebody else's few packages. */
function servesDebian({ suites, components }: Entry, uri: string): boolean {
  const named = /(^|[/:.])debian([/.-]|$)/.test(uri) && !/security/.test(uri);
  return named && components.includes('main') && suites.some((suite) => /^[a-z]+$/.test(suite));
}

/** The Debian archives that one configuration file names, in its order. */
export function archivesIn(file: string, text: string): Archive[] {
  const entries = file.endsWith('.sources') ? parseStanzas(text) : parseOneLine(text);
  return entries.flatMap((entry) =>
    entry.uris
      .filter((uri) => servesDebian(entry, uri))
      .map((uri) => ({
        uri: uri.replace(/\/$/, ''),
        // A key written into the file itself is left out: the keyring of the distribution signs the same archive.
        ...(entry.signedBy?.startsWith('/') ? { signedBy: entry.signedBy } : {}),
      })),
  );
}

/** The Debian archives this machine is configured for; the public one when it has only the keyring. */
export async function machineArchives(etc = '/etc/apt'): Promise<Archive[]> {
  const parts = join(etc, 'sources.list.d');
  const names = await readdir(parts).catch(() => []);
  const files = names.filter((name) => /\.(list|sources)$/.test(name)).map((name) => join(parts, name));
  const keyring = (await exists(KEYRING)) ? KEYRING : undefined;
  const found = new Map<string, Archive>();
  for (const file of [join(etc, 'sources.list'), ...files]) {
    const text = await readFile(file, 'utf8').catch(() => '');
    for (const archive of archivesIn(file, text)) {
      const signedBy = archive.signedBy ?? keyring;
      if (!found.has(archive.uri)) found.set(archive.uri, { uri: archive.uri, ...(signedBy ? { signedBy } : {}) });
    }
  }
  if (found.size > 0) return [...found.values()];
  return keyring ? [{ uri: PUBLIC_ARCHIVE, signedBy: keyring }] : [];
}
