import { describe, expect, test } from 'vitest';
import type { Shape, Structure } from '../../wire/protocols/contract.ts';
import { services } from '../../wire/protocols/services.ts';
import { aCall, accountId, type CallMembers } from '../testworld.ts';
import { buildRecords } from './build.ts';
import { hiddenText } from './vocabulary.ts';

/**
 * Written by hand and apart from the lists under test: every member of the contracts whose value lets its holder in,
 * or tells what does.
 */
const sensitive = new Set([
  ...['AuthenticationCode1', 'AuthenticationCode2', 'Base32StringSeed', 'QRCodePNG', 'TokenCode'],
  ...['NewPassword', 'OldPassword', 'Password', 'ServicePassword', 'ServiceCredentialSecret'],
  ...['PrivateKey', 'PrivateKeyList', 'AddPrivateKey', 'SecretAccessKey', 'secretAccessKey'],
  ...['SessionToken', 'sessionToken', 'TradeInToken', 'WebIdentityToken', 'SAMLAssertion', 'token'],
  ...['bearerToken', 'clientKeyData'],
  ...['EncodedMessage', 'DecodedMessage', 'ContextAssertion', 'ProvidedContexts'],
  ...[
    'activationCode',
    'configurationValues',
    'Content',
    'SAMLMetadataDocument',
    'NextToken',
    'nextToken',
    'Marker',
  ],
]);
/** A name like these is a secret until somebody has looked at it. */
const suspicious =
  /secret|password|token|private|seed|qrcode|credential|assertion|authenticationcode|activationcode/i;
const lookedAt = new Set([
  // Idempotency tokens of clients, and names of things that are no secrets themselves.
  ...['clientRequestToken', 'previewToken', 'credential', 'Credentials', 'credentials', 'PackedPolicySize'],
  ...['PasswordLastUsed', 'PasswordPolicy', 'PasswordResetRequired', 'PasswordReusePrevention'],
  ...['GlobalEndpointTokenVersion', 'MinimumSessionTokenSize', 'SessionTokenSize', 'SessionTokenUtilization'],
  ...['ServiceCredentialAlias', 'ServiceSpecificCredential', 'ServiceSpecificCredentialId'],
  ...['ServiceSpecificCredentials', 'CredentialAgeDays', 'MinimumPasswordLength', 'MaxPasswordAge'],
  ...[
    'AllowUsersToChangePassword',
    'ExpirePasswords',
    'RemovePrivateKey',
    'SubjectFromWebIdentityToken',
    'AssertionEncryptionMode',
  ],
]);

interface Marked {
  readonly value: unknown;
  /** Member name → the marked texts below it. */
  readonly marks: [name: string, text: string][];
}

let marks = 0;

/** A value of the structure with a mark in every text and every byte string, knowing under which members it stands. */
function marked(structure: Structure): Marked {
  const found: Marked['marks'] = [];
  const of = (shape: Shape, path: readonly string[]): unknown => {
    switch (shape.kind) {
      case 'string': {
        const text = `mark${marks++}mark`;
        for (const name of path) found.push([name, text]);
        return text;
      }
      case 'blob': {
        const text = `mark${marks++}mark`;
        for (const name of path) found.push([name, text]);
        return Buffer.from(text);
      }
      case 'document': {
        const text = `mark${marks++}mark`;
        for (const name of path) found.push([name, text]);
        return { text };
      }
      case 'number':
        return 7;
      case 'boolean':
        return true;
      case 'timestamp':
        return new Date(0);
      case 'list':
        return [of(shape.item, path)];
      case 'map':
        return { [`key${marks++}`]: of(shape.value, path) };
      case 'structure':
        if (path.length > 12) return {};
        return Object.fromEntries(
          shape.members.map((member) => [member.name, of(member.shape, [...path, member.name])]),
        );
      default:
        return shape satisfies never;
    }
  };
  return { value: of(structure, []), marks: found };
}

const operations = Object.entries(services).flatMap(([service, contract]) =>
  contract.operationNames.map((operation) => ({ service, contract, operation })),
);

function recordText(call: CallMembers): string {
  const context = { now: 0, newId: () => 'id', operatorAccountId: accountId };
  return JSON.stringify(buildRecords(aCall(call), context));
}

describe.each(Object.keys(services))('of %s', (name) => {
  test('no sensitive member of any operation, asked or answered, gets into a record', () => {
    const leaks: string[] = [];
    for (const { service, contract, operation } of operations.filter(({ service }) => service === name)) {
      const shape = contract.operation(operation);
      const input = shape?.input && marked(shape.input);
      const output = shape?.output && marked(shape.output);
      const all = [...(input?.marks ?? []), ...(output?.marks ?? [])];
      const secrets = all.filter(([member]) => sensitive.has(member));
      const allowed = recordText({ service, operation, input: input?.value, output: output?.value });
      // A refusal that repeats what it was given (validation errors do) must not tell more.
      const message = secrets
        .map(([, text]) => `Value '${text}' failed`)
        .join('; ')
        .slice(0, 900);
      const refused = recordText({
        service,
        operation,
        input: input?.value,
        code: 'ValidationError',
        message,
      });
      const fromInput = new Set(input?.marks.map(([, text]) => text));
      for (const [member, text] of secrets) {
        if (allowed.includes(text)) leaks.push(`${operation}.${member}`);
        if (fromInput.has(text) && refused.includes(text))
          leaks.push(`${operation}.${member} in the message`);
      }
    }
    expect([...new Set(leaks)]).toEqual([]);
  });

  test('no member with a suspicious name has been overlooked', () => {
    const overlooked = new Set<string>();
    for (const { contract, operation } of operations.filter(({ service }) => service === name)) {
      for (const structure of [contract.operation(operation)?.input, contract.operation(operation)?.output]) {
        if (structure === undefined) continue;
        for (const [member] of marked(structure).marks) {
          if (suspicious.test(member) && !sensitive.has(member) && !lookedAt.has(member))
            overlooked.add(member);
        }
      }
    }
    expect([...overlooked]).toEqual([]);
  });
});

test('a secret that was given shows that it was given', () => {
  const [record] = buildRecords(
    aCall({
      service: 'sts',
      operation: 'AssumeRole',
      input: { RoleArn: 'arn:aws:iam::111122223333:role/ops', RoleSessionName: 's', TokenCode: '123456' },
      output: {
        Credentials: {
          AccessKeyId: 'ASIAEXAMPLE',
          SecretAccessKey: 'hush',
          SessionToken: 'hush-hush',
          Expiration: new Date(Date.UTC(2026, 0, 15, 13)),
        },
      },
    }),
    { now: 0, newId: () => 'id', operatorAccountId: accountId },
  );
  expect(record).toMatchObject({
    requestParameters: {
      roleArn: 'arn:aws:iam::111122223333:role/ops',
      roleSessionName: 's',
      tokenCode: hiddenText,
    },
    responseElements: {
      credentials: {
        accessKeyId: 'ASIAEXAMPLE',
        secretAccessKey: hiddenText,
        sessionToken: hiddenText,
        expiration: 'Jan 15, 2026, 1:00:00 PM',
      },
    },
  });
});

test('an error that quotes the beginning of a long secret does not get into the record', () => {
  const secret = Array.from({ length: 3000 }, (_, at) => at.toString(36)).join('');
  const text = recordText({
    service: 'iam',
    operation: 'ChangePassword',
    input: { OldPassword: 'old', NewPassword: secret },
    code: 'ValidationError',
    message: `Value '${secret.slice(0, 600)}...' at 'newPassword' failed; Value '${secret.slice(0, 20)}' failed`,
  });
  expect(text).not.toContain(secret.slice(0, 17));
  expect(text).toContain(`Value '${hiddenText}...' at 'newPassword' failed; Value '${hiddenText}' failed`);
});

test('a member of another kind than the contract says is not written', () => {
  const text = recordText({
    service: 'iam',
    operation: 'CreateUser',
    input: { UserName: { Password: 'hush' }, Path: ['hush'] },
    output: undefined,
  });
  expect(text).not.toContain('hush');
});

test('long texts are cut with a mark, and parameters beyond 100 KB are left out', () => {
  const [cutRecord] = buildRecords(
    aCall({
      service: 'iam',
      operation: 'CreatePolicy',
      input: { PolicyName: 'p', PolicyDocument: 'x'.repeat(20_000) },
    }),
    { now: 0, newId: () => 'id', operatorAccountId: accountId },
  );
  expect(String(cutRecord?.requestParameters?.policyDocument)).toMatch(
    /^x{8192}… \(cut: 11808 more characters\)$/,
  );
  const tags = Array.from({ length: 50 }, (_, at) => ({ Key: `k${at}`, Value: 'v'.repeat(8000) }));
  const [omitted] = buildRecords(
    aCall({ service: 'iam', operation: 'TagRole', input: { RoleName: 'r', Tags: tags } }),
    {
      now: 0,
      newId: () => 'id',
      operatorAccountId: accountId,
    },
  );
  expect(omitted?.requestParameters).toMatchObject({ omitted: true });
});
