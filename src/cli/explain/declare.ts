import type { Command } from 'commander';
import { allNamespacesOption, keyOption, outputOption, sourceOptions } from '../analysis/options.ts';

const whom =
  'ARN (of a session: that one alone), role/NAME, user/NAME, User:NAME, Group:NAME or ServiceAccount:NAMESPACE/NAME';
const codes =
  '\nExit codes: 0 allowed, 1 refused, 2 misuse, 3 failure. Tutorial: docs/tutorials/i-get-unauthorized.md';

/** Declares `entryway explain …`; its work is loaded when it is asked for. */
export function declareExplain(program: Command): void {
  const explain = program
    .command('explain')
    .description('say why somebody is let in or refused, step by step, and what would change that');

  sourceOptions(explain.command('request'))
    .description('explain a request to a cluster: who asks, who that is there, and what decides')
    .argument('<verb>', 'get, list, create …')
    .argument('<resource>', 'pods, deployments.apps, pods/log; a path that begins with / is no resource')
    .requiredOption('--as <principal>', `who asks: ${whom}`)
    .option('-n, --namespace <name>', 'in this namespace (default: in all of them at once)')
    .addOption(allNamespacesOption())
    .option('--name <name>', 'of the one object')
    .option('--subresource <name>', 'as pods/log has log')
    .addOption(outputOption())
    .addHelpText('after', codes)
    .action(async (verb, resource, options) =>
      (await import('./request.ts')).explainOneRequest(verb, resource, options),
    );

  sourceOptions(explain.command('aws'))
    .description('explain a call of an AWS operation: which statement decides, or which step refuses')
    .argument('<action>', 'eks:DescribeCluster')
    .argument('[resource]', 'its ARN', '*')
    .requiredOption('--as <principal>', 'who calls: ARN, role/NAME or user/NAME')
    .addOption(keyOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit codes: 0 allowed, 1 refused, 2 misuse, 3 failure, or not to be said without more --key.',
    )
    .action(async (action, resource, options) =>
      (await import('./aws.ts')).explainAwsCall(action, resource, options),
    );

  sourceOptions(explain.command('pod'))
    .description(
      'explain what a pod may call of AWS: which role its containers get, by IRSA or Pod Identity, and what that may',
    )
    .argument('<namespace/name>', 'a pod; or a service account, of whose pods any is meant')
    .requiredOption(
      '--as-aws <action-and-resource...>',
      'what it calls: s3:GetObject arn:aws:s3:::BUCKET/KEY; without a resource *',
    )
    .option('--service-account', 'the name is that of a service account, also where a pod is called so')
    .addOption(keyOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample: entryway explain pod dev/web --as-aws s3:GetObject arn:aws:s3:::reports/today' +
        '\nExit codes: 0 allowed, 1 refused, 2 misuse, 3 failure, or not to be said without more --key.',
    )
    .action(async (name, options) => (await import('./pod.ts')).explainOnePod(name, options));

  sourceOptions(explain.command('token'))
    .description('explain a token: what the authenticator of the cluster says of it, step by step')
    .argument('<token>', 'a token, `Bearer …` or the JSON of `aws eks get-token`; - reads standard input')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nA token is a password: give it on standard input, where other processes do not see it. Without --cluster each cluster of' +
        '\nthe account is tried. With --from or --live nothing is verified: what the token says of itself is told.' +
        '\nExit codes: 0 let in, 1 refused, 2 misuse, 3 not known. Tutorial: docs/tutorials/i-get-unauthorized.md',
    )
    .action(async (token, options) => (await import('./token.ts')).explainToken(token, options));

  sourceOptions(explain.command('last'))
    .description('explain the last refusals of the trail: what was refused and why, and what would be now')
    .option('-N, --number <count>', 'so many', '5')
    .addOption(outputOption())
    .addHelpText('after', '\nExit codes: 0 told, 2 misuse, 3 failure.')
    .action(async (options) => (await import('./last.ts')).explainLastRefusals(options));
}
