/** Header lines in order of arrival. HTTP/2's own (`:path`, …) are left out. */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

/**
 * Reads node's `rawHeaders`. Not `headers`: node joins repeated lines there, and kubectl sends one Impersonate-Group
 * line for each group (kubernetes-facts A18).
 */
export function headerLines(rawHeaders: readonly string[]): HeaderLines {
  const lines: [string, string][] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase();
    if (!name.startsWith(':')) lines.push([name, rawHeaders[index + 1] as string]);
  }
  return lines;
}

/** The first line of that lower-case name; undefined when there is none. */
export function header(lines: HeaderLines, name: string): string | undefined {
  return lines.find(([key]) => key === name)?.[1];
}
