import { Command } from 'commander';
import {
  addClientCommands,
  addGrantCommands,
  addOperatorCommands,
  addProposalCommands,
} from '../access/cli.ts';
import { addAuditCommands } from '../audit/cli.ts';
import { addCanaryCommands } from '../canaries/cli.ts';
import { addClockCommands } from '../clock/cli.ts';
import { addDrillCommands } from '../drills/cli.ts';
import { addEventCommands } from '../events/cli.ts';
import { addHsmCommands } from '../hsm/cli.ts';
import { addKeyCommands } from '../keys/cli.ts';
import { addScopeCommands } from '../keys/cli-scope.ts';
import { addLedgerCommands } from '../ledger/cli.ts';
import { addNotifyCommands } from '../notifications/cli.ts';
import { addProvisioningCommands } from '../provisioning/cli.ts';
import { addVerifierCommands } from '../publication/cli.ts';
import { addReportCommands } from '../reports/cli.ts';
import { addReviewCommands } from '../reviews/cli.ts';
import { addRevokeCommands } from '../revocation/cli.ts';
import { addScanCommand } from '../scan/cli.ts';
import type { Contextual } from './context.ts';
import { addServiceCommands } from './service.ts';

const NOTES = `
The operator credential is read from a file: --credential-file, else KEYWARD_CREDENTIAL_FILE, else
credentials.json ("operator") or operator beside the configuration file. The file names the origin that the
credential is for (a line "origin https://host:port"); it is sent nowhere else.

Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 the service does not answer, 4 proposed: another
operator has to approve it. Of plan, 2 says that something would change, and 1 that it was called wrongly. Of scan,
1 says that something was found, and 2 that nothing was but not everything could be read.

Examples:
  $ keyward serve
  $ keyward scope list --json
  $ keyward grant add payments-identity payments sign`;

/** The whole command tree. What a command does is loaded when it is called. */
export function program(contextOf: Contextual): Command {
  const keyward = new Command('keyward')
    .description('Signs and verifies tokens with HSM keys that are each cut for one issuer and audience.')
    .option('--config <file>', 'configuration file (default: KEYWARD_CONFIG, else /etc/keyward/config.yaml)')
    .option(
      '--url <url>',
      'operations plane (default: KEYWARD_OPERATIONS_URL, the configuration, the origin in the credential file)',
    )
    .option('--credential-file <file>', 'file with the operator credential')
    .option('--json', 'print JSON')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', NOTES);
  addServiceCommands(keyward, contextOf);
  addScopeCommands(keyward, contextOf);
  addKeyCommands(keyward, contextOf);
  addHsmCommands(keyward, contextOf);
  addClientCommands(keyward, contextOf);
  addGrantCommands(keyward, contextOf);
  addOperatorCommands(keyward, contextOf);
  addProposalCommands(keyward, contextOf);
  addProvisioningCommands(keyward, contextOf);
  addVerifierCommands(keyward, contextOf);
  addLedgerCommands(keyward, contextOf);
  addRevokeCommands(keyward, contextOf);
  addEventCommands(keyward, contextOf);
  addCanaryCommands(keyward, contextOf);
  addScanCommand(keyward, contextOf);
  addReportCommands(keyward, contextOf);
  addNotifyCommands(keyward, contextOf);
  addReviewCommands(keyward, contextOf);
  addAuditCommands(keyward, contextOf);
  addClockCommands(keyward, contextOf);
  addDrillCommands(keyward, contextOf);
  return keyward;
}
