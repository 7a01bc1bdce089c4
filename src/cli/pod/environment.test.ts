import { expect, test } from 'vitest';
import { environment } from './environment.ts';

const server = { awsEndpoint: 'http://127.0.0.1:4700', region: 'us-east-1' };

test('nothing of whom the operator is, and of where the operator asks, reaches the program', () => {
  const own = {
    ...{ PATH: '/bin', AWS_PAGER: 'cat', AWS_CLI_AUTO_PROMPT: 'off', BOTO_CONFIG: '/home/operator/.boto' },
    ...Object.fromEntries(
      [
        ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE'],
        ...['AWS_DEFAULT_PROFILE', 'AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_CREDENTIAL_FILE'],
        ...['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_AUTHORIZATION_TOKEN'],
        ...['AWS_ENDPOINT_URL_STS', 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'AWS_USE_FIPS_ENDPOINT'],
        ...['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'],
      ].map((name) => [name, 'the operator’s']),
    ),
  };
  expect(environment(own, server, '/root', { AWS_REGION: 'eu-west-1', AWS_ROLE_ARN: 'the pod’s' })).toEqual({
    ...{ PATH: '/bin', AWS_PAGER: 'cat', AWS_CLI_AUTO_PROMPT: 'off' },
    ...{
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4700',
      AWS_REGION: 'eu-west-1',
      AWS_DEFAULT_REGION: 'us-east-1',
    },
    AWS_ROLE_ARN: 'the pod’s',
    ...{
      AWS_CONFIG_FILE: '/root/none',
      AWS_SHARED_CREDENTIALS_FILE: '/root/none',
      BOTO_CONFIG: '/root/none',
    },
    AWS_EC2_METADATA_DISABLED: 'true',
  });
});
