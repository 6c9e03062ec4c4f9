import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ForgeryReport } from '../../../src/client/options.ts';
import { type Verifier, verifierIn } from '../../../src/client/verifier.ts';
import {
  REFUSAL_REASONS,
  type RefusalReason,
  type TokenVerifier,
  type Verdict,
} from '../../../src/kernel/verification.ts';
import { createWorld, type KeyName, NOW } from '../../corpus/world.ts';
import { judgingVerifier } from '../../support/judging-verifier.ts';
import { type RefusalExample, refusalPage } from '../../support/refusal-examples.ts';
import { startVerifyingService, VERIFIES, type VerifyingService } from '../../support/verifying-service.ts';
import { becomes, follows, verdict } from './verifying-scope.ts';

const world = createWorld();
const { id: scope, issuer, audience } = world.scopeOf('ES256');
const clock = { nowSeconds: () => NOW };
const surroundings = { clock, monotonicMs: () => performance.now(), random: () => 0.5 };
const page = refusalPage();

/** What the service says of a token beyond what the token itself shows. */
const fromTheLedger = new Map<unknown, Verdict>();
const verifies = judgingVerifier({ keyRing: world.keyRing, clock });
const serviceVerifier: TokenVerifier = {
  verify: async (scopeId, token) => fromTheLedger.get(token) ?? verifies.verify(scopeId, token),
};
const forgeries: ForgeryReport[] = [];

let service: VerifyingService;
let verifier: Verifier;

beforeAll(async () => {
  service = await startVerifyingService(world.keyRing, clock, {
    verifier: serviceVerifier,
    sightings: { unknown: async (_, sighted) => sighted.map(({ digest }) => digest) },
  });
  const onForgery = (report: ForgeryReport) => forgeries.push(report);
  const options = { url: service.url, scope, issuer, audience, credential: VERIFIES, onForgery };
  verifier = verifierIn(options, surroundings);
  await follows(verifier);
});

afterAll(async () => {
  await verifier.close();
  await service.close();
});

/** Signed over the example's own text: what stands in it twice stands twice in the token. */
function tokenOf({ header, claims, signedBy }: RefusalExample): string {
  const [, named = ''] = /"<(\w+)>"/.exec(header) ?? [];
  const kid = world.key('ES256', named as KeyName).kid;
  const encoded = [header.replace(`<${named}>`, kid), claims].map((text) =>
    Buffer.from(text).toString('base64url'),
  );
  const signingInput = encoded.join('.');
  const signature = world.key('ES256', (signedBy ?? named) as KeyName).sign(signingInput);
  return `${signingInput}.${signature.toString('base64url')}`;
}

function revoke(jti: string): void {
  const all = { root: null, clientId: null, issuedFrom: null, issuedUntil: null };
  const why = { createdAt: NOW, lapsesAt: NOW + 90_000, revokedBy: 'ada', reason: '' };
  const revocation = { sequence: 1, scopeId: scope, jti, ...all, ...why };
  service.rules.push(revocation);
  service.revoked.emit(revocation);
}

it('has a section for each reason, in the order of the list, that says what to do', () => {
  expect(page.sections.map(({ reason }) => reason)).toEqual(REFUSAL_REASONS);
  for (const { reason, text } of page.sections)
    expect([reason, text]).toEqual([reason, expect.stringContaining('\n**What to do**: ')]);
});

it('begins with a token that passes', async () => {
  expect(await verdict(verifier, tokenOf(page.good))).toBe('valid');
});

describe('the library refuses the example', () => {
  const alone = page.sections.filter(({ reason, example }) => !example.later && reason !== 'wrong_scope');
  it.each(alone.map(({ reason, example }) => [reason, example] as const))(
    'as %s',
    async (reason, example) => {
      expect(await verdict(verifier, tokenOf(example))).toBe(reason);
    },
  );

  it('of wrong_scope as unknown_key, which the service alone can tell apart', async () => {
    const token = tokenOf(exampleOf('wrong_scope'));
    expect(await service.deps.verifier.verify(scope, token)).toEqual({ valid: false, reason: 'wrong_scope' });
    expect(await verdict(verifier, token)).toBe('unknown_key');
  });

  it('of revoked from the revocation on', async () => {
    const token = tokenOf(exampleOf('revoked'));
    expect(await verdict(verifier, token)).toBe('valid');
    revoke(JSON.parse(exampleOf('revoked').claims).jti);
    await becomes(verifier, token, 'revoked');
  });

  it.each(['never_issued', 'record_lost'] as const)('of %s once its digest is reported', async (reason) => {
    const token = tokenOf(exampleOf(reason));
    fromTheLedger.set(token, { valid: false, reason });
    expect(await verdict(verifier, token)).toBe('valid');
    await becomes(verifier, token, reason);
    expect(forgeries.at(-1)?.reason).toBe(reason);
  });
});

function exampleOf(reason: RefusalReason): RefusalExample {
  const section = page.sections.find((each) => each.reason === reason);
  if (!section) throw new Error(`the page has no ${reason}`);
  return section.example;
}
