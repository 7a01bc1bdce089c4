import type { ClusterAccess } from '../../access/access.ts';
import type { Put } from '../../storage/storage.ts';
import type { FieldError } from '../../wire/kube/fielderror.ts';
import type { ApiContext, ResourceRequest } from '../context.ts';
import type { KubeObject } from '../objects/object.ts';

/** In which request an object is completed. */
export interface WriteScene {
  readonly context: ApiContext;
  readonly request: ResourceRequest;
}

/** What is special about the objects of one resource. Everything else is the same for all. */
export interface KindRules {
  /** Whether `metadata.generation` counts changes of the spec. */
  readonly counted?: boolean;
  /** Whether changes of the status count, too. */
  readonly countsStatus?: boolean;
  /** Whether a new object keeps the status its creator wrote although there is a status subresource. */
  readonly keepsStatus?: boolean;
  /** Kubernetes refuses a PUT without resourceVersion here (kubernetes-facts E2). */
  readonly conditionalUpdate?: boolean;
  /** Fills what the server fills, on create and on update. */
  complete?(next: KubeObject, old: KubeObject | undefined, write: WriteScene): KubeObject;
  /** `minor` is the version of Kubernetes whose words are used: 35 for 1.35. */
  validate?(next: KubeObject, old: KubeObject | undefined, minor: number): readonly FieldError[];
  /** Refuses the write by throwing a Status, for what is neither authorization nor validation. */
  admit?(context: ApiContext, request: ResourceRequest, next: KubeObject, old: KubeObject | undefined): void;
  /** What is stored together with a new object. */
  accompany?(context: ApiContext, clusterId: string, object: KubeObject): readonly Put[];
  /**
   * A key of the store that each write of these objects moves on: they are judged beside one another, so that two must not
   * be judged at the same moment.
   */
  turnKey?(clusterId: string): string;
  /** The object as readers see it, where that differs from what is stored. */
  view?(cluster: ClusterAccess, object: KubeObject): KubeObject;
}
