// Takes secrets out of what is about to be written: the values that are known, however they are encoded, and what looks
// like one.

const IN_PLACE = '[secret]';

/** Shorter values are words, not secrets, and would punch holes into every text. */
const SHORTEST = 6;

const patterns: readonly RegExp[] = [
  /\bsk-[\w-]{16,}/g,
  /\b(?:gh[opsur]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|npm_\w{30,})/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bAIza[\w-]{30,}/g,
  /\bxox[abeoprs]-[\w-]{10,}/g,
  /\b\d{8,10}:[\w-]{35}\b/g,
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/g,
  /(?<=\bBearer\s)[\w.~+/-]{16,}=*/gi,
  /(?<=:\/\/[^\s/:@]{0,100}:)[^\s/@]{3,}(?=@)/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];

export type Scrub = <T>(value: T) => T;

/**
 * A function that gives back JSON data without secrets; everything but the strings in it stays as it is.
 * @param secrets values that are known, such as the keys of the providers
 */
export function scrubOf(secrets: readonly string[]): Scrub {
  const known = secrets
    .filter(({ length }) => length >= SHORTEST)
    .flatMap(formsOf)
    .sort((a, b) => b.length - a.length);
  const clean = (text: string) =>
    patterns.reduce(
      (rest, pattern) => rest.replace(pattern, IN_PLACE),
      known.reduce((rest, form) => rest.replaceAll(form, IN_PLACE), text),
    );
  return (value) => mapStrings(value, clean) as typeof value;
}

/** A secret as it may stand in a text: as it is, escaped, URL-encoded, as hex, or inside something that is base64. */
function formsOf(secret: string): string[] {
  const hex = Buffer.from(secret, 'utf8').toString('hex');
  const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), hex, hex.toUpperCase()];
  return [...new Set([...forms, ...[0, 1, 2].flatMap((before) => base64Of(secret, before))])];
}

/**
 * The characters of base64 that depend on the secret alone when so many bytes stand before it in its group of three; both
 * alphabets.
 */
function base64Of(secret: string, before: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret, 'utf8')]);
  const own = bytes.toString('base64').slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
  return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
}

function mapStrings(value: unknown, clean: (text: string) => string): unknown {
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map((one) => mapStrings(one, clean));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mapStrings(one, clean)]));
}
