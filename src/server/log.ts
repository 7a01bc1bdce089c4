import { pino } from 'pino';
import type { LogFormat, LogLevel } from './config.ts';

/** Fields are an allow-list by construction: call sites name each one; requests and headers are never logged whole. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Log lines go to standard error: standard output belongs to what a command answers. */
export function createLog(options: { readonly level: LogLevel; readonly format: LogFormat }): Log {
  const destination = {
    write(line: string): void {
      process.stderr.write(options.format === 'json' ? line : textLine(line));
    },
  };
  return pino({ level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

const levelNames: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
};

function textLine(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const details = Object.entries(fields).map(([key, value]) => ` ${key}=${quoted(fieldText(value))}`);
  return `${time} ${levelNames[Number(level)] ?? level} ${String(msg)}${details.join('')}\n`;
}

/** pino turns an error into `{ type, message, stack }`. */
function fieldText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return 'stack' in value ? String(value.stack) : JSON.stringify(value);
}

/** Values may come from outside: they must not be able to start a line, or a field, of their own. */
function quoted(text: string): string {
  return /^[\x21\x23-\x7e]+$/.test(text) ? text : JSON.stringify(text);
}
