import type { MemberConstraint } from '../../validation.ts';

/** Lengths and patterns of the service model for MFA devices. */
export const deviceName: MemberConstraint = { required: true, min: 1, max: 226, pattern: '[\\w+=,.@-]+' };
export const serialNumber: MemberConstraint = {
  required: true,
  min: 9,
  max: 256,
  pattern: '[\\w+=/:,.@-]+',
};
export const authenticationCode: MemberConstraint = { required: true, min: 6, max: 6, pattern: '[\\d]+' };
export const assignmentStatus: MemberConstraint = { enum: ['Assigned', 'Unassigned', 'Any'] };
