const placeholder = /\{\{[A-Za-z0-9]+\}\}/;
const key = '{{AccessKeyID}}';

/**
 * Whether a binding names what the template is for somebody's access key. Nobody asks for each key who one is
 * (`world/sessions.ts`), so that without looking here such a right would get lost unseen.
 */
export function isBoundByKey(template: string, names: ReadonlySet<string>): boolean {
  if (!template.includes(key)) return false;
  const pieces = template.split(placeholder);
  return [...names].some((name) => fits(name, pieces));
}

/** Whether the pieces stand in the name one behind the other, the first at its start and the last at its end. */
function fits(name: string, pieces: readonly string[]): boolean {
  const [first = '', last = ''] = [pieces[0], pieces.at(-1)];
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  let from = first.length;
  for (const piece of pieces.slice(1)) {
    // Between two of them stands at least one character.
    const at = name.indexOf(piece, from + 1);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return true;
}
