// Everything that `headcount doctor` looks at. A new check is one function in cli/checks/ and one line in this table.

import { reasonOf } from '../bus/errors.ts';
import { checkCommandLines } from './checks/command-lines.ts';
import { bad, type Check, type Finding, type Machine } from './checks/finding.ts';
import { checkKnowledge } from './checks/knowledge.ts';
import {
  checkCache,
  checkChromium,
  checkClock,
  checkGit,
  checkNode,
  checkPorts,
  checkPython,
  checkSpace,
  checkUser,
  checkWorkspace,
} from './checks/machine.ts';
import { checkOrg } from './checks/org.ts';
import { checkProviders } from './checks/providers.ts';
import { checkSandbox } from './checks/sandbox.ts';
import { checkNats } from './checks/stream.ts';
import { checkWeb } from './checks/web.ts';

/** In the order in which they are shown; what the others need comes first. */
const checks: readonly (readonly [name: string, check: Check])[] = [
  ['node', checkNode],
  ['user', checkUser],
  ['clock', checkClock],
  ['git', checkGit],
  ['nats-server', checkNats],
  ['bubblewrap', checkSandbox],
  ['workspace', checkWorkspace],
  ['cache', checkCache],
  ['disk', checkSpace],
  ['ports', checkPorts],
  ['python3', checkPython],
  ['chromium', checkChromium],
  ['org', checkOrg],
  ['models', checkProviders],
  ['command lines', checkCommandLines],
  ['web', checkWeb],
  ['knowledge', checkKnowledge],
];

/** Runs every check; one that fails unexpectedly is a finding, not an error. */
export async function examineMachine(machine: Machine): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [name, check] of checks) {
    try {
      findings.push(...[await check(machine)].flat());
    } catch (error) {
      findings.push(bad(name, reasonOf(error), 'headcount doctor --verbose'));
    }
  }
  return findings;
}
