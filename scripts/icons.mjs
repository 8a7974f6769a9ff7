import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findBrowser } from './lib/find-browser.mjs';
import { fail, say } from './lib/say.mjs';
import { root } from './lib/tree.mjs';

// Draws resources/icons/icon.svg as the PNG files that the window and the packager want. Run after changing the drawing.
const folder = join(root, 'resources', 'icons');
const drawing = readFileSync(join(folder, 'icon.svg'), 'utf8');
const sizes = [
  { size: 1024, name: 'icon.png' },
  { size: 512, name: '512x512.png' },
  { size: 256, name: '256x256.png' },
  { size: 128, name: '128x128.png' },
  { size: 64, name: '64x64.png' },
  { size: 32, name: '32x32.png' },
];

const executablePath = findBrowser();
if (!executablePath)
  fail('drawing the icons takes a Chromium, Chrome or Edge; install one or set BALLAST_BROWSER');
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
try {
  for (const { size, name } of sizes) {
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    const source = `data:image/svg+xml;base64,${Buffer.from(drawing).toString('base64')}`;
    await page.setContent(
      `<body style="margin:0"><img src="${source}" width="${size}" height="${size}" style="display:block">`,
    );
    await page.evaluate('document.images[0].decode()');
    writeFileSync(join(folder, name), await page.screenshot({ omitBackground: true }));
    await page.close();
    say(`resources/icons/${name}`);
  }
} finally {
  await browser.close();
}
