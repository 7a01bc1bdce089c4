import { type Command, Option } from 'commander';
import { logFormats, logLevels } from '../../server/config.ts';
import { dataOption, roleOption, userOption } from '../connectionoptions.ts';

export function declareAgent(program: Command): void {
  program
    .command('agent')
    .description('answer pods with the AWS credentials of their EKS Pod Identity association')
    .requiredOption('--cluster-name <name>', 'cluster of the pods')
    .option(
      '--endpoint <url>',
      'EKS Auth (default: $AWS_ENDPOINT_URL_EKS_AUTH, $AWS_ENDPOINT_URL, else the server of this machine)',
    )
    .option('--region <name>', 'its region (default: $AWS_REGION, else that of the server of this machine)')
    .addOption(dataOption())
    .option('--server-file <file>', 'find the server by the file it wrote instead of its data directory')
    .addOption(roleOption())
    .addOption(userOption())
    .option(
      '--aws-credentials <file>',
      'ask with the keys in this shared credentials file, also when they change',
    )
    .option('--aws-profile <name>', 'profile in that file (default: default)')
    .option(
      '--listen <host:port...>',
      'where pods ask (default: 169.254.170.23:80 and [fd00:ec2::23]:80 where this machine has them, else 127.0.0.1:4780)',
    )
    .option('--probe-listen <host:port>', '/healthz and /readyz', '127.0.0.1:2703')
    .option('--metrics-listen <host:port>', '/metrics', '127.0.0.1:2705')
    .option(
      '--allow-remote',
      'listen on addresses other machines can reach, send tokens to other machines in plain HTTP',
    )
    .option('--request-rate <number>', 'requests of pods that are answered in a second', '1000')
    .option('--ready-file <file>', 'write this JSON file when everything listens')
    .addOption(
      new Option('--log-level <level>', 'least level that is logged').choices(logLevels).default('info'),
    )
    .addOption(new Option('--log-format <format>', 'log lines as').choices(logFormats).default('text'))
    .action(async (options) => (await import('./run.ts')).runAgent(options));
}
