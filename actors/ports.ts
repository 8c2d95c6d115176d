// What the actors are given. Nothing below this line of the program reads the environment, the wall clock or chance.

import type { InspectionEvent } from 'xstate';
import type { Knowledge } from '../brain/knowledge/passage.ts';
import type { CompanyBrain } from '../brain/memory/company.ts';
import type { Episodes } from '../brain/memory/episodic.ts';
import type { Model } from '../brain/models/model.ts';
import type { Bus } from '../bus/bus.ts';
import type { Clock, Turn } from '../bus/clock.ts';
import type { Org, Role } from '../org/org.ts';
import type { Secrets } from '../tools/policy/secrets.ts';
import type { Tools } from '../tools/tools.ts';
import type { Board } from './board.ts';
import type { Duty } from './duty.ts';
import type { Money } from './money/desk.ts';

/** Where a scenario puts its faults: called before each step runs; throwing is the fault. */
export type StepHook = (
  at: { readonly agent: string; readonly task: string; readonly attempt: number; readonly step: string },
  turn: Turn,
) => Promise<void>;

/** Whether models can be asked. */
export interface ModelReach {
  /** How many questions of a role may be begun now: none, one (a probe), or any number. */
  room(role: Pick<Role, 'tier'>): number;
  /** Calls `listener` when that may have changed. Returns a function that ends it. */
  onChange(listener: () => void): () => void;
  /** Ends what waits for a provider. */
  close(): void;
}

export type Ports = {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly model: Model;
  /** Looked at before work is taken; undefined: the model can be asked always. */
  readonly reach?: ModelReach | undefined;
  /** Whatever costs something goes through here. */
  readonly money: Money;
  readonly tools: Tools;
  /** What must never be sent, written or said. */
  readonly secrets: Secrets;
  readonly knowledge: Knowledge;
  readonly duties: ReadonlyMap<string, Duty>;
  /** The org chart in force; a function, so that a change takes effect. */
  readonly org: () => Org;
  readonly board: Board;
  readonly company: CompanyBrain;
  readonly episodes: Pick<Episodes, 'day'>;
  /** One line for the operator's log. */
  readonly log: (level: 'info' | 'warn' | 'error', line: string, detail?: Record<string, unknown>) => void;
  readonly atStep?: StepHook | undefined;
  readonly inspect?: ((event: InspectionEvent) => void) | undefined;
};
