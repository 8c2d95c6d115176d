import { describe, expect, test } from 'vitest';
import { placeOf, placesOf, stranded, walk } from '../tests/walk.ts';
import { buildCompanyMachine, type CompanyCommand, type CompanyEvent } from './company.ts';

const by = { by: 'operator', reason: 'asked to' };
const events: CompanyEvent[] = [
  { type: 'START', ...by },
  { type: 'STARTED' },
  { type: 'PAUSE', ...by },
  { type: 'RESUME', ...by },
  { type: 'DRAIN', ...by },
  { type: 'DRAINED' },
  { type: 'FAILED', reason: 'no stream' },
  { type: 'STOP', ...by },
];

const machine = buildCompanyMachine();
type Snapshot = Parameters<Parameters<typeof walk<typeof machine>>[1]['key']>[0];
const keyOf = ({ value, context }: Snapshot) => JSON.stringify([value, context.held]);
const { situations, edges } = walk(machine, { events: () => events, key: keyOf });

const nameOf = (command: CompanyCommand) => (command.type === 'announce' ? `announce ${command.state}` : command.type);

const entering: Record<string, string[]> = {
  starting: ['announce starting', 'openConsumers'],
  running: ['takeWork', 'announce running'],
  paused: ['takeNothingNew', 'announce paused'],
  draining: ['takeNothingNew', 'announce draining', 'finishWork'],
};
const atOnce = ['takeNothingNew', 'closeConsumers', 'endChildren', 'announce stopped'];
const afterDraining = ['endChildren', 'announce stopped'];

/** state -> event -> state: everything that may happen, and nothing else. */
const table: Record<string, Record<string, string>> = {
  stopped: { START: 'starting' },
  starting: {
    STARTED: 'running',
    PAUSE: 'starting',
    RESUME: 'starting',
    DRAIN: 'draining',
    FAILED: 'stopped',
    STOP: 'stopped',
  },
  running: { PAUSE: 'paused', DRAIN: 'draining', FAILED: 'stopped', STOP: 'stopped' },
  paused: { RESUME: 'running', DRAIN: 'draining', FAILED: 'stopped', STOP: 'stopped' },
  draining: { DRAINED: 'stopped', DRAIN: 'stopped', FAILED: 'stopped', STOP: 'stopped' },
};

describe('a company', () => {
  test('reaches every state, and can always be stopped', () => {
    expect([...new Set(situations.map(placeOf))].sort()).toEqual(placesOf(machine).sort());
    expect(stranded(edges, keyOf, (snapshot) => snapshot.value === 'stopped')).toEqual([]);
  });

  test('moves as the table says, and only so', () => {
    for (const { from, event, to, heard } of edges) {
      const label = `${placeOf(from)} ${event.type}`;
      let expected = table[placeOf(from)]?.[event.type];
      if (event.type === 'STARTED' && expected && from.context.held) expected = 'paused';
      expect(heard, label).toBe(expected !== undefined);
      expect(placeOf(to), label).toBe(expected ?? placeOf(from));
    }
  });

  test('asks for exactly what the new state needs', () => {
    for (const { from, event, to, commands } of edges) {
      const moved = from.value !== to.value;
      const stopping = event.type === 'DRAINED' ? afterDraining : atOnce;
      const expected = !moved ? [] : to.value === 'stopped' ? stopping : entering[placeOf(to)];
      expect(commands.map(nameOf), `${placeOf(from)} ${event.type}`).toEqual(expected);
    }
  });

  test('never takes work while it is not running', () => {
    for (const { commands, to } of edges) {
      if (commands.some(({ type }) => type === 'takeWork')) expect(to.value).toBe('running');
    }
  });

  test('drained twice stops at once', () => {
    const second = edges.find(({ from, event }) => from.value === 'draining' && event.type === 'DRAIN');
    expect(second?.to.value).toBe('stopped');
    expect(second?.commands.map(nameOf)).toEqual(atOnce);
  });

  test('paused while it starts opens and takes nothing', () => {
    const held = edges.find(({ from, event }) => from.context.held && event.type === 'STARTED');
    expect(held?.to.value).toBe('paused');
    expect(held?.commands.map(nameOf)).not.toContain('takeWork');
  });

  test('announces who switched it and why', () => {
    for (const { from, event, to, commands } of edges) {
      if (from.value === to.value) continue;
      const announced = commands.find((command) => command.type === 'announce');
      if ('by' in event) expect(announced).toMatchObject(by);
      if (event.type === 'FAILED') expect(announced).toMatchObject({ by: 'supervisor', reason: 'no stream' });
    }
  });
});
