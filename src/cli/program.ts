import { Command, Option } from 'commander';
import { CLIENT, GRANT, OPERATOR, PROPOSAL, WHOAMI } from '../access/cli.ts';
import { AUDIT } from '../audit/cli.ts';
import { BACKUP } from '../backup/cli.ts';
import { CANARY } from '../canaries/cli.ts';
import { CLOCK } from '../clock/cli.ts';
import { CONFIGURATION } from '../configuration/cli.ts';
import { DRILL } from '../drills/cli.ts';
import { EVENT } from '../events/cli.ts';
import { HSM } from '../hsm/cli.ts';
import { KEY } from '../keys/cli.ts';
import { SCOPE } from '../keys/cli-scope.ts';
import { LEDGER } from '../ledger/cli.ts';
import { packageVersion } from '../lib/version.ts';
import { MOVING } from '../moving/cli.ts';
import { NOTIFY } from '../notifications/cli.ts';
import { PROVISIONING } from '../provisioning/cli.ts';
import { VERIFIER } from '../publication/cli.ts';
import { REPORT } from '../reports/cli.ts';
import { REVIEW } from '../reviews/cli.ts';
import { REVOKE } from '../revocation/cli.ts';
import { SCAN } from '../scan/cli.ts';
import { TOKEN_VERBS } from '../verification/cli.ts';
import { OUTPUT_FORMS } from './output.ts';
import { CONTEXT, completionOf, SERVICE, SIGNER, STATUS } from './service.ts';
import { addVerbs, type Contextual, type Verbs } from './verb.ts';

const NOTES = `
The operator credential is read from a file: --credential-file, else
KEYWARD_CREDENTIAL_FILE, else credentials.json ("operator") or operator beside
the configuration file. The file names the origin that the credential is for
(a line "origin https://host:port"); it is sent nowhere else.

Exit codes: 0 done, 1 failed or refused, 2 wrong usage, 3 the service does not
answer, 4 proposed: another operator has to approve it. Of plan, 2 says that
something would change, and 1 that it was called wrongly. Of scan, 1 says that
something was found, and 2 that nothing was but not everything could be read.

Examples:
  $ keyward serve
  $ keyward scope list --json
  $ keyward grant add payments-identity payments sign`;

const COMMANDS: Verbs = [
  ...SERVICE,
  ...CONFIGURATION,
  ...BACKUP,
  ...MOVING,
  STATUS,
  WHOAMI,
  SCOPE,
  KEY,
  HSM,
  SIGNER,
  CLIENT,
  GRANT,
  OPERATOR,
  PROPOSAL,
  ...PROVISIONING,
  VERIFIER,
  TOKEN_VERBS,
  LEDGER,
  ...REVOKE,
  EVENT,
  CANARY,
  SCAN,
  REPORT,
  NOTIFY,
  REVIEW,
  AUDIT,
  CLOCK,
  DRILL,
  CONTEXT,
];

/** The whole command tree. What a command does is loaded when it is called. */
export function program(contextOf: Contextual): Command {
  const keyward = new Command('keyward')
    .description('Signs and verifies tokens with HSM keys that are each cut for one issuer and audience.')
    .version(packageVersion(), '--version', 'show the version')
    .option('--config <file>', 'configuration file (default: KEYWARD_CONFIG, else /etc/keyward/config.yaml)')
    .option(
      '--url <url>',
      'operations plane (default: KEYWARD_OPERATIONS_URL, the configuration, the origin in the credential file)',
    )
    .option('--context <name>', 'a service by its name in: keyward context list')
    .option('--credential-file <file>', 'file with the operator credential (default: see keyward --help)')
    .addOption(new Option('-o, --output <form>', 'how to print (default: for people)').choices(OUTPUT_FORMS))
    .addOption(new Option('--json', 'as --output json').conflicts(['output', 'wide']))
    .addOption(new Option('--wide', 'as --output wide: nothing is shortened or wrapped').conflicts('output'))
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', NOTES);
  addVerbs(keyward, [...COMMANDS, completionOf(() => keyward)], contextOf);
  return keyward;
}
