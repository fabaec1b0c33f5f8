// The page of all error codes, made from the tables the packages export as `<NAME>_ERRORS`.

const HEAD = `# Errors

Every error a Hyphae package throws is a \`HyphaeError\` with a stable \`code\`. Compare codes, not messages: a code never changes its meaning. *Retryable* means that the same call may succeed later with nothing changed by the caller.

This page is generated from the packages' own tables by \`npm run errors\`.
`

/** \`docs\` of an error points here: \`spec/errors.md#<code with a dash for the slash>\`. */
function anchor(code) {
  return code.replace('/', '-')
}

function entry([code, { message, hint, retryable }]) {
  const note = retryable ? ' *Retryable.*' : ''
  return `### <a id="${anchor(code)}"></a>\`${code}\`\n\n${message} ${hint}${note}\n`
}

/** Tables among what the modules of a package export, each once, in order of their names. */
export function errorTables(...modules) {
  const tables = new Map(modules.flatMap((module) => Object.entries(module)))
  const names = [...tables.keys()].filter((name) => name.endsWith('_ERRORS')).sort()
  return names.map((name) => tables.get(name))
}

/** @param tables map of package name to its tables */
export function renderErrorsPage(tables) {
  const sections = [...tables]
    .filter(([, list]) => list.length > 0)
    .map(([name, list]) => {
      const entries = list.flatMap((table) => Object.entries(table)).sort(([a], [b]) => (a < b ? -1 : 1))
      return `## @hyphae/${name}\n\n${entries.map(entry).join('\n')}`
    })
  return `${[HEAD, ...sections].join('\n')}`
}
