import { describe, expect, it } from 'vitest';
import { frontUserId } from '../../../../src/signer/host/front-user.ts';

const inMode = (mode: 'production' | 'development') => (frontUser: string, own: number) =>
  frontUserId({ frontUser, mode }, own);

describe('front_user in production', () => {
  const production = inMode('production');

  it('is another user than the signer, and neither is root', async () => {
    expect(await production('1001', 1000)).toBe(1001);
  });

  it.each([
    ['the signer’s own', '1000', 1000, 'front_user 1000 is the user that the signer itself runs as'],
    ['of a signer that is root', '1000', 0, 'a signer does not run as root'],
    [
      'the one that stands for unknown users',
      '065534',
      1000,
      'stands for users that the kernel does not know',
    ],
  ])('is not %s', async (_, user, own, why) => {
    await expect(production(user, own)).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining(why),
    });
  });
});

it('in development, front and signer may be one user, or root', async () => {
  const development = inMode('development');
  expect([await development('1000', 1000), await development('0', 0)]).toEqual([1000, 0]);
  await expect(development('65534', 1000)).rejects.toMatchObject({ code: 'invalid_config' });
});
