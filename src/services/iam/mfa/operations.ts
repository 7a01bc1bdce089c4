import type { Operations } from '../../operation.ts';
import type { IamDependencies } from '../dependencies.ts';
import { createMfaAssignmentOperations } from './assignments.ts';
import { createVirtualMfaDeviceOperations } from './devices.ts';

/** Virtual MFA devices and whom they belong to. */
export function createMfaOperations(dependencies: IamDependencies): Operations {
  return {
    ...createVirtualMfaDeviceOperations(dependencies),
    ...createMfaAssignmentOperations(dependencies),
  };
}
