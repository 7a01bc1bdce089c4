import Table from 'cli-table3';

export interface Column {
  readonly title: string;
  /** Longest width in characters; longer cells wrap. */
  readonly width?: number;
}

/** A plain table: no boxes, so that it can be copied and searched. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, i) =>
    Math.min(
      column.width ?? 200,
      Math.max(column.title.length, ...rows.map((row) => longestLine(row[i] ?? ''))) + 2,
    ),
  );
  const table = new Table({
    head: columns.map((column) => column.title.toUpperCase()),
    colWidths: widths,
    wordWrap: true,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: Object.fromEntries(
      ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
        .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
        .map((name) => [name, '']),
    ),
  });
  table.push(...rows.map((row) => [...row]));
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}

function longestLine(cell: string): number {
  return Math.max(...cell.split('\n').map((line) => line.length));
}
