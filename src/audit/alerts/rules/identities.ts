import { type AwsEvent, accountOf, actorOf, serviceOf, succeeded, textAt } from '../event.ts';
import { type AlertRule, hour, onAws } from '../rule.ts';

const isCall = (service: string, event: AwsEvent, ...names: readonly string[]): boolean =>
  serviceOf(event) === service && succeeded(event) && names.includes(textAt(event.record, 'eventName') ?? '');
const isIam = (event: AwsEvent, ...names: readonly string[]): boolean => isCall('iam', event, ...names);

const isRoot = (event: AwsEvent): boolean => textAt(event.record, 'userIdentity', 'type') === 'Root';

const parameter = (event: AwsEvent, name: string): string | undefined =>
  textAt(event.record, 'requestParameters', name);

/** Users, keys, MFA devices and identity providers: who can become whom. */
export const identityRules: readonly AlertRule[] = [
  {
    id: 'EW-TRAIL-001',
    kind: 'count',
    severity: 'medium',
    title: 'The root of an account was used',
    why: 'No policy holds root back. Everyday work under it cannot be told apart from a theft of its key.',
    look: 'Whether somebody meant to use it; `entryway trail --user root` shows what was done. Give people roles instead.',
    atLeast: 1,
    windowMs: hour,
    find: onAws((event) => {
      if (!isRoot(event)) return undefined;
      const account = accountOf(event) ?? 'unknown';
      return {
        subject: account,
        summary: `root of account ${account} called ${textAt(event.record, 'eventName') ?? 'something'}`,
      };
    }),
  },
  {
    id: 'EW-TRAIL-002',
    kind: 'event',
    severity: 'high',
    title: 'An access key was made for root',
    why: 'A root key is a permanent way in that no policy limits.',
    look: 'Delete the key unless you made it yourself; rotate what root could reach.',
    find: onAws((event) =>
      isIam(event, 'CreateAccessKey') && isRoot(event) && parameter(event, 'userName') === undefined
        ? { subject: actorOf(event), summary: `${actorOf(event)} made itself an access key` }
        : undefined,
    ),
  },
  {
    id: 'EW-TRAIL-003',
    kind: 'event',
    severity: 'medium',
    title: 'An access key was made for another user',
    why: 'Whoever holds the key acts as that user, and the trail names the user.',
    look: 'Whether the user asked for the key, and from where it is used: `entryway trail --access-key ID`.',
    find: onAws((event) => {
      const user = parameter(event, 'userName');
      if (!isIam(event, 'CreateAccessKey') || user === undefined) return undefined;
      if (user === textAt(event.record, 'userIdentity', 'userName')) return undefined;
      return { subject: user, summary: `${actorOf(event)} made an access key for user ${user}` };
    }),
  },
  {
    id: 'EW-TRAIL-004',
    kind: 'event',
    severity: 'high',
    title: 'An MFA device was deactivated or deleted',
    why: 'From now on a stolen password or key of its user is enough.',
    look: 'Whether the user lost the device; if not, lock the user and undo it.',
    find: onAws((event) => {
      if (!isIam(event, 'DeactivateMFADevice', 'DeleteVirtualMFADevice')) return undefined;
      const device = parameter(event, 'serialNumber') ?? 'a device';
      const did = textAt(event.record, 'eventName') === 'DeactivateMFADevice' ? 'deactivated' : 'deleted';
      return { subject: device, summary: `${actorOf(event)} ${did} ${device}` };
    }),
  },
  {
    id: 'EW-TRAIL-005',
    kind: 'event',
    severity: 'medium',
    title: 'An identity provider was added or changed',
    why: 'Whoever runs the provider can vouch for anybody that a trust policy lets in.',
    look: 'The issuer, its client ids and thumbprints or the keys that were handed over for a cluster (`entryway cluster issuer show NAME`), and which roles trust it.',
    find: onAws((event) => {
      const provider =
        parameter(event, 'openIDConnectProviderArn') ??
        parameter(event, 'url') ??
        parameter(event, 'sAMLProviderArn') ??
        parameter(event, 'issuer') ??
        'a provider';
      const isProvider =
        isCall('entryway', event, 'SetClusterIssuer') ||
        isIam(
          event,
          'CreateOpenIDConnectProvider',
          'AddClientIDToOpenIDConnectProvider',
          'UpdateOpenIDConnectProviderThumbprint',
          'CreateSAMLProvider',
          'UpdateSAMLProvider',
        );
      return isProvider
        ? {
            subject: provider,
            summary: `${actorOf(event)} called ${textAt(event.record, 'eventName')} on ${provider}`,
          }
        : undefined;
    }),
  },
  {
    id: 'EW-TRAIL-006',
    kind: 'count',
    severity: 'low',
    title: 'A role was entered from another account',
    why: 'Access across accounts is as safe as the other account.',
    look: 'The trust policy of the role, and whether it asks for an external id.',
    atLeast: 1,
    windowMs: hour,
    find: onAws((event) => {
      if (serviceOf(event) !== 'sts' || textAt(event.record, 'eventName') !== 'AssumeRole') return undefined;
      const role = parameter(event, 'roleArn') ?? '';
      const owner = role.split(':')[4];
      const from = textAt(event.record, 'userIdentity', 'accountId');
      if (!succeeded(event) || from === undefined || owner === undefined || owner === from) return undefined;
      return { subject: `${from} ${role}`, summary: `${actorOf(event)} of account ${from} entered ${role}` };
    }),
  },
];
