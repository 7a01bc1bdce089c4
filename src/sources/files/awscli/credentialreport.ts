import { parseArn } from '../../../engine/arn/arn.ts';
import type { Findings } from '../facts.ts';
import type { FileDocument } from '../text/documents.ts';

/** Twenty times as many users as an account may have (iam-facts). */
const mostLines = 100_000;
const columns = 'user,arn,user_creation_time,';

/** Whether a text is a credential report of IAM (iam-facts J27): `get-credential-report`, decoded. */
export function isCredentialReport(text: string): boolean {
  return text.startsWith(columns);
}

/** Who has a password, MFA and keys, and when each was used last. The report does not tell ids of keys. */
export function readCredentialReport(
  text: string,
  placeOf: FileDocument['placeOf'],
  findings: Findings,
): void {
  const [header = '', ...lines] = text.split(/\r?\n/, mostLines);
  const names = header.split(',');
  if (lines.length + 1 === mostLines) {
    const reason = `only the first ${mostLines} lines of this report are read`;
    findings.gap({ area: 'iam', reason, place: { ...placeOf(), line: mostLines, column: 1 } });
  }
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    const place = { ...placeOf(), line: index + 2, column: 1 };
    const cells = line.split(',');
    const cell = (name: string): string => cells[names.indexOf(name)] ?? '';
    // What a report was cut down to says nothing of the columns it lacks.
    const has = (...columns: readonly string[]): boolean => columns.every((column) => names.includes(column));
    const hasKeys = ['active', 'last_rotated'].every((column) =>
      has(`access_key_1_${column}`, `access_key_2_${column}`),
    );
    if (cells.length !== names.length) {
      findings.gap({ area: 'iam', reason: 'this line has another number of columns: it is left out', place });
      continue;
    }
    const arn = cell('arn');
    if (parseArn(arn)?.service !== 'iam') {
      findings.gap({ area: 'iam', reason: 'this line has no ARN of IAM: it is left out', place });
      continue;
    }
    const accessKeys = ([1, 2] as const).flatMap((number) => {
      const status = cell(`access_key_${number}_active`) === 'true' ? 'Active' : 'Inactive';
      const createdAt = timeOf(cell(`access_key_${number}_last_rotated`));
      const lastUsedAt = timeOf(cell(`access_key_${number}_last_used_date`));
      if (status === 'Inactive' && createdAt === undefined) return [];
      return [
        {
          ...({ accessKeyId: `key ${number}`, status } as const),
          ...(createdAt !== undefined && { createdAt }),
          ...(lastUsedAt !== undefined && { lastUsedAt }),
        },
      ];
    });
    const hasMfa = cell('mfa_active') === 'true';
    if (cell('user') === '<root_account>') {
      const active = accessKeys.filter(({ status }) => status === 'Active').length;
      const accountId = arn.split(':')[4] ?? '';
      if (!hasKeys || !has('mfa_active')) continue;
      findings.add({ fact: 'root', accountId, root: { accessKeys: active, mfa: hasMfa }, place });
      continue;
    }
    findings.add({
      ...{ fact: 'principal', kind: 'user', arn, isPart: true },
      told: {
        ...(has('password_enabled') && { hasPassword: cell('password_enabled') === 'true' }),
        ...(has('mfa_active') && { mfaDevices: hasMfa ? 1 : 0 }),
        ...(hasKeys && { accessKeys }),
      },
      place,
    });
  }
}

function timeOf(text: string): number | undefined {
  const time = /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
