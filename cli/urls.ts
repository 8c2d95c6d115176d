// URLs for people to read.

/** A URL that may be printed: user and password removed. */
export function withoutSecret(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}
