import { quote } from '../../engine/rbac/quote.ts';
import { type JsonValue, sameJson } from '../../wire/kube/json.ts';
import { jsonPatch } from '../../wire/kube/patch/jsonpatch.ts';
import { internalError, KubeStatusError } from '../../wire/kube/status.ts';
import type { ApiContext, ResourceRequest } from '../context.ts';
import { toKubeObject } from '../objects/metadata.ts';
import type { KubeObject } from '../objects/object.ts';
import { checkFields } from '../request/fieldvalidation.ts';
import { askWebhook } from './asking.ts';
import { notModifiable } from './denial.ts';
import type { Invocation } from './followedwebhooks.ts';
import { type AdmittedWrite, isSelected, meantObject, shownObject } from './reviewedwrite.ts';
import type { Webhook } from './webhook.ts';

/** Brings what a webhook made of an object back into the form that is stored, with what only the server says. */
export type Settle = (object: KubeObject) => KubeObject;

/**
 * Mutating webhooks, one after the other. When one of them changed the object, those before it that ask for it
 * (`reinvocationPolicy: IfNeeded`) are asked once more, after `rerun`, the server's own mutations.
 */
export async function mutateByWebhooks(
  context: ApiContext,
  request: ResourceRequest,
  write: AdmittedWrite & { readonly object: KubeObject },
  steps: {
    readonly invocations: readonly Invocation[];
    readonly settle: Settle;
    readonly rerun: (object: KubeObject) => Promise<KubeObject>;
  },
): Promise<KubeObject> {
  const { invocations, settle } = steps;
  let { object } = write;
  let changed = false;
  let invoked = new Set<Webhook>();
  const again = new Set<Webhook>();
  const requireAgain = (): void => {
    for (const webhook of invoked) again.add(webhook);
    invoked = new Set();
  };
  for (const round of [0, 1]) {
    if (round === 1) {
      if (!changed) break;
      const rerun = await steps.rerun(object);
      if (!sameJson(rerun, object)) requireAgain();
      object = rerun;
    }
    for (const [index, { webhook, resource }] of invocations.entries()) {
      // One that is passed over in the first round is not asked in the second.
      if (round === 1 && !again.has(webhook)) continue;
      const now = { ...write, object };
      if (!(await isSelected(context, request, now, webhook))) continue;
      const patch = await askWebhook(context, request, now, {
        webhook,
        resource,
        mutating: true,
        round,
        index,
      });
      let isChanged = false;
      if (patch !== undefined) {
        const next = settle(applyPatch(now, { webhook, resource }, patch));
        isChanged = !sameJson(next, object);
        object = next;
      }
      annotate(request, { webhook, round, index, mutated: isChanged });
      if (isChanged) {
        changed = true;
        requireAgain();
      }
      if (webhook.isReinvoked) invoked.add(webhook);
    }
  }
  return object;
}

/** Mutating webhooks of a request that has no object to change: they may only refuse. */
export async function askMutatingWebhooks(
  context: ApiContext,
  request: ResourceRequest,
  write: AdmittedWrite,
  invocations: readonly Invocation[],
): Promise<void> {
  for (const [index, { webhook, resource }] of invocations.entries()) {
    if (!(await isSelected(context, request, write, webhook))) continue;
    const place = { webhook, resource, mutating: true, round: 0, index };
    const patch = await askWebhook(context, request, write, place);
    if (patch !== undefined) throw notModifiable(webhook.name);
  }
}

/**
 * What a patch makes of the object.
 *
 * SECURITY: the address of an object was authorized: a webhook changes neither name nor namespace nor identity.
 * COMPAT: upstream lets it choose the name of a new object, and answers the other two with 400 and 422.
 */
function applyPatch(
  write: AdmittedWrite & { readonly object: KubeObject },
  { webhook, resource }: Invocation,
  patch: JsonValue,
): KubeObject {
  const shown = shownObject(write, resource, write.object, true);
  const { apiVersion, kind, metadata } = shown;
  let next: KubeObject;
  try {
    next = toKubeObject(jsonPatch(shown, patch), { apiVersion, kind });
    const { messageType } = write.lens ?? resource;
    const custom = write.lens === undefined ? resource.custom : undefined;
    const target = { apiVersion, kind, messageType, custom, fieldValidation: 'Ignore' } as const;
    checkFields(next, target, () => undefined);
  } catch (error) {
    if (error instanceof KubeStatusError) throw internalError(error.message, { cause: error });
    throw error;
  }
  for (const member of ['name', 'namespace', 'uid'] as const) {
    const given = next.metadata[member] ?? '';
    if (given !== '' && given !== (metadata[member] ?? '')) {
      throw internalError(
        `admission webhook ${quote(webhook.name)} attempted to change metadata.${member}, which is not supported`,
      );
    }
  }
  return meantObject(write, resource, next, write.object);
}

function annotate(
  request: ResourceRequest,
  told: {
    readonly webhook: Webhook;
    readonly round: number;
    readonly index: number;
    readonly mutated: boolean;
  },
): void {
  const { webhook, round, index, mutated } = told;
  request.annotate(
    `mutation.webhook.admission.k8s.io/round_${round}_index_${index}`,
    JSON.stringify({ configuration: webhook.configuration, webhook: webhook.name, mutated }),
  );
}
