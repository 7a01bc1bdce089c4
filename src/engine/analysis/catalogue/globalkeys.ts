import type { KeyType } from './servicetext.ts';

/**
 * Condition keys that every request may carry (iam-facts F.1), by the type of their value. `aws:RequestTag`,
 * `aws:ResourceTag` and `aws:TagKeys` are missing on purpose: only some actions carry them.
 */
export const globalKeys: Readonly<Partial<Record<KeyType, string>>> = {
  ARN: `aws:PrincipalArn aws:SourceArn aws:ChatbotSourceArn lambda:SourceFunctionArn ssm:SourceInstanceArn
    ec2:SourceInstanceArn`,
  ArrayOfString: `aws:PrincipalOrgPaths aws:PrincipalServiceNamesList aws:CalledVia aws:ResourceOrgPaths
    aws:SourceOrgPaths aws:VpceOrgPaths`,
  Bool: `aws:SecureTransport aws:ViaAWSService aws:PrincipalIsAWSService aws:MultiFactorAuthPresent aws:AssumedRoot
    aws:IsMcpServiceAction aws:ViaAWSMCPService`,
  Date: 'aws:CurrentTime aws:EpochTime aws:TokenIssueTime',
  IPAddress: 'aws:SourceIp aws:VpcSourceIp aws:Ec2InstanceSourcePrivateIPv4',
  Numeric: 'aws:MultiFactorAuthAge ec2:RoleDelivery',
  String: `aws:UserAgent aws:Referer aws:RequestedRegion aws:PrincipalType aws:userid aws:username
    aws:PrincipalAccount aws:PrincipalOrgID aws:PrincipalTag/ aws:PrincipalServiceName aws:CalledViaFirst
    aws:CalledViaLast aws:CalledViaAWSMCP aws:SourceOwner aws:FederatedProvider aws:SourceIdentity aws:ResourceAccount aws:ResourceOrgID
    aws:SourceAccount aws:SourceOrgID aws:SourceVpc aws:SourceVpcArn aws:SourceVpce aws:VpceAccount aws:VpceOrgID
    aws:Ec2InstanceSourceVpc identitystore:UserId glue:RoleAssumedBy glue:CredentialIssuingService`,
};
