import { createDefinitionController } from '../customresources/controller.ts';
import { createAggregationController } from './aggregation.ts';
import type { CreateController } from './controller.ts';
import { createEventExpiry } from './eventexpiry.ts';
import { createGarbageCollector } from './garbage/garbagecollector.ts';
import { createNamespaceContentController } from './namespacecontent.ts';
import { createNamespaceController } from './namespaces.ts';
import { createPodController } from './pods.ts';

/** The controllers that run for every built-in cluster. */
export const builtInControllers: readonly CreateController[] = [
  createGarbageCollector,
  createDefinitionController,
  createNamespaceController,
  createNamespaceContentController,
  createPodController,
  createAggregationController,
  createEventExpiry,
];
