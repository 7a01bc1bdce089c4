/** A report in the form that CI systems read (the JUnit XML that Jenkins and Ant agreed on). */
export interface JunitSuite {
  readonly name: string;
  readonly cases: readonly JunitCase[];
}

export interface JunitCase {
  readonly name: string;
  /** What groups cases in reports: a cluster, a file. Default: the suite's name. */
  readonly classname?: string;
  /** Default: 0. */
  readonly seconds?: number;
  readonly place?: { readonly file: string; readonly line: number };
  readonly outcome: JunitOutcome;
}

export type JunitOutcome =
  | { readonly is: 'passed' }
  /** `failed`: the answer is not the wanted one. `error`: there was no answer. `text` may have several lines. */
  | { readonly is: 'failed' | 'error'; readonly message: string; readonly text?: string }
  | { readonly is: 'skipped'; readonly message: string };

/** The whole document. Whatever the names hold, it is well-formed XML 1.0; suites and cases keep their order. */
export function junitXml(suites: readonly JunitSuite[]): string {
  const all = suites.flatMap(({ cases }) => cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="entryway"${countsOf(all)}>`,
    ...suites.flatMap(({ name, cases }) => [
      `  <testsuite${attribute('name', name)}${countsOf(cases)}>`,
      ...cases.flatMap((one) => caseLines(one, name)),
      '  </testsuite>',
    ]),
    '</testsuites>',
    '',
  ].join('\n');
}

function caseLines(
  { name, classname, seconds = 0, place, outcome }: JunitCase,
  suite: string,
): readonly string[] {
  const head = [
    `    <testcase${attribute('name', name)}${attribute('classname', classname ?? suite)}`,
    attribute('time', seconds.toFixed(3)),
    place === undefined ? '' : `${attribute('file', place.file)}${attribute('line', String(place.line))}`,
  ].join('');
  switch (outcome.is) {
    case 'passed':
      return [`${head}/>`];
    case 'skipped':
      return [`${head}>`, `      <skipped${attribute('message', outcome.message)}/>`, '    </testcase>'];
    case 'failed':
    case 'error': {
      const element = outcome.is === 'failed' ? 'failure' : 'error';
      const { message, text = message } = outcome;
      const body = `${attribute('message', message)} type="${outcome.is}">${escapedText(text)}</${element}>`;
      return [`${head}>`, `      <${element}${body}`, '    </testcase>'];
    }
    default:
      return outcome satisfies never;
  }
}

function countsOf(cases: readonly JunitCase[]): string {
  const count = (is: JunitOutcome['is']): number => cases.filter(({ outcome }) => outcome.is === is).length;
  const seconds = cases.reduce((sum, one) => sum + (one.seconds ?? 0), 0);
  return (
    ` tests="${cases.length}" failures="${count('failed')}" errors="${count('error')}"` +
    ` skipped="${count('skipped')}" time="${seconds.toFixed(3)}"`
  );
}

function attribute(name: string, value: string): string {
  return ` ${name}="${escapedText(value).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/**
 * SECURITY: XML 1.0 has no form at all for most control characters, so that one in a name would make the report
 * unreadable and its failures unseen; those and the invisible ones that turn text around are written out as `\u001b`.
 */
function escapedText(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]/gu, (character) =>
      character === '\n' || character === '\t'
        ? character
        : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
    )
    .replace(/[&<>"]/g, (character) => entities[character] ?? '');
}
