import type { Command } from 'commander';
import { CommandError } from '../failure.ts';

/**
 * Refuses options that mean nothing without another one. `options` and `needed` are attribute names. An option that is passed
 * over without a word answers about something else than was asked, or leaves undone what was wanted.
 */
export function onlyWith(command: Command, needed: string, options: readonly string[]): Command {
  return command.hook('preAction', (_, action) => {
    const given = action.opts();
    const stray = options.find((name) => given[name] !== undefined);
    if (stray === undefined || given[needed] !== undefined) return;
    const [flag, other] = [stray, needed].map((name) => flagOf(action, name));
    throw new CommandError('misuse', `${flag} goes with ${other}`, `add ${other}, or leave out ${flag}`);
  });
}

function flagOf({ options }: Command, name: string): string {
  return options.find((option) => option.attributeName() === name)?.long ?? name;
}
