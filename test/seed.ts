/** What every run uses unless told otherwise, so that `npm test` says of one commit the same twice. */
const usualSeed = 20_261_121;

/**
 * The seed of generated cases: `ENTRYWAY_SEED`, a number or `clock` for one that nobody had before. Campaigns take the
 * clock; a test prints the seed with what fails, and that number repeats it.
 */
export function seedOfRun(): number {
  const given = process.env.ENTRYWAY_SEED;
  if (given === undefined || given === '') return usualSeed;
  return given === 'clock' ? Date.now() % 2 ** 31 : Number.parseInt(given, 10);
}
