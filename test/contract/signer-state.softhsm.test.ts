import { createSoftHsm } from '../support/softhsm.ts';
import { signerStateContract } from './signer-state-contract.ts';

signerStateContract('SoftHSM', createSoftHsm);
