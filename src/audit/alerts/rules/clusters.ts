import {
  type AwsEvent,
  actorOf,
  type KubernetesEvent,
  serviceOf,
  statusOf,
  succeeded,
  textAt,
  textsAt,
  valueAt,
} from '../event.ts';
import { type AlertRule, onAws, onKubernetes } from '../rule.ts';

const parameter = (event: AwsEvent, ...path: readonly string[]): string | undefined =>
  textAt(event.record, 'requestParameters', ...path);

/** Of EKS, or of the same name among our own operations, which do the same with more members. */
const isEks = (event: AwsEvent, ...names: readonly string[]): boolean =>
  ['eks', 'entryway'].includes(serviceOf(event)) && names.includes(textAt(event.record, 'eventName') ?? '');

const clusterOf = (event: AwsEvent): string =>
  parameter(event, 'name') ?? parameter(event, 'clusterName') ?? 'a cluster';

/** What came through the URI is recorded percent-encoded (eks-access-facts L2). */
function principalOfEntry(event: AwsEvent): string {
  const text = parameter(event, 'principalArn') ?? 'somebody';
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const administratorPolicy = /\/AmazonEKS(?:ClusterAdmin|Admin)Policy$/;
/** `system:masters` and what people call groups that mean the same. */
const administratorGroup = /^system:|(?:^|[:_/.-])(?:cluster-?admins?|admins?|administrators?|masters?)$/i;

/** What a person calls the verbs that write. */
const writes: Readonly<Record<string, string>> = {
  create: 'created',
  update: 'replaced',
  patch: 'changed',
  delete: 'deleted',
  deletecollection: 'deleted several of',
};

function didTo(event: KubernetesEvent, what: string): string {
  return `${actorOf(event)} ${writes[textAt(event.record, 'verb') ?? ''] ?? 'changed'} ${what}`;
}

/** A Kubernetes write that was carried out. */
function wrote(event: KubernetesEvent, resource: string): boolean {
  const status = statusOf(event);
  return (
    Object.hasOwn(writes, textAt(event.record, 'verb') ?? '') &&
    textAt(event.record, 'objectRef', 'resource') === resource &&
    status >= 200 &&
    status < 300 &&
    !textsAt(event.record, 'user', 'groups').includes('system:nodes')
  );
}

/** Who gets into clusters, and as what. */
export const clusterRules: readonly AlertRule[] = [
  {
    id: 'EW-TRAIL-020',
    kind: 'event',
    severity: 'high',
    title: 'Somebody became administrator of a cluster',
    why: 'An administrator policy on the whole cluster allows reading every secret and giving access to others.',
    look: 'Whether it was agreed: `aws eks list-associated-access-policies`. A namespace as scope is often enough.',
    find: onAws((event) => {
      if (!isEks(event, 'AssociateAccessPolicy') || !succeeded(event)) return undefined;
      const policy = parameter(event, 'policyArn') ?? '';
      // A scope that the record does not show is taken for the widest.
      const isWhole = parameter(event, 'accessScope', 'type') !== 'namespace';
      if (!administratorPolicy.test(policy) || !isWhole) return undefined;
      const principal = principalOfEntry(event);
      return {
        subject: `${clusterOf(event)} ${principal}`,
        summary: `${actorOf(event)} gave ${principal} ${policy.slice(policy.lastIndexOf('/') + 1)} on cluster ${clusterOf(event)}`,
      };
    }),
  },
  {
    id: 'EW-TRAIL-021',
    kind: 'event',
    severity: 'high',
    title: 'An access entry names a group of administrators',
    why: 'Groups are bound to roles inside the cluster, where the AWS side does not see what they allow.',
    look: 'What the group is bound to: `kubectl get clusterrolebindings -o wide`. Names that begin with `system:` are refused; an attempt is reported too.',
    find: onAws((event) => {
      if (!isEks(event, 'CreateAccessEntry', 'UpdateAccessEntry')) return undefined;
      const group = textsAt(event.record, 'requestParameters', 'kubernetesGroups').find((name) =>
        administratorGroup.test(name),
      );
      if (group === undefined) return undefined;
      const principal = principalOfEntry(event);
      const did = succeeded(event) ? 'put' : 'tried to put';
      return {
        subject: `${clusterOf(event)} ${principal}`,
        summary: `${actorOf(event)} ${did} ${principal} into group ${group} on cluster ${clusterOf(event)}`,
      };
    }),
  },
  {
    id: 'EW-TRAIL-022',
    kind: 'event',
    severity: 'low',
    title: 'A cluster was created with its creator as administrator',
    why: 'The entry stays after the work is done, also when the creator leaves.',
    look: 'Delete the creator’s access entry when others can administer the cluster.',
    find: onAws((event) => {
      const asked = valueAt(
        event.record,
        'requestParameters',
        'accessConfig',
        'bootstrapClusterCreatorAdminPermissions',
      );
      if (!isEks(event, 'CreateCluster') || !succeeded(event) || asked === false) return undefined;
      return {
        subject: clusterOf(event),
        summary: `${actorOf(event)} created cluster ${clusterOf(event)} and is its administrator`,
      };
    }),
  },
  {
    id: 'EW-TRAIL-023',
    kind: 'event',
    severity: 'medium',
    title: 'A cluster’s authentication mode changed',
    why: 'The mode decides whether access entries, aws-auth or both are asked; people may get in or be locked out.',
    look: 'Both sources: `aws eks list-access-entries` and the ConfigMap kube-system/aws-auth.',
    find: onAws((event) => {
      const mode = parameter(event, 'accessConfig', 'authenticationMode');
      if (!isEks(event, 'UpdateClusterConfig') || !succeeded(event) || mode === undefined) return undefined;
      return {
        subject: clusterOf(event),
        summary: `${actorOf(event)} set cluster ${clusterOf(event)} to ${mode}`,
      };
    }),
  },
  {
    id: 'EW-TRAIL-024',
    kind: 'event',
    severity: 'medium',
    title: 'An identity provider was associated with a cluster',
    why: 'Its users and groups get in beside IAM.',
    look: 'The issuer and the prefixes: `aws eks describe-identity-provider-config`.',
    find: onAws((event) =>
      isEks(event, 'AssociateIdentityProviderConfig') && succeeded(event)
        ? {
            subject: clusterOf(event),
            summary: `${actorOf(event)} associated an identity provider with cluster ${clusterOf(event)}`,
          }
        : undefined,
    ),
  },
  {
    id: 'EW-TRAIL-025',
    kind: 'event',
    severity: 'high',
    title: 'The ConfigMap aws-auth changed',
    why: 'It maps roles and users to Kubernetes groups, system:masters included, and AWS policies do not guard it.',
    look: '`kubectl -n kube-system get configmap aws-auth -o yaml`; move to access entries.',
    find: onKubernetes((event) => {
      const name = textAt(event.record, 'objectRef', 'name');
      const isIt =
        wrote(event, 'configmaps') &&
        textAt(event.record, 'objectRef', 'namespace') === 'kube-system' &&
        // A collection names nothing, and may hold it.
        (name === 'aws-auth' || name === undefined || name === '');
      if (!isIt) return undefined;
      return {
        subject: 'kube-system/aws-auth',
        summary: didTo(
          event,
          name === 'aws-auth'
            ? 'ConfigMap kube-system/aws-auth'
            : 'the ConfigMaps of kube-system, perhaps aws-auth',
        ),
      };
    }),
  },
  {
    id: 'EW-TRAIL-026',
    kind: 'event',
    severity: 'medium',
    title: 'A cluster role or its binding changed',
    why: 'Such bindings hold in every namespace.',
    look: '`kubectl get clusterrolebindings -o wide`.',
    find: onKubernetes((event) => {
      const resource = ['clusterroles', 'clusterrolebindings'].find((name) => wrote(event, name));
      if (resource === undefined) return undefined;
      const name = textAt(event.record, 'objectRef', 'name');
      const what = name === undefined ? `the ${resource}` : `${resource}/${name}`;
      return { subject: what, summary: didTo(event, what) };
    }),
  },
  {
    id: 'EW-TRAIL-027',
    kind: 'event',
    severity: 'high',
    title: 'Somebody impersonates a cluster administrator',
    why: 'A member of system:masters passes every check, and the objects’ history names the impersonated user.',
    look: 'Who holds the verb `impersonate`: `kubectl auth can-i impersonate groups --as NAME`.',
    find: onKubernetes((event) => {
      if (!textsAt(event.record, 'impersonatedUser', 'groups').includes('system:masters')) return undefined;
      const asked = statusOf(event) === 403 ? 'tried to act' : 'acted';
      return { subject: actorOf(event), summary: `${actorOf(event)} ${asked} as a member of system:masters` };
    }),
  },
];
