import type { ListPublicKeysCommandInput, ListPublicKeysCommandOutput } from '@aws-sdk/client-cloudtrail';
import type { DigestPublicKey } from '../../audit/export/digest.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { defineOperation, type Operation } from '../operation.ts';

type Input = Omit<ListPublicKeysCommandInput, '$metadata'>;
type Output = Omit<ListPublicKeysCommandOutput, '$metadata'>;

/** COMPAT: AWS changes its keys every month; the data directory's key is good for every time. */
const validity = { ValidityStartTime: new Date(0), ValidityEndTime: new Date('2100-01-01T00:00:00Z') };

/** The keys that digests of exports are verified with: what `aws cloudtrail validate-logs` asks for. */
export function createListPublicKeys(publicKeys: () => readonly DigestPublicKey[]): Operation {
  return defineOperation<Input, Output>({
    authorization: () => ({ action: 'cloudtrail:ListPublicKeys', resources: ['*'] }),
    async handle({ StartTime, EndTime }) {
      if (StartTime !== undefined && EndTime !== undefined && StartTime > EndTime) {
        throw new AwsError('InvalidTimeRangeException', 'Start time is after end time.');
      }
      return {
        PublicKeyList: publicKeys().map(({ value, fingerprint }) => ({
          Value: value,
          Fingerprint: fingerprint,
          ...validity,
        })),
      };
    },
  });
}
