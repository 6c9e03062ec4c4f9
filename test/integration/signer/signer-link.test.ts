import { signerLinkContract } from '../../contract/signer-link-contract.ts';

signerLinkContract('the link to a child', { isRemote: false });
