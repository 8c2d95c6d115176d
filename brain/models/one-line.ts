const LONGEST = 500;

/**
 * Somebody else's words as one short line: without control characters, without secrets, at most 500 characters.
 * @param secrets values that must not be in it
 */
export function oneLine(text: string, secrets: readonly string[] = []): string {
  const clean = secrets
    .filter((secret) => secret !== '')
    .reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text.slice(0, 10_000))
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim();
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}...` : clean;
}
