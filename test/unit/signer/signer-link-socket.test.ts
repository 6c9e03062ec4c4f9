import { signerLinkContract } from '../../contract/signer-link-contract.ts';

signerLinkContract('the link to a signer that runs by itself', { isRemote: true });
