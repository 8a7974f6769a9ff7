import { expect, it } from 'vitest';
import { createLastLines } from '../../../main/replicas/last-lines.ts';

it('keeps the last lines however they arrive', () => {
  const output = createLastLines({ lines: 2, charsPerLine: 10 });
  for (const chunk of ['on', 'e\ntwo\nth', 'ree\r\nfo']) output.add(chunk);
  expect(output.text()).toBe('three\nfo');
  output.add('ur\n');
  expect(output.text()).toBe('three\nfour');
});

it('is bounded when lines never end', () => {
  const output = createLastLines({ lines: 2, charsPerLine: 10 });
  for (let i = 0; i < 1_000; i++) output.add('abcdefghijklm');
  expect(output.text().length).toBeLessThanOrEqual(10);
});
