import type {
  CreateVirtualMFADeviceRequest,
  CreateVirtualMFADeviceResponse,
  DeleteVirtualMFADeviceRequest,
  ListVirtualMFADevicesRequest,
  ListVirtualMFADevicesResponse,
  User,
  VirtualMFADevice,
} from '@aws-sdk/client-iam';
import type { MfaDeviceRecord, UserRecord } from '../../../storage/records/iam.ts';
import { mfaDeviceKey, mfaDevicesPrefix, userKey } from '../../../storage/records/keys.ts';
import { requestTagKeys } from '../../conditionkeys.ts';
import { defineOperation, type Operations } from '../../operation.ts';
import { createQuota } from '../../quota.ts';
import { refuseInvalid, validateMember } from '../../validation.ts';
import { entityArn } from '../arns.ts';
import * as constraints from '../constraints.ts';
import type { IamDependencies } from '../dependencies.ts';
import { alreadyExists, deleteConflict, quotaExceeded } from '../errors.ts';
import { pageFailures, pageOfRecords } from '../paging.ts';
import { atomically, put, readRecord } from '../records.ts';
import { createTagPermission } from '../tagpermission.ts';
import { tagOperations } from '../tags.ts';
import { rootOutput, userOutput } from '../users.ts';
import * as limits from './constraints.ts';
import { deviceTarget, requireDevice } from './lookup.ts';
import { enrolmentUri, qrCodePng } from './qrcode.ts';
import { newSeed } from './totp.ts';

/** As many as there may be users (IAM quotas: virtual devices, assigned or not). */
const devicesPerAccount = 5000;

/** Virtual MFA devices: a seed that is told once and stored sealed (iam-facts J13). */
export function createVirtualMfaDeviceOperations(dependencies: IamDependencies): Operations {
  const { storage, random, secretBox, partition, pageTokens } = dependencies;
  const requireTagPermission = createTagPermission(dependencies);

  // COMPAT: the quota is documented, its name in this text is not.
  const places = createQuota(storage, devicesPerAccount, () =>
    quotaExceeded('VirtualMFADevicesPerAccount', devicesPerAccount),
  );

  const CreateVirtualMFADevice = defineOperation<
    CreateVirtualMFADeviceRequest,
    CreateVirtualMFADeviceResponse
  >({
    authorization: ({ Path: path = '/', VirtualMFADeviceName: name = '', Tags }, { caller }) => ({
      action: 'iam:CreateVirtualMFADevice',
      resources: [entityArn(partition, 'mfa', { accountId: caller.accountId, path, name })],
      context: requestTagKeys(Tags),
    }),
    async handle(input, context) {
      const {
        caller: { accountId },
        now,
        commit,
      } = context;
      const { VirtualMFADeviceName: name = '', Path: path = '/' } = input;
      const serialNumber = entityArn(partition, 'mfa', { accountId, path, name });
      refuseInvalid([
        ...validateMember('path', input.Path, constraints.path),
        ...validateMember('virtualMFADeviceName', input.VirtualMFADeviceName, limits.deviceName),
        ...constraints.tagFailures(input.Tags),
        // What the path allows beyond it could never be said again in any call.
        ...validateMember('serialNumber', serialNumber, limits.serialNumber),
      ]);
      const tags = constraints.storedTags(input.Tags);
      await requireTagPermission(context, tags, {
        action: 'iam:TagMFADevice',
        resources: [serialNumber],
        context: requestTagKeys(tags),
      });
      const key = mfaDeviceKey(accountId, path.slice(1) + name);
      return atomically(async () => {
        if ((await storage.get(key)) !== undefined) {
          throw alreadyExists('MFADevice entity at the same path and name already exists.');
        }
        const seed = newSeed(random);
        const device: MfaDeviceRecord = {
          accountId,
          serialNumber,
          createdAt: now,
          tags,
          sealedSeed: secretBox.seal(seed, serialNumber),
        };
        const output = {
          VirtualMFADevice: {
            SerialNumber: serialNumber,
            Base32StringSeed: Buffer.from(seed, 'ascii'),
            QRCodePNG: qrCodePng(enrolmentUri({ name, accountId, seed })),
            ...(tags.length === 0 ? {} : { Tags: [...tags] }),
          },
        };
        const batch = { expect: [{ key, revision: 0 }], changes: [put(key, device)] };
        return places.within(mfaDevicesPrefix(accountId), () => commit(batch, output));
      });
    },
  });

  const DeleteVirtualMFADevice = defineOperation<DeleteVirtualMFADeviceRequest, Record<string, never>>({
    authorization: ({ SerialNumber }, context) =>
      deviceTarget(dependencies, 'DeleteVirtualMFADevice', SerialNumber, context),
    async handle(input, { caller: { accountId }, commit }) {
      const { SerialNumber: serialNumber = '' } = input;
      refuseInvalid(validateMember('serialNumber', input.SerialNumber, limits.serialNumber));
      return atomically(async () => {
        const { key, revision, record } = await requireDevice(dependencies, accountId, serialNumber);
        if (record.assignedTo !== undefined) {
          // COMPAT: hashicorp/terraform-provider-aws pull request 32462.
          throw deleteConflict('MFA VirtualDevice in use. Must deactivate first');
        }
        return commit({ expect: [{ key, revision }], changes: [{ type: 'delete', key }] }, {});
      });
    },
  });

  const holderOutput = async ({ accountId, assignedTo }: MfaDeviceRecord): Promise<{ User?: User }> => {
    if (assignedTo === undefined) return {};
    if (assignedTo.kind === 'root') return { User: await rootOutput(dependencies, accountId) };
    const user = await readRecord<UserRecord>(storage, userKey(accountId, assignedTo.userName));
    return user === undefined ? {} : { User: userOutput(partition, user.record) };
  };

  /** SECURITY: never the seed: it is told once, at creation. */
  const deviceOutput = async (device: MfaDeviceRecord): Promise<VirtualMFADevice> => ({
    SerialNumber: device.serialNumber,
    ...(await holderOutput(device)),
    ...(device.enabledAt === undefined ? {} : { EnableDate: new Date(device.enabledAt) }),
  });

  const ListVirtualMFADevices = defineOperation<ListVirtualMFADevicesRequest, ListVirtualMFADevicesResponse>({
    authorization: (_, { caller }) => ({
      action: 'iam:ListVirtualMFADevices',
      resources: ['*'],
      resourceInMessage: entityArn(partition, 'mfa', { accountId: caller.accountId, path: '/', name: '' }),
    }),
    async handle(input, { caller: { accountId } }) {
      // COMPAT: without a status all are listed, as the service model says (iam-facts J13).
      const { AssignmentStatus: status = 'Any' } = input;
      refuseInvalid([
        ...validateMember('assignmentStatus', input.AssignmentStatus, limits.assignmentStatus),
        ...pageFailures(input),
      ]);
      const { items, ...page } = await pageOfRecords<MfaDeviceRecord>(
        storage,
        mfaDevicesPrefix(accountId),
        ({ assignedTo }) => status === 'Any' || (status === 'Assigned') === (assignedTo !== undefined),
        input,
        { pageTokens, scope: `iam:ListVirtualMFADevices ${accountId} ${status}` },
      );
      return { VirtualMFADevices: await Promise.all(items.map(deviceOutput)), ...page };
    },
  });

  return {
    CreateVirtualMFADevice,
    DeleteVirtualMFADevice,
    ListVirtualMFADevices,
    ...tagOperations<MfaDeviceRecord>(dependencies, {
      word: 'MFADevice',
      member: 'SerialNumber',
      constraint: limits.serialNumber,
      target: (action, serial, context, keys) => deviceTarget(dependencies, action, serial, context, keys),
      require: ({ accountId }, _, serial) => requireDevice(dependencies, accountId, serial),
    }),
  };
}
