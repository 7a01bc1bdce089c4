/**
 * Milliseconds of processor time that this thread has spent since: what a bound on work is held to, because the clock on
 * the wall also tells how busy the machine is.
 */
export function processorTimer(): () => number {
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000;
  };
}
