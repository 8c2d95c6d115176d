import { expect, it } from 'vitest';
import { BusFailure } from '../bus/errors.ts';
import { MemoryBus } from '../bus/memory.ts';
import { VirtualClock } from '../bus/virtual-clock.ts';
import { nextDue, slotAt } from '../machines/schedule.ts';
import { START } from './duties/fixture.ts';
import { paceOf, runTicker } from './ticker.ts';

const MINUTE = 60_000;

/** Tickers on one stream, for a while. */
async function ticking(count: number, minutes: number, prepare: (bus: MemoryBus) => void = () => {}) {
  const clock = new VirtualClock({ start: START });
  const bus = new MemoryBus('acme', clock);
  prepare(bus);
  const stop = new AbortController();
  const ends = Array.from({ length: count }, () =>
    runTicker({ bus, clock }, 'digest', { every: 5 * MINUTE }, stop.signal).catch((error: unknown) => error),
  );
  await clock.sleepUntil(START + minutes * MINUTE);
  stop.abort('stop');
  expect(await Promise.all(ends)).toEqual(Array.from({ length: count }, () => 'stop'));
  return bus.stream.messages.map(
    ({ message }) => message.type === 'clock.ticked' && (message.data.due - START) / MINUTE,
  );
}

it('each slot ticks once, however many processes tick', async () => {
  expect(await ticking(3, 21)).toEqual([0, 5, 10, 15, 20]);
});

const calendars = [
  ['0 9 * * 1', '2026-03-04T12:00:00Z', '2026-03-02T09:00:00Z', '2026-03-09T09:00:00Z'],
  ['0 9 * * 1', '2026-03-02T09:00:00Z', '2026-03-02T09:00:00Z', '2026-03-09T09:00:00Z'],
  ['0 9 * * 1', '2026-03-02T08:59:59.999Z', '2026-02-23T09:00:00Z', '2026-03-02T09:00:00Z'],
  ['0 0 29 2 *', '2026-03-02T00:00:00Z', '2024-02-29T00:00:00Z', '2028-02-29T00:00:00Z'],
  ['*/10 * * * * *', '2026-03-02T00:00:09.500Z', '2026-03-02T00:00:00Z', '2026-03-02T00:00:10Z'],
] as const;

it.each(calendars)('the slots of %s around %s begin at %s and %s', (cron, now, latest, next) => {
  const pace = paceOf({ cron });
  const at = Date.parse(now);
  expect([slotAt(pace, at), nextDue(pace, at)]).toEqual([Date.parse(latest), Date.parse(next)]);
  // Asked again, in another order, it says the same.
  expect([nextDue(pace, at), slotAt(pace, at)]).toEqual([Date.parse(next), Date.parse(latest)]);
});

it('a stream that cannot be written is tried again, until the next slot', async () => {
  const ticks = await ticking(1, 11, (bus) => {
    const publish = bus.publish.bind(bus);
    let refusals = 3;
    bus.publish = async (...given) => {
      refusals -= 1;
      if (refusals >= 0) throw new BusFailure('DOWN', 'no stream', 'wait');
      return publish(...given);
    };
  });
  expect(ticks).toEqual([0, 5, 10]);
});

it('a stream that cannot be read for a while ends no schedule', async () => {
  const ticks = await ticking(1, 11, (bus) => {
    const last = bus.last.bind(bus);
    let refusals = 4;
    bus.last = async (subject) => {
      refusals -= 1;
      if (refusals >= 0) throw new BusFailure('DOWN', 'no stream', 'wait');
      return last(subject);
    };
  });
  expect(ticks).toEqual([0, 5, 10]);
});

it('slots missed while nobody ran become one tick', async () => {
  const clock = new VirtualClock({ start: START });
  const bus = new MemoryBus('acme', clock);
  const run = async () => {
    const stop = new AbortController();
    const end = runTicker({ bus, clock }, 'digest', { cron: '*/5 * * * *' }, stop.signal).catch(() => {});
    await clock.sleepUntil(clock.now() + MINUTE);
    stop.abort('stop');
    await end;
  };
  await run();
  await clock.sleepUntil(START + 24 * 60 * MINUTE);
  await run();
  expect(bus.stream.lastSeq).toBe(2);
});
