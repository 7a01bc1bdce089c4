import { roleAnnotation, skipContainersAnnotation, skipLabel } from '../../podcredentials/names.ts';
import { awsCommand } from '../explain/awscommand.ts';
import type { ExplainMiss, ExplainStep } from '../explain/explanation.ts';
import { commandLine } from '../explain/shell.ts';
import type { Snapshot, SnapshotCluster } from '../snapshot/snapshot.ts';
import { accountOf, associationOf, isRead, type Workload } from './workload.ts';

export type Mechanism = 'podIdentity' | 'irsa';

/** How the containers come to credentials, as far as the cluster decides it. */
export interface Credentials {
  readonly steps: readonly ExplainStep[];
  /** What they ask for; undefined where a step failed, and why they ask for nothing. */
  readonly asks?:
    | { readonly mechanism: 'podIdentity' }
    | { readonly mechanism: 'irsa'; readonly roleArn: string };
  /** The step that failed: the account does not exist, gives nothing, or gave it after the pod was made. */
  readonly stopped?: 'missingAccount' | 'noMechanism' | 'noAssociation' | 'notInjected';
  /** False: something was not read that would go first. */
  readonly isCertain: boolean;
}

/**
 * pod, mechanism, injection: what EKS's webhook tells the containers of a pod when it is made. Pod Identity wins over IRSA
 * (eks-access-facts J20), and what was told is not told anew while the pod lives.
 */
export function credentialsOf(
  cluster: SnapshotCluster,
  snapshot: Pick<Snapshot, 'gaps'>,
  workload: Workload,
): Credentials {
  const { pod, standing } = workload;
  const first = podStep(workload);
  if (first.outcome === 'failed') return { steps: [first], stopped: 'missingAccount', isCertain: true };
  const isCertain = standing === 'exists' && isRead(cluster, snapshot, 'podIdentity');
  const given = givenTo(cluster, workload);
  const told = pod === undefined ? given : toldTo(pod);
  const association = associationOf(cluster, workload);
  if (told === undefined && given === undefined) {
    const certain = isCertain && isRead(cluster, snapshot, 'serviceAccounts');
    return {
      steps: [first, nothing(cluster, workload, certain)],
      stopped: 'noMechanism',
      isCertain: certain,
    };
  }
  if (told === undefined) {
    const mechanism = passed('mechanism', given?.mechanism ?? 'none', givenText(cluster, workload));
    return {
      steps: [first, mechanism, notInjected(workload, given)],
      stopped: 'notInjected',
      isCertain: true,
    };
  }
  if (told.mechanism === 'podIdentity' && association === undefined) {
    if (isRead(cluster, snapshot, 'podIdentity'))
      return { steps: [first, noAssociation(workload)], stopped: 'noAssociation', isCertain: true };
    return { steps: [first, notReadAssociation(workload)], asks: told, isCertain: false };
  }
  const isSame = given?.mechanism === told.mechanism && roleOf(given) === roleOf(told);
  const text = isSame ? givenText(cluster, workload) : toldText(told);
  const unread = 'no Pod Identity association of the cluster was read; one of the account would win';
  const mechanism: ExplainStep =
    isCertain || told.mechanism === 'podIdentity' || pod !== undefined
      ? passed('mechanism', told.mechanism, text)
      : {
          ...passed('mechanism', told.mechanism, text),
          ...{ outcome: 'notVerified', misses: [{ code: 'associationsNotRead', message: unread }] },
        };
  return {
    steps: [first, mechanism, ...(pod === undefined ? [] : [injectionStep(cluster, workload, isSame)])],
    asks: told,
    isCertain: pod !== undefined || isCertain || told.mechanism === 'podIdentity',
  };
}

type Asks = NonNullable<Credentials['asks']>;

/** What a pod of the account is told that is made now. */
function givenTo(cluster: SnapshotCluster, workload: Workload): Asks | undefined {
  if (associationOf(cluster, workload) !== undefined) return { mechanism: 'podIdentity' };
  const roleArn = accountOf(cluster, workload)?.roleArn;
  return roleArn === undefined || roleArn === '' ? undefined : { mechanism: 'irsa', roleArn };
}

function toldTo(pod: NonNullable<Workload['pod']>): Asks | undefined {
  if (pod.injectedPodIdentity) return { mechanism: 'podIdentity' };
  return pod.injectedRoleArn === undefined ? undefined : { mechanism: 'irsa', roleArn: pod.injectedRoleArn };
}

function roleOf(asks: Asks): string {
  return asks.mechanism === 'irsa' ? asks.roleArn : '';
}

function passed(step: ExplainStep['step'], code: string, message: string): ExplainStep {
  return { step, outcome: 'passed', code, message, misses: [] };
}

function podStep(workload: Workload): ExplainStep {
  const { namespace, pod, standing } = workload;
  const account = nameOf(workload);
  const runs =
    pod === undefined ? undefined : `pod \`${namespace}/${pod.name}\` runs as service account \`${account}\``;
  const code = pod === undefined ? 'serviceAccount' : 'pod';
  switch (standing) {
    case 'exists':
      return passed('pod', code, runs ?? `any pod that runs as service account \`${account}\``);
    case 'unknown':
      return {
        ...passed(
          'pod',
          'notRead',
          `${runs ?? `service account \`${account}\``}, which is taken to exist: not all were read`,
        ),
        outcome: 'notVerified',
      };
    case 'missing':
      return {
        ...passed(
          'pod',
          'missingServiceAccount',
          `${runs === undefined ? `there is no service account \`${account}\`` : `${runs}, which does not exist`}: nobody can run as it`,
        ),
        outcome: 'failed',
        hint: `make it: ${createAccount(workload)}`,
      };
    default:
      return standing satisfies never;
  }
}

export function createAccount({ namespace, serviceAccount }: Workload): string {
  return commandLine(['kubectl', '-n', namespace, 'create', 'serviceaccount', serviceAccount]);
}

/** `dev/api` */
export function nameOf({ namespace, serviceAccount }: Workload): string {
  return `${namespace}/${serviceAccount}`;
}

function givenText(cluster: SnapshotCluster, workload: Workload): string {
  const association = associationOf(cluster, workload);
  const annotated = accountOf(cluster, workload)?.roleArn;
  if (association === undefined)
    return `IRSA: annotation \`${roleAnnotation}\` of the service account names role \`${annotated ?? ''}\``;
  const { associationId, roleArn, targetRoleArn } = association;
  const target = targetRoleArn === undefined ? '' : `, which assumes \`${targetRoleArn}\``;
  const wins =
    annotated === undefined ? '' : `; it wins over the annotation, which names \`${annotated}\` for IRSA`;
  return `Pod Identity: association \`${associationId}\` gives it role \`${roleArn}\`${target}${wins}`;
}

function toldText(told: Asks): string {
  return told.mechanism === 'irsa'
    ? `IRSA: the containers of this pod ask for role \`${told.roleArn}\``
    : 'Pod Identity: the containers of this pod ask the agent of their node';
}

function injectionStep(cluster: SnapshotCluster, workload: Workload, isSame: boolean): ExplainStep {
  if (isSame) return passed('injection', 'injected', 'its containers were told so when the pod was made');
  const isNothing = givenTo(cluster, workload) === undefined;
  const later: ExplainMiss = isNothing
    ? { code: 'givenNoMore', message: 'a pod that is made now gets nothing: the annotation is gone' }
    : {
        code: 'givenOtherwise',
        message: `a pod that is made now gets other credentials: ${givenText(cluster, workload)}`,
      };
  return {
    ...passed(
      'injection',
      'injectedBefore',
      'its containers were told so when the pod was made, before that changed',
    ),
    misses: [later],
    ...(!isNothing && { hint: againHint(workload) }),
  };
}

function notInjected(workload: Workload, given: Asks | undefined): ExplainStep {
  const what = given?.mechanism === 'podIdentity' ? 'the association' : 'the annotation';
  return {
    ...passed(
      'injection',
      'notInjected',
      `this pod was made before ${what}: its containers were told nothing`,
    ),
    outcome: 'failed',
    hint: `${againHint(workload)}; if it is told nothing then, too, look for ${leftOut} on it`,
  };
}

const leftOut = `label \`${skipLabel}\` or annotation \`${skipContainersAnnotation}\``;

function againHint(workload: Workload): string {
  return `delete the pod, so that its controller makes it again: ${deletePod(workload)}`;
}

export function deletePod({ namespace, pod }: Workload): string {
  return commandLine(['kubectl', '-n', namespace, 'delete', 'pod', pod?.name ?? '']);
}

function noAssociation(workload: Workload): ExplainStep {
  return {
    ...passed(
      'mechanism',
      'noAssociation',
      `Pod Identity: its containers ask the agent of their node, and service account \`${nameOf(workload)}\` has no association any more`,
    ),
    outcome: 'failed',
    hint: 'make an association for the service account, or delete the pod, so that its controller makes it again without',
  };
}

function notReadAssociation(workload: Workload): ExplainStep {
  return {
    ...passed(
      'mechanism',
      'associationNotRead',
      `Pod Identity: its containers ask the agent of their node; which role the association of service account \`${nameOf(workload)}\` gives was not read`,
    ),
    outcome: 'notVerified',
  };
}

function associateCommand(
  { region, name }: SnapshotCluster,
  { namespace, serviceAccount }: Workload,
): string {
  return awsCommand('eks', 'create-pod-identity-association', {
    ...{ region, 'cluster-name': name, namespace, 'service-account': serviceAccount },
    'role-arn': 'ROLE-ARN',
  });
}

function nothing(cluster: SnapshotCluster, workload: Workload, isCertain: boolean): ExplainStep {
  const account = nameOf(workload);
  return isCertain
    ? {
        ...passed(
          'mechanism',
          'noMechanism',
          `nothing gives service account \`${account}\` a role: it has no Pod Identity association and no annotation \`${roleAnnotation}\``,
        ),
        outcome: 'failed',
        hint: `give it a role by an association: ${associateCommand(cluster, workload)}`,
      }
    : {
        ...passed(
          'mechanism',
          'notRead',
          `not all associations and annotations of the cluster were read: whether service account \`${account}\` has a role is not known`,
        ),
        outcome: 'notVerified',
        hint: 'have associations and service accounts read as well, and ask again',
      };
}
