// The page as a browser shows it. Where the machine has no Chromium the tests are skipped, and say so.

import { expect, onTestFinished, test } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { chromium, onceThere, openBrowser } from '../tests/fixtures/browser.ts';
import { startInspector } from './inspector.ts';

const light = createMachine({ id: 'light', initial: 'red', states: { red: { on: { GO: 'green' } }, green: {} } });

test.skipIf(chromium === undefined)(
  'a browser that joins late shows each actor in its present state, with its last event and how many it had',
  async () => {
    const inspector = await startInspector({ redact: (text) => text.replaceAll('hunter2', '[secret]') });
    onTestFinished(() => inspector.close());
    const actor = createActor(light, { id: 'light-<b>hunter2</b>', inspect: inspector.observe });
    actor.start();
    actor.send({ type: 'GO' });
    const browser = await openBrowser();
    onTestFinished(() => browser.close());
    const rows = await browser.read(`${inspector.url}table`, onceThere('#actors tr', '#actors'));
    expect(rows).toContain('light-&lt;b&gt;[secret]&lt;/b&gt;');
    expect(rows).toMatch(/<td[^>]*>green<\/td><td>GO<\/td><td>2<\/td>/);
    expect(rows).not.toContain('hunter2');
  },
);
