import type { CreateController } from './controller.ts';

/** The controllers that run for every built-in cluster. */
export const builtInControllers: readonly CreateController[] = [];
