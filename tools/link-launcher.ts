// Makes `npx entryway` work in a clone: npm links the bins of dependencies, but not the project's own.
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

const binaries = resolve(import.meta.dirname, '../node_modules/.bin');
const link = join(binaries, 'entryway');
mkdirSync(binaries, { recursive: true });
rmSync(link, { force: true });
symlinkSync('../../bin/entryway.js', link);
