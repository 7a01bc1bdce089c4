import type { JsonObject } from '../../wire/kube/json.ts';
import { apiVersionOf, type CustomVersion, type ResourceDefinition } from '../../wire/kube/resources.ts';
import { prune } from '../../wire/kube/schema/pruning.ts';
import { conformResource } from '../../wire/kube/schema/resource.ts';
import { compileSchema } from '../../wire/kube/schema/schema.ts';
import type { KubeObject } from '../objects/object.ts';

type CustomResource = ResourceDefinition & { readonly custom: CustomVersion };

export function isCustom(resource: ResourceDefinition): resource is CustomResource {
  return resource.custom !== undefined;
}

/** The same object under the name of the version that is stored: conversion None changes nothing else. */
export function toStored({ group, custom }: CustomResource, object: KubeObject): KubeObject {
  return { ...object, apiVersion: apiVersionOf({ group, version: custom.storedVersion }) };
}

/** A valid object without what the version that is stored does not know: it could never be read again. */
export function toWritten({ custom }: CustomResource, object: KubeObject): KubeObject {
  const stored = custom.schemas.get(custom.storedVersion);
  if (stored === undefined || stored === custom.schema) return object;
  return prune(compileSchema(stored), object) as KubeObject;
}

/**
 * A stored object as the schemas have it today: what they no longer know is gone, what they have defaults for is there.
 * It gets the name of the version that is stored now.
 */
export function readStored(resource: CustomResource, object: KubeObject): KubeObject {
  const { schema, schemas, storedVersion } = resource.custom;
  const version = object.apiVersion.slice(resource.group.length + 1);
  // What another version than its own does not know must not be missing in a reading of its own.
  const written = schemas.get(version) ?? schemas.get(storedVersion) ?? schema;
  const stored = written === schema ? object : conform(written, object);
  return toStored(resource, conform(schema, stored));
}

/** A stored object as a reader of this version sees it. */
export function fromStored(resource: CustomResource, object: KubeObject): KubeObject {
  return { ...readStored(resource, object), apiVersion: apiVersionOf(resource) };
}

function conform(schema: JsonObject, object: KubeObject): KubeObject {
  return conformResource(compileSchema(schema), object).resource as KubeObject;
}
