import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formErrorPage,
  REPORT_FIELDS,
  reportFormPage,
  reportTakenPage,
} from '../../../src/reports/routes/page.ts';
import { STYLE_HASH } from '../../../src/server/page.ts';

/** What a browser takes for markup or for the end of an attribute. */
const markup = (page: string) => page.replaceAll(/[^<>"']/g, '');
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('<', '>', '"', "'", '&', '/', '\n', '\r', '=', 'script', ']]>', '--', '\u202e'),
  }),
);

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const decoded = (text: string) =>
  text.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? '');

describe('a page', () => {
  it('has the markup that it has, whatever was written', () => {
    const plain = markup(reportFormPage('payments', { text: '', contact: '' }));
    fc.assert(
      fc.property(hostile, hostile, (text, contact) => {
        expect(markup(reportFormPage('payments', { text, contact }))).toBe(plain);
      }),
    );
  });

  it('has the markup that it has, whatever is said of it', () => {
    for (const field of [undefined, ...REPORT_FIELDS]) {
      const plain = markup(reportFormPage('payments', {}, { field, message: '' }));
      fc.assert(
        fc.property(hostile, (message) => {
          expect(markup(reportFormPage('payments', {}, { field, message }))).toBe(plain);
        }),
      );
    }
    fc.assert(
      fc.property(hostile, (text) => {
        expect(markup(formErrorPage('Sorry', text))).toBe(markup(formErrorPage('Sorry', '')));
        expect(markup(reportTakenPage(text))).toBe(markup(reportTakenPage('')));
      }),
    );
  });

  it('gives back what was written, but for what a terminal would obey', () => {
    const written = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(written, (text) => {
        const page = reportFormPage('payments', { text });
        const start = page.indexOf('>\n', page.indexOf('<textarea id="text"')) + 2;
        const shown = decoded(page.slice(start, page.indexOf('</textarea>', start)));
        const expected = text.split(/\r?\n/).map((line) => line.replaceAll(/\p{C}/gu, '\ufffd'));
        expect(shown).toBe(expected.join('\n'));
      }),
    );
  });

  it('runs nothing, loads nothing, and has the style that its policy names', () => {
    for (const page of [
      reportFormPage('payments'),
      reportTakenPage('7Q3K-M2XD'),
      formErrorPage('Sorry', 'no'),
    ]) {
      expect(page).not.toMatch(/<script|<link|<img|<iframe|\son\w+=|style=|javascript:|https?:/i);
      const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(page) ?? [];
      expect(`sha256-${hash('sha256', style, 'base64')}`).toBe(STYLE_HASH);
    }
  });

  it('says with each field what it is for, to whoever hears it read', () => {
    const page = reportFormPage('payments', {}, { field: 'text', message: 'say it' });
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
    for (const field of REPORT_FIELDS) {
      expect(page).toContain(`<label for="${field}">`);
      expect(page).toContain(`aria-describedby="${field}-hint"`);
      expect(page).toContain(`id="${field}-hint"`);
    }
    expect(page.match(/aria-invalid="true"/g)).toHaveLength(1);
    expect(page).toContain('role="alert"><a href="#text">What happened?</a> say it</p>');
  });
});
