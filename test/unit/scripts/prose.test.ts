import { expect, it } from 'vitest';
import { meanSentence, measure, sum } from '../../../scripts/prose.ts';

const PAGE = `# A heading counts as words alone

One two three. Four \`five and more\` (six, "seven").
Eight [nine ten](https://a.example/b.md).

- first item
- second item, longer

| a cell | of four words here |
|---|---|

\`\`\`sh
keyward doctor. All of it is code.
\`\`\`
`;

it('counts all words, and sentences, paragraphs and cells without code', () => {
  const { words, sentences, longestParagraph, longestCell } = measure(PAGE);
  expect(words).toBe(37);
  expect(sentences).toEqual([3, 4, 3, 2, 3]);
  expect(longestParagraph).toBe(10);
  expect(longestCell).toBe(4);
});

it('takes a list item for a paragraph of its own', () => {
  expect(measure('Intro words here:\n- one\n- two words\n  more').longestParagraph).toBe(3);
});

it('joins pages: words add up, the longest stays, the mean is over all sentences', () => {
  const joined = sum([
    measure('One two three four.'),
    measure('One two.\n\nThree four five six seven eight.'),
  ]);
  expect(joined).toMatchObject({ words: 12, longestParagraph: 6 });
  expect(meanSentence(joined)).toBe(4);
  expect(meanSentence(measure(''))).toBe(0);
});
