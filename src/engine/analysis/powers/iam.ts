/** Actions by which somebody gives themselves or others more of IAM than they have. */
export const iamEscalations: readonly string[] = [
  'iam:AddUserToGroup',
  'iam:AttachGroupPolicy',
  'iam:AttachRolePolicy',
  'iam:AttachUserPolicy',
  'iam:CreateAccessKey',
  'iam:CreateLoginProfile',
  'iam:CreatePolicyVersion',
  'iam:DeleteRolePermissionsBoundary',
  'iam:DeleteUserPermissionsBoundary',
  'iam:PutGroupPolicy',
  'iam:PutRolePermissionsBoundary',
  'iam:PutRolePolicy',
  'iam:PutUserPermissionsBoundary',
  'iam:PutUserPolicy',
  'iam:SetDefaultPolicyVersion',
  'iam:UpdateAssumeRolePolicy',
  'iam:UpdateLoginProfile',
];

/**
 * Services that run a caller's code with a role that was passed to them: by the name that trust policies and
 * `iam:PassedToService` use, what the caller must be allowed besides `iam:PassRole`. One list of actions is enough.
 */
export const computeServices: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'ec2.amazonaws.com': [
    ['ec2:RunInstances'],
    ['ec2:AssociateIamInstanceProfile'],
    ['ec2:ReplaceIamInstanceProfileAssociation'],
  ],
  'lambda.amazonaws.com': [['lambda:CreateFunction'], ['lambda:UpdateFunctionConfiguration']],
  'ecs-tasks.amazonaws.com': [
    ['ecs:RunTask'],
    ['ecs:RegisterTaskDefinition', 'ecs:RunTask'],
    ['ecs:RegisterTaskDefinition', 'ecs:CreateService'],
  ],
  'pods.eks.amazonaws.com': [['eks:CreatePodIdentityAssociation'], ['eks:UpdatePodIdentityAssociation']],
  'cloudformation.amazonaws.com': [
    ['cloudformation:CreateStack'],
    ['cloudformation:UpdateStack'],
    ['cloudformation:CreateChangeSet', 'cloudformation:ExecuteChangeSet'],
  ],
  'codebuild.amazonaws.com': [
    ['codebuild:CreateProject', 'codebuild:StartBuild'],
    ['codebuild:UpdateProject', 'codebuild:StartBuild'],
  ],
  'codepipeline.amazonaws.com': [['codepipeline:CreatePipeline'], ['codepipeline:UpdatePipeline']],
  'glue.amazonaws.com': [
    ['glue:CreateDevEndpoint'],
    ['glue:CreateJob', 'glue:StartJobRun'],
    ['glue:UpdateJob', 'glue:StartJobRun'],
  ],
  'sagemaker.amazonaws.com': [
    ['sagemaker:CreateNotebookInstance', 'sagemaker:CreatePresignedNotebookInstanceUrl'],
    ['sagemaker:CreateTrainingJob'],
    ['sagemaker:CreateProcessingJob'],
  ],
  'states.amazonaws.com': [
    ['states:CreateStateMachine', 'states:StartExecution'],
    ['states:UpdateStateMachine', 'states:StartExecution'],
  ],
  'datapipeline.amazonaws.com': [
    ['datapipeline:CreatePipeline', 'datapipeline:PutPipelineDefinition', 'datapipeline:ActivatePipeline'],
  ],
  'ssm.amazonaws.com': [['ssm:StartAutomationExecution'], ['ssm:CreateAssociation']],
  'batch.amazonaws.com': [['batch:CreateComputeEnvironment']],
  'elasticmapreduce.amazonaws.com': [['elasticmapreduce:RunJobFlow']],
  'apprunner.amazonaws.com': [['apprunner:CreateService']],
  'tasks.apprunner.amazonaws.com': [['apprunner:CreateService'], ['apprunner:UpdateService']],
  'build.apprunner.amazonaws.com': [['apprunner:CreateService'], ['apprunner:UpdateService']],
};
