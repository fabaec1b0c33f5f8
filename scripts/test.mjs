// `npm test [-- vitest arguments]`: installs, builds, runs every test. Last line: `N passed, N failed`.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main, show } from './lib/run.mjs'
import { readReport, summarize, summaryLine } from './lib/test-summary.mjs'
import { prepare } from './lib/workspace.mjs'

/** Where .ci/run wants the last line too. */
const SUMMARY_FILE = process.env.HYPHAE_TEST_SUMMARY

async function runTests(args, report) {
  const env = await prepare(['build:js', 'build:types'])
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const exitCode = await show('vitest', ['run', ...reporters, ...args], { env })
  const counts = summarize(await readReport(report), exitCode)
  const line = `${summaryLine(counts)}\n`
  process.stdout.write(line)
  if (SUMMARY_FILE) await writeFile(SUMMARY_FILE, line)
  return counts.failed > 0 ? exitCode || 1 : 0
}

await main(async (args) => {
  const folder = await mkdtemp(join(tmpdir(), 'hyphae-test-'))
  try {
    return await runTests(args, join(folder, 'report.json'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
