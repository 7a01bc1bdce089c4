import { describe, expect, test } from 'vitest';
import { decodeResponse, encodeRequest } from './client.ts';

const answer = (status: number, body: string, headers: Readonly<Record<string, string>> = {}) => ({
  status,
  headers,
  body: Buffer.from(body),
});

describe('requests', () => {
  test('a label is encoded into one segment, and cannot be left out', () => {
    const principalArn = 'arn:aws:iam::111122223333:role/team/ops';
    expect(
      encodeRequest('eks', 'DescribeAccessEntry', { clusterName: 'a/../b', principalArn }),
    ).toMatchObject({
      method: 'GET',
      path: '/clusters/a%2F..%2Fb/access-entries/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fteam%2Fops',
      body: Buffer.alloc(0),
    });
    expect(() => encodeRequest('eks', 'DescribeAccessEntry', { clusterName: '', principalArn })).toThrow(
      TypeError,
    );
    expect(() => encodeRequest('eks', 'DescribeAccessEntry', { principalArn })).toThrow(TypeError);
  });

  test('values that are not what the contract says are not sent', () => {
    expect(() => encodeRequest('iam', 'GetUser', { UserName: 5 })).toThrow(TypeError);
    expect(() => encodeRequest('eks', 'CreateAccessEntry', { clusterName: 'a', principalArn: {} })).toThrow(
      TypeError,
    );
    expect(() => encodeRequest('iam', 'constructor', {})).toThrow(TypeError);
  });

  test('an idempotency token is filled in, once per request', () => {
    const token = () => {
      const { body } = encodeRequest('eks', 'CreateAccessEntry', { clusterName: 'a', principalArn: 'p' });
      return JSON.parse(Buffer.from(body).toString()).clientRequestToken;
    };
    expect(token()).toMatch(/^[0-9a-f-]{36}$/);
    expect(token()).not.toBe(token());
  });

  test('query services are asked for JSON', () => {
    expect(
      encodeRequest('iam', 'TagUser', { UserName: 'a b', Tags: [{ Key: 'k', Value: '&' }] }),
    ).toMatchObject({
      method: 'POST',
      path: '/',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: Buffer.from(
        'Action=TagUser&Version=2010-05-08&UserName=a%20b&Tags.member.1.Key=k&Tags.member.1.Value=%26',
      ),
    });
  });
});

describe('answers', () => {
  test.each<[string, ReturnType<typeof answer>, string, string]>([
    ['a page of a proxy', answer(502, '<html>'), 'Http502', 'the service answered with status 502'],
    [
      'a code with a tail',
      answer(400, '{"message":"m"}', { 'x-amzn-errortype': 'ClientException:http://x/' }),
      'ClientException',
      'm',
    ],
    [
      'a code with a namespace',
      answer(400, '{"__type":"a.b#ThrottlingException","Message":"m"}'),
      'ThrottlingException',
      'm',
    ],
  ])('%s is an error', (_, response, code, message) => {
    expect(() => decodeResponse('eks', 'ListClusters', response)).toThrow(
      expect.objectContaining({ code, message }),
    );
  });

  test('a success that is not JSON is not believed', () => {
    expect(() => decodeResponse('eks', 'ListClusters', answer(200, '<html>'))).toThrow('not valid JSON');
  });
});
