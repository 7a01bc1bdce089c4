import { asObject, asText, type JsonObject } from '../../../../access/json.ts';
import type { Place } from '../../../../engine/analysis/snapshot/snapshot.ts';
import type { Fact, Findings } from '../../facts.ts';
import { collectFindings } from '../../findings.ts';
import type { TerraformPlan } from '../plan.ts';
import { createReferences } from '../references.ts';
import { listOf, type TerraformResource } from '../resources.ts';
import { isData, priorResources, readOne, tellProviders, tellUnfinished } from '../terraform.ts';

/** One thing that a plan makes, takes away or changes. */
export interface PlannedEdit {
  /** Of the resource, as Terraform calls it. */
  readonly address: string;
  readonly place: Place;
  /** As the plan found it; absent: it makes it. */
  readonly before?: Fact;
  /** As it will be; absent: it takes it away. */
  readonly after?: Fact;
}

/** What a plan changes of access, and what else it tells: whose account it is of. */
export interface PlannedChanges {
  readonly edits: readonly PlannedEdit[];
  readonly about: readonly Fact[];
  /** How many resources are changed that are read here. */
  readonly resources: number;
}

/** Reads the changes of a plan; what is known only after apply, and what is not understood, goes to `findings`. */
export function readChanges({ document, value }: TerraformPlan, findings: Findings): PlannedChanges {
  const changes = listOf(value.resource_changes).flatMap((element) => {
    const change = changeOf(element);
    if (change === undefined) {
      const reason = 'a change of this plan has no address, type or actions that can be read: it is left out';
      findings.gap({ area: 'file', reason, place: document.placeOf(element) });
    }
    return change ?? [];
  });
  const data = priorResources(value).filter(isData);
  const planned = changes.flatMap(({ after }) => after ?? []).filter((resource) => !isData(resource));
  const references = createReferences(value.configuration, [...data, ...planned]);
  const reading = { findings, document, references };
  tellUnfinished(document, value, findings);

  const about = collectFindings();
  for (const resource of data) {
    if (resource.type === 'aws_caller_identity') readOne(resource, { ...reading, findings: about.findings });
  }
  const read = (resource: TerraformResource | undefined): readonly Fact[] => {
    if (resource === undefined) return [];
    const collected = collectFindings();
    const into = { ...collected.findings, gap: findings.gap };
    readOne(resource, { ...reading, findings: into });
    // An entry's own policies are resources of their own here.
    return collected.facts.filter((fact) => fact.fact !== 'policies' || !fact.areAll);
  };
  const edits: PlannedEdit[] = [];
  const touched: TerraformResource[] = [];
  let resources = 0;
  for (const { address, part, before, after, actions } of changes) {
    const resource = after ?? before;
    if (resource === undefined || isData(resource) || actions.every((action) => harmless.has(action)))
      continue;
    const place = document.placeOf(part);
    const unknown = actions.find((action) => !harmless.has(action) && !changing.has(action));
    if (unknown !== undefined) {
      const reason = `\`${address}\`: Terraform's action \`${unknown.slice(0, 50)}\` is not known here: it is left out`;
      findings.gap({ area: 'file', reason, place });
      continue;
    }
    touched.push(resource);
    const isUpdated = actions.includes('update');
    const old = isUpdated || actions.includes('delete') ? read(before) : [];
    const fresh = isUpdated || actions.includes('create') ? read(after) : [];
    if (old.length + fresh.length > 0) resources++;
    // What it becomes could not be read, which is told: what it is stays, rather than that nobody has it.
    if (isUpdated && fresh.length === 0) continue;
    // What is replaced is another one, though it has the same name.
    const pairs = isUpdated
      ? paired(old, fresh)
      : [...old.map((fact) => [fact]), ...fresh.map((fact) => [undefined, fact])];
    for (const [one, other] of pairs) {
      edits.push({ address, place, ...(one && { before: one }), ...(other && { after: other }) });
    }
  }
  tellProviders(document, value, { resources: touched, references, findings });
  return { edits, about: about.facts, resources };
}

/** That leave everything where it is: `forget` only ends Terraform's care of it. */
const harmless = new Set(['no-op', 'read', 'forget']);
const changing = new Set(['create', 'update', 'delete']);

interface Change {
  readonly address: string;
  readonly part: JsonObject;
  readonly actions: readonly string[];
  readonly before: TerraformResource | undefined;
  readonly after: TerraformResource | undefined;
}

function changeOf(element: unknown): Change | undefined {
  const part = asObject(element);
  const change = asObject(part?.change);
  const [address, type, name] = [asText(part?.address), asText(part?.type), asText(part?.name)];
  const actions = listOf(change?.actions).map(asText);
  if (part === undefined || change === undefined || address === undefined) return undefined;
  if (type === undefined || name === undefined || actions.length === 0) return undefined;
  const index = typeof part.index === 'string' || typeof part.index === 'number' ? part.index : undefined;
  const resource = { address, module: asText(part.module_address) ?? '', type, name, index, part };
  const [before, after] = [asObject(change.before), asObject(change.after)];
  return {
    ...{ address, part },
    actions: actions.map((action) => action ?? ''),
    before: before && { ...resource, values: before, unknown: {} },
    after: after && { ...resource, values: after, unknown: asObject(change.after_unknown) ?? {} },
  };
}

/** Facts of one resource that tell of the same thing. */
function paired(
  before: readonly Fact[],
  after: readonly Fact[],
): readonly (readonly [Fact | undefined, Fact | undefined])[] {
  const left = new Map(after.map((fact) => [keyOf(fact), fact]));
  const pairs = before.map((fact): readonly [Fact, Fact | undefined] => {
    const key = keyOf(fact);
    const fresh = left.get(key);
    left.delete(key);
    return [fact, fresh];
  });
  return [...pairs, ...[...left.values()].map((fact) => [undefined, fact] as const)];
}

/** The same for facts about the same thing. */
function keyOf(fact: Fact): string {
  const cluster = 'cluster' in fact ? (fact.cluster.name ?? '') : '';
  switch (fact.fact) {
    case 'entry':
      return `entry ${cluster} ${fact.principalArn}`;
    case 'policies':
      return `policies ${cluster} ${fact.principalArn} ${fact.areAll} ${fact.policies.map(({ policyArn }) => policyArn).join()}`;
    case 'rbac': {
      const { kind, name } = fact.object;
      return `rbac ${kind} ${'namespace' in fact.object ? fact.object.namespace : ''} ${name}`;
    }
    case 'namespace':
      return `namespace ${fact.name}`;
    case 'serviceAccount':
      return `serviceAccount ${fact.serviceAccount.namespace}/${fact.serviceAccount.name}`;
    case 'podIdentity':
      return `podIdentity ${cluster} ${fact.association.namespace}/${fact.association.serviceAccount}`;
    case 'identityProvider':
      return `identityProvider ${cluster} ${fact.provider.name}`;
    case 'principal':
      return `${fact.isPart ? 'part' : 'principal'} ${fact.kind} ${fact.arn}`;
    case 'managedPolicy':
    case 'oidcProvider':
      return `${fact.fact} ${fact.arn}`;
    default:
      return `${fact.fact} ${cluster}`;
  }
}
