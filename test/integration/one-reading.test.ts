import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';

let service: RunningService;
let sign: string;

beforeAll(async () => {
  service = await startService();
  const policy = { external_claims: true, require_subject: false, root_claim: 'signIn' };
  ({ sign } = await service.provision({ id: 'payments', policy }));
}, 120_000);
afterAll(() => service.remove());

/** The answer to a body as it is written. */
async function post(door: string, body: string) {
  const answer = await fetch(`${service.dataUrl}/v1/scopes/payments/${door}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${sign}`, 'content-type': 'application/json' },
    body,
  });
  // biome-ignore lint/suspicious/noExplicitAny: of three routes
  return (await answer.json()) as any;
}

const outcomeIn = (answer: { token?: string; code?: string }) => (answer.token ? 'signed' : answer.code);

/** What each door says to the claims as they are written: by itself, in a batch beside good ones, and as `/jws`. */
async function outcomes(claims: string, typ = 'JWT') {
  const request = `{"typ":"${typ}","claims":${claims}}`;
  const batch = await post('tokens/batch', `{"requests":[${request},{"claims":{"sub":"alice"}}]}`);
  const { issuer, audience, alg, kid } = (await service.data('GET', '/v1/scopes/payments/jws', sign)).body;
  const iat = Math.floor(Date.now() / 1_000);
  const reserved = { iss: issuer, aud: audience, iat, exp: iat + 60, jti: randomUUID(), client_id: 'app' };
  const written = `${JSON.stringify(reserved).slice(0, -1)}${claims === '{}' ? '}' : `,${claims.slice(1)}`}`;
  const input = [JSON.stringify({ alg, kid, typ }), written].map((part) =>
    Buffer.from(part).toString('base64url'),
  );
  return [
    outcomeIn(await post('tokens', request)),
    batch.results
      ? batch.results.map((each: { token?: string; problem?: { code: string } }) =>
          outcomeIn(each.problem ?? each),
        )
      : outcomeIn(batch),
    outcomeIn(await post('jws', JSON.stringify({ signing_input: input.join('.') }))),
  ];
}

const SIGNED = ['signed', ['signed', 'signed'], 'signed'];

describe('what two verifiers would read differently is signed by no door (I15)', () => {
  it.each([
    '{"sub":"alice","Sub":"admin"}',
    '{"sub":"alice","SUB":"admin"}',
    '{"sub":"alice","ſub":"admin"}',
    '{"signIn":"a","signin":"b"}',
    '{"sub":"alice","order":{"total":1,"list":[{"a":1,"A":2}]}}',
    '{"tenant":"a","tenant\\u200b":"b"}',
  ])('%s has two names that some readers take for one', async (claims) => {
    expect(await outcomes(claims)).toEqual(['malformed_json', 'malformed_json', 'malformed_signing_input']);
  });

  it.each([
    ...['{"Scope":"all"}', '{"Azp":"x"}', '{"act":{"Sub":"admin"}}', '{"Email":"x"}'],
    ...['{"cnf":{"x5t#s256":"x"}}', '{"authorization_details":[{"Type":"x"}]}'],
  ])('%s has a name that some readers take for a registered one', async (claims) => {
    expect(await outcomes(claims)).toEqual([
      'invalid_claims',
      ['invalid_claims', 'signed'],
      'invalid_claims',
    ]);
  });

  it.each(['{"su\\u0000b":"admin"}', '{"aud\\u0000":"x"}', '{"act":{" \\u0000iss":"x"}}'])(
    '%s has a name with U+0000',
    async (claims) => {
      expect(await outcomes(claims)).toEqual(['malformed_json', 'malformed_json', 'malformed_signing_input']);
    },
  );

  it.each(['{"aud ":"x"}', '{"İss":"x"}'])('%s has a name for one that Keyward writes', async (claims) => {
    expect(await outcomes(claims)).toEqual([
      'reserved_claim',
      ['reserved_claim', 'signed'],
      'malformed_signing_input',
    ]);
  });

  it('{"signin":"a"} has another spelling of the claim that names the root event', async () => {
    const refused = ['invalid_claims', ['invalid_claims', 'signed'], 'invalid_claims'];
    expect(await outcomes('{"signin":"a"}')).toEqual(refused);
  });

  it.each([
    '19.999999999999999999',
    '1e-400',
    '-0',
    '1e400',
    '9007199254740993',
    '36028797018963970',
    '1e21',
  ])('%s would change', async (number) => {
    const refused = ['invalid_claims', ['invalid_claims', 'signed'], 'invalid_claims'];
    expect(await outcomes(`{"n":${number}}`)).toEqual(refused);
    expect(await outcomes(`{"order":[{"n":${number}}]}`)).toEqual(refused);
  });
});

it.each([
  '{"sub":"alice","subject":"admin","Tenant":"a","order":[{"a":1},{"A":1}]}',
  '{"signIn":"a","signInAt":"b"}',
  '{"cnf":{"x5t#S256":"x"},"authorization_details":[{"type":"x","Own":1}]}',
  '{"a":[0.1,1.0,1.50,1e3,-7,19.99,9007199254740991],"order":{"Name":"Ada"}}',
])('%s is signed by each door', async (claims) => {
  expect(await outcomes(claims)).toEqual(SIGNED);
});

it('an access token names its subject, whatever the policy asks for (RFC 9068 §2.2)', async () => {
  expect(await outcomes('{}', 'at+jwt')).toEqual([
    'subject_required',
    ['subject_required', 'signed'],
    'subject_required',
  ]);
  expect(await outcomes('{"sub":"alice"}', 'at+jwt')).toEqual(SIGNED);
  expect(await outcomes('{}', 'JWT')).toEqual(SIGNED);
});
