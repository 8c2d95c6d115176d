// URLs for people to read.

/** A URL, or several with commas between, that may be printed: user and password removed. */
export function withoutSecret(url: string): string {
  return url.replace(/\/\/[^@/]*@/g, '//');
}
