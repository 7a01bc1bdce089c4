/**
 * The names in `eks.amazonaws.com/skip-containers`: the first record of a CSV text as Go's encoding/csv reads it, spaces
 * included. Undefined for a text it does not read, and for one without a record: no container is left out then.
 */
export function parseSkippedContainers(annotation: string): readonly string[] | undefined {
  const csv = annotation.replaceAll('\r\n', '\n').replace(/\r$/, '').replace(/^\n+/, '');
  if (csv === '') return undefined;
  const names: string[] = [];
  let at = 0;
  for (;;) {
    const field = csv[at] === '"' ? quotedField(csv, at + 1) : bareField(csv, at);
    if (field === undefined) return undefined;
    names.push(field.name);
    if (csv[field.end] !== ',') return names;
    at = field.end + 1;
  }
}

interface Field {
  readonly name: string;
  /** Of the comma, the line break or the end behind it. */
  readonly end: number;
}

function bareField(csv: string, start: number): Field | undefined {
  let end = start;
  while (end < csv.length && csv[end] !== ',' && csv[end] !== '\n') end += 1;
  const name = csv.slice(start, end);
  return name.includes('"') ? undefined : { name, end };
}

/** `start` is behind the quote. Two quotes stand for one. */
function quotedField(csv: string, start: number): Field | undefined {
  let name = '';
  for (let at = start; at < csv.length; at += 1) {
    if (csv[at] !== '"') name += csv[at];
    else if (csv[at + 1] === '"') {
      name += '"';
      at += 1;
    } else {
      const end = at + 1;
      return end === csv.length || csv[end] === ',' || csv[end] === '\n' ? { name, end } : undefined;
    }
  }
  return undefined;
}
