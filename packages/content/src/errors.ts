/** Errors of this package. Details carry sizes, counts and field names; never a value of a message. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const CONTENT_ERRORS = {
  'content/too-large': {
    message: 'The message is larger than a message may be.',
    hint: 'Send large data as a file.',
  },
  'content/malformed': {
    message: 'The bytes are not a message.',
    hint: 'Drop them: they were damaged or made by something else.',
  },
  'content/not-canonical': {
    message: 'The message is not in its one canonical form.',
    hint: 'Its sender encodes it wrongly; see spec/content.md.',
  },
  'content/too-deep': {
    message: 'The body is nested too deeply.',
    hint: 'Flatten it.',
  },
  'content/too-many-values': {
    message: 'The body holds too many values.',
    hint: 'Send large data as a file.',
  },
  'content/forbidden-key': {
    message: 'A map in the body has a key that is not allowed.',
    hint: 'Keys are short texts other than __proto__, constructor and prototype.',
  },
  'content/unsupported-value': {
    message: 'The body holds a value that cannot be carried.',
    hint: 'Use null, booleans, numbers other than NaN, well-formed text, Uint8Array, arrays and plain objects.',
  },
  'content/bad-envelope': {
    message: 'The id, the parents, the time or the type name of the message is not valid.',
    hint: 'Ids are 32 lower-case hexadecimal digits, at most 16 distinct parents, time in milliseconds since 1970.',
  },
  'content/invalid-body': {
    message: 'The body does not fit the schema of its type.',
    hint: 'Compare it with the schema.',
  },
  'content/async-schema': {
    message: 'The schema validates asynchronously.',
    hint: 'Use a synchronous schema: a message is checked within one transaction.',
  },
  'content/schema-failed': {
    message: 'The schema or codec of a content type threw instead of reporting an issue.',
    hint: 'Correct it: it has to take any value.',
  },
  'content/bad-type': {
    message: 'The name or number of the content type is not valid.',
    hint: 'Name it like org.example/note, at most 64 characters.',
  },
  'content/duplicate-type': {
    message: 'Two content types have the same name or number.',
    hint: 'Register each type once.',
  },
  'content/unregistered-type': {
    message: 'The content type is not registered.',
    hint: 'Pass it to createRegistry, or to a messenger as one of its `content`.',
  },
} as const

export class ContentError extends HyphaeError<keyof typeof CONTENT_ERRORS> {
  constructor(code: keyof typeof CONTENT_ERRORS, context?: ErrorContext) {
    super(CONTENT_ERRORS, code, context)
  }
}
