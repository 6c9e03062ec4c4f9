import { expect, it } from 'vitest';
import { timeGuardedIssuer } from '../../../src/issuance/issue-token.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';

const ISSUED = { token: 'a.b.c', kid: 'k', jti: 'j', iat: 1, exp: 2, canRelease: () => true };
const REQUEST = { scopeId: 'payments', clientId: 'web', claims: {} };

it('I13: issues while time can be believed, and nothing while it cannot', async () => {
  const guard = { jumped: false };
  let asked = 0;
  const issuer = timeGuardedIssuer(
    {
      async issue() {
        asked += 1;
        return ISSUED;
      },
    },
    {
      requireSteadyTime() {
        if (guard.jumped) throw new KeywardError('clock_jump', 'jumped');
      },
    },
  );
  expect(await issuer.issue(REQUEST)).toBe(ISSUED);
  guard.jumped = true;
  await expect(issuer.issue(REQUEST)).rejects.toMatchObject({ code: 'clock_jump' });
  expect(asked).toBe(1);
});
