import type { LabelSelector } from '../../engine/rbac/objects.ts';
import { isObject, type JsonObject, type JsonValue, own } from '../../wire/kube/json.ts';
import { readSelector } from '../resources/labelselector.ts';

/** One rule of a webhook; an absent list is empty and matches nothing. */
export interface WebhookRule {
  readonly operations: readonly string[];
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  // `pods`, `pods/status`, `pods/*`, `*`, `*/scale`, `*/*`.
  readonly resources: readonly string[];
  /** `*`, `Namespaced` or `Cluster`. */
  readonly scope: string;
}

/** Where a webhook is: a URL of anybody's, or a service of the cluster. */
export type WebhookTarget =
  | { readonly kind: 'url'; readonly url: string }
  | {
      readonly kind: 'service';
      readonly namespace: string;
      readonly name: string;
      readonly port: number;
      readonly path: string;
    };

/** One webhook of a configuration, with what the API server fills in. */
export interface Webhook {
  /** Name of the configuration. */
  readonly configuration: string;
  readonly name: string;
  readonly rules: readonly WebhookRule[];
  readonly target: WebhookTarget;
  /** PEM; '' for the system's roots. */
  readonly caPem: string;
  readonly ignoresFailures: boolean;
  /** Whether a request in another version of a resource of its rules matches, too. */
  readonly takesEquivalent: boolean;
  readonly mayDryRun: boolean;
  readonly timeoutSeconds: number;
  /** The first version of AdmissionReview that it understands and we speak; undefined when there is none. */
  readonly reviewVersion: 'v1' | 'v1beta1' | undefined;
  readonly isReinvoked: boolean;
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
}

/** Resources of `admissionregistration.k8s.io` that hold webhooks. */
export const webhookResources = {
  mutating: 'mutatingwebhookconfigurations',
  validating: 'validatingwebhookconfigurations',
} as const;
export type WebhookKind = keyof typeof webhookResources;

/**
 * The webhooks of a stored configuration, in its order. What is not there is as the API server would have filled it in.
 *
 * SECURITY: configurations are validated when they are written (`configurations.ts`). One that was stored before there was
 * this room may hold anything: what cannot be read makes its calls fail, never its checks pass.
 */
export function readWebhooks(configuration: string, object: JsonObject): readonly Webhook[] {
  return list(object.webhooks)
    .filter(isObject)
    .map((webhook) => readWebhook(configuration, webhook));
}

function readWebhook(configuration: string, webhook: JsonObject): Webhook {
  const client = own(webhook, 'clientConfig');
  const caBundle = own(client, 'caBundle');
  const timeout = webhook.timeoutSeconds;
  const { sideEffects } = webhook;
  return {
    configuration,
    name: text(webhook.name),
    rules: list(webhook.rules).filter(isObject).map(readRule),
    target: readTarget(client),
    // SECURITY: a bundle that cannot be read is kept as it is and trusts nobody; without one the system's roots do.
    caPem: typeof caBundle === 'string' ? Buffer.from(caBundle, 'base64').toString('utf8') || caBundle : '',
    ignoresFailures: webhook.failurePolicy === 'Ignore',
    takesEquivalent: webhook.matchPolicy !== 'Exact',
    mayDryRun: sideEffects === 'None' || sideEffects === 'NoneOnDryRun',
    timeoutSeconds: typeof timeout === 'number' ? Math.min(Math.max(timeout, 1), 30) : 10,
    reviewVersion: list(webhook.admissionReviewVersions).find(
      (version) => version === 'v1' || version === 'v1beta1',
    ) as Webhook['reviewVersion'],
    isReinvoked: webhook.reinvocationPolicy === 'IfNeeded',
    namespaceSelector: readSelector(webhook.namespaceSelector),
    objectSelector: readSelector(webhook.objectSelector),
  };
}

function readRule(rule: JsonObject): WebhookRule {
  return {
    operations: texts(rule.operations),
    apiGroups: texts(rule.apiGroups),
    apiVersions: texts(rule.apiVersions),
    resources: texts(rule.resources),
    scope: text(rule.scope) || '*',
  };
}

function readTarget(client: JsonValue | undefined): WebhookTarget {
  const service = own(client, 'service');
  if (!isObject(service)) return { kind: 'url', url: text(own(client, 'url')) };
  const { port } = service;
  return {
    kind: 'service',
    namespace: text(service.namespace),
    name: text(service.name),
    port: typeof port === 'number' ? port : 443,
    path: text(service.path),
  };
}

const list = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);
const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');
const texts = (value: JsonValue | undefined): readonly string[] =>
  list(value).filter((item) => typeof item === 'string');
