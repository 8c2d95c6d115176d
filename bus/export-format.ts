// The lines of an exported company (export.ts), as types and schemas, and the sums that chain them.

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Stored } from './bus.ts';
import type { DurablePosition } from './import.ts';
import { Token } from './records.ts';

/** Counts up when a reader of the version before would misread a file. */
export const EXPORT_VERSION = 2;

export type ExportHeader = {
  readonly company: string;
  /** Time of the last message, ISO 8601; null when there is none. */
  readonly at: string | null;
  readonly lastSeq: number;
  /** sha256 of the org file in force; null when the company has not told it. */
  readonly org: string | null;
  /** Whether the product repositories are in the file. */
  readonly products: boolean;
};

/** A product repository as a git bundle. */
export type ProductBundle = { readonly slug: string; readonly bundle: Uint8Array };

/** One line of an export, read. */
export type ExportRecord =
  | { readonly kind: 'header'; readonly header: ExportHeader }
  | { readonly kind: 'message'; readonly stored: Stored }
  | { readonly kind: 'blob'; readonly digest: string; readonly bytes: Uint8Array }
  | { readonly kind: 'durable'; readonly position: DurablePosition }
  | { readonly kind: 'product'; readonly slug: string; readonly bundle: Uint8Array }
  | { readonly kind: 'extra'; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: 'end' };

const sum = z.string();
const Base64 = z.base64();
export const Version = z.object({ export: z.literal('headcount'), version: z.number() });
export const Header = z.strictObject({
  export: z.literal('headcount'),
  version: z.literal(EXPORT_VERSION),
  company: Token,
  at: z.string().nullable(),
  lastSeq: z.int().nonnegative(),
  org: z.string().nullable(),
  products: z.boolean(),
  sum,
});
export const Line = z.union([
  z.strictObject({ seq: z.int().positive(), of: z.int(), message: z.unknown(), sum }),
  z.strictObject({ blob: z.string(), base64: Base64, sum }),
  z.strictObject({
    durable: Token,
    filters: z.array(z.string()).min(1),
    floor: z.int().nonnegative(),
    settled: z.array(z.int().positive()).optional(),
    sum,
  }),
  z.strictObject({ product: Token, bundle: Base64, sum }),
  z.strictObject({ extra: Token, base64: Base64, sum }),
  z.strictObject({ end: z.literal(true), lines: z.int(), sum }),
]);
export type Line = z.infer<typeof Line>;

/** Starts a chain of sums: gives each body its sum, its closing brace and its line feed. */
export function createChain(): ((body: string) => string) & { readonly lines: number } {
  let sum = '';
  let lines = 0;
  const chain = (body: string) => {
    sum = chained(sum, body);
    lines += 1;
    return `${body},"sum":"${sum}"}\n`;
  };
  return Object.defineProperty(chain, 'lines', { get: () => lines }) as typeof chain & { readonly lines: number };
}

/** The sum of a line that follows one with the sum `before`. */
export function chained(before: string, body: string): string {
  return createHash('sha256').update(before).update(body).digest('hex').slice(0, 16);
}
