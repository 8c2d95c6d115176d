import type { EngineName } from '../../org/org.ts';
import { answerEngine } from './answer.ts';
import { commandLine } from './command-line.ts';
import type { Engine } from './engine.ts';
import { loopEngine } from './loop.ts';

/** Every engine by its name, as org.yaml names it. */
export const engines: Readonly<Record<EngineName, Engine>> = {
  answer: answerEngine,
  loop: loopEngine,
  claude: commandLine('claude'),
  codex: commandLine('codex'),
};
