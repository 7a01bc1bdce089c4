import { at, type JsonObject, printed } from '../json.ts';
import type { ResourceDefinition } from '../resources.ts';
import { age, humanDuration } from './age.ts';
import {
  ageColumn,
  type Column,
  createdAtColumn,
  integer,
  joined,
  listAt,
  nameColumn,
  numberAt,
  pairsAt,
  selectorAt,
  sizeAt,
  text,
  textAt,
  wide,
} from './column.ts';
import { customColumns } from './customcolumns.ts';
import { podColumns } from './podcolumns.ts';

function field(name: string, fallback: string, ...path: readonly string[]): Column {
  return text(name, (object) => textAt(object, fallback, ...path));
}

function count(name: string, ...path: readonly string[]): Column {
  return integer(name, (object) => numberAt(object, ...path));
}

function since(name: string, ...path: readonly string[]): Column {
  return text(name, (object, now) => age(at(object, ...path), now));
}

/** Containers and images of a pod template, and the selector: the wide tail of every workload. */
function workloadTail(
  template: readonly string[],
  options: { readonly selector: boolean },
): readonly Column[] {
  const containers = (key: string) => (object: JsonObject) =>
    joined(
      listAt(object, ...template, 'spec', 'containers').map((one) => textAt(one, '', key)),
      '',
    );
  return [
    text('Containers', containers('name')),
    text('Images', containers('image')),
    ...(options.selector ? [text('Selector', (object) => selectorAt(object, 'spec', 'selector'))] : []),
  ].map(wide);
}

const inSpec = ['spec', 'template'];

function subjectNames(object: JsonObject, kind: string): string {
  return joined(
    listAt(object, 'subjects')
      .filter((one) => textAt(one, '', 'kind') === kind)
      .map((one) => {
        const name = textAt(one, '', 'name');
        return kind === 'ServiceAccount' ? `${textAt(one, '', 'namespace')}/${name}` : name;
      }),
    '',
  );
}

const bindingColumns: readonly Column[] = [
  nameColumn,
  text(
    'Role',
    (object) => `${textAt(object, '', 'roleRef', 'kind')}/${textAt(object, '', 'roleRef', 'name')}`,
  ),
  ageColumn,
  wide(text('Users', (object) => subjectNames(object, 'User'))),
  wide(text('Groups', (object) => subjectNames(object, 'Group'))),
  wide(text('ServiceAccounts', (object) => subjectNames(object, 'ServiceAccount'))),
];

function nodeStatus(object: JsonObject): string {
  const ready = listAt(object, 'status', 'conditions').find((one) => textAt(one, '', 'type') === 'Ready');
  const state =
    ready === undefined ? 'Unknown' : textAt(ready, '', 'status') === 'True' ? 'Ready' : 'NotReady';
  return at(object, 'spec', 'unschedulable') === true ? `${state},SchedulingDisabled` : state;
}

function nodeRoles(object: JsonObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const labels = at(object, 'metadata', 'labels');
  const keys = typeof labels === 'object' && labels !== null ? Object.keys(labels) : [];
  return joined(
    keys
      .filter((key) => key.startsWith(prefix) && key !== prefix)
      .map((key) => key.slice(prefix.length))
      .sort(),
  );
}

function nodeAddress(type: string) {
  return (object: JsonObject): string =>
    textAt(
      listAt(object, 'status', 'addresses').find((one) => textAt(one, '', 'type') === type),
      '<none>',
      'address',
    );
}

function ports(object: JsonObject): string {
  return joined(
    listAt(object, 'spec', 'ports').map((one) => {
      const node = numberAt(one, 'nodePort');
      return `${textAt(one, '', 'port')}${node > 0 ? `:${node}` : ''}/${textAt(one, 'TCP', 'protocol')}`;
    }),
  );
}

function externalAddress(object: JsonObject): string {
  const balancers = listAt(object, 'status', 'loadBalancer', 'ingress').map((one) =>
    textAt(one, textAt(one, '', 'hostname'), 'ip'),
  );
  const declared = listAt(object, 'spec', 'externalIPs').map(printed);
  switch (textAt(object, 'ClusterIP', 'spec', 'type')) {
    case 'ExternalName':
      return textAt(object, '<none>', 'spec', 'externalName');
    case 'LoadBalancer':
      return joined([...balancers, ...declared], '<pending>');
    default:
      return joined(declared);
  }
}

function jobStatus(object: JsonObject): string {
  const conditions = listAt(object, 'status', 'conditions').filter(
    (one) => textAt(one, '', 'status') === 'True',
  );
  const types = conditions.map((one) => textAt(one, '', 'type'));
  if (types.includes('Complete')) return 'Complete';
  if (types.includes('Failed')) return 'Failed';
  if (at(object, 'metadata', 'deletionTimestamp') !== undefined) return 'Terminating';
  return types.includes('Suspended') ? 'Suspended' : 'Running';
}

function jobDuration(object: JsonObject, now: Date): string {
  const start = Date.parse(textAt(object, '', 'status', 'startTime'));
  if (Number.isNaN(start)) return '';
  const end = Date.parse(textAt(object, '', 'status', 'completionTime'));
  return humanDuration((Number.isNaN(end) ? now.getTime() : end) - start);
}

const csrCondition = (object: JsonObject): string => {
  const types = listAt(object, 'status', 'conditions').map((one) => textAt(one, '', 'type'));
  const issued = textAt(object, '', 'status', 'certificate') === '' ? [] : ['Issued'];
  return joined([...types, ...issued], 'Pending');
};

/** Columns by `group/resource`, in the order of kubernetes-facts E18. */
const columnsByResource: Readonly<Record<string, readonly Column[]>> = {
  '/pods': podColumns,
  '/namespaces': [nameColumn, field('Status', '', 'status', 'phase'), ageColumn],
  '/nodes': [
    nameColumn,
    text('Status', nodeStatus),
    text('Roles', nodeRoles),
    ageColumn,
    field('Version', '', 'status', 'nodeInfo', 'kubeletVersion'),
    wide(text('Internal-IP', nodeAddress('InternalIP'))),
    wide(text('External-IP', nodeAddress('ExternalIP'))),
    wide(field('OS-Image', '<unknown>', 'status', 'nodeInfo', 'osImage')),
    wide(field('Kernel-Version', '<unknown>', 'status', 'nodeInfo', 'kernelVersion')),
    wide(field('Container-Runtime', '<unknown>', 'status', 'nodeInfo', 'containerRuntimeVersion')),
  ],
  '/configmaps': [
    nameColumn,
    integer('Data', (object) => sizeAt(object, 'data') + sizeAt(object, 'binaryData')),
    ageColumn,
  ],
  '/secrets': [
    nameColumn,
    field('Type', '', 'type'),
    integer('Data', (object) => sizeAt(object, 'data')),
    ageColumn,
  ],
  '/serviceaccounts': [
    nameColumn,
    integer('Secrets', (object) => listAt(object, 'secrets').length),
    ageColumn,
  ],
  '/services': [
    nameColumn,
    field('Type', 'ClusterIP', 'spec', 'type'),
    field('Cluster-IP', '<none>', 'spec', 'clusterIP'),
    text('External-IP', externalAddress),
    text('Port(s)', ports),
    ageColumn,
    wide(text('Selector', (object) => pairsAt(object, 'spec', 'selector'))),
  ],
  '/events': [
    text('Last Seen', (object, now) =>
      age(
        at(object, 'lastTimestamp') ?? at(object, 'eventTime') ?? at(object, 'metadata', 'creationTimestamp'),
        now,
      ),
    ),
    field('Type', '', 'type'),
    field('Reason', '', 'reason'),
    text(
      'Object',
      (object) =>
        `${textAt(object, '', 'involvedObject', 'kind').toLowerCase()}/${textAt(object, '', 'involvedObject', 'name')}`,
    ),
    wide(field('Subobject', '', 'involvedObject', 'fieldPath')),
    wide(
      text('Source', (object) =>
        textAt(object, textAt(object, '', 'reportingComponent'), 'source', 'component'),
      ),
    ),
    text('Message', (object) => textAt(object, '', 'message').trim()),
    wide(since('First Seen', 'firstTimestamp')),
    wide(integer('Count', (object) => numberAt(object, 'count') || 1)),
    wide(nameColumn),
  ],
  '/persistentvolumeclaims': [
    nameColumn,
    field('Status', '', 'status', 'phase'),
    field('Volume', '', 'spec', 'volumeName'),
    field('Capacity', '', 'status', 'capacity', 'storage'),
    text('Access Modes', (object) => joined(listAt(object, 'status', 'accessModes').map(printed), '')),
    field('StorageClass', '', 'spec', 'storageClassName'),
    ageColumn,
  ],
  '/persistentvolumes': [
    nameColumn,
    field('Capacity', '', 'spec', 'capacity', 'storage'),
    text('Access Modes', (object) => joined(listAt(object, 'spec', 'accessModes').map(printed), '')),
    field('Reclaim Policy', '', 'spec', 'persistentVolumeReclaimPolicy'),
    field('Status', '', 'status', 'phase'),
    text('Claim', (object) => {
      const name = textAt(object, '', 'spec', 'claimRef', 'name');
      return name === '' ? '' : `${textAt(object, '', 'spec', 'claimRef', 'namespace')}/${name}`;
    }),
    field('StorageClass', '', 'spec', 'storageClassName'),
    ageColumn,
  ],
  'apps/deployments': [
    nameColumn,
    text(
      'Ready',
      (object) => `${numberAt(object, 'status', 'readyReplicas')}/${textAt(object, '1', 'spec', 'replicas')}`,
    ),
    count('Up-to-date', 'status', 'updatedReplicas'),
    count('Available', 'status', 'availableReplicas'),
    ageColumn,
    ...workloadTail(inSpec, { selector: true }),
  ],
  'apps/replicasets': [
    nameColumn,
    count('Desired', 'spec', 'replicas'),
    count('Current', 'status', 'replicas'),
    count('Ready', 'status', 'readyReplicas'),
    ageColumn,
    ...workloadTail(inSpec, { selector: true }),
  ],
  'apps/statefulsets': [
    nameColumn,
    text(
      'Ready',
      (object) => `${numberAt(object, 'status', 'readyReplicas')}/${textAt(object, '1', 'spec', 'replicas')}`,
    ),
    ageColumn,
    ...workloadTail(inSpec, { selector: false }),
  ],
  'apps/daemonsets': [
    nameColumn,
    count('Desired', 'status', 'desiredNumberScheduled'),
    count('Current', 'status', 'currentNumberScheduled'),
    count('Ready', 'status', 'numberReady'),
    count('Up-to-date', 'status', 'updatedNumberScheduled'),
    count('Available', 'status', 'numberAvailable'),
    text('Node Selector', (object) => pairsAt(object, 'spec', 'template', 'spec', 'nodeSelector')),
    ageColumn,
    ...workloadTail(inSpec, { selector: true }),
  ],
  'batch/jobs': [
    nameColumn,
    text('Status', jobStatus),
    text(
      'Completions',
      (object) => `${numberAt(object, 'status', 'succeeded')}/${textAt(object, '1', 'spec', 'completions')}`,
    ),
    text('Duration', jobDuration),
    ageColumn,
    ...workloadTail(inSpec, { selector: true }),
  ],
  'batch/cronjobs': [
    nameColumn,
    field('Schedule', '', 'spec', 'schedule'),
    field('Timezone', '<none>', 'spec', 'timeZone'),
    text('Suspend', (object) => (at(object, 'spec', 'suspend') === true ? 'True' : 'False')),
    integer('Active', (object) => listAt(object, 'status', 'active').length),
    text('Last Schedule', (object, now) => {
      const last = at(object, 'status', 'lastScheduleTime');
      return typeof last === 'string' ? age(last, now) : '<none>';
    }),
    ageColumn,
    ...workloadTail(['spec', 'jobTemplate', 'spec', 'template'], { selector: false }),
  ],
  'apiextensions.k8s.io/customresourcedefinitions': [nameColumn, createdAtColumn],
  'rbac.authorization.k8s.io/roles': [nameColumn, createdAtColumn],
  'rbac.authorization.k8s.io/clusterroles': [nameColumn, createdAtColumn],
  'rbac.authorization.k8s.io/rolebindings': bindingColumns,
  'rbac.authorization.k8s.io/clusterrolebindings': bindingColumns,
  'certificates.k8s.io/certificatesigningrequests': [
    nameColumn,
    ageColumn,
    field('SignerName', '<none>', 'spec', 'signerName'),
    field('Requestor', '', 'spec', 'username'),
    text('RequestedDuration', (object) => {
      const seconds = numberAt(object, 'spec', 'expirationSeconds');
      return seconds === 0 ? '<none>' : humanDuration(seconds * 1000);
    }),
    text('Condition', csrCondition),
  ],
  'coordination.k8s.io/leases': [nameColumn, field('Holder', '', 'spec', 'holderIdentity'), ageColumn],
  'networking.k8s.io/ingresses': [
    nameColumn,
    field('Class', '<none>', 'spec', 'ingressClassName'),
    text('Hosts', (object) =>
      joined(
        listAt(object, 'spec', 'rules').map((one) => textAt(one, '*', 'host')),
        '*',
      ),
    ),
    text('Address', (object) =>
      joined(
        listAt(object, 'status', 'loadBalancer', 'ingress').map((one) =>
          textAt(one, textAt(one, '', 'hostname'), 'ip'),
        ),
        '',
      ),
    ),
    text('Ports', (object) => (listAt(object, 'spec', 'tls').length > 0 ? '80, 443' : '80')),
    ageColumn,
  ],
  'networking.k8s.io/networkpolicies': [
    nameColumn,
    text('Pod-Selector', (object) => selectorAt(object, 'spec', 'podSelector')),
    ageColumn,
  ],
  'scheduling.k8s.io/priorityclasses': [
    nameColumn,
    count('Value', 'value'),
    text('Global-Default', (object) => String(at(object, 'globalDefault') === true)),
    ageColumn,
    field('PreemptionPolicy', 'PreemptLowerPriority', 'preemptionPolicy'),
  ],
  'storage.k8s.io/storageclasses': [
    nameColumn,
    field('Provisioner', '', 'provisioner'),
    field('ReclaimPolicy', 'Delete', 'reclaimPolicy'),
    field('VolumeBindingMode', '<unset>', 'volumeBindingMode'),
    text('AllowVolumeExpansion', (object) => String(at(object, 'allowVolumeExpansion') === true)),
    ageColumn,
  ],
  'policy/poddisruptionbudgets': [
    nameColumn,
    field('Min Available', 'N/A', 'spec', 'minAvailable'),
    field('Max Unavailable', 'N/A', 'spec', 'maxUnavailable'),
    count('Allowed Disruptions', 'status', 'disruptionsAllowed'),
    ageColumn,
  ],
  'autoscaling/horizontalpodautoscalers': [
    nameColumn,
    text(
      'Reference',
      (object) =>
        `${textAt(object, '', 'spec', 'scaleTargetRef', 'kind')}/${textAt(object, '', 'spec', 'scaleTargetRef', 'name')}`,
    ),
    text('Targets', () => '<unknown>'),
    field('MinPods', '<unset>', 'spec', 'minReplicas'),
    count('MaxPods', 'spec', 'maxReplicas'),
    count('Replicas', 'status', 'currentReplicas'),
    ageColumn,
  ],
};

const otherColumns: readonly Column[] = [nameColumn, ageColumn];

/** The columns of a resource; name and age where Kubernetes prints no more or we know no better. */
export function columnsOf(
  definition: Pick<ResourceDefinition, 'group' | 'resource' | 'custom'>,
): readonly Column[] {
  if (definition.custom !== undefined) return customColumns(definition.custom.printerColumns);
  const key = `${definition.group}/${definition.resource}`;
  return Object.hasOwn(columnsByResource, key) ? (columnsByResource[key] ?? otherColumns) : otherColumns;
}
