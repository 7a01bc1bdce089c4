import type {
  CreateAccountAliasRequest,
  DeleteAccountAliasRequest,
  ListAccountAliasesRequest,
  ListAccountAliasesResponse,
} from '@aws-sdk/client-iam';
import type { AccountRecord } from '../../storage/records/iam.ts';
import { accountAliasKey, accountKey } from '../../storage/records/keys.ts';
import { defineOperation, type Operations } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import * as constraints from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { alreadyExists, noSuchEntity } from './errors.ts';
import { pageFailures } from './paging.ts';
import { atomically, put, readRecord, type Stored } from './records.ts';

/** The account's other name (iam-facts J4, J20): at most one, unique among all accounts of the server. */
export function createAccountAliasOperations({ storage }: IamDependencies): Operations {
  const requireAccount = async (accountId: string): Promise<Stored<AccountRecord>> => {
    const stored = await readRecord<AccountRecord>(storage, accountKey(accountId));
    if (stored === undefined) throw new Error(`account ${accountId} has signed but has no record`);
    return stored;
  };

  const CreateAccountAlias = defineOperation<CreateAccountAliasRequest, object>({
    authorization: () => ({ action: 'iam:CreateAccountAlias', resources: ['*'] }),
    async handle(input, { caller: { accountId }, commit }) {
      const { AccountAlias: alias = '' } = input;
      refuseInvalid(validateMember('accountAlias', input.AccountAlias, constraints.accountAlias));
      return atomically(async () => {
        const { key, revision, record } = await requireAccount(accountId);
        if (record.alias === alias) return {};
        const aliasKey = accountAliasKey(alias);
        if ((await storage.get(aliasKey)) !== undefined) {
          throw alreadyExists(`The account alias ${alias} already exists.`);
        }
        const changes = [put(key, { ...record, alias }), put(aliasKey, { accountId })];
        const old = record.alias;
        return commit(
          {
            expect: [
              { key, revision },
              { key: aliasKey, revision: 0 },
            ],
            // A new one takes the place of the old one.
            changes:
              old === undefined ? changes : [...changes, { type: 'delete', key: accountAliasKey(old) }],
          },
          {},
        );
      });
    },
  });

  const DeleteAccountAlias = defineOperation<DeleteAccountAliasRequest, object>({
    authorization: () => ({ action: 'iam:DeleteAccountAlias', resources: ['*'] }),
    async handle(input, { caller: { accountId }, commit }) {
      const { AccountAlias: wanted = '' } = input;
      refuseInvalid(validateMember('accountAlias', input.AccountAlias, constraints.accountAlias));
      return atomically(async () => {
        const { key, revision, record } = await requireAccount(accountId);
        const { alias, ...nameless } = record;
        // COMPAT: the code is the model's; AWS's text is not known.
        if (alias !== wanted) throw noSuchEntity(`The account alias ${wanted} cannot be found.`);
        return commit(
          {
            expect: [{ key, revision }],
            changes: [put(key, nameless), { type: 'delete', key: accountAliasKey(alias) }],
          },
          {},
        );
      });
    },
  });

  const ListAccountAliases = defineOperation<ListAccountAliasesRequest, ListAccountAliasesResponse>({
    authorization: () => ({ action: 'iam:ListAccountAliases', resources: ['*'] }),
    async handle(input, { caller: { accountId } }) {
      refuseInvalid(pageFailures(input));
      const { alias } = (await requireAccount(accountId)).record;
      return { AccountAliases: alias === undefined ? [] : [alias], IsTruncated: false };
    },
  });

  return { CreateAccountAlias, DeleteAccountAlias, ListAccountAliases };
}
