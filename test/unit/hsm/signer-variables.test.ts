import { expect, it } from 'vitest';
import { signerVariables } from '../../../src/hsm/tokens.ts';

it('arguments of the signer hold no environment of the module, and nothing of the front', () => {
  const given = {
    KEYWARD_MODE: 'production',
    KEYWARD_MODEL: 'x',
    KEYWARD_HSM__PIN_FILE: '/run/secrets/pin',
    KEYWARD_HSM__ENVIRONMENT: '{"MODULE_PASSWORD":"s3cret"}',
    KEYWARD_DATA_PLANE__PORT: '8443',
  };
  expect(signerVariables(given)).toEqual({
    KEYWARD_MODE: 'production',
    KEYWARD_HSM__PIN_FILE: '/run/secrets/pin',
  });
});
