import { createPassingShim } from '../support/passing-shim.ts';
import { signerStateContract } from './signer-state-contract.ts';

signerStateContract('the shim, which passes everything on', createPassingShim);
