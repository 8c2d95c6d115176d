import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ExportParts, exportLines, readExport } from './export.ts';
import { ExportInvalid, readExported, readRecords } from './export-read.ts';
import { importStream } from './import.ts';
import { MemoryStream } from './memory/stream.ts';
import { MemoryBus } from './memory.ts';
import { VirtualClock } from './virtual-clock.ts';

const clock = () => new VirtualClock({ start: Date.UTC(2030, 0, 1) });

const metric = (name: string) =>
  ({
    id: name,
    type: 'brain.metric',
    source: 'harness',
    data: { name, value: 1 },
    correlationid: 'D1',
  }) as const;

async function linesOf(bus: MemoryBus, parts: ExportParts = {}): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of exportLines(bus, parts)) lines.push(line);
  return lines;
}

async function exported(): Promise<string[]> {
  const bus = new MemoryBus('acme', clock());
  for (const name of ['alpha', 'beta', 'gamma']) await bus.publish('brain.metric', metric(name));
  return linesOf(bus);
}

/** A company with a durable that has settled one message and has one in hand, a blob, and an org file. */
async function company(): Promise<MemoryBus> {
  const bus = new MemoryBus('acme', clock());
  const blob = await bus.putBlob(Buffer.from('a long answer'));
  const step = { name: 'a1.write', agent: 'backend', result: null, blob };
  const job = { id: 'J1', duty: 'x', agent: 'backend', role: 'backend', attempt: 1, status: 'working', startedAt: 1 };
  const spent = { inputTokens: 0, outputTokens: 0, cost: 0 };
  await bus.publish('job.J1', {
    id: 'job.J1.write',
    type: 'job.stepped',
    source: 'backend',
    data: { job: { ...job, status: 'working', spent }, step },
  });
  const org = { by: 'operator', text: 'company: acme\n', summary: [] };
  await bus.publish('control.org', { id: 'org.1', type: 'org.changed', source: 'operator', data: org });
  for (const name of ['one', 'two', 'three']) await bus.publish('brain.metric', metric(name));
  await bus.consume({ durable: 'cto', filters: ['brain.*'], capacity: () => 2, ackWaitMs: 1000 }, async (delivery) => {
    if (delivery.message.id === 'one') delivery.ack();
  });
  await bus.close();
  return new MemoryBus('acme', clock(), { stream: bus.stream });
}

async function loaded(text: string): Promise<MemoryBus> {
  const { header, messages, blobs, durables } = readExported(text);
  const stream = new MemoryStream();
  await importStream({ kind: 'memory', stream }, messages, { blobs, durables });
  return new MemoryBus(header.company, clock(), { stream });
}

/** A body with the sum it would have after another line. */
function signed(body: string, before = ''): string {
  return `${body},"sum":"${createHash('sha256').update(before).update(body).digest('hex').slice(0, 16)}"}\n`;
}

describe('an exported company', () => {
  test('is a header, one line a message, and an end', async () => {
    const [header, first, , , end] = await exported();
    expect(header).toMatch(
      /^\{"export":"headcount","version":2,"company":"acme","at":"2030-01-01T00:00:00.000Z","lastSeq":3,"org":null,"products":false,"sum":"\w{16}"\}\n$/,
    );
    expect(first).toBe(
      '{"seq":1,"of":3,"message":{"specversion":"1.0","id":"alpha","type":"brain.metric","source":"harness",' +
        '"time":"2030-01-01T00:00:00.000Z","subject":"brain.metric","datacontenttype":"application/json",' +
        `"data":{"name":"alpha","value":1},"correlationid":"D1"},"sum":"${first?.slice(-19, -3)}"}\n`,
    );
    expect(end).toMatch(/^\{"end":true,"lines":5,"sum":/);
  });

  test('is read back, also when it is empty', async () => {
    expect(readExport((await exported()).join('')).map(({ seq, message }) => [seq, message.id])).toEqual([
      [1, 'alpha'],
      [2, 'beta'],
      [3, 'gamma'],
    ]);
    const empty = await linesOf(new MemoryBus('acme', clock()));
    expect(empty).toHaveLength(2);
    expect(readExport(empty.join(''))).toEqual([]);
  });

  test('has its blobs, its org file by digest, and its durables just before what they have not settled', async () => {
    const bus = await company();
    const { header, blobs, durables } = readExported((await linesOf(bus)).join(''));
    expect(header.org).toBe(createHash('sha256').update('company: acme\n').digest('hex'));
    expect(blobs.map(String)).toEqual(['a long answer']);
    expect(durables).toEqual([{ durable: 'cto', filters: ['brain.*'], floor: 3 }]);
  });

  test('imported gives open work again as work that came before, and settled work not at all', async () => {
    const bus = await loaded((await linesOf(await company())).join(''));
    const came: [string, number][] = [];
    await bus.consume(
      { durable: 'cto', filters: ['brain.*'], capacity: () => 9, ackWaitMs: 1000 },
      async (delivery) => {
        came.push([delivery.message.id, delivery.attempt]);
        delivery.ack();
      },
    );
    expect(came).toEqual([
      ['two', 2],
      ['three', 2],
    ]);
  });

  test('imported and exported again is the same, byte for byte, whatever was said', async () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !/[\r\n]/.test(text)));
    const counts = { maxLength: 8 };
    await fc.assert(
      fc.asyncProperty(
        names,
        fc.array(fc.uint8Array({ maxLength: 50 }), counts),
        fc.nat(9),
        async (ids, blobs, acks) => {
          const bus = await company();
          for (const id of ids) await bus.publish('brain.metric', metric(id));
          let left = acks;
          await bus.consume({ durable: 'qa', filters: ['>'], capacity: () => 4, ackWaitMs: 1 }, async (delivery) => {
            left -= 1;
            if (left > 0) delivery.ack();
          });
          await bus.close();
          const again = new MemoryBus('acme', clock(), { stream: bus.stream });
          const extras = new Map(blobs.map((bytes, index) => [`x${index}`, bytes]));
          const text = (await linesOf(again, { extras })).join('');
          expect((await linesOf(await loaded(text), { extras })).join('')).toBe(text);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('up to a sequence has nothing of what came later', async () => {
    const bus = await company();
    const { header, messages, blobs } = readExported((await linesOf(bus, { untilSeq: 1 })).join(''));
    expect([header.lastSeq, header.org, messages.length, blobs.length]).toEqual([1, null, 1, 1]);
    const sixty = await linesOf(bus, { untilSeq: 60 });
    expect(readExport(sixty.join(''))).toHaveLength(5);
  });

  test('is read from chunks that break anywhere', async () => {
    const text = (await exported()).join('');
    for (const size of [1, 7, 1000]) {
      const chunks = (async function* () {
        for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
      })();
      const kinds: string[] = [];
      for await (const { kind } of readRecords(chunks)) kinds.push(kind);
      expect(kinds).toEqual(['header', 'message', 'message', 'message', 'end']);
    }
  });

  test.each<[string, number, RegExp, (lines: string[]) => string]>([
    ['that is empty', 1, /empty/, () => ''],
    ['cut in the middle of a line', 5, /cut off in the middle/, (lines) => lines.join('').slice(0, -5)],
    ['cut between two messages', 3, /3 messages were exported/, (lines) => lines.slice(0, 3).join('')],
    ['cut just before its end', 4, /cut off after this line/, (lines) => lines.slice(0, 4).join('')],
    ['edited in a message', 3, /edited/, (lines) => lines.join('').replace('"name":"beta"', '"name":"bets"')],
    [
      'edited behind a sum',
      3,
      /edited/,
      ([header, first, second = '', ...rest]) =>
        [header, first, second.replace(/}\n$/, ',"message":{"id":"x"}}\n'), ...rest].join(''),
    ],
    ['edited in its header', 1, /edited/, (lines) => lines.join('').replace('"company":"acme"', '"company":"acne"')],
    ['without a line', 3, /edited/, ([header, first, , ...rest]) => [header, first, ...rest].join('')],
    ['in another order', 2, /edited/, ([header, first, second, ...rest]) => [header, second, first, ...rest].join('')],
    ['followed by another file', 6, /after its end/, (lines) => `${lines.join('')}hello\n`],
    ['followed by itself', 6, /after its end/, (lines) => lines.join('').repeat(2)],
    ['without a header, as older versions wrote it', 1, /older version/, ([, ...rest]) => rest.join('')],
    [
      'of a newer version',
      1,
      /version 9/,
      ([header = '']) => signed(header.replace('"version":2', '"version":9').slice(0, -27)),
    ],
    ['something else', 1, /no header/, () => 'name: acme\n'],
    ['other JSON lines', 1, /no header/, () => '{"level":30,"msg":"started"}\n'],
  ])('%s is refused at line %i', async (_, line, reason, change) => {
    const text = change(await exported());
    expect(() => readExport(text)).toThrow(ExportInvalid);
    expect(() => readExport(text)).toThrow(new RegExp(`^line ${line}: .*${reason.source}`));
  });

  test('who reads a newer version is told to take a newer program', async () => {
    const [header = ''] = await exported();
    const newer = signed(header.replace('"version":2', '"version":9').slice(0, -27));
    expect(() => readExport(newer)).toThrow(expect.objectContaining({ next: expect.stringContaining('newer') }));
  });

  test('an end that comes too early is refused, also with right sums', async () => {
    const [header = '', first = ''] = await exported();
    const end = signed('{"end":true,"lines":3', first.slice(-19, -3));
    expect(() => readExport(header + first + end)).toThrow(/^line 3: messages are missing/);
  });

  test('a blob that is not what its name says is refused, also with right sums', async () => {
    const lines = await linesOf(await company());
    const at = lines.findIndex((line) => line.startsWith('{"blob"'));
    const before = lines[at - 1]?.slice(-19, -3);
    const forged = signed(`{"blob":"${'0'.repeat(64)}","base64":"YQ=="`, before);
    expect(() => readExport([...lines.slice(0, at), forged].join(''))).toThrow(/blob 0+ is not what its name says/);
  });
});
