/**
 * What lets somebody run code, or commands, where a role is at work already, without `iam:PassRole`: by the service that the
 * role trusts. That something runs as the role stands in no snapshot. Public lists of IAM privilege escalations have each
 * (Rhino Security Labs, `lambda:UpdateFunctionCode`, `glue:UpdateDevEndpoint`; AWS, Session Manager and ECS Exec).
 */
export const runningCode: Readonly<Record<string, readonly string[]>> = {
  'ec2.amazonaws.com': ['ssm:SendCommand', 'ssm:StartSession'],
  'lambda.amazonaws.com': ['lambda:UpdateFunctionCode'],
  'ecs-tasks.amazonaws.com': ['ecs:ExecuteCommand'],
  'codebuild.amazonaws.com': ['codebuild:StartBuild'],
  'glue.amazonaws.com': ['glue:UpdateDevEndpoint'],
  'sagemaker.amazonaws.com': ['sagemaker:CreatePresignedNotebookInstanceUrl'],
};

export const runningCodeActions: readonly string[] = Object.values(runningCode).flat();
