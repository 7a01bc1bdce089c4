import { CommanderError } from 'commander';
import { describeFailure, exitCodes } from './failure.ts';
import { createProgram } from './program.ts';
import { outliveReader } from './render/outlivereader.ts';

outliveReader(process.stdout);
outliveReader(process.stderr);

try {
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed what was wrong, or the help that was asked for.
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.misuse;
  } else {
    const { text, exitCode } = describeFailure(error);
    process.stderr.write(text);
    process.exitCode = exitCode;
  }
}
