import { stsAudience } from '../../podcredentials/names.ts';
import { enumerate } from '../policylint/policy.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import { type IrsaNote, type IrsaPlan, mostAssociations } from './plan.ts';

/** A role that a service account which moves has by its tokens, beside the one that is annotated. */
export interface OtherRole {
  /** `NAMESPACE/NAME` */
  readonly account: string;
  readonly roleArn: string;
}

/** What no list of service accounts shows and a reader must know, the gravest first. */
export function notesOf(
  plan: Omit<IrsaPlan, 'notes'>,
  cluster: SnapshotCluster,
  otherRoles: readonly OtherRole[],
): readonly IrsaNote[] {
  const notes: IrsaNote[] = [];
  const note = (code: IrsaNote['code'], message: string): void => void notes.push({ code, message });
  const { associations, roles } = plan;
  const made = associations.filter(({ isThere }) => !isThere);
  if (associations.length === 0) {
    note('nothingToDo', 'no service account is annotated with a role that an association could give');
    return notes;
  }
  const total = (cluster.podIdentityAssociations ?? []).length + made.length;
  if (total > mostAssociations) {
    note('quota', `the cluster would have ${total} associations, EKS allows ${mostAssociations}`);
  }
  if (cluster.accountId === '000000000000') {
    note(
      'accountUnknown',
      `the account and region of the cluster were not read: name it with its ARN, arn:${plan.partition}:eks:REGION:ACCOUNT:cluster/${plan.clusterName}`,
    );
  }
  note(
    'agent',
    'the agent of Pod Identity must run on every node before Pods are started again: the add-on eks-pod-identity-agent, or `entryway agent`',
  );
  note(
    'sdk',
    'SDKs from before 2024 may not know Pod Identity, and a proxy must let 169.254.170.23 through (NO_PROXY): try one Pod of each kind first',
  );
  const types = new Set(cluster.accessEntries.map(({ type }) => type));
  if (types.has('EC2_WINDOWS')) {
    note(
      'windows',
      'the cluster has Windows nodes, where Pod Identity does not work: Pods there would lose their role, so leave their service accounts out of what is printed, and do not use --apply',
    );
  }
  if (types.has('FARGATE_LINUX')) {
    note(
      'fargateProfiles',
      `the cluster has Pods on Fargate, where Pod Identity does not work: ${
        cluster.pods === undefined
          ? 'which ones was not read'
          : 'look for Jobs there that do not run just now'
      }`,
    );
  }
  const moved = new Map(associations.map((one) => [`${one.namespace}/${one.serviceAccount}`, one.roleArn]));
  const audiences = (cluster.serviceAccounts ?? []).filter(
    ({ namespace, name, audience }) =>
      audience !== undefined && audience !== stsAudience && moved.has(`${namespace}/${name}`),
  );
  if (audiences.length > 0) {
    const names = enumerate(audiences.map(({ namespace, name }) => `${namespace}/${name}`));
    note(
      'audience',
      `${names} get tokens for another audience than \`${stsAudience}\` by an annotation: whoever shows such a token to somebody else than AWS has none afterwards`,
    );
  }
  const own = (cluster.pods ?? []).filter(({ namespace, serviceAccount, injectedRoleArn }) => {
    const role = moved.get(`${namespace}/${serviceAccount}`);
    return role !== undefined && injectedRoleArn !== undefined && injectedRoleArn !== role;
  });
  if (own.length > 0) {
    note(
      'ownRole',
      `${enumerate(own.map(({ namespace, name }) => `${namespace}/${name}`))} ask for another role than the annotation names: with AWS_ROLE_ARN of their own they go on with tokens, which the SDKs try first`,
    );
  }
  if (otherRoles.length > 0) {
    const named = otherRoles.map(({ account, roleArn }) => `${account} ${roleArn}`);
    note(
      'otherRoles',
      `by their tokens these have other roles, too: ${enumerate(named)}: whoever asks for one by the file of the annotation (web_identity_token_file) finds none afterwards`,
    );
  }
  for (const { roleArn, kept } of roles) {
    if (kept.length === 0) continue;
    note('kept', `\`${roleArn}\` goes on trusting tokens of ${enumerate(kept)}: look who still needs them`);
  }
  note(
    'resourcePolicies',
    'policies of buckets, keys and other resources were not read: see that none compares what a provider says of a session, or denies by session tags; nor those of other accounts, where roles that are assumed next must allow sts:TagSession',
  );
  note(
    'restart',
    'Pods that run keep what they have; each asks Pod Identity from its next start on, and only then the annotations may go',
  );
  return notes;
}
