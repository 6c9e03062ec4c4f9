import { createSoftHsm } from '../support/softhsm.ts';
import { signerProcessContract } from './signer-process-contract.ts';

signerProcessContract('SoftHSM', createSoftHsm);
