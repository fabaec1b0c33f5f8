/**
 * The error base every package builds on.
 *
 * Each package keeps one table of its codes in `errors.ts`; a thrown error carries a code from that
 * table, numbers as details and never a secret: no key, plaintext or passphrase may be passed in.
 */

export interface ErrorEntry {
  /** One sentence, shown to people. */
  readonly message: string
  /** What the caller can do about it. */
  readonly hint: string
  /** The same call may succeed later, with nothing changed by the caller. */
  readonly retryable?: boolean
}

/** Codes of one package: `<package>/<what-went-wrong>`. A code never changes its meaning. */
export type ErrorTable = Readonly<Record<string, ErrorEntry>>

export type ErrorDetails = Readonly<Record<string, string | number | boolean>>

export interface ErrorContext {
  /** Sizes, limits, indices, public names. Never a secret. */
  readonly details?: ErrorDetails
  readonly cause?: unknown
  /** Milliseconds to wait before the call is worth repeating. */
  readonly retryAfterMs?: number
}

/** Base of all errors thrown by `@hyphae/*`. `code` is stable and is what programs should compare. */
export class HyphaeError<Code extends string = string> extends Error {
  declare readonly code: Code
  declare readonly shortMessage: string
  declare readonly hint: string
  declare readonly details: ErrorDetails
  /** Where the code is explained. */
  declare readonly docs: string
  declare readonly retryable: boolean
  declare readonly retryAfterMs: number | undefined

  constructor(table: Readonly<Record<Code, ErrorEntry>>, code: Code, context: ErrorContext = {}) {
    // What is built for production has no texts, and of entries those alone that say more: the code stands for them.
    const { message = code, hint = '', retryable = false }: Partial<ErrorEntry> = { ...table[code] }
    const { details = {}, cause, retryAfterMs } = context
    const listed = Object.entries(details).map(([name, value]) => `${name}: ${value}`)
    const suffix = listed.length > 0 ? `(${listed.join(', ')})` : ''
    super([message, suffix, hint].filter(Boolean).join(' '), cause === undefined ? {} : { cause })
    this.name = new.target.name
    this.code = code
    this.shortMessage = message
    this.hint = hint
    this.details = details
    this.docs = `spec/errors.md#${code.replace('/', '-')}`
    this.retryable = retryable
    this.retryAfterMs = retryAfterMs
  }
}

/** True for any Hyphae error; with `code`, for that one only. Works across copies of a package. */
export function isHyphaeError(error: unknown, code?: string): error is HyphaeError {
  if (!(error instanceof Error) || !('code' in error) || !('shortMessage' in error)) return false
  return code === undefined || error.code === code
}

export const CORE_ERRORS = {
  'core/bad-hex': {
    message: 'The text is not hexadecimal.',
    hint: 'Pass an even number of the digits 0-9a-f.',
  },
  'core/bad-utf8': {
    message: 'The bytes are not valid UTF-8.',
    hint: 'Check where the bytes came from.',
  },
  'core/bad-id': {
    message: 'The identifier has the wrong length.',
    hint: 'Pass the bytes as they were given.',
  },
  'core/aborted': {
    message: 'The operation was aborted.',
    hint: 'Its AbortSignal fired.',
  },
} as const

export class CoreError extends HyphaeError<keyof typeof CORE_ERRORS> {
  constructor(code: keyof typeof CORE_ERRORS, context?: ErrorContext) {
    super(CORE_ERRORS, code, context)
  }
}
