/**
 * Tax on an amount, in cents, rounded half away from zero.
 * @param rate in percent
 */
export function taxOn(cents, rate) {
  const exact = (Math.abs(cents) * rate) / 100;
  return Math.sign(cents) * Math.floor(exact + 0.5);
}
