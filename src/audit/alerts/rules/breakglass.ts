import { actorOf, isDenied, type KubernetesEvent, serviceOf, succeeded, textAt } from '../event.ts';
import { type AlertRule, hour, onAws, onKubernetes } from '../rule.ts';

/** The cluster's ARN from who mapped the caller to break glass; undefined when somebody else did, or nobody. */
function clusterOfBreakGlass({ record }: KubernetesEvent): string | undefined {
  const isIt = textAt(record, 'annotations', 'entryway/mapped-by')?.startsWith('breakGlass ');
  return isIt === true ? (textAt(record, 'annotations', 'entryway/cluster-arn') ?? 'a cluster') : undefined;
}

const changes: ReadonlyMap<string, { readonly did: string; readonly verb: string }> = new Map([
  ['PutBreakGlassPrincipal', { did: 'set', verb: 'set' }],
  ['DeleteBreakGlassPrincipal', { did: 'took away', verb: 'take away' }],
]);

/** Who is administrator of a cluster outside every map, and when they make use of it. */
export const breakGlassRules: readonly AlertRule[] = [
  {
    id: 'EW-TRAIL-028',
    kind: 'count',
    severity: 'high',
    title: 'A break-glass principal used a cluster',
    why: 'It is system:masters whatever access entries and aws-auth say, and is meant for emergencies only.',
    look: 'Whether there was one: `entryway trail --kubernetes --principal ARN` shows what was done, on a connected cluster its own audit log does. Then mend what was broken.',
    atLeast: 1,
    windowMs: hour,
    find: onKubernetes((event) => {
      const cluster = clusterOfBreakGlass(event);
      if (cluster === undefined) return undefined;
      return {
        subject: `${cluster} ${actorOf(event)}`,
        summary: `${actorOf(event)} broke the glass of ${cluster}`,
      };
    }),
  },
  {
    id: 'EW-TRAIL-029',
    kind: 'event',
    severity: 'high',
    title: 'A break-glass principal was set or taken away',
    why: 'Whoever is set can do anything in the cluster; without one, a broken map locks everybody out. An attempt that is refused is reported too.',
    look: 'Whether it was agreed, and its reason: `entryway cluster break-glass show NAME`.',
    find: onAws((event) => {
      const change =
        serviceOf(event) === 'entryway' ? changes.get(textAt(event.record, 'eventName') ?? '') : undefined;
      if (change === undefined || !(succeeded(event) || isDenied(event))) return undefined;
      const did = succeeded(event) ? change.did : `was refused to ${change.verb}`;
      const cluster = textAt(event.record, 'requestParameters', 'clusterName');
      const principal = textAt(event.record, 'requestParameters', 'principalArn');
      const whom =
        principal === undefined ? 'the break-glass principal' : `${principal} as break-glass principal`;
      const where = cluster === undefined ? 'a cluster' : `cluster ${cluster}`;
      return { subject: cluster ?? actorOf(event), summary: `${actorOf(event)} ${did} ${whom} of ${where}` };
    }),
  },
];
