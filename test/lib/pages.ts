/** The pages people read, and where their links lead. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { ROOT } from './packages.js'

const NOT_OURS = new Set(['node_modules', 'dist', 'etc', '.git', '.turbo'])

/** Every page that is written by hand, by path from the root. */
export function pages(folder = ''): string[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true })
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : pages(path)
    return entry.isFile() && path.endsWith('.md') ? [path] : []
  })
}

/** Markdown without its code, in which brackets mean something else. */
function prose(text: string): string {
  return text.replace(/^(`{3,}).*?^\1/gms, '').replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ' '))
}

/** What a heading is called in an address, as GitHub names it; the n-th of the same words ends in -n. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>()
  const plain = text.replace(/^(`{3,}).*?^\1/gms, '')
  for (const [, heading = ''] of plain.matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const name = words.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-')
    let anchor = name
    for (let again = 1; anchors.has(anchor); again++) anchor = `${name}-${again}`
    anchors.add(anchor)
  }
  for (const [, id = ''] of plain.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id)
  return anchors
}

function targets(text: string): string[] {
  const inline = [...prose(text).matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)]
  const named = [...prose(text).matchAll(/^\[[^\]]+\]: +(\S+)/gm)]
  return [...inline, ...named].flatMap(([, target]) => target ?? [])
}

/** Links of one page, by path from the root, that lead to no file of this project or to no heading in it. */
export function brokenLinks(page: string, text: string = readFileSync(join(ROOT, page), 'utf8')): string[] {
  return targets(text).filter((target) => {
    if (/^[a-z][a-z+.-]*:/i.test(target)) return false
    const [path = '', anchor] = decodeURIComponent(target).split('#') as [string, string?]
    const file = path === '' ? join(ROOT, page) : resolve(ROOT, dirname(page), path)
    if (relative(ROOT, file).startsWith('..') || !existsSync(file)) return true
    if (anchor === undefined) return false
    if (statSync(file).isDirectory()) return true
    return !anchorsOf(path === '' ? text : readFileSync(file, 'utf8')).has(anchor)
  })
}
