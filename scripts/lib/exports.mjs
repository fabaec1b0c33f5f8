// Reads `exports` of a package.json the way a runtime does.

/**
 * The file that an entry gives under a condition (`node`, `browser`), or null when it gives none.
 * @param {string | Record<string, unknown>} exported
 * @param {'node' | 'browser'} runtime
 * @returns {string | null}
 */
export function resolveExport(exported, runtime) {
  if (typeof exported === 'string') return exported
  for (const [condition, value] of Object.entries(exported)) {
    if (condition !== runtime && condition !== 'default') continue
    const found = resolveExport(value, runtime)
    if (found !== null) return found
  }
  return null
}

/**
 * Every module a package offers: `specifier` as a user writes it, `file` from the package's folder.
 * @param {{ name: string, exports?: Record<string, any> }} manifest
 * @param {'node' | 'browser'} runtime
 * @returns {{ specifier: string, file: string }[]}
 */
export function moduleEntries(manifest, runtime) {
  const entries = []
  for (const [path, exported] of Object.entries(manifest.exports ?? {})) {
    const file = resolveExport(exported, runtime)
    if (file?.endsWith('.js')) entries.push({ specifier: `${manifest.name}${path.slice(1)}`, file })
  }
  return entries
}
