import { createPassingShim } from '../support/passing-shim.ts';
import { signerProcessContract } from './signer-process-contract.ts';

signerProcessContract('the shim, which passes everything on', createPassingShim);
