import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { LoadTarget } from '../load.ts';
import { stop } from '../serverprocess.ts';

/** Node's own server in a process of its own (`bareserver.ts`): the floor under every request over HTTPS. */
export async function startBareServer(): Promise<{ readonly target: LoadTarget; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, 'bareserver.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { port, ca } = JSON.parse(line) as { readonly port: number; readonly ca: string };
    return { target: { host: '127.0.0.1', port, ca }, stop: () => stop(child) };
  }
  throw new Error('the bare server did not start');
}
