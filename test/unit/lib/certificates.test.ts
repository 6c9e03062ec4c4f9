import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authoritiesOf, certificatesIn, readAuthorities } from '../../../src/lib/certificates.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder();
beforeAll(() => makeCertificates(folder.path));
afterAll(() => folder.remove());

const pem = (name: string) => readFileSync(join(folder.path, `${name}.pem`), 'utf8');
const reading = (text: string) => () => certificatesIn(text, 'ca.pem').map(({ subject }) => subject);

describe('a bundle of certificates', () => {
  it('is read block by block, with comments between them', () => {
    const bundle = `# Example CA\n${pem('ca')}\nOther CA\n====\n${pem('server')}`;
    expect(reading(bundle)()).toEqual(['CN=ca', 'CN=server']);
  });

  it('with garbage in the middle is refused with the place of it', () => {
    const damaged = pem('server').replace(/\n[A-Za-z0-9+/]{20}/, '\n!!!!!!!!!!!!!!!!!!!!');
    expect(reading(`${pem('ca')}${damaged}${pem('client')}`)).toThrow(
      /^ca\.pem: block 2 \(line \d+\) cannot be read as a certificate$/,
    );
    expect(reading(`${pem('ca')}-----BEGIN CERTIFICATE-----\nMIIB\n`)).toThrow(
      /line \d+ is half of a block$/,
    );
    const key = readFileSync(join(folder.path, 'ca.key'), 'utf8');
    expect(reading(pem('ca') + key)).toThrow(/^ca\.pem: block 2 \(line \d+\) is no certificate$/);
    expect(reading('nothing')).toThrow('ca.pem holds no certificate');
  });

  it('that is good no longer is what it was, and one that never was fails', () => {
    const file = join(folder.path, 'bundle.pem');
    writeFileSync(file, pem('ca'));
    const authorities = authoritiesOf(file);
    expect(authorities()).toBe(pem('ca'));
    writeFileSync(file, 'garbage');
    expect(authorities()).toBe(pem('ca'));
    expect(() => readAuthorities(file)).toThrow('holds no certificate');
    expect(authoritiesOf(file)).toThrow('holds no certificate');
    writeFileSync(file, pem('server'));
    expect(authorities()).toBe(pem('server'));
    expect(() => readAuthorities(join(folder.path, 'absent'))).toThrow(/absent cannot be read \(ENOENT\)$/);
  });
});
