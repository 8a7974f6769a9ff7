/**
 * The floors of the house, from the ground up: shared < engine < (replicas, drill, dialect, workspace) < control <
 * desktop and the entries. Whoever lives on a floor may look down, never up, and never into a neighbour's flat.
 * @type {import('dependency-cruiser').IConfiguration}
 */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'Two modules that need each other are one module, or hide a third. Types alone may refer to each other.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'nothing-unresolved',
      comment: 'An import that leads nowhere is not checked by any other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'shared-stands-alone',
      comment: 'What both sides speak: zod, re2js and itself, no Node, no DOM, no Electron.',
      severity: 'error',
      from: { path: '^main/shared/' },
      to: { pathNot: ['^main/shared/', '(^|/)node_modules/(zod|re2js)/'] },
    },
    {
      name: 'expressions-in-one-place',
      comment: 'Which library finds regular expressions is known to one file.',
      severity: 'error',
      from: { pathNot: '^main/shared/lib/pattern\\.ts$' },
      to: { path: '(^|/)node_modules/re2js/' },
    },
    {
      name: 'interface-without-the-schema',
      comment:
        'The interface is handed configurations that have been read; the schema and its libraries would double its code.',
      severity: 'error',
      from: { path: '^(renderer|preload|main/shared/(contract|catalog))/' },
      to: {
        path: '^main/shared/(config/(.*schema|parse)\\.ts|lib/pattern\\.ts)$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'engine-on-shared',
      comment: 'The product runs on plain Node: @shared and node:* only.',
      severity: 'error',
      from: { path: '^main/engine/' },
      to: { pathNot: ['^main/(engine|shared)/'], dependencyTypesNot: ['core'] },
    },
    {
      name: 'sockets-without-http',
      comment: 'How bytes come and go, whatever they say.',
      severity: 'error',
      from: { path: '^main/engine/sockets/' },
      to: { path: '^main/', pathNot: ['^main/engine/(sockets/|clock\\.ts|latin1\\.ts)', '^main/shared/'] },
    },
    {
      name: 'http1-without-sockets',
      comment: 'What bytes say, however they came.',
      severity: 'error',
      from: { path: '^main/engine/http1/' },
      to: { path: '^main/', pathNot: ['^main/engine/(http1/|clock\\.ts|latin1\\.ts)', '^main/shared/'] },
    },
    {
      name: 'replicas-beside-neighbours',
      severity: 'error',
      from: { path: '^main/(replicas|drill|dialect|workspace)/' },
      to: { path: '^main/', pathNot: ['^main/$1/', '^main/(shared|engine)/'] },
    },
    {
      name: 'control-below-faces',
      severity: 'error',
      from: { path: '^main/control/' },
      to: { path: ['^main/(desktop|command-line)/', '^main/(index|cli)\\.ts$'] },
    },
    {
      name: 'command-line-without-desktop',
      severity: 'error',
      from: { path: '^main/(command-line/|cli\\.ts$)' },
      to: { path: ['^main/desktop/', '^main/index\\.ts$'] },
    },
    {
      name: 'desktop-without-command-line',
      severity: 'error',
      from: { path: '^main/(desktop/|index\\.ts$)' },
      to: { path: ['^main/command-line/', '^main/cli\\.ts$'] },
    },
    {
      name: 'electron-in-one-place',
      comment:
        'Only the desktop entry, and the preload, load Electron; main/desktop takes its pieces as parameters.',
      severity: 'error',
      from: { pathNot: ['^main/index\\.ts$', '^preload/'] },
      to: { path: '(^|/)node_modules/electron/|^electron$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'electron-types-in-desktop',
      severity: 'error',
      from: { path: '^(main|renderer)/', pathNot: ['^main/(desktop/|index\\.ts$)'] },
      to: { path: '(^|/)node_modules/electron/|^electron$' },
    },
    {
      name: 'cli-never-reaches-electron',
      comment: 'Whoever runs the command line has no Electron.',
      severity: 'error',
      from: { path: '^main/cli\\.ts$' },
      to: { path: ['(^|/)node_modules/electron/|^electron$', '^main/desktop/'], reachable: true },
    },
    {
      name: 'interface-sees-shared-alone',
      comment: 'Renderer and preload speak the contract and know nothing else of the main process.',
      severity: 'error',
      from: { path: '^(renderer|preload)/' },
      to: { path: '^main/', pathNot: '^main/shared/' },
    },
    {
      name: 'interface-without-node',
      severity: 'error',
      from: { path: '^(renderer|preload)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'main-without-interface',
      severity: 'error',
      from: { path: '^main/' },
      to: { path: '^(renderer|preload|test|bench|scripts)/' },
    },
    {
      name: 'features-apart',
      comment: 'A feature that needs another one needs something of store/ or ui/ instead.',
      severity: 'error',
      from: { path: '^renderer/src/features/([^/]+)/' },
      to: { path: '^renderer/src/features/', pathNot: '^renderer/src/features/$1/' },
    },
    {
      name: 'ui-at-the-bottom',
      comment: 'Our components know no screen.',
      severity: 'error',
      from: { path: '^renderer/src/ui/' },
      to: { path: '^renderer/src/(app|features|connection)/' },
    },
    {
      name: 'product-without-tests',
      severity: 'error',
      from: { path: '^(main|renderer|preload)/' },
      to: { path: '^(test|bench)/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.base.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: ['(^|/)node_modules/'] },
    enhancedResolveOptions: { conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
