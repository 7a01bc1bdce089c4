import { type Command, Option } from 'commander';
import { distributions } from '../bundle/input.ts';
import { defaultKubernetesVersion } from '../bundle/version.ts';
import { connectionOptions } from '../connectionoptions.ts';

/** Declares `entryway cluster …`: one function for each file of subcommands, whose work is loaded when it is asked for. */
export function declareCluster(program: Command): void {
  const cluster = program.command('cluster').description('clusters, and what connects real ones');
  declareCredentials(cluster);
  declareBreakGlass(cluster);
  declareFollowing(cluster);
  declareBundle(cluster);
  declareIssuer(cluster);
  declareKeys(cluster);
}

/** Client certificates of the API servers that call the webhooks. */
function declareCredentials(cluster: Command): void {
  const credentials = cluster
    .command('credentials')
    .description('client certificates with which a connected cluster’s API server calls the webhooks');
  const outOption = (): Option => new Option('--out <directory>', 'write tls.crt, tls.key and ca.crt there');
  const daysOption = (): Option => new Option('--days <n>', 'valid for so many days').default('365');
  const descriptionOption = (): Option => new Option('--description <text>', 'what it is for');

  connectionOptions(credentials.command('issue'))
    .description('make a key here and have the server certify it')
    .argument('<cluster>', 'name of a connected cluster')
    .addOption(outOption().makeOptionMandatory())
    .addOption(daysOption())
    .addOption(descriptionOption())
    .action(async (name, options) => (await import('./credentials.ts')).issueCredential(name, options));

  connectionOptions(credentials.command('list'))
    .description('list the certificates of a cluster')
    .argument('<cluster>', 'name of a connected cluster')
    .addOption(new Option('--output <format>', 'print as').choices(['text', 'json']).default('text'))
    .action(async (name, options) => (await import('./credentials.ts')).listCredentials(name, options));

  connectionOptions(credentials.command('rotate'))
    .description('issue a new certificate and say which ones to revoke once the API server uses it')
    .argument('<cluster>', 'name of a connected cluster')
    .addOption(outOption().makeOptionMandatory())
    .addOption(daysOption())
    .addOption(descriptionOption())
    .action(async (name, options) => (await import('./credentials.ts')).rotateCredential(name, options));

  connectionOptions(credentials.command('revoke'))
    .description('refuse a certificate from now on, on open connections too')
    .argument('<cluster>', 'name of a connected cluster')
    .requiredOption('--serial <number>', 'serial number, as `list` shows it')
    .action(async (name, options) => (await import('./credentials.ts')).revokeCredential(name, options));
}

/** Who is administrator of a cluster whatever access entries and aws-auth say. */
function declareBreakGlass(cluster: Command): void {
  const breakGlass = cluster
    .command('break-glass')
    .description(
      'the principal that is system:masters on a cluster whatever its access entries and aws-auth say',
    );

  connectionOptions(breakGlass.command('set'))
    .description('name the principal: a role or user of this server, told from others by ARN and unique id')
    .argument('<cluster>', 'name of the cluster')
    .argument('<principal-arn>', 'ARN of the role or user, with its path')
    .requiredOption('--reason <text>', 'why, for whoever finds it there')
    .action(async (name, arn, options) =>
      (await import('./breakglass.ts')).setBreakGlass(name, arn, options),
    );

  connectionOptions(breakGlass.command('show'))
    .description('show the principal, and whether it still is who was chosen')
    .argument('<cluster>', 'name of the cluster')
    .addOption(new Option('--output <format>', 'print as').choices(['text', 'json']).default('text'))
    .action(async (name, options) => (await import('./breakglass.ts')).showBreakGlass(name, options));

  connectionOptions(breakGlass.command('remove'))
    .description('let nobody in past the maps any more')
    .argument('<cluster>', 'name of the cluster')
    .action(async (name, options) => (await import('./breakglass.ts')).removeBreakGlass(name, options));
}

/** Everything that goes to the control plane of a connected cluster. */
function declareBundle(cluster: Command): void {
  connectionOptions(cluster.command('bundle'))
    .description(
      'write what a connected cluster’s API server needs to ask this server, and how to install it',
    )
    .argument('<cluster>', 'name of a connected cluster')
    .addOption(
      new Option('--for <distribution>', 'what the cluster is made with')
        .choices(distributions)
        .makeOptionMandatory(),
    )
    .requiredOption('--out <directory>', 'write there')
    .option('--kubernetes-version <version>', 'version of the API server', defaultKubernetesVersion)
    .option('--address <url>', 'https://HOST:PORT by which the API server reaches the webhooks')
    .option(
      '--api-audience <audience>',
      'an audience of the API server, as `cluster audiences` sets it at once; once for each',
      (audience: string, others: readonly string[] = []) => [...others, audience],
    )
    .option(
      '--classic-flags',
      'give the API server flags also where it could be given an AuthorizationConfiguration',
    )
    .option('--pods', 'also have new pods given their AWS credentials, by an admission webhook')
    .option('--days <n>', 'the certificate is valid for so many days', '365')
    .option('--force', 'write over an earlier bundle')
    .action(async (name, options) => (await import('./bundle.ts')).writeBundle(name, options));

  connectionOptions(cluster.command('audiences'))
    .description('say which audiences are the API server’s own: the webhook then answers for no others')
    .argument('<cluster>', 'name of a connected cluster')
    .argument('[audience...]', 'each one of its --api-audiences, or else its --service-account-issuer')
    .option('--none', 'leave audiences to the API server again')
    .action(async (name, audiences, options) =>
      (await import('./audiences.ts')).setAudiences(name, audiences, options),
    );
}

/** How the server reaches a connected cluster’s API, to follow its aws-auth and RBAC. */
function declareFollowing(cluster: Command): void {
  connectionOptions(cluster.command('connect'))
    .description(
      'give the server a kubeconfig of a connected cluster, so that it follows aws-auth, RBAC and namespaces there',
    )
    .argument('<cluster>', 'name of a connected cluster')
    .requiredOption(
      '--kubeconfig <file>',
      'kubeconfig with a token or a client certificate; - reads standard input',
    )
    .option('--context <name>', 'context of the kubeconfig (default: its current one)')
    .action(async (name, options) => (await import('./connect.ts')).connectCluster(name, options));

  connectionOptions(cluster.command('disconnect'))
    .description('forget how to reach the cluster, and what was followed there')
    .argument('<cluster>', 'name of a connected cluster')
    .option('--yes', 'do it; without this it is only told what would happen')
    .action(async (name, options) => (await import('./connect.ts')).disconnectCluster(name, options));

  connectionOptions(cluster.command('status'))
    .description('show how following a cluster goes, and what is served of its aws-auth')
    .argument('<cluster>', 'name of a cluster')
    .addOption(new Option('--output <format>', 'print as').choices(['text', 'json']).default('text'))
    .action(async (name, options) => (await import('./status.ts')).showStatus(name, options));

  cluster
    .command('manifest')
    .description('print the Kubernetes objects that let the server follow a cluster, and no more')
    .option('--namespace <name>', 'namespace of the service account', 'entryway')
    .action(async (options) => (await import('./manifest.ts')).printManifest(options));
}

/** Who issues the service account tokens of a cluster, for IAM roles and EKS Pod Identity. */
function declareIssuer(cluster: Command): void {
  const issuer = cluster
    .command('issuer')
    .description('who issues the service account tokens that STS and EKS Auth believe');

  connectionOptions(issuer.command('set'))
    .description(
      'name the issuer of a connected cluster, and hand over its public keys where it cannot be asked',
    )
    .argument('<cluster>', 'name of a connected cluster')
    .requiredOption('--issuer <url>', 'as its tokens name it: the API server’s --service-account-issuer')
    .option(
      '--keys <file>',
      'public keys: what `kubectl get --raw /openid/v1/jwks` prints, or PEM as in kubeadm’s sa.pub; - reads standard input',
    )
    .action(async (name, options) => (await import('./issuer.ts')).setIssuer(name, options));

  connectionOptions(issuer.command('show'))
    .description('show the issuer of a cluster, and where its keys come from')
    .argument('<cluster>', 'name of a cluster')
    .addOption(new Option('--output <format>', 'print as').choices(['text', 'json']).default('text'))
    .action(async (name, options) => (await import('./issuer.ts')).showIssuer(name, options));

  connectionOptions(issuer.command('remove'))
    .description('believe no token of a connected cluster any more')
    .argument('<cluster>', 'name of a connected cluster')
    .action(async (name, options) => (await import('./issuer.ts')).removeIssuer(name, options));
}

/** What signs the service account tokens of a built-in cluster. */
function declareKeys(cluster: Command): void {
  connectionOptions(cluster.command('rotate-keys'))
    .description('announce a new key for service account tokens, as every week by itself; or end all tokens')
    .argument('<cluster>', 'name of a built-in cluster')
    .option('--revoke', 'sign with the new key at once and refuse every token made before')
    .option('--yes', 'with --revoke: do it; without this it is only told what would happen')
    .action(async (name, options) => (await import('./rotatekeys.ts')).rotateKeys(name, options));
}
