/** A leakage report as text for people. */
import type { LeakageReport, RelayLeakage, Spread } from './leakage.js'
import type { Attack, Guesses } from './leakage-attack.js'
import type { TimingLeakage } from './timing.js'

/** Lines of linked pairs and guesses shown for each adversary. */
const SHOWN_PAIRS = 5

/** What is claimed, where that is not who talks to whom. */
const WHAT: Partial<Record<Attack['method'], string>> = {
  rows: 'which boxes are of one group',
  writers: 'who is in one group',
}

export function leakageText({ relays, wire, attacks }: LeakageReport): string {
  const lines = relays.flatMap(relayLines)
  if (wire !== undefined) lines.push(...wireLines(wire))
  for (const { adversary, method, guesses } of attacks)
    if (guesses !== undefined)
      lines.push(`${adversary}, ${WHAT[method] ?? 'who talks to whom'} by ${method}: ${guessed(guesses)}`)
  return `${lines.join('\n')}\n`
}

function spread({ mean, most }: Spread): string {
  return `${mean.toFixed(1)} on average, ${most} at most`
}

function guessed({ claimed, right, pairs }: Guesses): string {
  return `claims ${claimed} pairs, ${right} rightly, of ${pairs}`
}

function sizesText(sizes: Readonly<Record<number, number>>): string {
  return Object.entries(sizes)
    .sort(([, a], [, b]) => b - a)
    .slice(0, SHOWN_PAIRS)
    .map(([bytes, count]) => `${count} × ${bytes} B`)
    .join(', ')
}

function relayLines(leak: RelayLeakage): string[] {
  return [
    `relay ${leak.relay} saw ${leak.connections} connections from ${leak.addresses} addresses, ${leak.boxes} boxes`,
    `  boxes read on a connection: ${spread(leak.boxesReadPerConnection)}`,
    `  boxes written on a connection: ${spread(leak.boxesWrittenPerConnection)}`,
    `  lookups on a connection: ${spread(leak.lookupsPerConnection)}`,
    `  frames: ${sizesText(leak.sizes)}`,
    `  addresses joined by a box: ${leak.linked.length}`,
    ...leak.linked
      .slice(0, SHOWN_PAIRS)
      .map(({ writer, reader, frames }) => `    ${writer} → ${reader}: ${frames} frames`),
  ]
}

function wireLines({ datagrams, bytes, sizes, guesses }: TimingLeakage): string[] {
  return [
    `the wire saw ${datagrams} datagrams, ${bytes} B: ${sizesText(sizes)}`,
    `  senders with a receiver that stands out: ${guesses.length}`,
    ...guesses
      .slice(0, SHOWN_PAIRS)
      .map(
        ({ sender, receiver, followed, sends, expected }) =>
          `    ${sender} → ${receiver}: ${followed} of ${sends} sends, ${expected.toFixed(1)} by chance`,
      ),
  ]
}
