import type { ServiceText } from './servicetext.ts';

/** AWS STS, as the Service Authorization Reference lists it (September 2026). */
export const sts: ServiceText = {
  prefix: 'sts',
  resources: {
    'context-provider': 'arn:<Partition>:iam::aws:contextProvider/<ContextProviderName>',
    'federated-user': 'arn:<Partition>:sts::<Account>:federated-user/<FederatedUserName>',
    role: 'arn:<Partition>:iam::<Account>:role/<RoleNameWithPath> aws:ResourceTag/ iam:ResourceTag/',
    'root-user': 'arn:<Partition>:iam::<Account>:root',
    'self-session': 'arn:<Partition>:sts::<Account>:self',
  },
  keys: {
    ARN: 'sts:TaskPolicyArn',
    ArrayOfARN: 'sts:RequestContextProviders',
    ArrayOfString: `saml:cn saml:eduorghomepageuri saml:eduorgidentityauthnpolicyuri saml:eduorglegalname
      saml:eduorgsuperioruri saml:eduorgwhitepagesuri saml:edupersonaffiliation
      saml:edupersonassurance saml:edupersonentitlement saml:edupersonnickname saml:edupersonorgunitdn
      saml:edupersonscopedaffiliation saml:edupersontargetedid sts:IdentityTokenAudience
      sts:TransitiveTagKeys`,
    Bool: 'sts:RoleAuthorizedByIdp',
    Numeric: 'sts:DurationSeconds',
    String: `iam:ResourceTag/ saml:aud saml:commonName saml:doc saml:edupersonorgdn
      saml:edupersonprimaryaffiliation saml:edupersonprimaryorgunitdn saml:edupersonprincipalname
      saml:givenName saml:iss saml:mail saml:name saml:namequalifier saml:organizationStatus
      saml:primaryGroupSID saml:sub saml:sub_type saml:surname saml:uid saml:x500UniqueIdentifier
      sts:AWSServiceName sts:ExternalId sts:RequestContext/ sts:RoleSessionName sts:SigningAlgorithm
      sts:SourceIdentity`,
  },
  actions: {
    AssumeRole: `role PROVIDER aws:RequestTag/ aws:TagKeys iam:ResourceTag/ saml:namequalifier saml:sub
      saml:sub_type sts:ExternalId sts:RoleSessionName sts:SourceIdentity sts:TransitiveTagKeys`,
    AssumeRoleWithSAML: `role aws:RequestTag/ aws:TagKeys saml:aud saml:cn saml:commonName saml:doc
      saml:eduorghomepageuri saml:eduorgidentityauthnpolicyuri saml:eduorglegalname
      saml:eduorgsuperioruri saml:eduorgwhitepagesuri saml:edupersonaffiliation
      saml:edupersonassurance saml:edupersonentitlement saml:edupersonnickname saml:edupersonorgdn
      saml:edupersonorgunitdn saml:edupersonprimaryaffiliation saml:edupersonprimaryorgunitdn
      saml:edupersonprincipalname saml:edupersonscopedaffiliation saml:edupersontargetedid
      saml:givenName saml:iss saml:mail saml:name saml:namequalifier saml:organizationStatus
      saml:primaryGroupSID saml:sub saml:sub_type saml:surname saml:uid saml:x500UniqueIdentifier
      sts:RoleSessionName sts:SourceIdentity sts:TransitiveTagKeys`,
    AssumeRoleWithWebIdentity: `role PROVIDER aws:RequestTag/ aws:TagKeys sts:RoleAuthorizedByIdp sts:RoleSessionName
      sts:SourceIdentity sts:TransitiveTagKeys`,
    AssumeRoot: 'root-user sts:TaskPolicyArn',
    DecodeAuthorizationMessage: '',
    GetAccessKeyInfo: '',
    GetCallerIdentity: '',
    GetDelegatedAccessToken: '',
    GetFederationToken: 'federated-user? aws:RequestTag/ aws:TagKeys',
    GetServiceBearerToken: 'sts:AWSServiceName sts:DurationSeconds',
    GetSessionToken: '',
    GetWebIdentityToken: `aws:RequestTag/ aws:TagKeys sts:DurationSeconds sts:IdentityTokenAudience sts:SigningAlgorithm`,
    SetContext: 'role? self-session? sts:RequestContext/ sts:RequestContextProviders',
    SetSourceIdentity: 'role? sts:SourceIdentity',
    TagGetWebIdentityToken: 'aws:RequestTag/ aws:TagKeys',
    TagSession: 'role? aws:RequestTag/ aws:TagKeys saml:aud sts:TransitiveTagKeys',
  },
};
