/** Failure codes a relay answers with. spec/relay.md section 2.3. */

export const FAILURES = {
  malformed: 1,
  unsupported: 2,
  'bad-proof': 3,
  'not-open': 4,
  'box-full': 5,
  'rate-limited': 6,
  'storage-failed': 7,
  stale: 8,
  'address-full': 9,
  'bad-signature': 10,
  'bad-hash': 11,
  limit: 12,
  'stock-full': 13,
  draining: 14,
  internal: 15,
  'bad-watch': 16,
  'ticket-needed': 17,
  'bad-ticket': 18,
  'ticket-spent': 19,
  'bucket-too-small': 20,
  'bad-terms': 21,
  'bad-cursor': 22,
  // 40 to 59: payment, hops, push.
  'bad-payment': 40,
  'payment-backward': 41,
  'no-credit': 42,
  'payment-expired': 43,
  'unknown-channel': 44,
  'not-a-peer': 48,
  'peer-unreachable': 49,
  'hop-refused': 50,
  'hop-replayed': 51,
  'answer-too-large': 52,
  'bad-push': 53,
  'push-gone': 54,
} as const

export type FailureName = keyof typeof FAILURES

const NAMES: ReadonlyMap<number, FailureName> = new Map(
  Object.entries(FAILURES).map(([name, code]) => [code, name as FailureName]),
)

/** Undefined for a code of a later version. */
export function failureName(code: number): FailureName | undefined {
  return NAMES.get(code)
}
