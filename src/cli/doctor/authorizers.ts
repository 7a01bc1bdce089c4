import { basename } from 'node:path';
import { matchCondition } from '../bundle/authorization.ts';
import { parseDuration } from './duration.ts';
import type { Finding } from './finding.ts';
import { accessWindows, namedFile, told } from './told.ts';

const longestTimeout = 30;

export function checkHead(authorization: unknown): readonly Finding[] {
  const { apiVersion, kind } = objectOf(authorization);
  const isKnown =
    kind === 'AuthorizationConfiguration' &&
    /^apiserver\.config\.k8s\.io\/v1(?:beta1|alpha1)?$/.test(String(apiVersion));
  return isKnown
    ? []
    : [
        told(
          'error',
          'authorizationFile',
          `\`authorization.yaml\` is ${String(kind)} of ${String(apiVersion)}: the API server does not start`,
          'it has to be AuthorizationConfiguration of apiserver.config.k8s.io/v1, up to Kubernetes 1.31 v1beta1',
        ),
      ];
}

export function checkAuthorizers(value: unknown, file: string, files: readonly string[]): readonly Finding[] {
  const authorizers = (Array.isArray(value) ? value : []).map(objectOf);
  const types = authorizers.map(({ type }) => String(type));
  const webhooks = authorizers
    .filter(({ type }) => type === 'Webhook')
    .map(({ webhook }) => objectOf(webhook));
  const ours =
    webhooks.find((webhook) => basename(pathOf(webhook)) === 'authorize.kubeconfig') ?? webhooks[0];
  const order = checkOrder(types, `the authorizers in \`${file}\``);
  return ours === undefined ? order : [...order, ...checkWebhook(ours, file, files)];
}

function checkWebhook(
  webhook: Readonly<Record<string, unknown>>,
  file: string,
  files: readonly string[],
): readonly Finding[] {
  const text = (name: string): string | undefined =>
    webhook[name] === undefined ? undefined : String(webhook[name]);
  const findings: Finding[] = [
    ...namedFile(pathOf(webhook), '`connectionInfo.kubeConfigFile`', file, files),
    ...accessWindows(
      { authorized: text('authorizedTTL'), unauthorized: text('unauthorizedTTL') },
      (cache) => `${cache}TTL in \`${file}\``,
    ),
    ...checkTimeout(text('timeout'), file),
    ...checkFailurePolicy(text('failurePolicy'), file),
    ...checkConditions(webhook.matchConditions, file),
  ];
  const version = text('subjectAccessReviewVersion');
  if (version !== 'v1' && version !== 'v1beta1') {
    findings.push(
      told(
        'error',
        'accessReviewVersion',
        `subjectAccessReviewVersion is ${version ?? 'missing'}: the API server does not start`,
        `set it to v1 in \`${file}\``,
      ),
    );
  }
  if (webhook.matchConditions !== undefined && text('matchConditionSubjectAccessReviewVersion') !== 'v1') {
    findings.push(
      told(
        'error',
        'conditionVersion',
        'matchConditionSubjectAccessReviewVersion is not v1: the API server does not start',
        `set it to v1 in \`${file}\``,
      ),
    );
  }
  return findings;
}

/** SECURITY: without Node and RBAC the cluster's own components lose what they need, or AlwaysAllow gives all to all. */
export function checkOrder(types: readonly string[], where: string): readonly Finding[] {
  const chain = types.join(', ');
  if (types.includes('AlwaysAllow')) {
    return [
      told(
        'error',
        'chain',
        `the order is ${chain}: everybody may do everything`,
        `take AlwaysAllow out of ${where}`,
      ),
    ];
  }
  const missing = ['Node', 'RBAC', 'Webhook'].filter((type) => !types.includes(type));
  if (missing.length > 0) {
    const consequence: Readonly<Record<string, string>> = {
      Node: 'nodes lose access to what their pods need',
      RBAC: 'the cluster’s own components lose what they need',
      Webhook: 'access policies have no effect',
    };
    return missing.map((type) =>
      told(
        'error',
        'chain',
        `${type} is not among the authorizers: ${consequence[type]}`,
        `add it to ${where}`,
      ),
    );
  }
  return [
    types.indexOf('Webhook') < types.indexOf('RBAC')
      ? told(
          'warning',
          'chain',
          `the order is ${chain}: every request of our users waits for the network, also what RBAC allows`,
          `put RBAC before Webhook in ${where}`,
        )
      : told('ok', 'chain', `the order is ${chain}: only what RBAC does not allow is asked`),
  ];
}

function checkTimeout(text: string | undefined, file: string): readonly Finding[] {
  const count = text === undefined ? undefined : parseDuration(text);
  if (count === undefined || count <= 0 || count > longestTimeout) {
    return [
      told(
        'error',
        'timeout',
        `timeout is ${text ?? 'missing'}: the API server does not start`,
        `set it to 3s in \`${file}\`; ${longestTimeout}s is the most`,
      ),
    ];
  }
  return count > 10
    ? [
        told(
          'warning',
          'timeout',
          `while this server is unreachable, requests that RBAC does not allow wait ${count} s`,
          `set timeout to 3s in \`${file}\``,
        ),
      ]
    : [];
}

function checkFailurePolicy(policy: string | undefined, file: string): readonly Finding[] {
  switch (policy) {
    case 'NoOpinion':
      return [told('ok', 'failurePolicy', 'while this server is unreachable, what RBAC says stands')];
    case 'Deny':
      return [
        told(
          'warning',
          'failurePolicy',
          'while this server is unreachable, no authorizer behind it is asked (failurePolicy: Deny)',
          `set failurePolicy to NoOpinion in \`${file}\`: it never gives more than RBAC does`,
        ),
      ];
    default:
      return [
        told(
          'error',
          'failurePolicy',
          `failurePolicy is ${policy ?? 'missing'}: the API server does not start`,
          `set it to NoOpinion in \`${file}\``,
        ),
      ];
  }
}

function checkConditions(value: unknown, file: string): readonly Finding[] {
  const expressions = (Array.isArray(value) ? value : []).map((one) => String(objectOf(one).expression));
  if (expressions.length === 0) {
    return [
      told(
        'warning',
        'conditions',
        'what RBAC does not allow is asked for all users, service accounts and nodes included',
        `add to matchConditions in \`${file}\`: ${matchCondition}`,
      ),
    ];
  }
  return [
    expressions.includes(matchCondition)
      ? told('ok', 'conditions', 'only users whom Entryway authenticated are asked about')
      : told(
          'info',
          'conditions',
          `matchConditions in \`${file}\` are not those of a bundle: ${expressions.join(' ; ')}`,
        ),
  ];
}

export function authorizersOf(authorization: unknown): unknown {
  return objectOf(authorization).authorizers;
}

function pathOf(webhook: Readonly<Record<string, unknown>>): string {
  return String(objectOf(webhook.connectionInfo).kubeConfigFile ?? '');
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
