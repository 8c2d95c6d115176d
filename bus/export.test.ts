import { describe, expect, test } from 'vitest';
import { VirtualClock } from './clock.ts';
import { ExportInvalid, exportLines, readExport } from './export.ts';
import { MemoryBus } from './memory.ts';

async function exported(): Promise<string[]> {
  const bus = new MemoryBus('acme', new VirtualClock({ start: Date.UTC(2030, 0, 1) }));
  for (const name of ['alpha', 'beta', 'gamma']) {
    await bus.publish('brain.metric', {
      id: name,
      type: 'brain.metric',
      source: 'harness',
      data: { name, value: 1 },
      correlationid: 'D1',
    });
  }
  const lines: string[] = [];
  for await (const line of exportLines(bus)) lines.push(line);
  return lines;
}

describe('an exported stream', () => {
  test('is one line a message', async () => {
    const [first] = await exported();
    expect(first).toBe(
      '{"seq":1,"of":3,"message":{"specversion":"1.0","id":"alpha","type":"brain.metric","source":"harness",' +
        '"time":"2030-01-01T00:00:00.000Z","subject":"brain.metric","datacontenttype":"application/json",' +
        `"data":{"name":"alpha","value":1},"correlationid":"D1"},"sum":"${first?.slice(-19, -3)}"}\n`,
    );
  });

  test('is read back, and an empty stream is an empty file', async () => {
    expect(readExport((await exported()).join('')).map(({ seq, message }) => [seq, message.id])).toEqual([
      [1, 'alpha'],
      [2, 'beta'],
      [3, 'gamma'],
    ]);
    expect(readExport('')).toEqual([]);
  });

  test.each<[string, number, (lines: string[]) => string]>([
    ['cut in the middle of a line', 3, (lines) => lines.join('').slice(0, -5)],
    ['cut between two lines', 2, (lines) => lines.slice(0, 2).join('')],
    ['edited in a message', 2, (lines) => lines.join('').replace('"name":"beta"', '"name":"bets"')],
    ['without a line', 2, ([first, , third]) => `${first}${third}`],
    ['in another order', 1, ([first, second, third]) => `${second}${first}${third}`],
    ['followed by another file', 4, (lines) => `${lines.join('')}hello\n`],
    ['something else', 1, () => 'name: acme\n'],
    ['other JSON lines', 1, () => '{"level":30,"msg":"started"}\n'],
  ])('%s is refused at line %i', async (_, line, change) => {
    const text = change(await exported());
    expect(() => readExport(text)).toThrow(ExportInvalid);
    expect(() => readExport(text)).toThrow(new RegExp(`^line ${line}: `));
  });
});
