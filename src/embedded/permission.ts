import type { Attributes, UserInfo } from '../engine/authorizer/attributes.ts';
import { describeAuthentication, describeDecision } from '../server/evidence.ts';
import type { KubernetesOutcome, RunningServer } from '../server/server.ts';
import { type Administrator, refusal } from './administrator.ts';
import { discovered } from './apply.ts';
import { ClusterError, type Permission } from './cluster.ts';
import { findResource } from './discovery.ts';

export interface PermissionQuestion {
  readonly verb: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

const reviewPath = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

/** See `Cluster.can`. The cluster decides; the evidence only says why. */
export async function askPermission(
  {
    administrator,
    server,
    clusterName,
  }: {
    readonly administrator: Administrator;
    readonly server: RunningServer;
    readonly clusterName: string;
  },
  token: string,
  question: PermissionQuestion,
): Promise<Permission> {
  const asked = await readQuestion(administrator, question);
  const outcomes = new Map<string, KubernetesOutcome>();
  const stop = server.onKubernetesRequest((outcome) => outcomes.set(outcome.auditId, outcome));
  try {
    const { status, body, auditId } = await administrator.sendAs(token, {
      method: 'POST',
      path: reviewPath,
      body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: asked.spec },
    });
    const { authentication, attributes } = outcomes.get(auditId ?? '') ?? {};
    if (status === 401) {
      const why = authentication && describeAuthentication(authentication.evidence);
      return { allowed: false, reason: `Unauthorized: ${why ?? 'the cluster does not know who this is'}` };
    }
    if (status !== 201)
      throw refusal('refused', `whether it may ${question.verb} ${question.resource}`, status, body);
    const review = (body as { readonly status: { readonly allowed: boolean; readonly reason?: string } })
      .status;
    const reason = reasonOf(server, clusterName, review, attributes && asked.attributes(attributes.user));
    return { allowed: review.allowed, reason };
  } finally {
    stop();
  }
}

/** In the words of the evidence, where that is of the same decision; else in the cluster's. */
function reasonOf(
  { access, connection }: RunningServer,
  clusterName: string,
  review: { readonly allowed: boolean; readonly reason?: string },
  attributes: Attributes | undefined,
): string {
  const cluster = access.clusterByName(connection.accountId, connection.region, clusterName);
  const decision = attributes && cluster?.authorize(attributes);
  return decision !== undefined && (decision.decision === 'allow') === review.allowed
    ? describeDecision(decision)
    : (review.reason ?? '');
}

async function readQuestion(
  administrator: Administrator,
  { verb, resource: text, namespace, name }: PermissionQuestion,
): Promise<{ readonly spec: object; readonly attributes: (user: UserInfo) => Attributes }> {
  if (text.startsWith('/')) {
    return {
      spec: { nonResourceAttributes: { verb, path: text } },
      attributes: (user) => ({ kind: 'nonResource', user, verb, path: text }),
    };
  }
  const slash = text.indexOf('/');
  const plain = slash === -1 ? text : text.slice(0, slash);
  const subresource = slash === -1 ? '' : text.slice(slash + 1);
  const every = plain === '*' || plain.startsWith('*.');
  const found = every ? undefined : findResource(await discovered(administrator), plain);
  if (found === undefined && !every) {
    throw new ClusterError(
      'option',
      `the cluster serves no resource \`${plain}\`: write it as \`pods\`, \`pods/log\` or \`deployments.apps\``,
    );
  }
  const asked = {
    verb,
    group: found?.group ?? (plain === '*' ? '*' : plain.slice(2)),
    version: found?.version ?? '*',
    resource: found?.resource ?? '*',
    subresource,
    namespace: found?.namespaced === false ? '' : namespace,
    name,
  };
  const { group: apiGroup, version: apiVersion, ...attributes } = asked;
  return {
    spec: { resourceAttributes: asked },
    attributes: (user) => ({ kind: 'resource', user, apiGroup, apiVersion, ...attributes }),
  };
}
