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

/** Whom a command acts as instead of the first account's root: `IdentityOptions`. */
export function roleOption(): Option {
  return new Option('--role <arn>', 'be this role').conflicts('user');
}

export function userOption(): Option {
  return new Option('--user <name>', 'be this IAM user of the first account');
}
