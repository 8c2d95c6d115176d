// The forms in which one secret can be written down: as it is, and as whoever wants to carry it past a reader would write it.

export type Form = { readonly encoding: string; readonly text: string };

/** Shorter encodings than this would be found in texts that have nothing to do with the secret. */
const SHORTEST = 8;

/**
 * What base64 makes of a value at each place it can have within a longer text: the characters that depend on the value alone.
 * Of three bytes come four characters; where the value starts in the middle of three, the first ones are its neighbour's too.
 */
function base64Of(value: Buffer): readonly string[] {
  return [0, 1, 2].map((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), value])
      .toString('base64')
      .replace(/=+$/, '');
    const start = Math.ceil((before * 8) / 6);
    const end = Math.floor(((before + value.length) * 8) / 6);
    return padded.slice(start, end);
  });
}

function percentEncoded(bytes: Buffer): string {
  return [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

/** All forms of a secret, each once, longest first. */
export function formsOf(value: string): readonly Form[] {
  const bytes = Buffer.from(value);
  const reversed = [...value].reverse().join('');
  const forms: Form[] = [
    { encoding: 'as it is', text: value },
    { encoding: 'reversed', text: reversed },
    { encoding: 'url-encoded', text: encodeURIComponent(value) },
    { encoding: 'url-encoded', text: percentEncoded(bytes) },
    { encoding: 'hex', text: bytes.toString('hex') },
    { encoding: 'hex', text: bytes.toString('hex').toUpperCase() },
    { encoding: 'JSON', text: JSON.stringify(value).slice(1, -1) },
    ...base64Of(bytes).flatMap((text) => [
      { encoding: 'base64', text },
      { encoding: 'base64url', text: text.replaceAll('+', '-').replaceAll('/', '_') },
    ]),
    ...base64Of(Buffer.from(reversed)).map((text) => ({ encoding: 'reversed base64', text })),
  ];
  const seen = new Set<string>();
  return forms
    .filter(({ text }) => text.length >= SHORTEST && !seen.has(text) && seen.add(text))
    .sort((one, other) => other.text.length - one.text.length);
}
