import {
  bindFieldSelector,
  labelSelectorMatches,
  parseFieldSelector,
  parseLabelSelector,
} from '../../wire/kube/selectors.ts';
import type { ResourceRequest } from '../context.ts';
import { fromStoredVersion } from '../resources/versions.ts';
import type { KubeObject } from './object.ts';

/** What `parseSelection` goes by, as text. */
export function selectionText({ query, name }: Pick<ResourceRequest, 'query' | 'name'>): string {
  return JSON.stringify([name, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '']);
}

/**
 * The selectors of a list, watch or deletecollection; undefined when everything is selected. A selector that does not
 * parse is a 400 here, whatever authorization made of it (kubernetes-facts A10).
 */
export function parseSelection(request: ResourceRequest): ((object: KubeObject) => boolean) | undefined {
  const labels = parseLabelSelector(request.query.get('labelSelector') ?? '');
  const fields = bindFieldSelector(
    request.resource,
    parseFieldSelector(request.query.get('fieldSelector') ?? ''),
  );
  const isDefaulted =
    request.resource.custom !== undefined &&
    fields.requirements.some(({ field }) => !field.startsWith('metadata.'));
  if (labels.length === 0 && fields.requirements.length === 0 && request.name === '') return undefined;
  return (object) =>
    // SECURITY: a list may have been allowed only because it names one object (A8); then nothing else is shown.
    (request.name === '' || object.metadata.name === request.name) &&
    labelSelectorMatches(labels, object.metadata.labels) &&
    // What a custom resource is selected by may be a default it was stored without.
    fields.matches(isDefaulted ? fromStoredVersion(request.resource, object) : object);
}
