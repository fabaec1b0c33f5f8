/** What the fuzzer runs. */
export interface FuzzTarget {
  readonly name: string
  run(input: Uint8Array): void | Promise<void>
}
