import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { addSwitch } from './pause.ts';

export function register(program: Command, context: CliContext): void {
  addSwitch(program, context, 'resume', 'Let a paused company take work again.');
}
