import { type Command, Option } from 'commander';

/** Adds the options of every command that talks to a running server: `ConnectionOptions`. */
export function connectionOptions(command: Command): Command {
  return command.addOption(dataOption()).addOption(readyFileOption());
}

export function dataOption(): Option {
  return new Option('--data <directory>', 'data directory (default: $ENTRYWAY_DATA, else ~/.entryway)');
}

export function readyFileOption(): Option {
  return new Option(
    '--ready-file <file>',
    'find the server by the file it wrote instead of its data directory',
  );
}
