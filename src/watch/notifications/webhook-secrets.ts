import { readSecretLines } from './secret-file.ts';

const SECRET = /^whsec_[A-Za-z0-9+/]+={0,2}$/;
/** Standard Webhooks: between 24 and 64 bytes. */
const SECRET_BYTES = { least: 24, most: 64 };
const MOST_SECRETS = 4;

/** A line each, so that a receiver can be given a new one without a gap. Rejects saying what the file must hold. */
export async function readWebhookSecrets(file: string): Promise<readonly string[]> {
  const lines = await readSecretLines(file);
  if (lines.length > MOST_SECRETS || !lines.every(isSecret)) {
    throw new Error(
      `${file} must hold 1 to ${MOST_SECRETS} lines such as whsec_ and the base64 of 24 to 64 bytes`,
    );
  }
  return lines;
}

function isSecret(line: string): boolean {
  if (!SECRET.test(line)) return false;
  const { length } = Buffer.from(line.slice('whsec_'.length), 'base64');
  return length >= SECRET_BYTES.least && length <= SECRET_BYTES.most;
}
