import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foldName } from '../../src/kernel/claim-names.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { readers } from './readers.ts';

const RUNS = 120;
const SEED = 15;
/** To compile a program, or start a virtual machine, on a machine that is busy. */
const SLOW_MS = 120_000;
const ROOT = 'signIn';
const NAMED = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'client_id', 'scope', 'email', ROOT];

const folder = temporaryFolder();
const all = readers(folder.path);
let service: RunningService;
let sign: string;
let verify: string;

/** What was released, and by which door. */
interface Released {
  readonly door: string;
  readonly token: string;
  readonly claims: Readonly<Record<string, unknown>>;
}
const released: Released[] = [];
let refused = 0;

beforeAll(async () => {
  service = await startService();
  const policy = { external_claims: true, root_claim: ROOT, require_subject: false };
  ({ sign, verify } = await service.provision({ id: 'payments', policy }));
  for (const claims of fc.sample(claimsText, { numRuns: RUNS, seed: SEED })) await throughEachDoor(claims);
}, 300_000);
afterAll(async () => {
  await service.remove();
  folder.remove();
});

/** An object as it is written: names may be twice, numbers of any length. */
type Written = readonly (readonly [name: string, value: string])[];
const written = (members: Written) => members.map(([name, value]) => `${JSON.stringify(name)}:${value}`);

const respelt = (name: string) =>
  fc.constantFrom(
    ...[name.toUpperCase(), `${name} `, `${name}\0`, name.replace('s', 'ſ'), name.replace('i', 'İ')],
    ...[`\u200b${name}`, name[0]?.toUpperCase() + name.slice(1), name.replace('c', 'ｃ')],
  );
const own = fc.constantFrom('tenant', 'TENANT', 'Tenant_Id', 'é', 'n');
const name = fc.oneof(
  { weight: 12, arbitrary: own },
  { weight: 3, arbitrary: fc.constantFrom(...NAMED, 'act').chain(respelt) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 4 }) },
);
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 4 })
  .map((value) => JSON.stringify(value));
const number = fc.oneof(
  { weight: 6, arbitrary: fc.double({ noNaN: true, min: -1e12, max: 1e12 }).map(String) },
  {
    weight: 6,
    arbitrary: fc.constantFrom('0', '-7', '0.1', '1.0', '1.50', '1e3', '2E-2', '9007199254740991'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '19.999999999999999999',
      '1e-400',
      '-0',
      '-0.0',
      '1e400',
      '9007199254740993',
      '1e21',
    ),
  },
);
const object: fc.Arbitrary<string> = fc
  .array(fc.tuple(name, fc.oneof(number, text)), { maxLength: 2 })
  .map((members) => `{${written(members)}}`);
const list = fc
  .array(fc.oneof(object, number, fc.constantFrom('true', 'null')), { maxLength: 2 })
  .map((elements) => `[${elements}]`);
const member = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('sub', 'scope', 'email', ROOT), text) },
  { weight: 4, arbitrary: fc.tuple(name, fc.oneof(text, number)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('act'), object) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('order'), list) },
);
const claimsText = fc
  .uniqueArray(member, { selector: ([name]) => name, maxLength: 4 })
  .map((members) => written([...new Map([['client_id', '"app"'], ['sub', '"alice"'], ...members])]).join());

async function throughEachDoor(claims: string) {
  const request = `{"claims":{${claims}}}`;
  await ask('tokens', request, ({ token }) => [token]);
  await ask('tokens/batch', `{"requests":[${request},{"claims":{"sub":"alice"}}]}`, ({ results }) =>
    results.map((result: { token?: string }) => result.token),
  );
  const { body } = await service.data('GET', '/v1/scopes/payments/jws', sign);
  const header = { alg: body.alg, typ: 'at+jwt', kid: body.kid };
  const now = Math.floor(Date.now() / 1_000);
  const reserved = {
    iss: body.issuer,
    aud: body.audience,
    iat: now,
    exp: now + 60,
    jti: crypto.randomUUID(),
  };
  const content = [JSON.stringify(header), `${JSON.stringify(reserved).slice(0, -1)},${claims}}`];
  const signingInput = content.map((part) => Buffer.from(part).toString('base64url')).join('.');
  await ask('jws', JSON.stringify({ signing_input: signingInput }), ({ token }) => [token]);
}

// biome-ignore lint/suspicious/noExplicitAny: the answer of any of three routes
async function ask(door: string, body: string, tokensIn: (answer: any) => (string | undefined)[]) {
  const answer = await fetch(`${service.dataUrl}/v1/scopes/payments/${door}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${sign}`, 'content-type': 'application/json' },
    body,
  });
  const tokens = answer.ok ? tokensIn(await answer.json()) : [undefined];
  if (!answer.ok) expect([400, 422]).toContain(answer.status);
  for (const token of tokens) {
    if (token === undefined) refused += 1;
    else released.push({ door, token, claims: await readByKeyward(token) });
  }
}

async function readByKeyward(token: string) {
  const { body } = await service.data('POST', '/v1/scopes/payments/verify', verify, { token });
  expect(body).toMatchObject({ valid: true });
  return body.claims;
}

it('some of what was made up is signed by each door, and some refused', () => {
  expect([...new Set(released.map(({ door }) => door))].toSorted()).toEqual([
    'jws',
    'tokens',
    'tokens/batch',
  ]);
  expect(Math.min(released.length, refused)).toBeGreaterThan(RUNS / 4);
});

for (const { name, missing, read, folds } of all) {
  describe.skipIf(missing)(missing ? `${name}: no ${missing} here` : name, () => {
    it.skipIf(!read)(
      'reads every token of Keyward as Keyward does',
      () => {
        const readings = read?.(released.map(({ token }) => token)) ?? [];
        expect(readings).toHaveLength(released.length);
        for (const [at, { claims, token }] of released.entries()) {
          expect(readings[at]?.all, token).toEqual(claims);
          if (readings[at]?.named) expect(readings[at].named, token).toEqual(namedIn(claims));
        }
      },
      SLOW_MS,
    );

    it.skipIf(!folds)(
      'takes no two names for one that Keyward tells apart',
      () => {
        expect(folds?.().filter(([one, other]) => foldName(one) !== foldName(other))).toEqual([]);
      },
      SLOW_MS,
    );
  });
}

function namedIn(claims: Released['claims']) {
  const { act } = claims as { act?: { sub?: unknown } };
  const named = NAMED.map((name) => [name, claims[name] ?? null]);
  return { ...Object.fromEntries(named), act: { sub: act?.sub ?? null } };
}
