const form = /^v([0-9]+)(?:(alpha|beta)([0-9]+))?$/;
const levels: readonly (string | undefined)[] = [undefined, 'beta', 'alpha'];

/**
 * The order of API versions in discovery, the preferred one first: stable ones before beta before alpha, later ones before
 * earlier ones, and names of another form after all of those by their letters.
 */
export function compareVersions(left: string, right: string): number {
  const [one, other] = [form.exec(left), form.exec(right)];
  if (one === null || other === null) {
    if (one !== null || other !== null) return one === null ? 1 : -1;
    return left < right ? -1 : left > right ? 1 : 0;
  }
  return (
    levels.indexOf(one[2]) - levels.indexOf(other[2]) ||
    Number(other[1]) - Number(one[1]) ||
    Number(other[3] ?? 0) - Number(one[3] ?? 0)
  );
}
