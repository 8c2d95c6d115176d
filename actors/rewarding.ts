// The reward chart, asked about finished tasks: the score and its ledger, the band, and what the agent is told.

import { type Actor, createActor } from 'xstate';
import { citationOf } from '../brain/knowledge/passage.ts';
import type { Task } from '../bus/records.ts';
import type { ScoreLedger } from '../bus/scores.ts';
import type { RewardPolicy } from '../machines/policy.ts';
import { buildRewardMachine, type RewardCommand, type RewardMachine } from '../machines/reward.ts';
import type { Agent } from './agent.ts';
import type { Reward } from './memory.ts';
import type { Ports } from './ports.ts';

type Rewarding = {
  readonly policy: RewardPolicy;
  readonly actor: Actor<RewardMachine>;
  readonly commands: RewardCommand[];
};

/** Each agent's reward actor. Making one costs more than a score, and a task has one agent at a time. */
const rewarding = new WeakMap<Agent, Rewarding>();
const machines = new WeakMap<RewardPolicy, RewardMachine>();

function rewardMachine(policy: RewardPolicy): RewardMachine {
  const known = machines.get(policy);
  if (known) return known;
  const machine = buildRewardMachine(policy);
  machines.set(policy, machine);
  return machine;
}

function rewardActor({ inspect, org }: Ports, agent: Agent): Rewarding {
  const policy = org().reward;
  const known = rewarding.get(agent);
  if (known?.policy === policy && known.actor.getSnapshot().status === 'active') return known;
  known?.actor.stop();
  const actor = createActor(rewardMachine(policy), { id: `reward-${agent.name}`, ...(inspect ? { inspect } : {}) });
  const commands: RewardCommand[] = [];
  actor.on('*', (command) => void commands.push(command));
  actor.start();
  const made = { policy, actor, commands };
  rewarding.set(agent, made);
  return made;
}

/**
 * Runs the reward chart over a finished task: its score, and what its agent is to remember.
 * @param ledger of its score, as it is recorded with the task
 */
export async function rewarded(ports: Ports, agent: Agent, task: Task, ledger: ScoreLedger): Promise<Reward> {
  const { actor, commands } = rewardActor(ports, agent);
  // An earlier task may have been let go between its score and its end.
  if (actor.getSnapshot().matches('banded')) actor.send({ type: 'APPLIED' });
  commands.length = 0;
  const signals = Object.fromEntries(ledger.rows.map(({ signal, value }) => [signal, value]));
  const error = task.failures.at(-1)?.reason;
  actor.send({ type: 'SCORE', finished: { task: task.id, title: task.title, signals, error } });
  let reward: Reward | undefined;
  for (let command = commands.shift(); command; command = commands.shift()) {
    if (command.type === 'learn') {
      const { passages } = await ports.knowledge.search(command.question);
      // A lesson is told to its agent as our own word: what gives orders is none.
      const found = passages.find(({ orders }) => !orders);
      if (found) actor.send({ type: 'LEARNED', text: `${citationOf(found)}: ${found.text.slice(0, 300)}` });
    } else if (command.list === 'patterns') {
      if (reward) reward = { ...reward, pattern: command.text };
    } else {
      const { list, task: id, score, band, text } = command;
      reward = { list, task: id, score, band, text };
    }
  }
  actor.send({ type: 'APPLIED' });
  if (!reward) throw new Error(`the reward chart said nothing of ${task.id}`);
  return reward;
}
