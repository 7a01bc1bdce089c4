import type { BreakGlassRecord, ClusterRecord } from '../../storage/records/eks.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import { type Found, findCluster, onCluster } from '../eks/lookup.ts';
import { findPrincipal, isServiceLinkedRoleArn, namedPrincipal } from '../eks/principals.ts';
import { invalidParameter } from '../eks/refusals.ts';
import { atomically } from '../eks/retrying.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import type { EntrywayDeps } from './deps.ts';
import { readPeopleText } from './peopletext.ts';

/** As an answer shows it. `state` is `READY` only while the principal is the one that was chosen. */
interface ShownBreakGlass extends Omit<BreakGlassRecord, 'setAt'> {
  readonly setAt: Date;
  readonly state: 'READY' | 'PRINCIPAL_GONE';
}

interface PutInput {
  readonly clusterName: string;
  readonly principalArn: string;
  readonly reason: string;
}

interface ClusterInput {
  readonly clusterName: string;
}

/** Characters; the reason is for people. */
const longestReason = 500;

/**
 * Put, Describe and DeleteBreakGlassPrincipal: who is administrator of a cluster whatever its mode, access entries and
 * aws-auth say (`engine/identity/breakglass.ts`). A cluster has one at most, whether it is built in or connected.
 */
export function breakGlassOperations({ storage }: Pick<EntrywayDeps, 'storage'>): Operations {
  const onNamed = (action: string) => ({
    authorization: (input: ClusterInput, context: OperationContext) =>
      onCluster(action, storage, context, input.clusterName),
  });

  return {
    PutBreakGlassPrincipal: defineOperation<PutInput, { readonly breakGlass: ShownBreakGlass }>({
      ...onNamed('entryway:PutBreakGlassPrincipal'),
      async handle({ clusterName, principalArn, reason }, context) {
        const named = namedPrincipal(principalArn);
        // Root of an account has no session name that tells who came, and no id that changes when it is re-created.
        if (named === undefined || named.kind === 'root' || named.partition !== context.partition) {
          throw invalidParameter('The principalArn must be the ARN of an IAM role or user', clusterName);
        }
        if (isServiceLinkedRoleArn(principalArn)) {
          throw invalidParameter('The principalArn must not be that of a service-linked role', clusterName);
        }
        const told = readPeopleText('The reason', reason, longestReason);
        if (told === '') throw invalidParameter('The reason must not be empty', clusterName);
        return await atomically(async () => {
          const cluster = await findCluster(storage, context, clusterName);
          const found = await findPrincipal(storage, named);
          if (found === undefined) {
            throw invalidParameter(`There is no principal ${principalArn} on this server`, clusterName);
          }
          const breakGlass: BreakGlassRecord = {
            principalArn,
            principalId: found.principal.principalId,
            reason: told,
            setAt: context.now,
          };
          // The principal must still be who it was: its id is what counts.
          return await context.commit(
            {
              expect: [cluster.unchanged, found.unchanged],
              changes: [putCluster(cluster, { ...cluster.record, breakGlass })],
            },
            { breakGlass: shown(breakGlass, 'READY') },
          );
        });
      },
    }),

    DescribeBreakGlassPrincipal: defineOperation<ClusterInput, { readonly breakGlass: ShownBreakGlass }>({
      ...onNamed('entryway:DescribeBreakGlassPrincipal'),
      async handle({ clusterName }, context) {
        const { record } = await findCluster(storage, context, clusterName);
        const breakGlass = breakGlassOf(record);
        const named = namedPrincipal(breakGlass.principalArn);
        const found = named && (await findPrincipal(storage, named));
        const isSame = found?.principal.principalId === breakGlass.principalId;
        return { breakGlass: shown(breakGlass, isSame ? 'READY' : 'PRINCIPAL_GONE') };
      },
    }),

    DeleteBreakGlassPrincipal: defineOperation<ClusterInput, object>({
      ...onNamed('entryway:DeleteBreakGlassPrincipal'),
      handle: ({ clusterName }, context) =>
        atomically(async () => {
          const cluster = await findCluster(storage, context, clusterName);
          breakGlassOf(cluster.record);
          const { breakGlass: _gone, ...record } = cluster.record;
          return await context.commit(
            { expect: [cluster.unchanged], changes: [putCluster(cluster, record)] },
            {},
          );
        }),
    }),
  };
}

function breakGlassOf({ name, breakGlass }: ClusterRecord): BreakGlassRecord {
  if (breakGlass !== undefined) return breakGlass;
  throw new AwsError('ResourceNotFoundException', `Cluster ${name} has no break-glass principal`);
}

const putCluster = ({ key }: Found<ClusterRecord>, record: ClusterRecord) =>
  ({ type: 'put', key, value: JSON.stringify(record) }) as const;

function shown(breakGlass: BreakGlassRecord, state: ShownBreakGlass['state']): ShownBreakGlass {
  return { ...breakGlass, setAt: new Date(breakGlass.setAt), state };
}
