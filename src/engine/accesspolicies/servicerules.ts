import { allow, allowUrls } from '../rbac/allow.ts';
import { namesUnpublished, type PublishedRules } from './policy.ts';

const read = 'get list watch';

/** Published rules of the policies meant for AWS services and EKS capabilities (eks-access-facts C1). */
export const serviceRules: PublishedRules = {
  AWSBackupFullAccessPolicyForBackup: [allow('list get', '*', '*')],
  AWSBackupFullAccessPolicyForRestore: [
    allow('list get create', '*', '*'),
    allow('create update escalate bind', 'rbac.authorization.k8s.io', 'roles clusterroles'),
  ],
  AmazonEKSACKPolicy: [
    allow('get watch list', 'core', 'namespaces'),
    allow(
      '*',
      'services.k8s.aws acm.services.k8s.aws acmpca.services.k8s.aws apigateway.services.k8s.aws apigatewayv2.services.k8s.aws applicationautoscaling.services.k8s.aws athena.services.k8s.aws bedrock.services.k8s.aws bedrockagent.services.k8s.aws bedrockagentcorecontrol.services.k8s.aws cloudfront.services.k8s.aws cloudtrail.services.k8s.aws cloudwatch.services.k8s.aws cloudwatchlogs.services.k8s.aws codeartifact.services.k8s.aws cognitoidentityprovider.services.k8s.aws documentdb.services.k8s.aws dynamodb.services.k8s.aws ec2.services.k8s.aws ecr.services.k8s.aws ecrpublic.services.k8s.aws ecs.services.k8s.aws efs.services.k8s.aws eks.services.k8s.aws elasticache.services.k8s.aws elbv2.services.k8s.aws emrcontainers.services.k8s.aws eventbridge.services.k8s.aws iam.services.k8s.aws kafka.services.k8s.aws keyspaces.services.k8s.aws kinesis.services.k8s.aws kms.services.k8s.aws lambda.services.k8s.aws memorydb.services.k8s.aws mq.services.k8s.aws networkfirewall.services.k8s.aws opensearchservice.services.k8s.aws organizations.services.k8s.aws pipes.services.k8s.aws prometheusservice.services.k8s.aws ram.services.k8s.aws rds.services.k8s.aws recyclebin.services.k8s.aws route53.services.k8s.aws route53resolver.services.k8s.aws s3.services.k8s.aws s3control.services.k8s.aws sagemaker.services.k8s.aws secretsmanager.services.k8s.aws ses.services.k8s.aws sfn.services.k8s.aws sns.services.k8s.aws sqs.services.k8s.aws ssm.services.k8s.aws wafv2.services.k8s.aws',
      '*',
    ),
    allow('create get list watch', 'coordination.k8s.io', 'leases'),
    namesUnpublished(allow('delete update patch', 'coordination.k8s.io', 'leases')),
    allow('create patch', 'core', 'events'),
    allow('*', 'apiextensions.k8s.io', 'customresourcedefinitions'),
  ],
  AmazonEKSArgoCDClusterPolicy: [
    allow('create get update patch delete', 'core', 'namespaces'),
    allow('create', 'apiextensions.k8s.io', 'customresourcedefinitions'),
    namesUnpublished(allow('get update patch delete', 'apiextensions.k8s.io', 'customresourcedefinitions')),
    allowUrls('get', '/api /api/* /apis /apis/*'),
  ],
  AmazonEKSArgoCDPolicy: [
    allow('*', 'core', 'secrets'),
    allow(read, 'core', 'configmaps'),
    allow('get list watch patch create', 'core', 'events'),
    allow(
      '*',
      'argoproj.io',
      'applications applications/finalizers applications/status applicationsets applicationsets/finalizers applicationsets/status appprojects appprojects/finalizers appprojects/status',
    ),
  ],
  AmazonEKSHybridPolicy: [allow('list', '*', 'nodes')],
  AmazonEKSKROPolicy: [
    allow('*', 'kro.run', '*'),
    allow('*', 'apiextensions.k8s.io', 'customresourcedefinitions'),
    allow('create get list watch', 'coordination.k8s.io', 'leases'),
    namesUnpublished(allow('delete update patch', 'coordination.k8s.io', 'leases')),
    allow('create patch', 'core', 'events'),
  ],
  AmazonEKSPodIdentityPolicy: [allow('list', 'core', 'pods')],
};
