// How often work with a model came to something, and how sure that is. Pure.

/** Attempts that were judged: trouble of providers, tools and money says nothing about a model and is not among them. */
export type Trials = { readonly passed: number; readonly failed: number };

/** 95 %, two-sided. */
const Z = 1.96;

/** Where the true rate of success is with 95 % confidence (Wilson's interval); from 0 to 1 when nothing is known. */
export function rateOf({ passed, failed }: Trials): { readonly low: number; readonly high: number } {
  const n = passed + failed;
  if (n === 0) return { low: 0, high: 1 };
  const p = passed / n;
  const middle = (p + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n);
  const half = (Z / (1 + Z ** 2 / n)) * Math.sqrt((p * (1 - p)) / n + Z ** 2 / (4 * n ** 2));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** At most so often it succeeds, with confidence: then it is asked after the others. Four failures in a row are enough. */
const POOR = 0.5;
/** At most so often: then it is not asked while another can be. Twelve failures in a row are enough. */
const HOPELESS = 0.25;

/** What its trials say of a model: `good` when they say nothing against it. */
export function verdictOn(trials: Trials): 'good' | 'poor' | 'hopeless' {
  const { high } = rateOf(trials);
  if (high < HOPELESS) return 'hopeless';
  return high < POOR ? 'poor' : 'good';
}
