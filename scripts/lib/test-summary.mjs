// Turns vitest's JSON report into one line, and decides whether the run counts as passed.
import { readFile } from 'node:fs/promises'

/** A file that failed before its first test, or outside any: it must not vanish from the count. */
function failedOutsideTests(file) {
  return file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed')
}

/**
 * Counts of a report; `null` stands for a run that wrote none.
 * `exitCode` is vitest's own: an error outside all tests fails the run although every test passed.
 */
export function summarize(report, exitCode) {
  if (report === null) return { passed: 0, failed: 1, skipped: 0 }
  const failed = report.numFailedTests + report.testResults.filter(failedOutsideTests).length
  return {
    passed: report.numPassedTests,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

export function summaryLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/** The report at `path`, or null when vitest did not live to write a whole one. */
export async function readReport(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return null
  }
}
