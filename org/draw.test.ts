import { expect, test } from 'vitest';
import { defaultOrgPath, duties } from '../tests/fixtures/company-file.ts';
import { drawOrg } from './draw.ts';
import { loadOrg, readOrg } from './load.ts';
import { widthOf } from './width.ts';

test('the company is drawn as a tree under the person, one line a role', () => {
  expect(drawOrg(loadOrg(defaultOrgPath, { duties }))).toBe(
    `
founder
└─ ceo                  Chief Executive           strategy  strategy (every 5m)
   ├─ cto               Chief Technology Officer  strategy  decompose, remediate, digest (every 2m), review
   │  ├─ backend x2     Backend Engineer          coding    write-code, advise
   │  ├─ frontend       Frontend Engineer         coding    write-code, advise
   │  ├─ devops         DevOps Engineer           strategy  operate, advise
   │  ├─ qa             Quality Engineer          strategy  assure (every 15m), review, advise
   │  └─ knowledge      Knowledge Keeper          light     answer
   ├─ marketing         Marketer                  light     write-documents, advise
   ├─ sales             Sales Representative      light     write-documents, advise
   ├─ customer_success  Customer Success Manager  light     write-documents, advise
   ├─ hr                People Manager            light     staff (every 1h)
   └─ finance           Financial Controller      light     account (cron 0 9 * * 1)
`.trim(),
  );
});

test('duties that do not fit go on below, and the tree goes on beside them', () => {
  const lines = drawOrg(loadOrg(defaultOrgPath, { duties }), 80).split('\n');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines.slice(1, 6).map((line) => line.replace(/ {2,}/g, '  '))).toEqual([
    '└─ ceo  Chief Executive  strategy  strategy (every 5m)',
    '  ├─ cto  Chief Technology Officer  strategy  decompose,',
    '  │  │  remediate, digest',
    '  │  │  (every 2m), review',
    '  │  ├─ backend x2  Backend Engineer  coding  write-code, advise',
  ]);
});

test('titles in wide letters leave the columns where they are', () => {
  const file = readOrg(defaultOrgPath);
  const org = loadOrg({ ...file, text: file.text.replace('Chief Executive', '首席执行官') }, { duties });
  const [, ceo = '', cto = ''] = drawOrg(org).split('\n');
  expect(ceo).toContain('首席执行官');
  expect(widthOf(ceo.slice(0, ceo.indexOf('strategy')))).toBe(cto.indexOf('strategy'));
});
