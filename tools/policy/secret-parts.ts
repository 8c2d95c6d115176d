// A text that comes in parts, for somebody who watches it. A secret that the parts cut in two must not get out in two: what
// may be the beginning of one is held until more has come.

/** A place in a text: from its first character to the one after its last. */
export type Span = readonly [from: number, to: number];

export interface PartScrubber {
  /** Takes the next part. Returns what may be shown by now, without secrets; often that is not quite all of it. */
  take(part: string): string;
  /** The rest, once the text is whole. */
  end(): string;
}

export type PartRules = {
  /** Texts that are secrets, letter for letter. */
  readonly exact: readonly string[];
  /** Where secrets are that are whole. */
  readonly spans: (text: string) => readonly Span[];
  readonly scrub: (text: string) => string;
  /** Characters that are taken out before anything is looked for. */
  readonly unseen: RegExp;
};

/** The most that is held, in characters: longer than the longest private key. What goes on for longer is no secret. */
const MOST_HELD = 20_000;

/** What the secrets of providers are made of, up to the character that ends them. */
const OF_A_TOKEN = /[\w+./:=@%~-]/;
/** The same for what has a shape of its own (secret-patterns.ts); both are looked for in the last characters only. */
const LONGEST_SHAPE = 400;
const UNFINISHED = [
  /[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"'<>]{0,64}(?::[^\s/@"'<>]{0,256})?$/i,
  /aws_?secret_?(?:access_?)?key["']?\s*(?:[=:]\s*["']?[A-Za-z0-9/+]*)?$/i,
];
const KEY_BEGINS = '-----BEGIN ';
const KEY_ENDS = /-----END [A-Z0-9 ]*-----/;

/** @param rules what counts as a secret */
export function partScrubber({ exact, spans, scrub, unseen }: PartRules): PartScrubber {
  const longest = exact.reduce((most, { length }) => Math.max(most, length), 0);
  let held = '';

  /** Where the end of a text may be the beginning of an exact secret; its length when nowhere. */
  function exactFrom(text: string): number {
    for (let from = Math.max(0, text.length - longest + 1); from < text.length; from += 1) {
      const tail = text.slice(from);
      if (exact.some((secret) => secret.startsWith(tail))) return from;
    }
    return text.length;
  }

  function heldFrom(text: string): number {
    const from = Math.min(exactFrom(text), tokenFrom(text), shapeFrom(text), keyFrom(text));
    // A secret that is whole stays whole, however the end goes on.
    return spans(text)
      .toSorted(([, one], [, other]) => other - one)
      .reduce((cut, [start, end]) => (start < cut && cut < end ? start : cut), from);
  }

  return {
    take(part) {
      const text = (held + part).replace(unseen, '');
      const from = heldFrom(text);
      const cut = text.length - from > MOST_HELD ? text.length : from;
      held = text.slice(cut);
      return scrub(text.slice(0, cut));
    },
    end() {
      const rest = scrub(held);
      held = '';
      return rest;
    },
  };
}

/** The word in progress, and half a character. */
function tokenFrom(text: string): number {
  let from = text.length;
  if (/[\uD800-\uDBFF]$/.test(text)) return from - 1;
  while (from > 0 && OF_A_TOKEN.test(text.charAt(from - 1))) from -= 1;
  return from;
}

function shapeFrom(text: string): number {
  const before = Math.max(0, text.length - LONGEST_SHAPE);
  const tail = text.slice(before);
  const found = UNFINISHED.map((shape) => tail.search(shape)).filter((at) => at >= 0);
  return before + Math.min(tail.length, ...found);
}

function keyFrom(text: string): number {
  const from = text.lastIndexOf(KEY_BEGINS);
  return from < 0 || KEY_ENDS.test(text.slice(from)) ? text.length : from;
}
