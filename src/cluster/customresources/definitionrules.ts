import { definitionTurnKey } from '../../storage/records/keys.ts';
import { isObject, type JsonObject, type JsonValue, own } from '../../wire/kube/json.ts';
import type { ResourceTable } from '../../wire/kube/resources.ts';
import { fittingErrors } from '../../wire/kube/schema/findings.ts';
import { formatCheck } from '../../wire/kube/schema/formats.ts';
import { listOf, objectOf, textOf, textsOf } from '../../wire/kube/schema/schema.ts';
import type { ResourceRequest } from '../context.ts';
import { type KubeObject, kubernetesTime } from '../objects/object.ts';
import type { KindRules } from '../resources/kind.ts';
import { approvalCondition } from './approval.ts';
import { type Condition, withCondition } from './conditions.ts';
import { conditionStatus, readNames } from './definition.ts';
import { definitionErrors } from './definitionerrors.ts';
import { acceptNames, takenNames } from './names.ts';

/** CustomResourceDefinitions: their status says at once whether they are served (kubernetes: the naming controllers). */
export const definitionRules: KindRules = {
  counted: true,
  conditionalUpdate: true,
  // Which names a definition gets depends on what all the others have.
  turnKey: definitionTurnKey,
  complete(next, _, { context, request }) {
    const served = context.served(request.cluster.cluster);
    return completeDefinition(next, served, context.now());
  },
  validate: (next, old) => fittingErrors(definitionErrors(next, old)),
  admit: (_, request, next, old) => warnOfUnchecked(request, next, old),
};

/**
 * A definition with what its author may leave out, and with the status that follows from it: which names it gets beside
 * what the cluster serves, and so whether it is served. `now` is epoch milliseconds.
 */
export function completeDefinition(definition: KubeObject, served: ResourceTable, now: number): KubeObject {
  const spec = withDefaults(objectOf(definition, 'spec'));
  const status = completeStatus(definition, spec, served, kubernetesTime(now));
  return { ...definition, spec, status };
}

function withDefaults(spec: JsonObject): JsonObject {
  const { preserveUnknownFields, ...others } = spec;
  const names = objectOf(spec, 'names');
  const kind = textOf(names, 'kind');
  const conversion = own(spec, 'conversion');
  return {
    ...others,
    // False is what v1 means by saying nothing.
    ...(preserveUnknownFields !== undefined && preserveUnknownFields !== false && { preserveUnknownFields }),
    names: {
      ...names,
      singular: textOf(names, 'singular') || kind.toLowerCase(),
      listKind: textOf(names, 'listKind') || (kind === '' ? '' : `${kind}List`),
    },
    conversion: isObject(conversion) ? conversion : { strategy: 'None' },
  };
}

function completeStatus(
  definition: KubeObject,
  spec: JsonObject,
  served: ResourceTable,
  time: string,
): JsonObject {
  const before = objectOf(definition, 'status');
  const group = textOf(spec, 'group');
  const wanted = readNames(objectOf(spec, 'names'));
  const naming = acceptNames(
    wanted,
    readNames(objectOf(before, 'acceptedNames')),
    takenNames(served, group, wanted.plural),
  );
  const stored = listOf(spec, 'versions').find((version) => own(version, 'storage') === true);
  const storedVersion = isObject(stored) ? textOf(stored, 'name') : '';
  const known = textsOf(before, 'storedVersions');
  const storedVersions =
    storedVersion === '' || known.includes(storedVersion) ? known : [...known, storedVersion];
  const conditions: readonly (Condition | undefined)[] = [
    approvalCondition(group, definition),
    naming.condition,
    establishment(before, naming.condition),
  ];
  let status: JsonObject = { ...before, conditions: listOf(before, 'conditions') };
  for (const condition of conditions) {
    if (condition !== undefined) status = withCondition(status, condition, time);
  }
  return { ...status, acceptedNames: naming.accepted, storedVersions };
}

/** Once established a definition stays so, whatever names it loses. */
function establishment(before: JsonObject, names: Condition): Condition {
  const isEstablished = conditionStatus(before, 'Established') === 'True';
  return isEstablished || names.status === 'True'
    ? {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      }
    : { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
}

/** Tells of rules in a schema that nobody checks, when they come in. */
function warnOfUnchecked({ warn }: ResourceRequest, next: KubeObject, old: KubeObject | undefined): void {
  const found = uncheckedRules(next);
  const before = old === undefined ? undefined : uncheckedRules(old);
  for (const format of found.formats) {
    if (before?.formats.has(format) !== true) warn(`unrecognized format ${JSON.stringify(format)}`);
  }
  // COMPAT: CEL rules are stored and shown, and not evaluated.
  if (found.hasRules && before?.hasRules !== true) {
    warn(
      'x-kubernetes-validations are not evaluated in a built-in cluster: objects that break them are accepted',
    );
  }
}

interface Unchecked {
  readonly formats: ReadonlySet<string>;
  readonly hasRules: boolean;
}

function uncheckedRules(definition: KubeObject): Unchecked {
  const formats = new Set<string>();
  let hasRules = false;
  const visit = (schema: JsonValue | undefined): void => {
    if (!isObject(schema)) return;
    const format = textOf(schema, 'format');
    if (format !== '' && schema.type === 'string' && formatCheck(format) === undefined) formats.add(format);
    if (listOf(schema, 'x-kubernetes-validations').length > 0) hasRules = true;
    for (const one of Object.values(objectOf(schema, 'properties'))) visit(one);
    for (const member of ['items', 'additionalProperties', 'not']) visit(own(schema, member));
    for (const member of ['allOf', 'anyOf', 'oneOf']) for (const one of listOf(schema, member)) visit(one);
  };
  for (const version of listOf(objectOf(definition, 'spec'), 'versions')) {
    if (isObject(version)) visit(own(objectOf(version, 'schema'), 'openAPIV3Schema'));
  }
  return { formats, hasRules };
}
