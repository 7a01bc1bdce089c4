import type {
  AddClientIDToOpenIDConnectProviderRequest,
  CreateOpenIDConnectProviderRequest,
  CreateOpenIDConnectProviderResponse,
  DeleteOpenIDConnectProviderRequest,
  GetOpenIDConnectProviderRequest,
  GetOpenIDConnectProviderResponse,
  ListOpenIDConnectProvidersRequest,
  ListOpenIDConnectProvidersResponse,
  RemoveClientIDFromOpenIDConnectProviderRequest,
  UpdateOpenIDConnectProviderThumbprintRequest,
} from '@aws-sdk/client-iam';
import type { OidcProviderRecord } from '../../storage/records/iam.ts';
import { oidcProviderKey, oidcProvidersPrefix } from '../../storage/records/keys.ts';
import { requestTagKeys } from '../conditionkeys.ts';
import { defineOperation, type OperationContext, type Operations } from '../operation.ts';
import { createQuota } from '../quota.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import * as constraints from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { alreadyExists, quotaExceeded } from './errors.ts';
import {
  findOidcProvider,
  oidcProviderArn,
  oidcProviderTarget,
  requireOidcProvider,
} from './oidcproviderlookup.ts';
import * as rules from './oidcproviderrules.ts';
import { atomically, put, replacing } from './records.ts';
import { createTagPermission } from './tagpermission.ts';
import { tagOperations } from './tags.ts';

type Empty = Record<string, never>;

interface NamedByArn {
  readonly OpenIDConnectProviderArn: string | undefined;
}

/** iam-facts J4. */
const providersPerAccount = 100;

/**
 * OpenID Connect providers that roles may trust (iam-facts J19).
 *
 * COMPAT: thumbprints are stored and shown, never fetched; without a list there are none, where AWS would look at the
 * issuer's certificate itself.
 */
export function createOidcProviderOperations(dependencies: IamDependencies): Operations {
  const { storage, partition } = dependencies;
  const requireTagPermission = createTagPermission(dependencies);

  const target =
    (action: string) =>
    ({ OpenIDConnectProviderArn: arn = '' }: NamedByArn, context: OperationContext) =>
      oidcProviderTarget(dependencies, action, arn, context);

  const arnFailures = (input: NamedByArn): string[] =>
    validateMember('openIDConnectProviderArn', input.OpenIDConnectProviderArn, rules.providerArn);

  /** One change of a provider's record. Answers nothing, as all of them do. */
  const changing = (
    { OpenIDConnectProviderArn: arn = '' }: NamedByArn,
    { caller: { accountId }, commit }: OperationContext,
    change: (provider: OidcProviderRecord) => OidcProviderRecord,
  ): Promise<Empty> =>
    atomically(async () => {
      const stored = await requireOidcProvider(dependencies, accountId, arn);
      return commit(replacing(stored, change(stored.record)), {});
    });

  const places = createQuota(storage, providersPerAccount, () =>
    quotaExceeded('OpenIdConnectProvidersPerAccount', providersPerAccount),
  );

  const CreateOpenIDConnectProvider = defineOperation<
    CreateOpenIDConnectProviderRequest,
    CreateOpenIDConnectProviderResponse
  >({
    authorization: ({ Url = '', Tags }, { caller: { accountId } }) => ({
      action: 'iam:CreateOpenIDConnectProvider',
      resources: [oidcProviderArn(partition, accountId, Url.replace(/^https:\/\//, ''))],
      context: requestTagKeys(Tags),
    }),
    async handle(input, context) {
      const {
        caller: { accountId },
        now,
        commit,
      } = context;
      refuseInvalid([
        ...rules.urlFailures(input.Url),
        ...rules.clientIdFailures(input.ClientIDList),
        ...rules.thumbprintFailures(input.ThumbprintList),
        ...constraints.tagFailures(input.Tags),
      ]);
      const { Url = '' } = input;
      const url = rules.withoutScheme(Url);
      const arn = oidcProviderArn(partition, accountId, url);
      const tags = constraints.storedTags(input.Tags);
      const provider: OidcProviderRecord = {
        accountId,
        url,
        arn,
        createdAt: now,
        clientIds: rules.storedClientIds(input.ClientIDList ?? []),
        thumbprints: rules.storedThumbprints(input.ThumbprintList ?? []),
        tags,
      };
      await requireTagPermission(context, tags, {
        action: 'iam:TagOpenIDConnectProvider',
        resources: [arn],
        context: requestTagKeys(tags),
      });
      const key = oidcProviderKey(accountId, url);
      return atomically(async () => {
        if ((await storage.get(key)) !== undefined) {
          throw alreadyExists(`Provider with url ${Url} already exists.`);
        }
        const batch = { expect: [{ key, revision: 0 }], changes: [put(key, provider)] };
        const output = { OpenIDConnectProviderArn: arn, ...(tags.length === 0 ? {} : { Tags: [...tags] }) };
        return places.within(oidcProvidersPrefix(accountId), () => commit(batch, output));
      });
    },
  });

  const GetOpenIDConnectProvider = defineOperation<
    GetOpenIDConnectProviderRequest,
    GetOpenIDConnectProviderResponse
  >({
    authorization: target('GetOpenIDConnectProvider'),
    async handle(input, { caller: { accountId } }) {
      refuseInvalid(arnFailures(input));
      const { record } = await requireOidcProvider(
        dependencies,
        accountId,
        input.OpenIDConnectProviderArn ?? '',
      );
      return {
        Url: record.url,
        ClientIDList: [...record.clientIds],
        ThumbprintList: [...record.thumbprints],
        CreateDate: new Date(record.createdAt),
        Tags: [...record.tags],
      };
    },
  });

  const ListOpenIDConnectProviders = defineOperation<
    ListOpenIDConnectProvidersRequest,
    ListOpenIDConnectProvidersResponse
  >({
    authorization: (_, { caller: { accountId } }) => ({
      action: 'iam:ListOpenIDConnectProviders',
      resources: ['*'],
      resourceInMessage: oidcProviderArn(partition, accountId, '*'),
    }),
    async handle(_, { caller: { accountId } }) {
      const { entries } = await storage.list({ prefix: oidcProvidersPrefix(accountId) });
      return {
        OpenIDConnectProviderList: entries.map(({ value }) => ({
          Arn: (JSON.parse(value) as OidcProviderRecord).arn,
        })),
      };
    },
  });

  const AddClientIDToOpenIDConnectProvider = defineOperation<
    AddClientIDToOpenIDConnectProviderRequest,
    Empty
  >({
    authorization: target('AddClientIDToOpenIDConnectProvider'),
    async handle(input, context) {
      const { ClientID: id = '' } = input;
      refuseInvalid([...arnFailures(input), ...validateMember('clientID', input.ClientID, rules.clientId)]);
      return changing(input, context, (provider) => ({
        ...provider,
        clientIds: rules.storedClientIds([...provider.clientIds, id]),
      }));
    },
  });

  const RemoveClientIDFromOpenIDConnectProvider = defineOperation<
    RemoveClientIDFromOpenIDConnectProviderRequest,
    Empty
  >({
    authorization: target('RemoveClientIDFromOpenIDConnectProvider'),
    async handle(input, context) {
      refuseInvalid([...arnFailures(input), ...validateMember('clientID', input.ClientID, rules.clientId)]);
      return changing(input, context, (provider) => ({
        ...provider,
        clientIds: provider.clientIds.filter((id) => id !== input.ClientID),
      }));
    },
  });

  const UpdateOpenIDConnectProviderThumbprint = defineOperation<
    UpdateOpenIDConnectProviderThumbprintRequest,
    Empty
  >({
    authorization: target('UpdateOpenIDConnectProviderThumbprint'),
    async handle(input, context) {
      refuseInvalid([
        ...arnFailures(input),
        ...validateMember('thumbprintList', input.ThumbprintList, { required: true }),
        ...rules.thumbprintFailures(input.ThumbprintList),
      ]);
      const thumbprints = rules.storedThumbprints(input.ThumbprintList ?? []);
      return changing(input, context, (provider) => ({ ...provider, thumbprints }));
    },
  });

  const DeleteOpenIDConnectProvider = defineOperation<DeleteOpenIDConnectProviderRequest, Empty>({
    authorization: target('DeleteOpenIDConnectProvider'),
    async handle(input, { caller: { accountId }, commit }) {
      const { OpenIDConnectProviderArn: arn = '' } = input;
      refuseInvalid(arnFailures(input));
      return atomically(async () => {
        const found = await findOidcProvider(dependencies, accountId, arn);
        // Idempotent; roles that trust the provider are left as they are (iam-facts J8).
        if (found === undefined) return {};
        const { key, revision } = found;
        return commit({ expect: [{ key, revision }], changes: [{ type: 'delete', key }] }, {});
      });
    },
  });

  return {
    CreateOpenIDConnectProvider,
    GetOpenIDConnectProvider,
    ListOpenIDConnectProviders,
    AddClientIDToOpenIDConnectProvider,
    RemoveClientIDFromOpenIDConnectProvider,
    UpdateOpenIDConnectProviderThumbprint,
    DeleteOpenIDConnectProvider,
    ...tagOperations<OidcProviderRecord>(dependencies, {
      word: 'OpenIDConnectProvider',
      member: 'OpenIDConnectProviderArn',
      constraint: rules.providerArn,
      target: (action, arn, context, keys) => oidcProviderTarget(dependencies, action, arn, context, keys),
      require: ({ accountId }, _, arn) => requireOidcProvider(dependencies, accountId, arn),
    }),
  };
}
