import { isObject, type JsonObject, type JsonValue, own } from '../json.ts';
import { isScalar, type Message, type MessageField, messageNamed } from '../messages.ts';
import { fieldElement, keyElement, valueElement } from './fieldsv1.ts';

/** How the value at one place is divided among managers (the topology of kubernetes-facts E11 and E13). */
export type Shape =
  /** Owned as a whole: scalars and everything atomic. */
  | { readonly kind: 'leaf' }
  | Struct
  | { readonly kind: 'map'; readonly values: Shape }
  | {
      readonly kind: 'keyed';
      readonly keys: readonly string[];
      readonly items: Shape;
      /** Values of keys an element may leave out. */
      readonly defaults: ReadonlyMap<string, JsonValue>;
    }
  | { readonly kind: 'set' }
  /** No type data: maps are granular, lists are atomic. */
  | { readonly kind: 'deduced' };

export interface Struct {
  readonly kind: 'struct';
  /** What is declared under a name; undefined for names that are not. */
  readonly field: (name: string) => StructField | undefined;
  /** Whether other names are allowed. */
  readonly isOpen: boolean;
}

export interface StructField {
  readonly shape: Shape;
  /** A struct that Go writes always: where its parent is, it is, at least as `{}`. */
  readonly isImplied: boolean;
}

export const leaf: Shape = { kind: 'leaf' };
export const deduced: Shape = { kind: 'deduced' };

/** Messages whose JSON is a scalar, or anything at all. */
const opaque: ReadonlySet<string> = new Set([
  'meta.v1.Time',
  'meta.v1.MicroTime',
  'meta.v1.Duration',
  'meta.v1.FieldsV1',
  'resource.Quantity',
  'resource.QuantityValue',
  'intstr.IntOrString',
  'runtime.RawExtension',
]);

/**
 * Types upstream marks `structType=atomic` as a whole; the message data has such marks for fields only.
 * COMPAT: read from the public API types.
 */
export const atomicTypes: ReadonlySet<string> = new Set([
  'admissionregistration.v1.MatchResources',
  'admissionregistration.v1.NamedRuleWithOperations',
  'admissionregistration.v1.ParamKind',
  'admissionregistration.v1.ParamRef',
  'admissionregistration.v1.Variable',
  'autoscaling.v1.CrossVersionObjectReference',
  'core.v1.ConfigMapKeySelector',
  'core.v1.EndpointAddress',
  'core.v1.EndpointPort',
  'core.v1.FileKeySelector',
  'core.v1.LocalObjectReference',
  'core.v1.NodeSelector',
  'core.v1.NodeSelectorTerm',
  'core.v1.ObjectFieldSelector',
  'core.v1.ObjectReference',
  'core.v1.ResourceFieldSelector',
  'core.v1.ScopeSelector',
  'core.v1.SecretKeySelector',
  'core.v1.SecretReference',
  'core.v1.TopologySelectorTerm',
  'core.v1.TypedLocalObjectReference',
  'discovery.v1.EndpointPort',
  'meta.v1.LabelSelector',
  'meta.v1.OwnerReference',
  'networking.v1.ServiceBackendPort',
  'rbac.v1.RoleRef',
  'rbac.v1.Subject',
]);

/** Keys of list elements that may be left out. The one such key of the built-in types. */
const keyDefaults: ReadonlyMap<string, JsonValue> = new Map([['protocol', 'TCP']]);

/** The shape of a kind (`apps.v1.Deployment`); without a message nothing is known of it. */
export function shapeOfKind(messageType: string | undefined): Shape {
  const message = messageType === undefined ? undefined : messageNamed(messageType);
  return message === undefined ? deduced : structOf(message);
}

function structOf(message: Message): Struct {
  const field = (name: string): StructField | undefined => {
    const declared = message.byJsonName.get(name);
    if (declared === undefined) return undefined;
    const shape = shapeOfField(declared);
    return { shape, isImplied: declared.shape === 'one' && !declared.pointer && shape.kind === 'struct' };
  };
  return { kind: 'struct', field, isOpen: false };
}

const structs = new Map<string, Shape>();
const fields = new WeakMap<MessageField, Shape>();

function shapeOfType(type: string, isGranular: boolean): Shape {
  if (isScalar(type) || opaque.has(type) || (atomicTypes.has(type) && !isGranular)) return leaf;
  const known = structs.get(type);
  if (known !== undefined) return known;
  const message = messageNamed(type);
  if (message === undefined) return leaf;
  const shape: Shape = structOf(message);
  structs.set(type, shape);
  return shape;
}

function shapeOfField(field: MessageField): Shape {
  const known = fields.get(field);
  if (known !== undefined) return known;
  const shape = computedShape(field);
  fields.set(field, shape);
  return shape;
}

function computedShape(field: MessageField): Shape {
  if (field.topology === 'atomic') return leaf;
  const type = shapeOfType(field.type, field.topology === 'granular');
  switch (field.shape) {
    case 'one':
      return type;
    case 'map':
      return { kind: 'map', values: type };
    case 'list':
      if (field.topology === 'set') return { kind: 'set' };
      if (field.topology === 'map') {
        return { kind: 'keyed', keys: field.topologyKeys, items: type, defaults: keyDefaults };
      }
      return leaf;
    default:
      return field.shape satisfies never;
  }
}

/** One child of a value. */
export interface Part {
  readonly element: string;
  readonly value: JsonValue;
  readonly shape: Shape;
  /** A field the message declares, not the key of a map. */
  readonly isDeclared: boolean;
  /** A struct that Go writes always: where its parent is, it is, at least as `{}`. */
  readonly isImplied: boolean;
}

/**
 * The children of a value, or undefined when it is one piece: a leaf, or something its shape does not fit, which is then
 * handled whole. A null in the place of a struct, map or list has no children.
 */
export function partsOf(shape: Shape, value: JsonValue): readonly Part[] | undefined {
  switch (shape.kind) {
    case 'leaf':
      return undefined;
    case 'struct':
      if (value === null) return [];
      return isObject(value) ? structParts(shape, value) : undefined;
    case 'map':
      if (value === null) return [];
      return isObject(value) ? mapParts(shape.values, value) : undefined;
    case 'deduced':
      return isObject(value) ? mapParts(deduced, value) : undefined;
    case 'keyed':
    case 'set':
      if (value === null) return [];
      return Array.isArray(value) ? listParts(shape, value) : undefined;
    default:
      return shape satisfies never;
  }
}

function structParts(shape: Struct, value: JsonObject): readonly Part[] {
  return Object.entries(value).map(([name, inner]) => {
    const field = shape.field(name);
    return {
      element: fieldElement(name),
      value: inner,
      shape: field?.shape ?? deduced,
      isDeclared: field !== undefined,
      isImplied: field?.isImplied === true,
    };
  });
}

function mapParts(shape: Shape, value: JsonObject): readonly Part[] {
  return Object.entries(value).map(([name, inner]) => ({
    element: fieldElement(name),
    value: inner,
    shape,
    isDeclared: false,
    isImplied: false,
  }));
}

type ListShape = Extract<Shape, { kind: 'keyed' | 'set' }>;

function listParts(shape: ListShape, items: readonly JsonValue[]): readonly Part[] | undefined {
  const parts: Part[] = [];
  for (const item of items) {
    const element = itemElement(shape, item);
    if (element === undefined) return undefined;
    const inner = shape.kind === 'keyed' ? shape.items : leaf;
    parts.push({ element, value: item, shape: inner, isDeclared: false, isImplied: false });
  }
  return parts;
}

/** What names an element of the list; undefined when a key is missing or it is of another form. */
export function itemElement(shape: ListShape, item: JsonValue): string | undefined {
  if (shape.kind === 'set') {
    return typeof item === 'object' ? undefined : valueElement(item);
  }
  const keys: [string, JsonValue][] = [];
  for (const key of shape.keys) {
    const value = own(item, key) ?? (isObject(item) ? shape.defaults.get(key) : undefined);
    if (value === undefined || typeof value === 'object') return undefined;
    keys.push([key, value]);
  }
  return keyElement(keys);
}

/** The shape below one element of a set, so that a set can be walked without a value. */
export function shapeBelow(
  shape: Shape,
  element: string,
): { readonly shape: Shape; readonly isDeclared: boolean } {
  switch (shape.kind) {
    case 'struct': {
      const field = element.startsWith('f:') ? shape.field(element.slice(2)) : undefined;
      return { shape: field?.shape ?? deduced, isDeclared: field !== undefined };
    }
    case 'map':
      return { shape: shape.values, isDeclared: false };
    case 'keyed':
      return { shape: shape.items, isDeclared: false };
    default:
      return { shape: shape.kind === 'deduced' ? deduced : leaf, isDeclared: false };
  }
}

/** What an implied struct is where it is not written. */
export const impliedValue: JsonObject = {};
