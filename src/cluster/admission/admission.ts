import type { ApiContext, ResourceRequest } from '../context.ts';
import type { KubeObject } from '../objects/object.ts';
import { completePodAccount } from '../serviceaccounts/podaccount.ts';
import { injectCredentials } from '../serviceaccounts/podcredentials.ts';
import { checkPodAccount } from '../serviceaccounts/podsecrets.ts';
import { askWebhook } from './asking.ts';
import type { Invocation } from './followedwebhooks.ts';
import { askMutatingWebhooks, mutateByWebhooks, type Settle } from './mutating.ts';
import { type AdmittedWrite, isSelected } from './reviewedwrite.ts';
import { isExempt, type Operation } from './rules.ts';
import type { WebhookKind } from './webhook.ts';

export type { AdmittedWrite, Lens } from './reviewedwrite.ts';

/**
 * What mutating admission makes of an object about to be written. Called before the object is checked for escalation
 * and validated, so that nothing a webhook adds goes unchecked. `settle` completes what a webhook made, and puts back
 * what is not for clients to say.
 */
export async function mutate<W extends AdmittedWrite & { readonly object: KubeObject }>(
  context: ApiContext,
  request: ResourceRequest,
  write: W,
  settle: Settle,
): Promise<KubeObject> {
  const own = (object: KubeObject): Promise<KubeObject> => ownMutations(context, request, write, object);
  const object = await own(write.object);
  const invocations = await matching(context, request, 'mutating', write.operation);
  if (invocations.length === 0) return object;
  return mutateByWebhooks(context, request, { ...write, object }, { invocations, settle, rerun: own });
}

/** What the API server's own plugins and EKS change, before webhooks see the object and again after one changed it. */
async function ownMutations(
  context: ApiContext,
  request: ResourceRequest,
  { operation }: AdmittedWrite,
  object: KubeObject,
): Promise<KubeObject> {
  if (podWrite(request, operation) !== 'all') return object;
  return injectCredentials(context, request, await completePodAccount(context, request, object));
}

/** The containers of a pod that a write is about; undefined when it brings none. */
function podWrite(request: ResourceRequest, operation: Operation): 'all' | 'ephemeral' | undefined {
  const { resource, subresource } = request;
  if (resource.group !== '' || resource.resource !== 'pods') return undefined;
  if (operation === 'CREATE' && subresource === '') return 'all';
  return operation === 'UPDATE' && subresource === 'ephemeralcontainers' ? 'ephemeral' : undefined;
}

/** Validating admission: the last word on a valid write. Refuses by throwing a Status. */
export async function review(
  context: ApiContext,
  request: ResourceRequest,
  write: AdmittedWrite,
): Promise<void> {
  if (write.object === undefined) {
    const mutating = await matching(context, request, 'mutating', write.operation);
    if (mutating.length > 0) await askMutatingWebhooks(context, request, write, mutating);
  }
  const { object, operation } = write;
  const containers = podWrite(request, operation);
  if (containers !== undefined && object !== undefined) {
    await checkPodAccount(context, request, object, containers);
  }
  const invocations = await matching(context, request, 'validating', operation);
  if (invocations.length === 0) return;
  const asked = await Promise.allSettled(
    invocations.map(async ({ webhook, resource }, index) => {
      if (!(await isSelected(context, request, write, webhook))) return;
      await askWebhook(context, request, write, { webhook, resource, mutating: false, round: 0, index });
    }),
  );
  // The first of the configurations' order, not of the clock: the same write is refused in the same words.
  for (const one of asked) if (one.status === 'rejected') throw one.reason;
}

/** Both for what is asked for but not stored, like a binding or an eviction; answers what came of it. */
export async function admitUnstored(
  context: ApiContext,
  request: ResourceRequest,
  object: KubeObject,
  options: { readonly dryRun: boolean; readonly messageType: string },
): Promise<KubeObject> {
  const write = unstoredWrite(options);
  const admitted = await mutate(context, request, { ...write, object }, (settled) => settled);
  await review(context, request, { ...write, object: admitted });
  return admitted;
}

/** The making of something that has no other form than the one of the request. */
export function unstoredWrite({
  dryRun,
  messageType,
}: {
  readonly dryRun: boolean;
  readonly messageType: string;
}): Omit<AdmittedWrite, 'object'> {
  const same = (object: KubeObject): KubeObject => object;
  return { operation: 'CREATE', oldObject: undefined, dryRun, lens: { get: same, set: same, messageType } };
}

async function matching(
  context: ApiContext,
  request: ResourceRequest,
  kind: WebhookKind,
  operation: Operation,
): Promise<readonly Invocation[]> {
  const { resource, subresource } = request;
  if (isExempt(resource)) return [];
  const webhooks = await context.webhooks.of(request.cluster.cluster.clusterId);
  return webhooks.matching(kind, { resource, subresource, operation }, request.served);
}
