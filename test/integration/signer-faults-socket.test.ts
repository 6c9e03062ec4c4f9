import { signerFaultsContract } from '../contract/signer-faults-contract.ts';

signerFaultsContract('a signer that runs by itself', { isRemote: true });
