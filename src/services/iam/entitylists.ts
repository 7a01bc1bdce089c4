import { defineOperation, type Operation } from '../operation.ts';
import { refuseInvalid, validateMember } from '../validation.ts';
import { pathPrefix } from './constraints.ts';
import type { IamDependencies } from './dependencies.ts';
import { listTarget } from './entities.ts';
import { type PageRequest, pageFailures, pageOfRecords } from './paging.ts';

interface ListInput extends PageRequest {
  readonly PathPrefix?: string | undefined;
}

/** `ListUsers` and its like: those of the account below a path, in the order of their names. */
export function defineEntityList<R extends { readonly path: string }>(
  dependencies: IamDependencies,
  list: {
    readonly action: string;
    readonly noun: Parameters<typeof listTarget>[2];
    readonly keys: (accountId: string) => string;
    /** The member of the answer that holds them. */
    readonly answer: (records: readonly R[]) => object | Promise<object>;
  },
): Operation {
  const { storage, pageTokens } = dependencies;
  const { action, noun, keys, answer } = list;
  return defineOperation<ListInput, object>({
    authorization: (input, context) => listTarget(dependencies, action, noun, input.PathPrefix, context),
    async handle(input, { caller: { accountId } }) {
      const { PathPrefix = '/' } = input;
      refuseInvalid([...validateMember('pathPrefix', input.PathPrefix, pathPrefix), ...pageFailures(input)]);
      const { items, ...page } = await pageOfRecords<R>(
        storage,
        keys(accountId),
        ({ path }) => path.startsWith(PathPrefix),
        input,
        { pageTokens, scope: `iam:${action} ${accountId} ${PathPrefix}` },
      );
      return { ...(await answer(items)), ...page };
    },
  });
}
