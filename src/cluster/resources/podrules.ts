import { quote } from '../../engine/rbac/quote.ts';
import { duplicate, type FieldError, forbiddenField, required } from '../../wire/kube/fielderror.ts';
import { isObject, type JsonObject, type JsonValue, own, sameJson } from '../../wire/kube/json.ts';
import type { KubeObject } from '../objects/object.ts';

/**
 * What may be said of a pod at its own address (upstream's ValidatePodCreate and ValidatePodUpdate).
 *
 * SECURITY: a node, an ephemeral container and other resources are given to a pod by `binding`, `ephemeralcontainers` and
 * `resize`, and an account when it is made. Who may only `update` pods was asked about none of these.
 */

/** What a new pod may not have yet. */
export function newPodErrors(pod: KubeObject): readonly FieldError[] {
  const spec = specOf(pod);
  const errors: FieldError[] = [];
  if (items(spec.ephemeralContainers).length > 0) {
    errors.push(forbiddenField('spec.ephemeralContainers', 'cannot be set on create'));
  }
  if (items(spec.schedulingGates).length > 0 && (spec.nodeName ?? '') !== '') {
    const detail = 'cannot be set until all schedulingGates have been cleared';
    errors.push(forbiddenField('spec.nodeName', detail));
  }
  return errors;
}

const changeable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
];

/** COMPAT: without the difference in Go's words that upstream adds. */
export function changedPodErrors(next: KubeObject, old: KubeObject): readonly FieldError[] {
  const [after, before] = [specOf(next), specOf(old)];
  for (const member of ['containers', 'initContainers'] as const) {
    if (items(after[member]).length === items(before[member]).length) continue;
    return [forbiddenField(`spec.${member}`, 'pod updates may not add or remove containers')];
  }
  const errors = [...tolerationErrors(after, before), ...gateErrors(after, before)];
  if (!sameJson(fixedPart(after, before), fixedPart(before, before))) {
    const detail = `pod updates may not change fields other than ${changeable.join(',')}\n`;
    errors.push(forbiddenField('spec', detail));
  }
  return errors;
}

/** A resize is about the containers there are, in their order. */
export function resizeErrors(next: KubeObject, old: KubeObject): readonly FieldError[] {
  return (['containers', 'initContainers'] as const).flatMap((member) => {
    const names = items(specOf(next)[member]).map(nameOf);
    const known = items(specOf(old)[member]).map(nameOf);
    if (sameJson(names, known)) return [];
    const what = names.length === known.length ? 'renamed or reordered' : 'added or removed';
    return [forbiddenField(`spec.${member}`, `containers may not be ${what} on resize`)];
  });
}

/** Ephemeral containers come and stay, each under a name of its own. */
export function ephemeralErrors(next: KubeObject, old: KubeObject): readonly FieldError[] {
  const field = 'spec.ephemeralContainers';
  const spec = specOf(next);
  const given = items(spec.ephemeralContainers);
  const taken = new Set([...items(spec.containers), ...items(spec.initContainers)].map(nameOf));
  const errors = given.flatMap((container, index): FieldError[] => {
    const name = nameOf(container);
    if (name === '') return [required(`${field}[${index}].name`)];
    if (taken.has(name)) return [duplicate(`${field}[${index}].name`, name)];
    taken.add(name);
    return [];
  });
  for (const container of items(specOf(old).ephemeralContainers)) {
    const name = nameOf(container);
    const kept = given.find((one) => nameOf(one) === name);
    if (kept !== undefined && sameJson(kept, container)) continue;
    const what = kept === undefined ? 'removed' : 'changed';
    errors.push(forbiddenField(field, `existing ephemeral containers ${quote(name)} may not be ${what}\n`));
  }
  return errors;
}

function tolerationErrors(after: JsonObject, before: JsonObject): FieldError[] {
  const lasting = (toleration: JsonValue): JsonValue =>
    isObject(toleration) ? without(toleration, ['tolerationSeconds']) : toleration;
  const there = items(after.tolerations).map(lasting);
  const isKept = items(before.tolerations).every((one) =>
    there.some((other) => sameJson(other, lasting(one))),
  );
  const detail = 'existing toleration can not be modified except its tolerationSeconds';
  return isKept ? [] : [forbiddenField('spec.tolerations', detail)];
}

function gateErrors(after: JsonObject, before: JsonObject): FieldError[] {
  const known = new Set(items(before.schedulingGates).map(nameOf));
  return items(after.schedulingGates).flatMap((gate, index) =>
    known.has(nameOf(gate))
      ? []
      : [
          forbiddenField(
            `spec.schedulingGates[${index}].name`,
            `only deletion is allowed, but found new scheduling gate '${nameOf(gate)}'`,
          ),
        ],
  );
}

/** What of a spec must stay as it was. */
function fixedPart(spec: JsonObject, before: JsonObject): JsonObject {
  const { terminationGracePeriodSeconds: grace } = spec;
  const { terminationGracePeriodSeconds: known } = before;
  const mendsGrace = typeof known === 'number' && known < 0 && grace === 1;
  // COMPAT: upstream lets the node selector and affinity of a gated pod become narrower; here they may change.
  const gated = items(before.schedulingGates).length > 0 ? ['nodeSelector', 'affinity'] : [];
  const images = (containers: JsonValue | undefined): readonly JsonValue[] =>
    items(containers).map((one) => (isObject(one) ? without(one, ['image']) : one));
  return {
    ...without(spec, [
      // The older name of serviceAccountName.
      ...['serviceAccount', 'activeDeadlineSeconds', 'tolerations', 'schedulingGates', ...gated],
    ]),
    containers: images(spec.containers),
    initContainers: images(spec.initContainers),
    terminationGracePeriodSeconds: (mendsGrace ? known : grace) ?? null,
  };
}

/** What is empty counts as not there. */
function without(object: JsonObject, members: readonly string[]): JsonObject {
  const isThere = (value: JsonValue): boolean =>
    value !== null && value !== '' && !(typeof value === 'object' && Object.keys(value).length === 0);
  const left = Object.entries(object).filter(([name, value]) => !members.includes(name) && isThere(value));
  return Object.fromEntries(left);
}

const specOf = ({ spec }: KubeObject): JsonObject => (isObject(spec) ? spec : {});
const items = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);

function nameOf(value: JsonValue): string {
  const name = own(value, 'name');
  return typeof name === 'string' ? name : '';
}
