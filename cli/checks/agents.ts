// The coding command lines that can be hired: whether they are here, which version, and, when asked, whether they answer.

import { spawn } from 'node:child_process';
import { bad, type Check, good, type Machine, versionOf } from './finding.ts';

const LIVE_MS = 120_000;
/** Enough of what it says to tell why it does not work. */
const TAIL = 200;

type Agent = {
  readonly program: string;
  readonly install: string;
  readonly signIn: string;
  /** Asks for one word. */
  readonly ask: readonly string[];
};

const claude: Agent = {
  program: 'claude',
  install: 'npm install -g @anthropic-ai/claude-code',
  signIn: 'claude /login (or set ANTHROPIC_API_KEY)',
  ask: ['-p', 'Answer with the word ready.', '--output-format', 'text'],
};

const codex: Agent = {
  program: 'codex',
  install: 'npm install -g @openai/codex',
  signIn: 'codex login (or set OPENAI_API_KEY)',
  ask: ['exec', '--skip-git-repo-check', '--sandbox', 'read-only', 'Answer with the word ready.'],
};

/** Undefined when it answered; otherwise the last thing it said. Its process is ended at the deadline. */
function whyNot({ program, ask }: Agent, { env, cwd }: Machine): Promise<string | undefined> {
  return new Promise((resolve) => {
    let said = '';
    const child = spawn(program, ask, { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: LIVE_MS });
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => {
      if (code === 0 && said.trim() !== '') return resolve(undefined);
      const how = signal === null ? `exit code ${code}` : `ended after ${LIVE_MS / 1000} s`;
      resolve(`${how}: ${said.trim().slice(-TAIL) || 'it said nothing'}`);
    });
  });
}

function checkAgent(agent: Agent): Check {
  const { program, install, signIn } = agent;
  return async (machine) => {
    const version = await versionOf(program, machine);
    if (version === undefined) {
      return bad(program, `not on the PATH: the engine ${program} cannot be used`, install, false);
    }
    if (!machine.live) return good(program, `${version}; --live asks it one question`, false);
    const reason = await whyNot(agent, machine);
    return reason === undefined ? good(program, `${version}, answers`, false) : bad(program, reason, signIn, false);
  };
}

export const checkClaude = checkAgent(claude);
export const checkCodex = checkAgent(codex);
