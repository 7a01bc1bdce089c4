import { canonicalPrincipalArn } from '../../arn/canonical.ts';
import { lowerAscii } from '../../arn/case.ts';
import { comparableArn, isMatcherArn } from '../../identity/entries.ts';
import { compileSsoPattern } from '../../identity/sso.ts';
import { nearest } from '../policylint/patterns.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import type { ExplainMiss } from './explanation.ts';

/** Of each kind at most so many. */
const told = 3;

/** What nearly mapped the principal beside what the decider saw: other clusters, names nearly alike, known traps. */
export function identityMisses(
  world: World,
  cluster: ClusterWorld,
  subject: IamSubject,
  code: string,
): readonly ExplainMiss[] {
  // Where the mapping is there and must not be followed, nothing else came near.
  const isUnmapped = code === 'noMapping' || code === 'modeIgnoresEntries' || code === 'modeIgnoresAwsAuth';
  return [
    ...(isUnmapped
      ? [...ssoItems(cluster, subject), ...sessionItems(cluster, subject), ...similarNames(cluster, subject)]
      : []),
    ...otherClusters(world, cluster, subject),
  ];
}

/** Somebody of nearly this name in its account, or of this name in another one. */
export function namesakes(world: World, { arn, accountId }: IamSubject): readonly ExplainMiss[] {
  const name = nameIn(arn);
  const known = world.principals.all;
  const elsewhere = known.filter(
    (one) => one.accountId !== accountId && lowerAscii(one.record.name) === lowerAscii(name),
  );
  const near = nearest(
    name,
    known.filter((one) => one.accountId === accountId).map(({ record }) => record.name),
  );
  const similar = known.filter((one) => one.accountId === accountId && one.record.name === near);
  return [...similar, ...elsewhere].slice(0, told).map(({ record, accountId: account }) => ({
    code: account === accountId ? 'similarPrincipal' : 'otherAccount',
    message: `there is \`${record.arn}\``,
    hint: `did you mean \`${record.arn}\`?`,
  }));
}

/** `sso` items of aws-auth count only where the server was told so (token-facts 7.1). */
function ssoItems({ cluster }: ClusterWorld, { arn }: IamSubject): readonly ExplainMiss[] {
  if (cluster.ssoRoleMatch === true) return [];
  const comparable = comparableArn(arn) ?? '';
  return (cluster.awsAuth?.roles ?? [])
    .filter(({ sso }) => sso !== undefined && compileSsoPattern(sso)?.matches(comparable) === true)
    .slice(0, told)
    .map(({ sso }) => ({
      code: 'ssoRoleMatchOff',
      message: `aws-auth has an \`sso\` item for permission set \`${sso?.permissionSetName ?? ''}\`, which would match; such items do not count here`,
      hint: 'start the server with --sso-role-match, or create an access entry',
    }));
}

/** An item for a session's ARN, as `aws sts get-caller-identity` shows it: only the role's ARN is looked for. */
function sessionItems({ cluster }: ClusterWorld, { arn }: IamSubject): readonly ExplainMiss[] {
  const comparable = comparableArn(arn);
  const written = [
    ...(cluster.awsAuth?.roles ?? []).map(({ rolearn }) => rolearn),
    ...(cluster.awsAuth?.users ?? []).map(({ userarn }) => userarn),
    ...cluster.accessEntries.map(({ principalArn }) => principalArn),
  ];
  return written
    .filter((one) => {
      const canonical = one === undefined ? undefined : canonicalPrincipalArn(one);
      return canonical?.kind === 'assumedRole' && lowerAscii(canonical.arn) === comparable;
    })
    .slice(0, told)
    .map((one) => ({
      code: 'sessionArn',
      message: `a mapping names \`${one ?? ''}\`, the ARN of a session; no caller is looked for by that`,
      hint: `write the role's ARN: \`${arn}\``,
    }));
}

/** Entries of nearly this name in the same account, and of the same name in another one. */
function similarNames({ cluster }: ClusterWorld, { arn, accountId }: IamSubject): readonly ExplainMiss[] {
  const name = nameIn(arn);
  const entries = cluster.accessEntries
    .map(({ principalArn }) => principalArn)
    .filter((one) => !isMatcherArn(one) && one.includes(':iam:'));
  const isOf = (one: string, account: string): boolean => one.split(':')[4] === account;
  const near = nearest(name, entries.filter((one) => isOf(one, accountId)).map(nameIn));
  const similar = entries.filter(
    (one) =>
      (isOf(one, accountId) &&
        near !== undefined &&
        nameIn(one) === near &&
        lowerAscii(near) !== lowerAscii(name)) ||
      (!isOf(one, accountId) && lowerAscii(nameIn(one)) === lowerAscii(name)),
  );
  return similar.slice(0, told).map((one) => ({
    code: 'similarEntry',
    message: `an access entry exists for \`${one}\`, which is somebody else`,
    hint: 'check which of them was meant',
  }));
}

function otherClusters(world: World, cluster: ClusterWorld, subject: IamSubject): readonly ExplainMiss[] {
  return world.clusters
    .filter((other) => other.cluster.arn !== cluster.cluster.arn)
    .flatMap((other): readonly ExplainMiss[] => {
      const [identity] = other.identitiesOf(subject).identities;
      if (identity === undefined) return [];
      const { name, arn } = other.cluster;
      const message = `cluster \`${name === cluster.cluster.name ? arn : name}\` knows it as \`${identity.user.username}\``;
      return [{ code: 'otherCluster', message, hint: 'check which cluster the kubeconfig leads to' }];
    })
    .slice(0, told);
}

function nameIn(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}
