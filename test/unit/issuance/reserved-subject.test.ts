import { expect, it } from 'vitest';
import { refuseReservedSubject } from '../../../src/issuance/prepared-token.ts';

it('Keyward alone has tokens for the subject of probes', () => {
  expect(() => refuseReservedSubject('keyward-probe', 'login')).toThrow(
    expect.objectContaining({ code: 'reserved_subject' }),
  );
  expect(() => refuseReservedSubject('keyward-probe', 'keyward:probe')).not.toThrow();
  for (const subject of ['alice', 'keyward-probes', null]) {
    expect(() => refuseReservedSubject(subject, 'login')).not.toThrow();
  }
});
