import { createSoftHsm } from '../support/softhsm.ts';
import { describeSigner } from './signer-contract.ts';

describeSigner('SoftHSM', createSoftHsm);
