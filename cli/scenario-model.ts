// Who answers in a scenario: its script. It is asked directly, through the routing of the org chart, or over HTTP as well.

import { type ModelWorld, type Thinking, wiredThinking } from '../actors/routed-thinking.ts';
import { openMockWires } from '../brain/models/mock-wire.ts';
import { ScriptedModel } from '../brain/models/scripted.ts';
import { scriptedWires } from '../brain/models/scripted-wire.ts';
import type { Clock } from '../bus/clock.ts';
import type { Scenario } from '../scenarios/schema.ts';

export type ScenarioModel = {
  readonly thinking: (world: ModelWorld) => Thinking;
  /** Ends the server that it was asked through, if there is one. */
  close(): Promise<void>;
};

/**
 * Opens the model of a scenario.
 * @param seed instead of the scenario's own
 * Throws MockMissing.
 */
export async function openScenarioModel(
  { answers, given, faults }: Scenario,
  clock: Clock,
  seed: number | undefined,
): Promise<ScenarioModel> {
  const model = new ScriptedModel({ answers, clock, seed: seed ?? given.seed, jitter: given.jitter });
  const outages = faults.flatMap(({ provider }) => (provider ? [provider] : []));
  const close = async () => {};
  switch (given.wire) {
    case undefined:
      return { thinking: () => ({ model }), close };
    case 'scripted': {
      const { before, wire } = scriptedWires(() => model, outages, clock);
      const wires = { before, open: async ({ name }: { name: string }) => wire(name), isFor: () => true };
      return { thinking: (world) => wiredThinking(wires, world), close };
    }
    case 'anthropic': {
      const mock = await openMockWires(model, outages, clock);
      const wires = { ...mock, isFor: ({ kind }: { kind: string }) => kind === 'anthropic' };
      return { thinking: (world) => wiredThinking(wires, world), close: () => mock.close() };
    }
  }
}
