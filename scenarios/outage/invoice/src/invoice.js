import { taxOn } from './tax.js';

/**
 * Sums an invoice: net, tax for each rate (rounded once a rate, not once a line), and the total, in cents.
 * @param lines each with `cents`, `count` and `rate` in percent
 */
export function sumInvoice(lines) {
  const nets = new Map();
  for (const { cents, count, rate } of lines) nets.set(rate, (nets.get(rate) ?? 0) + cents * count);
  const taxes = [...nets].map(([rate, net]) => ({ rate, net, tax: taxOn(net, rate) }));
  const net = taxes.reduce((sum, one) => sum + one.net, 0);
  return { net, taxes, total: taxes.reduce((sum, one) => sum + one.tax, net) };
}
