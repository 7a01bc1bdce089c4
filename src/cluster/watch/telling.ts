import type { ClusterAccess } from '../../access/access.ts';
import type { ResourceDefinition } from '../../wire/kube/resources.ts';
import type { KubeObject } from '../objects/object.ts';
import { storedText } from '../objects/storedtext.ts';
import { isShownAsStored, viewObject } from '../resources/view.ts';
import type { TellingForm } from './audience.ts';
import type { ToldState } from './told.ts';

/** Turns the object of an event into what the client accepts: itself, its Table or its metadata alone. */
export interface EventRenderer {
  /** Renderers of one resource with the same key render alike. */
  readonly key: string;
  /** Whether the client takes a stream of JSON; there is no other. */
  readonly isStreamable: boolean;
  /** Whether objects are rendered as they are. */
  readonly isWhole: boolean;
  /** Whether the first object of a watch is rendered differently. */
  readonly hasFirst: boolean;
  render(object: KubeObject, options: { readonly isFirst: boolean }): unknown;
}

const known = new WeakMap<ClusterAccess, WeakMap<ResourceDefinition, Map<string, TellingForm>>>();

/** The form of events for a resource and a renderer: the same one for all who read alike. */
export function tellingForm(
  request: { readonly cluster: ClusterAccess; readonly resource: ResourceDefinition },
  renderer: EventRenderer,
): TellingForm {
  const { cluster, resource } = request;
  const ofCluster = known.get(cluster) ?? new WeakMap<ResourceDefinition, Map<string, TellingForm>>();
  known.set(cluster, ofCluster);
  const forms = ofCluster.get(resource) ?? new Map<string, TellingForm>();
  ofCluster.set(resource, forms);
  const form = forms.get(renderer.key) ?? createForm({ cluster, resource }, renderer);
  forms.set(renderer.key, form);
  return form;
}

function createForm(
  seen: { readonly cluster: ClusterAccess; readonly resource: ResourceDefinition },
  renderer: EventRenderer,
): TellingForm {
  const written =
    (isFirst: boolean) =>
    ({ object }: ToldState): string =>
      JSON.stringify(renderer.render(viewObject(seen, object), { isFirst }));
  const isText = renderer.isWhole && isShownAsStored(seen.resource);
  return {
    write: isText ? ({ entry }) => storedText(entry) : written(false),
    writeFirst: renderer.hasFirst ? written(true) : undefined,
  };
}
