#!/usr/bin/env node
// The launcher. It must start on Node 20, so it is plain JavaScript and imports nothing of ours statically.
// In a clone it runs the TypeScript sources under the pinned Node; in an installed package it runs dist/.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const neededMajor = 24;
const root = new URL('..', import.meta.url);
const source = fileURLToPath(new URL('src/cli/main.ts', root));
const built = fileURLToPath(new URL('dist/cli/main.js', root));
const pinnedNode = fileURLToPath(
  new URL(
    process.platform === 'win32' ? 'node_modules/node/bin/node.exe' : 'node_modules/node/bin/node',
    root,
  ),
);
const isClone = existsSync(source);
const runsHere = Number(process.versions.node.split('.')[0]) >= neededMajor;

if (runsHere) {
  // SECURITY: not the shared temporary directory Node would choose, where others could plant compiled code.
  nodeModule.enableCompileCache?.(
    join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'entryway', 'compiled'),
  );
  await import(pathToFileURL(isClone ? source : built).href);
} else if (isClone && existsSync(pinnedNode)) {
  const child = spawn(pinnedNode, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  // The terminal sends SIGINT to the whole group; SIGTERM and SIGHUP reach only this process.
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => {});
  child.on('error', (error) => {
    process.stderr.write(`entryway: the pinned Node could not be started: ${error.message}\n`);
    process.exit(3);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 3);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
} else {
  process.stderr.write(
    `entryway: Node.js ${neededMajor} or newer is needed, this is ${process.version}\n` +
      (isClone
        ? 'hint: run `npm ci` in this folder; it brings the pinned Node\n'
        : `hint: install Node.js ${neededMajor} or newer, then start entryway with it\n`),
  );
  process.exit(2);
}
