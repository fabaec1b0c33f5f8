// Searches everything the relay holds or ever saw on its wire for what it must not know.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface Evidence {
  readonly files: number
  readonly bytes: number
  /** Where each searched text was found: empty for what never was. */
  readonly found: ReadonlyMap<string, readonly string[]>
}

/** Reads every file under the folders and looks for each text as UTF-8, as hexadecimal and as base64. */
export async function searchFor(
  texts: readonly (string | Uint8Array)[],
  folders: readonly string[],
): Promise<Evidence> {
  const files = (await Promise.all(folders.map(filesUnder))).flat()
  const found = new Map<string, string[]>()
  let bytes = 0
  for (const file of files) {
    const content = await readFile(file)
    bytes += content.length
    for (const text of texts) {
      const name = typeof text === 'string' ? text : Buffer.from(text).toString('hex')
      if (formsOf(text).some((form) => content.includes(form)))
        found.set(name, [...(found.get(name) ?? []), file])
    }
  }
  return { files: files.length, bytes, found }
}

/** A base64 text depends on where it starts, so all three alignments are searched without their ragged ends. */
function formsOf(text: string | Uint8Array): Buffer[] {
  const raw = Buffer.from(text)
  const base64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), raw]).toString('base64')
    return Buffer.from(encoded.slice(shift === 0 ? 0 : 4, -4))
  })
  const long = base64.filter((form) => form.length >= 8)
  return [raw, Buffer.from(raw.toString('hex')), ...long]
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
