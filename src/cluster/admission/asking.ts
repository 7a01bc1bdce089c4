import { injectorName } from '../../engine/podcredentials/names.ts';
import type { JsonValue } from '../../wire/kube/json.ts';
import type { ResourceDefinition } from '../../wire/kube/resources.ts';
import { unauthorized } from '../../wire/kube/status.ts';
import type { ApiContext, ResourceRequest } from '../context.ts';
import { callFailed, denied, dryRunUnsupported, requestTimedOut } from './denial.ts';
import { type AdmittedWrite, factsOf } from './reviewedwrite.ts';
import { decodePatch } from './verdict.ts';
import type { Webhook } from './webhook.ts';

/** Which webhook is asked, and when: the names of its audit annotations say so. */
export interface Asking {
  readonly webhook: Webhook;
  readonly resource: ResourceDefinition;
  readonly mutating: boolean;
  readonly round: number;
  readonly index: number;
}

/** SECURITY: under these names the server itself annotates. A webhook that has one of them would speak in its place. */
const ownAnnotations =
  /^(authentication\.(k8s|kubernetes)|authorization\.k8s|(failed-open\.)?(mutation|validating)\.webhook\.admission\.k8s)\.io$/;

const isOwnName = (name: string): boolean => ownAnnotations.test(name) || name === injectorName;

/**
 * Asks a webhook about a write: the patch it wants, undefined for none. Refuses by throwing a Status; so does a webhook
 * that cannot be asked, unless its configuration says to go on then.
 */
export async function askWebhook(
  context: ApiContext,
  request: ResourceRequest,
  write: AdmittedWrite,
  { webhook, resource, mutating, round, index }: Asking,
): Promise<JsonValue | undefined> {
  const { clusterId, arn } = request.cluster.cluster;
  if (write.dryRun && !webhook.mayDryRun) throw dryRunUnsupported(webhook.name);
  const signal = request.ended();
  const facts = factsOf(context, request, write, { resource, mutating });
  const asked = await context.webhooks.ask(clusterId, webhook, { facts, mutating, signal });
  // SECURITY: it may have taken half a minute. A block made meanwhile counts.
  if (context.isBlocked(request.caller)) throw unauthorized();
  if (asked.kind === 'failed') {
    const { configuration, name, ignoresFailures } = webhook;
    const fields = { cluster: arn, configuration, webhook: name, reason: asked.reason };
    context.log.warn(fields, ignoresFailures ? 'a webhook was passed over' : 'a webhook could not be asked');
    if (!ignoresFailures) throw callFailed(name, asked.reason);
    if (signal.aborted) throw requestTimedOut();
    const plugin = mutating ? 'mutation' : 'validating';
    request.annotate(`failed-open.${plugin}.webhook.admission.k8s.io/round_${round}_index_${index}`, name);
    return undefined;
  }
  const { verdict } = asked;
  for (const [key, value] of Object.entries(verdict.auditAnnotations)) {
    if (!isOwnName(webhook.name)) request.annotate(`${webhook.name}/${key}`, value);
  }
  for (const warning of verdict.warnings) request.warn(warning);
  if (!verdict.allowed) throw denied(webhook.name, verdict.result);
  return decodePatch(verdict.patch);
}
