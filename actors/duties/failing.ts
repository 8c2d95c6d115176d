// Failures as duties say them, and what tools throw turned into them: an error that no chart knows would crash the agent.

import { BusFailure, HeadcountError, StaleWrite } from '../../bus/errors.ts';
import type { FailureKind, Product } from '../../bus/records.ts';
import { MergeRefused } from '../../tools/forge/refusals.ts';
import { type Work, WorkFailure } from '../duty.ts';

export function failed(kind: FailureKind, reason: string): WorkFailure {
  return new WorkFailure({ kind, reason });
}

/** Refusals of tools by their code, and what they say about the work; anything else is the environment's fault. */
const kinds: Readonly<Record<string, FailureKind>> = {
  PATH_REFUSED: 'contract',
  NAME_REFUSED: 'permanent',
  CONFLICT: 'quality',
  MERGE_REFUSED: 'permanent',
  REVIEW_REFUSED: 'permanent',
  SECRET_REFUSED: 'permanent',
};

/** Runs a tool. Throws WorkFailure for whatever the tool refuses or cannot do; the stream's own errors pass. */
export async function using<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof HeadcountError) || error instanceof StaleWrite || error instanceof BusFailure) throw error;
    const moved = error instanceof MergeRefused && (error.reason === 'conflict' || error.reason === 'moved');
    throw failed(moved ? 'quality' : (kinds[error.code] ?? 'environment'), error.message);
  }
}

/** A step that this attempt must have recorded before. Throws WorkFailure (`environment`) when it has not. */
export function recorded<T>(work: Work, name: string): Promise<T> {
  return work.step<T>(name, () => Promise.reject(failed('environment', `step ${name} is not recorded`)));
}

/** The product a task is about; the company's first when it names none. Throws WorkFailure (`permanent`). */
export function productFor(work: Pick<Work, 'org'>, slug: string | undefined): Product {
  const { products } = work.org;
  const product = slug === undefined ? products[0] : products.find((one) => one.slug === slug);
  if (!product) throw failed('permanent', slug === undefined ? 'the company has no product' : `no product "${slug}"`);
  return product;
}

/** The first seven characters of a commit id, as people write it. */
export function short(commit: string): string {
  return commit.slice(0, 7);
}

/** Text as part of an id: lower case letters, digits and -, at most `most` characters. */
export function slugOf(text: string, most = 40): string {
  const slug = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, most);
  return slug.replace(/-+$/, '') || 'x';
}
