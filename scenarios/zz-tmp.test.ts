import { readdirSync, writeFileSync } from 'node:fs';
import { it } from 'vitest';
import { loadScenario } from './load.ts';
import { scenarioJsonSchema } from './schema.ts';
for (const f of readdirSync(new URL('.', import.meta.url)).filter((n) => n.endsWith('.yaml')))
  it(f, async () => { const s = await loadScenario(new URL(f, import.meta.url).pathname); console.log(s.name, s.answers.length, JSON.stringify(s.given).slice(0,300)); });
it('schema', () => { writeFileSync('/tmp/scenario.schema.json', scenarioJsonSchema()); });
