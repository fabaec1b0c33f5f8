/** Every way this package refuses. Details are sizes, counts and positions; never a hash, a name or a payload. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const OBJECTS_ERRORS = {
  'objects/bad-header': {
    message: 'The description of an object is not valid.',
    hint: 'Check its fields against the limits in the specification page.',
  },
  'objects/bad-signature': {
    message: 'The object was not signed by the owner it names.',
    hint: 'Do not use it; ask another neighbour.',
  },
  'objects/bad-payload': {
    message: 'The payload is not the one the description stands for.',
    hint: 'Do not use it; ask another neighbour.',
  },
  'objects/wrong-block': {
    message: 'A block does not have the hash its place in the tree demands.',
    hint: 'It was not stored; another neighbour is asked.',
  },
  'objects/bad-message': {
    message: 'A message of the object exchange is not valid.',
    hint: 'The neighbour does not follow the protocol, or speaks a newer one.',
  },
  'objects/too-large': {
    message: 'The object is larger than allowed.',
    hint: 'Split it, or raise the quota.',
  },
  'objects/outdated': {
    message: 'A newer version of the mutable object is known.',
    hint: 'Publish with a higher sequence.',
  },
  'objects/expired': {
    message: 'The object has no time to live left.',
    hint: 'Publish it again with a longer time to live.',
  },
  'objects/full': {
    message: 'There is no room for the object that something less important could make.',
    hint: 'Drop objects, raise the quota, or wait until some expire.',
    retryable: true,
  },
  'objects/unknown': {
    message: 'The object is not known here.',
    hint: 'Wait until a neighbour has described it.',
  },
  'objects/bad-row': {
    message: 'A stored row cannot be read.',
    hint: 'What it belongs to is dropped and fetched again where a neighbour has it.',
  },
  'objects/too-many-neighbours': {
    message: 'There are too many neighbours.',
    hint: 'Detach links that are not used.',
  },
  'objects/too-slow': {
    message: 'No link is fast enough for the object.',
    hint: 'It goes on by itself when a faster link is attached.',
    retryable: true,
  },
  'objects/closed': {
    message: 'The exchange is closed.',
    hint: 'Open a new one on the same store.',
  },
} as const

export type ObjectsErrorCode = keyof typeof OBJECTS_ERRORS

export class ObjectsError extends HyphaeError<ObjectsErrorCode> {
  constructor(code: ObjectsErrorCode, context?: ErrorContext) {
    super(OBJECTS_ERRORS, code, context)
  }
}
