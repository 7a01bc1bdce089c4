import { rmSync } from 'node:fs';
import { ConfigError } from './config.ts';
import { writePrivateFile } from './datadirectory.ts';

/**
 * What a server says about itself once everything listens. The same content goes to `--ready-file` and to
 * `server.json` in the data directory; it holds the root key, hence 0600.
 */
export interface ReadyFile {
  /** `http://127.0.0.1:4700` */
  readonly awsEndpoint: string;
  /** `https://127.0.0.1:4743`; a cluster's own endpoint is what DescribeCluster says. */
  readonly kubernetesEndpoint: string;
  /** `https://HOST:PORT` of the webhooks; absent without `--webhook-listen`. */
  readonly webhookEndpoint?: string;
  readonly caFile: string;
  readonly accountId: string;
  readonly region: string;
  /** Access key of the first account's root; absent when an operator has deleted or deactivated all of them. */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly dataDir: string;
  readonly pid: number;
}

/** Throws ConfigError when the file cannot be written: where it goes is the operator's choice. */
export function writeReadyFile(path: string, content: ReadyFile): void {
  try {
    writePrivateFile(path, `${JSON.stringify(content, undefined, 2)}\n`);
  } catch (error) {
    throw new ConfigError(`ready file \`${path}\` cannot be written: ${(error as Error).message}`);
  }
}

/** Takes away what an earlier server wrote, so that whoever waits for the file never reads of that one. */
export function removeReadyFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    throw new ConfigError(`ready file \`${path}\` cannot be replaced: ${(error as Error).message}`);
  }
}
