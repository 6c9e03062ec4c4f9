/** The anchors of a Markdown page, as GitHub names its sections. What a block of code has after a `#` is none. */
export function headings(page: string): string[] {
  const prose = page.replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
