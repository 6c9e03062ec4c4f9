import { describe, expect, it } from 'vitest';
import { API_ROUTES } from '../../../src/api/routes.ts';
import { dataPlane, operationsPlane } from '../../support/on-loopback.ts';
import { keyRing } from '../../support/payments.ts';
import { LIMITS } from '../../support/planes.ts';
import { authenticator } from '../access/callers.ts';

const ROLES = ['operator', 'approver', 'auditor'] as const;
/** Lets everybody in everywhere, so that the body is what is judged. */
const open = {
  authenticator: {
    ...authenticator,
    operator: () => ({ id: 'ada', roles: ROLES, createdAt: 1, revokedAt: null }),
  },
  grants: { allows: () => true },
  keyRing,
  limits: LIMITS,
};
const PARAMETERS: Readonly<Record<string, string>> = {
  scope: 'payments',
  kid: 'kid-1',
  token: 'primary',
  sequence: '1',
  report: '7Q3K-M2XD',
};

describe.each([
  [
    'data',
    API_ROUTES.data,
    () => dataPlane({ ...open, leakPartners: { partnerOf: () => 'hub', knows: () => true } }),
  ],
  ['operations', API_ROUTES.operations, () => operationsPlane(open)],
] as const)('what the description of the %s plane says of bodies', (_, routes, plane) => {
  const sending = routes.flatMap(({ method, path, operation: { requestBody } }) =>
    requestBody && 'content' in requestBody
      ? [
          {
            method,
            path,
            bytes: Number(requestBody['x-max-bytes']),
            type: Object.keys(requestBody.content)[0] ?? '',
          },
        ]
      : [],
  );

  it.each(sending)('is what $method $path obeys', async ({ method, path, bytes, type }) => {
    const http = await plane();
    const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => PARAMETERS[name] ?? 'x');
    const send = async (length: number) => {
      const asked = http[method](url)
        .set('Content-Type', type)
        .set('Authorization', 'Bearer signs')
        .set('Github-Public-Key-Identifier', 'key')
        .set('Github-Public-Key-Signature', 'signature');
      return (await asked.send(' '.repeat(length))).status;
    };
    expect(bytes).toBeGreaterThan(0);
    expect(await send(bytes + 1)).toBe(413);
    expect(await send(bytes)).not.toBe(413);
  });
});
