import { commandLine } from './shell.ts';

/**
 * A command line of the AWS CLI. Options that are undefined are left out; the order is the one they are given in, an empty list is `[]`.
 *
 * SECURITY: the CLI reads a file, or asks a URL, where a value looks like one, takes what begins with a dash for an option and
 * what begins with a bracket for JSON. A name that looks like that is handed over inside JSON, where it is a text.
 */
export function awsCommand(
  service: string,
  operation: string,
  options: Readonly<Record<string, string | readonly string[] | undefined>>,
): string {
  const words: string[] = [];
  const inJson: Record<string, string | readonly string[]> = {};
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (option !== 'region' && [value].flat().some(isRead)) inJson[camelCase(option)] = value;
    else if (value.length === 0) words.push(`--${option}`, '[]');
    else words.push(`--${option}`, ...[value].flat());
  }
  const json = Object.keys(inJson).length === 0 ? [] : ['--cli-input-json', JSON.stringify(inJson)];
  return commandLine(['aws', service, ...operation.split(' '), ...words, ...json]);
}

function isRead(value: string): boolean {
  return value === '' || /^(?:-|\[|fileb?:|https?:)/i.test(value);
}

function camelCase(option: string): string {
  return option.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
