import { randomBytes, randomFillSync } from 'node:crypto';

const pool = new Uint8Array(4096);
let taken = pool.length;

/**
 * Random bytes as `randomBytes` makes them. A session takes three handfuls of some bytes, and each trip to the generator
 * costs more than the bytes: they are drawn by the page.
 *
 * SECURITY: no byte is given out twice, and what was given out does not stay here.
 */
export function drawRandomBytes(length: number): Uint8Array {
  if (length > pool.length) return randomBytes(length);
  if (taken + length > pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  const drawn = pool.slice(taken, taken + length);
  pool.fill(0, taken, taken + length);
  taken += length;
  return drawn;
}
