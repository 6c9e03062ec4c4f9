import { signerFaultsContract } from '../contract/signer-faults-contract.ts';

signerFaultsContract('the signer as a child', { isRemote: false });
