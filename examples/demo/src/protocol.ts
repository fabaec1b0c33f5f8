// What the demo's processes say to each other over Node's IPC channel.

export type Command =
  | { readonly do: 'send'; readonly to: string; readonly text: string }
  | { readonly do: 'send-group'; readonly group: string; readonly text: string }
  | { readonly do: 'create-group'; readonly name: string; readonly members: readonly string[] }
  | { readonly do: 'add' | 'remove'; readonly group: string; readonly member: string }
  | { readonly do: 'send-file'; readonly to: string; readonly path: string }
  | { readonly do: 'status'; readonly id: string }
  | { readonly do: 'history'; readonly with: string }
  /** The next delivery is stored, and then the process kills itself before the relay hears of it. */
  | { readonly do: 'die-before-ack' }
  | { readonly do: 'close' }

export interface Request {
  readonly id: number
  readonly command: Command
}

export interface ReceivedFile {
  readonly name: string
  readonly size: number
  readonly sha256: string
}

export type Report =
  | {
      readonly report: 'ready'
      readonly id: string
      readonly secrets: readonly string[]
      readonly mailbox: string
    }
  | { readonly report: 'reply'; readonly to: number; readonly result?: unknown; readonly error?: string }
  | {
      readonly report: 'message'
      readonly from: string
      readonly group?: string
      readonly text: string
      readonly redelivered: boolean
    }
  | { readonly report: 'file'; readonly from: string; readonly file: ReceivedFile }
  | {
      readonly report: 'progress'
      readonly way: 'up' | 'down'
      readonly done: number
      readonly total: number
    }
  | { readonly report: 'joined' | 'left'; readonly group: string }
