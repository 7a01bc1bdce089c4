import type { IrsaPlan } from '../../../engine/analysis/migrateirsa/plan.ts';
import { account, irsaRole, migrate } from '../../../engine/analysis/migrateirsa/testworld.ts';
import { testArn } from '../../../engine/analysis/testworld.ts';

/** Two roles and three service accounts that move; one of the roles is needed by tokens of another account, too. */
export function examplePlan(): IrsaPlan {
  return migrate(
    [irsaRole('api', ['shop/api', 'shop/web', 'shop/job']), irsaRole('bill', ['billing/api'])],
    [
      account('shop/api', 'api'),
      account('shop/web', 'api'),
      account('shop/job'),
      account('billing/api', 'bill'),
    ],
  ).plan;
}

export const apiArn = testArn('role/api');
