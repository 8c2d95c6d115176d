// The one place where text is looked at for secrets before it leaves: to a model, to the forge, to a page, to a log.
//
// Invariants:
//   S1. No message, error or name made here repeats a secret: it says which one, and how it was written.
//   S2. What is sent is refused whole. Only what people must be able to read in any case (logs, reasons of failures) is scrubbed.
//   S3. Hidden characters do not hide a secret: they are taken out before the search.

import { HeadcountError } from '../../bus/errors.ts';
import { formsOf } from './secret-forms.ts';
import { type PartScrubber, partScrubber, type Span } from './secret-parts.ts';
import { patterns } from './secret-patterns.ts';

/** Text that holds a secret, and where it was going. */
export class SecretRefused extends HeadcountError {
  override readonly name = 'SecretRefused';
  constructor(sink: string, found: Found) {
    super(
      'SECRET_REFUSED',
      `${sink} holds ${found.what}, ${found.how}: it was not sent`,
      'take the secret out of where it came from, and give it a new value if it may have been read',
      { exit: 5 },
    );
  }
}

/** Which secret, in words that do not tell it. */
export type Found = { readonly what: string; readonly how: string };

export interface Secrets {
  /** The first secret in a text; undefined when there is none. */
  find(text: string): Found | undefined;
  /**
   * Lets text pass that holds no secret.
   * @param sink where it goes, for the error: `the branch of T7`
   * Throws SecretRefused.
   */
  refuse(sink: string, ...texts: readonly (string | undefined)[]): void;
  /** The text with every secret replaced by its name. */
  scrub(text: string): string;
  /** Scrubs one text that comes in parts. */
  parts(): PartScrubber;
}

/** Names of variables whose values are secrets. */
const SECRET_NAME = /(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|HOOK_URL|DATABASE_URL|_DSN$)/i;
/** Shorter values would be found everywhere. */
const SHORTEST = 8;

/** Characters without a shape: between the letters of a secret they would hide it. */
const UNSEEN = /\p{Cf}/gu;
const BEYOND_ASCII = /[\u0080-\uffff]/;

/** Most texts are plain ASCII, which has no such characters: every prompt is looked at. */
const seenOf = (text: string) => (BEYOND_ASCII.test(text) ? text.replace(UNSEEN, '') : text);

function secretsIn(env: Readonly<Record<string, string | undefined>>): readonly (readonly [string, string])[] {
  return Object.entries(env).flatMap(([name, value = '']) =>
    SECRET_NAME.test(name) && value.trim().length >= SHORTEST ? [[name, value.trim()] as const] : [],
  );
}

/**
 * @param env the environment: the values of its secret variables are looked for in every form (secret-forms.ts), besides what
 * secrets of well-known providers look like (secret-patterns.ts)
 */
export function createSecrets(env: Readonly<Record<string, string | undefined>>): Secrets {
  const needles = secretsIn(env)
    .flatMap(([name, value]) => formsOf(value).map((form) => ({ name, ...form })))
    .sort((one, other) => other.text.length - one.text.length);

  function find(text: string): Found | undefined {
    const seen = seenOf(text);
    for (const { name, encoding, text: needle } of needles) {
      if (seen.includes(needle)) return { what: `the value of ${name}`, how: encoding };
    }
    for (const { name, mark, regex } of patterns) {
      if (mark !== undefined && !seen.includes(mark)) continue;
      if (seen.search(regex) !== -1) return { what: `what looks like a secret (${name})`, how: 'as it is' };
    }
    return undefined;
  }

  function scrub(text: string): string {
    const seen = find(text) === undefined ? text : seenOf(text);
    const exact = needles.reduce((clean, { name, text: needle }) => clean.replaceAll(needle, `[${name}]`), seen);
    return patterns.reduce((clean, { name, regex }) => clean.replace(regex, `[${name}]`), exact);
  }

  function spans(text: string): readonly Span[] {
    const exact = needles.flatMap(({ text: needle }) => placesOf(needle, text));
    const shaped = patterns.flatMap(({ regex }) =>
      [...text.matchAll(regex)].map(({ index, 0: found }): Span => [index, index + found.length]),
    );
    return [...exact, ...shaped];
  }

  return {
    find,
    scrub,
    parts: () => partScrubber({ exact: needles.map(({ text }) => text), spans, scrub, unseen: UNSEEN }),
    refuse(sink, ...texts) {
      for (const text of texts) {
        const found = text === undefined ? undefined : find(text);
        if (found) throw new SecretRefused(sink, found);
      }
    },
  };
}

function placesOf(needle: string, text: string): Span[] {
  const places: Span[] = [];
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1)) places.push([at, at + needle.length]);
  return places;
}

/** Bits a character of a name beyond which it is noise rather than words, and how long such noise must be to carry a secret. */
const NOISE = { bits: 3.6, length: 20 } as const;

/**
 * The part of a name (a branch, a file) that is too random to be words: twenty or more letters and digits in a row, mixed. Undefined for
 * names as people and titles make them.
 */
export function noiseIn(name: string): string | undefined {
  const runs = name
    .split(/[^A-Za-z0-9]+/)
    .filter((run) => run.length >= NOISE.length && /\d/.test(run) && /[a-z]/i.test(run));
  return runs.find((run) => entropyOf(run) > NOISE.bits);
}

/** Shannon entropy in bits a character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => {
    const share = count / text.length;
    return sum - share * Math.log2(share);
  }, 0);
}
