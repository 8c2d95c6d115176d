import { WorkFailure } from '../duty.ts';
import { blocked } from './blockers.ts';
import type { Engine } from './engine.ts';

/** A command line as an employee. */
export function commandLine(name: 'claude' | 'codex'): Engine {
  return async () => {
    throw new WorkFailure(blocked('agent_unavailable', `the command line ${name} is not there`));
  };
}
