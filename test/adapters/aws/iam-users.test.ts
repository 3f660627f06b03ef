import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createIamUserIssuer } from '../../../adapters/aws/iam-user-issuer.ts';
import { iamService } from '../../../adapters/aws/iam-users.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import { createVirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { START_AT } from '../../contract/store-world.ts';

const NAMESPACE = 'https://iam.amazonaws.com/doc/2010-05-08/';

/** An IAM that does not look at `PathPrefix` and answers everything with all its users. */
async function carelessIam() {
  const actions: string[] = [];
  const server = createServer((request, response) => {
    let form = '';
    request.on('data', (piece) => {
      form += String(piece);
    });
    request.on('end', () => {
      const action = new URLSearchParams(form).get('Action') ?? '';
      actions.push(action);
      const users = ['/', '/fortnight/', '/fortnight/vault2/x/', '/other/fortnight/vault/']
        .map((path, index) => `<member><UserName>u${index}</UserName><Path>${path}</Path></member>`)
        .join('');
      response.setHeader('content-type', 'text/xml');
      response.end(
        `<${action}Response xmlns="${NAMESPACE}"><${action}Result><Users>${users}</Users>` +
          `<IsTruncated>false</IsTruncated></${action}Result></${action}Response>`,
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { actions, endpoint: `http://127.0.0.1:${port}`, close: () => server.close() };
}

describe('IAM of other vendors', () => {
  test('users outside of the own path are never touched, whatever a listing shows', async () => {
    const iam = await carelessIam();
    const issuer = createIamUserIssuer({
      location: {
        storage: 's3-compatible',
        endpoint: 'http://127.0.0.1:1',
        region: 'us-east-1',
        bucket: 'vault',
      },
      iamEndpoint: iam.endpoint,
      credential: {
        kind: 's3-keys',
        keyId: 'AKIAOWNER',
        secretKey: new Secret('owner-secret'),
        sessionToken: null,
        generation: 0,
        expiresAt: null,
      },
      clock: createVirtualClock(START_AT),
    });
    expect(await issuer.removeLeftovers?.(new Set())).toEqual([]);
    expect(iam.actions).toEqual(['ListUsers']);
    issuer.close();
    iam.close();
  });
});

test.each([
  ['eu-central-1', 'https://iam.amazonaws.com', 'us-east-1'],
  ['cn-northwest-1', 'https://iam.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ['us-gov-east-1', 'https://iam.us-gov.amazonaws.com', 'us-gov-west-1'],
])('IAM of %s is at %s', (region, endpoint, signedFor) => {
  expect(iamService(region)).toEqual({ endpoint, region: signedFor });
});
