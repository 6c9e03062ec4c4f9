// A front that opens the signer, tells what came of it and leaves.
import { createSignerLink } from '../../src/signer/signer-link.ts';

const { socket, user, sessions } = JSON.parse(process.argv[2] ?? '{}');
const events: { readonly type: string }[] = [];
const link = createSignerLink({
  remote: { socket, user },
  settingsFile: '',
  hsmToken: 'primary',
  opening: { sessions, otherBindingKeys: [] },
  environment: {},
  deadlines: { signMs: 10_000, generateMs: 60_000, openMs: 60_000 },
  queueLimit: 100,
  onEvent: (event) => event.type !== 'log' && events.push(event),
});
await link.start();
process.stdout.write(JSON.stringify(events[0]));
await link.stop();
