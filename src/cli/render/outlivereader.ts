/**
 * Whoever reads us may stop (`| head`): that is no failure, and the exit code stays that of the answer. The command goes on:
 * what it changes it must not leave half done.
 */
export function outliveReader(out: NodeJS.WritableStream): void {
  out.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
