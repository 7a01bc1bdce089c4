import { Command, Option } from 'commander';
import { severities as alertSeverities } from '../audit/alerts/rule.ts';
import { awsSources, pinModes } from '../server/aws/config.ts';
import {
  awsAuthModes,
  defaultAccountId,
  defaultAwsListen,
  defaultKubeListen,
  defaultRegion,
  logFormats,
  logLevels,
  oidcIssuers,
} from '../server/config.ts';
import { packageVersion } from '../server/version.ts';
import { declareAgent } from './agent/declare.ts';
import { declareAwsAuth } from './awsauth/declare.ts';
import { declareBlock } from './block/declare.ts';
import { declareCluster } from './cluster/declare.ts';
import { dataOption, readyFileOption, roleOption, userOption } from './connectionoptions.ts';
import { declareDiff } from './diff/declare.ts';
import { declareDoctor } from './doctor/declare.ts';
import { declareEntry } from './entry/declare.ts';
import { declareExplain } from './explain/declare.ts';
import { declareLeastPrivilege } from './leastprivilege/declare.ts';
import { declareLint } from './lint/declare.ts';
import { declareMigrate } from './migrate/declare.ts';
import { declarePod } from './pod/declare.ts';
import { declareAssociate, declarePolicy } from './policy/declare.ts';
import { declareSnapshot } from './snapshot/declare.ts';
import { declareTest } from './test/declare.ts';
import { declareWhatCan } from './whatcan/declare.ts';
import { declareWhoCan } from './whocan/declare.ts';

/** Declares the commands; each one's work is loaded when it is asked for, so that every command starts fast. */
export function createProgram(): Command {
  const program = new Command('entryway')
    .description(
      'Access entries for any Kubernetes: IAM identities, access policies and RBAC, offline and explained',
    )
    .version(packageVersion())
    .exitOverride()
    .showHelpAfterError('hint: --help shows how the command is written')
    // An option belongs to the command it stands behind: `trail --since …` is not `trail export --since …`.
    .enablePositionalOptions()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'entryway: ')) });

  program
    .command('serve')
    .description('serve the AWS APIs and the built-in clusters')
    .addOption(dataOption())
    .option('--in-memory', 'keep nothing: all data goes away with the process')
    .option('--aws-listen <host:port>', 'AWS side', address(defaultAwsListen))
    .option('--kube-listen <host:port>', 'Kubernetes side (TLS)', address(defaultKubeListen))
    .option('--webhook-listen <host:port>', 'webhooks for connected clusters (TLS); without it, none')
    .option('--webhook-name <host...>', 'names or addresses under which clusters reach the webhooks')
    .option(
      '--admission-webhook-host <host...>',
      'hosts beside this machine that admission webhooks of built-in clusters may be called at',
    )
    .option('--allow-remote', 'listen on addresses other machines can reach')
    .option('--account <id>', 'id of the first account', defaultAccountId)
    .option('--region <name>', 'AWS region of the clusters', defaultRegion)
    .option('--ready-file <file>', 'write this JSON file when everything listens')
    .addOption(
      new Option('--oidc-issuers <which>', 'identity providers that may be asked for their keys')
        .choices(oidcIssuers)
        .default('none'),
    )
    .option(
      '--oidc-issuer-address <url>',
      'https address that leads to the AWS side: new clusters have their token issuers below it',
    )
    .addOption(
      new Option('--aws-auth <mode>', 'how the ConfigMap aws-auth is read; strict keeps what was good last')
        .choices(awsAuthModes)
        .default('compatible'),
    )
    .option('--sso-role-match', 'let `sso` items of aws-auth count, as behind the authenticator’s gate')
    .option(
      '--constrained-impersonation',
      'clusters from 1.36 on: let impersonation be allowed for single verbs, as behind Kubernetes’ feature gate',
    )
    .addOption(
      new Option('--sts <which>', 'who is asked about keys this server does not hold')
        .choices(awsSources)
        .default('none'),
    )
    .option('--sts-accounts <ids>', 'AWS accounts whose identities may come in, with commas')
    .option('--sts-regions <names>', 'regions whose STS is asked (default: the server’s and global)')
    .option('--sts-partition <name>', 'partition of STS', 'aws')
    .option('--sts-connect <host:port>', 'reach STS there: a VPC endpoint')
    .option('--sts-ca <file>', 'PEM of authorities that may vouch for STS, beside the system’s')
    .option('--aws-credentials <file>', 'shared credentials file to ask AWS’s IAM and EC2 with')
    .option('--aws-profile <name>', 'profile in that file (default: default)')
    .option('--aws-connect <host:port>', 'reach IAM and EC2 there')
    .option('--aws-ca <file>', 'PEM of authorities that may vouch for IAM and EC2, beside the system’s')
    .addOption(
      new Option('--pin <when>', 'tie entries of AWS principals that IAM cannot be asked about')
        .choices(pinModes)
        .default('none'),
    )
    .option('--instances <file>', 'JSON of instance ids and their private DNS names')
    .addOption(
      new Option('--ec2 <which>', 'who is asked for the private DNS names of instances')
        .choices(awsSources)
        .default('none'),
    )
    .option(
      '--pod-identity-agent-uri <uri>',
      'what pods of a Pod Identity association are told to ask for credentials (default: as on EKS)',
    )
    .option('--trail-size <mebibytes>', 'disk the trail may take (default: 1024; 64 with --in-memory)')
    .option('--alert-webhook <url>', 'send alerts of the trail there: https, or http to this machine')
    .option('--alert-secret-file <file>', 'sign what is sent to the webhook with the secret in this file')
    .option(
      '--service-control-policy <file...>',
      'bind the callers of all accounts, root too: each file is a level of its own that must allow',
    )
    .option(
      '--resource-control-policy <file...>',
      'bind the resources of all accounts, whoever calls: each file is a level of its own that may deny',
    )
    .addOption(
      new Option('--log-level <level>', 'least level that is logged').choices(logLevels).default('info'),
    )
    .addOption(new Option('--log-format <format>', 'log lines as').choices(logFormats).default('text'))
    .option('--demo', 'fill an empty server with a demo and show what its principals may do')
    .action(async (options) => (await import('./serve.ts')).serve(options));

  program
    .command('env')
    .description('print the shell exports that point the AWS CLI and SDKs here')
    .addOption(dataOption())
    .addOption(readyFileOption())
    .addOption(roleOption())
    .addOption(userOption())
    .addOption(new Option('--output <format>', 'print as').choices(['shell', 'json']).default('shell'))
    .action(async (options) => (await import('./env.ts')).printEnvironment(options));

  program
    .command('token')
    .description('print a cluster token as an ExecCredential: a kubectl plugin that needs no AWS CLI')
    .requiredOption('--cluster-name <name>', 'cluster')
    .addOption(dataOption())
    .addOption(readyFileOption())
    .addOption(roleOption())
    .addOption(userOption())
    .option('--region <name>', 'region to sign for (default: AWS_REGION, else the server’s)')
    .option('--token-only', 'print the bare token')
    .action(async (options) => (await import('./token.ts')).printToken(options));

  program
    .command('kubeconfig')
    .description('print a kubeconfig for a cluster whose user runs `entryway token`')
    .argument('<cluster>', 'cluster name')
    .addOption(dataOption())
    .addOption(readyFileOption())
    .addOption(roleOption())
    .addOption(userOption())
    .action(async (cluster, options) => (await import('./kubeconfig.ts')).printKubeconfig(cluster, options));

  program
    .command('account')
    .description('AWS accounts of this server')
    .command('create')
    .description('add an account and print its root access key')
    .option('--account <id>', 'id of the account (default: a new one)')
    .addOption(dataOption())
    .addOption(readyFileOption())
    .addOption(new Option('--output <format>', 'print as').choices(['text', 'json']).default('text'))
    .action(async (options) => (await import('./account.ts')).createAccount(options));

  declarePod(program);
  declareAgent(program);
  declarePolicy(program);
  declareAssociate(program);

  const sinceOption = (): Option =>
    new Option('--since <when>', 'from then on: 15m, 2h, 7d, 2026-01-15 or a timestamp');
  const untilOption = (): Option => new Option('--until <when>', 'up to then');
  const trail = program
    .command('trail')
    .description('show who asked this server for what, and what deserves attention')
    .enablePositionalOptions()
    .option('--user <name>', 'calls of this user, session name or Kubernetes user')
    .option('--principal <arn>', 'calls of this user or role: ARN, role/NAME, user/NAME or unique id')
    .option('--access-key <id>', 'calls with this access key')
    .option('--event <name>', 'calls of this name, or Kubernetes requests of this verb')
    .option('--source <service>', 'calls of this service: eks, iam, sts …')
    .option('--ip <address>', 'calls from this address')
    .option('--cluster <name>', 'calls about this cluster')
    .option('--account <id>', 'calls in this account')
    .option('--errors', 'refused and failed calls only')
    .option('--kubernetes', 'also requests to the clusters themselves')
    .addOption(sinceOption())
    .addOption(untilOption())
    .option('--limit <n>', 'at most the newest n (default: 50, with --since all)')
    .option('--follow', 'go on with new ones as they come')
    .option(
      '--alerts',
      'what deserves attention (docs/reference/alerts.md), of the last 24 hours unless --since is given',
    )
    .addOption(
      new Option('--severity <least>', 'least severity of alerts').choices(alertSeverities).default('low'),
    )
    .option('--json', 'print one JSON document a line: CloudTrail records, audit.k8s.io events or alerts')
    .addOption(dataOption())
    .addOption(readyFileOption())
    .action(async (options) => (await import('./trail.ts')).showTrail(options));

  trail
    .command('export')
    .description('write records into files: CloudTrail’s own layout with signed digests, or JSON lines')
    .requiredOption('--output <directory>', 'write there; an export that is there is continued')
    .addOption(
      new Option('--format <format>', 'write').choices(['cloudtrail', 'jsonl']).default('cloudtrail'),
    )
    .option('--bucket <name>', 'S3 bucket that the digests name', 'entryway-trail')
    .option('--account <id>', 'records of this account')
    .option('--kubernetes', 'also requests to the clusters themselves (jsonl)')
    .addOption(sinceOption())
    .addOption(untilOption())
    .addOption(dataOption())
    .addOption(readyFileOption())
    .action(async (options) => (await import('./trail/export.ts')).exportTrail(options));

  trail
    .command('verify')
    .description('check an export in CloudTrail’s layout: exit code 1 when a file is not as it was signed')
    .argument('<directory>', 'where the export is')
    .option('--public-key <file>', 'verify with this key instead of the data directory’s')
    .addOption(dataOption())
    .addOption(readyFileOption())
    .action(async (directory, options) =>
      (await import('./trail/verify.ts')).verifyTrail(directory, options),
    );

  trail
    .command('public-key')
    .description('print the key that exports are verified with')
    .addOption(dataOption())
    .addOption(readyFileOption())
    .action(async (options) => (await import('./trail/verify.ts')).printPublicKey(options));

  declareAwsAuth(program);
  declareCluster(program);
  declareBlock(program);
  declareEntry(program);
  declareLint(program);
  declareDoctor(program);
  declareExplain(program);
  declareSnapshot(program);
  declareDiff(program);
  declareTest(program);
  declareWhatCan(program);
  declareWhoCan(program);
  declareMigrate(program);
  declareLeastPrivilege(program);

  program
    .command('tour')
    .description('walk from an IAM role to an allowed and a refused request, on a server that keeps nothing')
    .action(async () => (await import('./tour/tour.ts')).tour());

  // Last: subcommands show their arguments, and so many commands would not fit beside theirs.
  program.configureHelp({ subcommandTerm: (command) => command.name() });
  return program;
}

function address({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host}:${port}`;
}
