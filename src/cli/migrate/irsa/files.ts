import type { IrsaPlan, PlannedAssociation } from '../../../engine/analysis/migrateirsa/plan.ts';
import { CommandError } from '../../failure.ts';
import { printable } from '../../render/printable.ts';
import { textsIn } from '../cloudformation.ts';
import { hcl, resourceNames } from '../terraform.ts';
import { yamlText } from '../yamltext.ts';

/**
 * What a file that declares associations cannot do itself, as comments for its head: a role belongs to whoever declares it, and
 * a file that declared it again would take it from there.
 */
function beforehand({ clusterName, roles }: IrsaPlan): string {
  const written = roles.filter(({ before, prepared }) => before !== prepared);
  const lines = [
    `Associations of Pod Identity in the place of annotations in cluster ${clusterName}.`,
    'Write the trust policies of the roles first, where they are declared; without that nobody gets the role:',
    ...written.map(({ roleArn, prepared }) => `  ${roleArn}: ${prepared}`),
    'Start the Pods again afterwards. Annotations and statements for tokens go last: entryway migrate irsa --output plan.',
  ];
  return (written.length > 0 ? lines : lines.filter((_, at) => at !== 1))
    .map((line) => `# ${printable(line)}\n`)
    .join('');
}

function madeIn({ associations }: IrsaPlan): readonly PlannedAssociation[] {
  return associations.filter(({ isThere }) => !isThere);
}

/** `aws_eks_pod_identity_association`, ready for `terraform plan`. */
export function irsaTerraform(plan: IrsaPlan): string {
  const made = madeIn(plan);
  const names = resourceNames(made.map(({ namespace, serviceAccount }) => `${namespace}_${serviceAccount}`));
  const blocks = made.map(
    ({ namespace, serviceAccount, roleArn }, at) => `
resource "aws_eks_pod_identity_association" "${names[at] ?? `association_${at}`}" {
  cluster_name    = ${hcl(plan.clusterName)}
  namespace       = ${hcl(namespace)}
  service_account = ${hcl(serviceAccount)}
  role_arn        = ${hcl(roleArn)}
}
`,
  );
  return [beforehand(plan), ...blocks].join('');
}

/** Resources a template can have (CloudFormation's quota). */
const mostResources = 500;

/** A template of `AWS::EKS::PodIdentityAssociation` resources. */
export function irsaCloudformation(plan: IrsaPlan): string {
  const made = madeIn(plan);
  if (made.length > mostResources) {
    throw new CommandError(
      'failure',
      `${made.length} associations do not fit into one template, which holds ${mostResources}`,
      'use --output script or terraform',
    );
  }
  const template = {
    AWSTemplateFormatVersion: '2010-09-09',
    Description: `Associations of Pod Identity in the place of annotations in cluster ${plan.clusterName}`,
    Resources: Object.fromEntries(
      made.map(({ namespace, serviceAccount, roleArn }, at) => [
        // At most 255 characters.
        `Association${at + 1}${`${namespace}${serviceAccount}`.replace(/[^A-Za-z0-9]/g, '').slice(0, 200)}`,
        {
          Type: 'AWS::EKS::PodIdentityAssociation',
          Properties: {
            ...{ ClusterName: plan.clusterName, Namespace: namespace },
            ...{ ServiceAccount: serviceAccount, RoleArn: roleArn },
          },
        },
      ]),
    ),
  };
  const reference = textsIn(template).find((text) => text.includes('{{resolve:'));
  if (reference !== undefined) {
    throw new CommandError(
      'failure',
      `CloudFormation would put a parameter in the place of \`${reference}\``,
      'use --output script: no template can say it',
    );
  }
  return `${beforehand(plan)}${yamlText(template)}`;
}

/** A ClusterConfig for `eksctl create podidentityassociation -f FILE`. */
export function irsaEksctl(plan: IrsaPlan): string {
  const { clusterName, region } = plan;
  const config = {
    apiVersion: 'eksctl.io/v1alpha5',
    kind: 'ClusterConfig',
    metadata: { name: clusterName, region },
    iam: {
      podIdentityAssociations: madeIn(plan).map(({ namespace, serviceAccount, roleArn }) => ({
        ...{ namespace, serviceAccountName: serviceAccount, roleARN: roleArn },
      })),
    },
  };
  return `${beforehand(plan)}${yamlText(config)}`;
}

/** Objects of AWS Controllers for Kubernetes (ACK), for `kubectl apply -f -`; nothing where none is needed. */
export function irsaManifests(plan: IrsaPlan): string {
  const { clusterName } = plan;
  const objects = madeIn(plan).map(({ namespace, serviceAccount, roleArn }) =>
    yamlText({
      apiVersion: 'eks.services.k8s.aws/v1alpha1',
      kind: 'PodIdentityAssociation',
      // Two accounts of one name are in two namespaces.
      metadata: { name: serviceAccount, namespace },
      spec: { clusterName, namespace, serviceAccount, roleARN: roleArn },
    }),
  );
  return objects.length === 0 ? '' : `${beforehand(plan)}${objects.join('---\n')}`;
}
