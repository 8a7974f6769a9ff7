import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const electron = new URL('./electron.ts', import.meta.url).href;

/** `electron` is the test host's module; everything else is what it is. */
export function resolve(specifier, context, next) {
  if (specifier === 'electron') return { url: electron, shortCircuit: true };
  return next(specifier, context);
}

/** The host itself is written in TypeScript, which the oldest Node we support cannot read. */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const text = await readFile(fileURLToPath(url), 'utf8');
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  });
  return { format: 'module', source: outputText, shortCircuit: true };
}
