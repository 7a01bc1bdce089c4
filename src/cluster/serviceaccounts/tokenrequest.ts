import {
  apiAudience,
  longestTokenSeconds,
  type TokenSubject,
  type TokenWish,
} from '../../access/serviceaccounttoken.ts';
import { objectKey } from '../../storage/records/keys.ts';
import {
  type FieldError,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../../wire/kube/fielderror.ts';
import { at, isObject, type JsonObject } from '../../wire/kube/json.ts';
import { badRequest, conflict, invalid, notFound } from '../../wire/kube/status.ts';
import { mutate, review, unstoredWrite } from '../admission/admission.ts';
import type { Answer, ApiContext, ResourceRequest } from '../context.ts';
import { checkAddress, toKubeObject } from '../objects/metadata.ts';
import { type KubeObject, kubernetesTime } from '../objects/object.ts';
import { getObject } from '../objects/store.ts';
import { decodeBody } from '../request/decode.ts';
import { writeOptions } from '../request/options.ts';
import { minorVersion } from '../version.ts';
import { type BoundObject, readBoundObject } from './boundobject.ts';
import { projectedSeconds } from './podaccount.ts';

const tokenRequest = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' } as const;
const messageType = 'authentication.v1.TokenRequest';
const target = { group: 'authentication.k8s.io', kind: 'TokenRequest' } as const;

const defaultSeconds = 3600;
const minimumSeconds = 600;
const maximumSeconds = 2 ** 32;
/** The longest life a token gets, whatever is asked: what --service-account-max-token-expiration sets upstream. */
const longestLifeSeconds = 24 * 3600;
/** Bounds of ours: audiences end up in every token. */
const maximumAudiences = 32;
const maximumAudienceBytes = 1024;

/**
 * POST of `serviceaccounts/NAME/token` (kubernetes-facts F1): 201 with the token in `status`. Nothing is stored but,
 * the first time, the cluster's signing key.
 */
export async function createServiceAccountToken(
  context: ApiContext,
  request: ResourceRequest,
): Promise<Answer> {
  const { namespace, name } = request;
  const { cluster } = request.cluster;
  const options = writeOptions(request.query, 'Create');
  const body = await decodeBody(request, {
    ...tokenRequest,
    messageType,
    fieldValidation: options.fieldValidation,
  });
  const given = toKubeObject(body, tokenRequest);
  checkAddress(given, { namespace, name: undefined });
  const { name: named = '' } = given.metadata;
  if (named !== '' && named !== name) {
    const detail = 'must match the service account name if specified';
    throw invalid(target, name, [invalidValue('metadata.name', named, detail)]);
  }
  const write = unstoredWrite({ dryRun: options.dryRun, messageType });
  const asked = await mutate(context, request, { ...write, object: given }, (object) => object);
  const wish = readSpec(asked.spec);

  const account = await getObject(
    context.storage,
    objectKey(cluster.clusterId, '', 'serviceaccounts', namespace, name),
  );
  const uid = account?.metadata.uid;
  // One that is being deleted would get a token that is refused.
  if (uid === undefined || account?.metadata.deletionTimestamp !== undefined) {
    throw notFound({ group: '', resource: 'serviceaccounts' }, name);
  }
  const uidIsTold = minorVersion(cluster) >= 34;
  const { uid: claimed = '' } = asked.metadata;
  if (uidIsTold && claimed !== '' && claimed !== uid) {
    throw conflict(
      { group: target.group, resource: target.kind },
      name,
      `the UID in the token request (${claimed}) does not match the UID of the service account (${uid})`,
    );
  }
  const now = context.now();
  const metadata = {
    ...asked.metadata,
    name,
    namespace,
    ...(uidIsTold && { uid }),
    creationTimestamp: kubernetesTime(now),
  };
  const spec = { ...(isObject(asked.spec) && asked.spec), ...wished(wish) };
  await review(context, request, { ...write, object: { ...asked, metadata, spec } });
  const bound = await readBoundObject(context.storage, cluster.clusterId, wish.boundObject, {
    namespace,
    name,
  });
  const seconds = Math.min(wish.expirationSeconds, longestLifeSeconds);
  const subject: TokenSubject = { namespace, serviceAccount: { name, uid }, ...bound?.claims };
  const tokenId = context.random.uuid();
  const token = await context.serviceAccounts.issue(
    cluster,
    { ...subject, audiences: wish.audiences, ...lifeOf(seconds, subject, wish.audiences), tokenId },
    now,
  );
  if (token === undefined) {
    throw invalid(target, '', [
      invalidValue('spec.audiences', wish.audiences, 'the token would be too long'),
    ]);
  }
  const object: KubeObject = {
    ...asked,
    metadata,
    spec: {
      audiences: wish.audiences,
      expirationSeconds: seconds,
      boundObjectRef: bound === undefined ? null : bound.reference,
    },
    status: { token, expirationTimestamp: kubernetesTime((Math.floor(now / 1000) + seconds) * 1000) },
  };
  request.annotate('authentication.kubernetes.io/issued-credential-id', `JTI=${tokenId}`);
  if (seconds < wish.expirationSeconds) {
    request.warn(`requested expiration of ${wish.expirationSeconds} seconds shortened to ${seconds} seconds`);
  }
  return { kind: 'object', status: 201, object };
}

/**
 * How long a token lives. What kubelets ask for on behalf of every pod is stretched, so that a client that never reads
 * the file again goes on for a while; each use after the hour is told in the audit record.
 *
 * COMPAT: EKS stretches to 90 days, Kubernetes itself to a year.
 */
function lifeOf(
  seconds: number,
  { pod }: TokenSubject,
  audiences: readonly string[],
): Pick<TokenWish, 'expirationSeconds' | 'warnAfterSeconds'> {
  const isForApi = audiences.every((audience) => audience === apiAudience);
  return pod !== undefined && seconds === projectedSeconds && isForApi
    ? { expirationSeconds: longestTokenSeconds, warnAfterSeconds: seconds }
    : { expirationSeconds: seconds };
}

/** The members of a spec that are filled in. */
function wished({ audiences, expirationSeconds }: TokenSpec): JsonObject {
  return { audiences, expirationSeconds };
}

interface TokenSpec {
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly boundObject: BoundObject | undefined;
}

function readSpec(value: unknown): TokenSpec {
  const spec = value === undefined ? {} : value;
  if (!isObject(spec)) throw badRequest('spec of the TokenRequest is not an object');
  const errors: FieldError[] = [];
  const audiences = readAudiences(spec, errors);
  const expirationSeconds = spec.expirationSeconds ?? defaultSeconds;
  const field = 'spec.expirationSeconds';
  if (typeof expirationSeconds !== 'number' || !Number.isInteger(expirationSeconds)) {
    errors.push(invalidValue(field, expirationSeconds, 'must be an integer'));
  } else if (expirationSeconds < minimumSeconds) {
    errors.push(invalidValue(field, expirationSeconds, 'may not specify a duration less than 10 minutes'));
  } else if (expirationSeconds > maximumSeconds) {
    errors.push(
      invalidValue(field, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'),
    );
  }
  const boundObject = readReference(spec.boundObjectRef, errors);
  if (errors.length > 0) throw invalid(target, '', errors);
  return { audiences, expirationSeconds: Number(expirationSeconds), boundObject };
}

function readAudiences(spec: JsonObject, errors: FieldError[]): readonly string[] {
  const field = 'spec.audiences';
  const given = spec.audiences ?? [];
  if (!Array.isArray(given)) {
    errors.push(invalidValue(field, given, 'must be a list'));
    return [];
  }
  if (given.length > maximumAudiences) {
    errors.push(invalidValue(field, given.length, `may not have more than ${maximumAudiences} audiences`));
    return [];
  }
  for (const [index, audience] of given.entries()) {
    const here = `${field}[${index}]`;
    if (typeof audience !== 'string') errors.push(invalidValue(here, audience, 'must be a string'));
    else if (audience === '') errors.push(required(here));
    else if (Buffer.byteLength(audience) > maximumAudienceBytes) {
      errors.push(tooLong(here, maximumAudienceBytes));
    }
  }
  return given.length === 0 ? [apiAudience] : (given as readonly string[]);
}

/** SECURITY: a reference that cannot be read is refused: without it the token would be bound to nothing. */
function readReference(value: unknown, errors: FieldError[]): BoundObject | undefined {
  if (value === undefined || value === null) return undefined;
  const text = (member: string): string => {
    const given = at(value, member) ?? '';
    if (typeof given === 'string') return given;
    errors.push(notSupported(`spec.boundObjectRef.${member}`, given, []));
    return '';
  };
  if (!isObject(value)) errors.push(invalidValue('spec.boundObjectRef', value, 'must be an object'));
  return { kind: text('kind'), apiVersion: text('apiVersion'), name: text('name'), uid: text('uid') };
}
