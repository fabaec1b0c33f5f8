// Takes the page's bundle into Chromium and brings its samples back.
import { access } from 'node:fs/promises'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import type { PageResult } from './chromium-page.ts'
import type { Pace, Samples } from './timing.ts'

const EXECUTABLE = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
const PAGE = fileURLToPath(new URL('./chromium-page.ts', import.meta.url))

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [PAGE],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'error',
  })
  return outputFiles[0]?.text as string
}

/** Null where there is no Chromium. */
export async function inChromium(pace: Pace): Promise<Samples[] | null> {
  const there = await access(EXECUTABLE).then(
    () => true,
    () => false,
  )
  if (!there) return null
  const content = await bundle()
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args })
  try {
    const page = await browser.newPage()
    await page.addScriptTag({ content })
    const result = await page.evaluate<PageResult, Pace>(
      (options) =>
        (globalThis as unknown as { runRatchet(options: Pace): Promise<PageResult> }).runRatchet(options),
      pace,
    )
    return result.groups.map((group) => new Map(group))
  } finally {
    await browser.close()
  }
}
