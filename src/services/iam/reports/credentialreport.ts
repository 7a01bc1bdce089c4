import type { GenerateCredentialReportResponse, GetCredentialReportResponse } from '@aws-sdk/client-iam';
import type {
  AccessKeyRecord,
  AccountRecord,
  CredentialReportRecord,
  UserRecord,
} from '../../../storage/records/iam.ts';
import { accessKeyKey, accountKey, credentialReportKey, usersPrefix } from '../../../storage/records/keys.ts';
import { AwsError } from '../../../wire/protocols/errors.ts';
import { defineOperation, type Operations } from '../../operation.ts';
import { rootArn, userArn } from '../arns.ts';
import type { IamDependencies } from '../dependencies.ts';
import { atomically, put, readRecord } from '../records.ts';
import { allRecords } from './allrecords.ts';

/** A report is good for so long, and no new one is made meanwhile (iam-facts J21). */
const lifetimeMs = 4 * 60 * 60 * 1000;

/** In this order (iam-facts J21). */
const columns = [
  'user',
  'arn',
  'user_creation_time',
  'password_enabled',
  'password_last_used',
  'password_last_changed',
  'password_next_rotation',
  'mfa_active',
  'access_key_1_active',
  'access_key_1_last_rotated',
  'access_key_1_last_used_date',
  'access_key_1_last_used_region',
  'access_key_1_last_used_service',
  'access_key_2_active',
  'access_key_2_last_rotated',
  'access_key_2_last_used_date',
  'access_key_2_last_used_region',
  'access_key_2_last_used_service',
  'cert_1_active',
  'cert_1_last_rotated',
  'cert_2_active',
  'cert_2_last_rotated',
];

/** `GenerateCredentialReport` and `GetCredentialReport`: every user's credentials and their use, as CSV. */
export function createCredentialReportOperations(dependencies: IamDependencies): Operations {
  const { storage, usage, partition } = dependencies;
  const target = (action: string) => () => ({ action: `iam:${action}`, resources: ['*'] });

  const keyColumns = async (accessKeyId: string | undefined): Promise<readonly string[]> => {
    const key =
      accessKeyId === undefined
        ? undefined
        : (await readRecord<AccessKeyRecord>(storage, accessKeyKey(accessKeyId)))?.record;
    if (key === undefined) return ['false', 'N/A', 'N/A', 'N/A', 'N/A'];
    const used = await usage?.lastUsed(key.accessKeyId);
    return [
      String(key.status === 'Active'),
      timeText(key.createdAt),
      ...(used === undefined ? ['N/A', 'N/A', 'N/A'] : [timeText(used.at), used.region, used.service]),
    ];
  };

  const row = async (
    {
      accessKeyIds,
      mfaSerialNumbers = [],
      createdAt,
    }: Pick<UserRecord, 'accessKeyIds' | 'createdAt' | 'mfaSerialNumbers'>,
    name: string,
    arn: string,
    password: readonly [enabled: string, used: string, changed: string, next: string],
  ): Promise<string> => {
    const [first, second] = accessKeyIds;
    const cells = [
      name,
      arn,
      timeText(createdAt),
      ...password,
      String(mfaSerialNumbers.length > 0),
      ...(await keyColumns(first)),
      ...(await keyColumns(second)),
      ...['false', 'N/A', 'false', 'N/A'],
    ];
    return cells.map(cell).join(',');
  };

  const reportOf = async (accountId: string): Promise<string> => {
    const account = (await readRecord<AccountRecord>(storage, accountKey(accountId)))?.record;
    const rows = [columns.join(',')];
    if (account !== undefined) {
      // Nobody logs in here, so there is no password whose use could be known.
      const password = ['not_supported', 'no_information', 'not_supported', 'not_supported'] as const;
      rows.push(await row(account, '<root_account>', rootArn(partition, accountId), password));
    }
    for (const user of await allRecords<UserRecord>(storage, usersPrefix(accountId))) {
      rows.push(await row(user, user.name, userArn(partition, user), ['false', 'N/A', 'N/A', 'N/A']));
    }
    return rows.join('\n');
  };

  /**
   * SECURITY: in a large account a report is a tenth of a second of work, and whoever asks many times at once would have
   * it done as many times. They all wait for the same one.
   */
  const running = new Map<string, Promise<string>>();
  const sharedReportOf = (accountId: string): Promise<string> => {
    const report = running.get(accountId) ?? reportOf(accountId).finally(() => running.delete(accountId));
    running.set(accountId, report);
    return report;
  };

  const GenerateCredentialReport = defineOperation<object, GenerateCredentialReportResponse>({
    authorization: target('GenerateCredentialReport'),
    async handle(_, { caller: { accountId }, now, commit }) {
      return atomically(async () => {
        const key = credentialReportKey(accountId);
        const latest = await readRecord<CredentialReportRecord>(storage, key);
        if (latest !== undefined && isCurrent(latest.record, now)) return { State: 'COMPLETE' as const };
        const report: CredentialReportRecord = { generatedAt: now, content: await sharedReportOf(accountId) };
        return commit(
          { expect: [{ key, revision: latest?.revision ?? 0 }], changes: [put(key, report)] },
          {
            State: 'STARTED' as const,
            Description: 'No report exists. Starting a new report generation task',
          },
        );
      });
    },
  });

  const GetCredentialReport = defineOperation<object, GetCredentialReportResponse>({
    authorization: target('GetCredentialReport'),
    async handle(_, { caller: { accountId }, now }) {
      const latest = (await readRecord<CredentialReportRecord>(storage, credentialReportKey(accountId)))
        ?.record;
      if (latest === undefined) {
        throw new AwsError('CredentialReportNotPresentException', 'Credential report not present');
      }
      if (!isCurrent(latest, now)) {
        throw new AwsError(
          'CredentialReportExpiredException',
          'The most recent credential report has expired. Generate a new one with GenerateCredentialReport.',
        );
      }
      return {
        Content: Buffer.from(latest.content),
        ReportFormat: 'text/csv',
        GeneratedTime: new Date(latest.generatedAt),
      };
    },
  });

  return { GenerateCredentialReport, GetCredentialReport };
}

/** Also when the clock has stepped back: a report from the future is no reason to wait for longer. */
function isCurrent({ generatedAt }: CredentialReportRecord, now: number): boolean {
  return Math.abs(now - generatedAt) < lifetimeMs;
}

/** `2026-11-21T03:00:00+00:00`, as reports of AWS write it. */
function timeText(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}+00:00`;
}

/** Names may have commas; nothing else of a row needs quotes. */
function cell(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
