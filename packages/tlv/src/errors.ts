/** Every way this package refuses input. Details are sizes, types and offsets, never content. */
import { type ErrorContext, HyphaeError } from '@hyphae/core'

export const TLV_ERRORS = {
  'tlv/truncated': {
    message: 'The input ends inside a record.',
    hint: 'Pass the whole encoding; do not retry with the same bytes.',
  },
  'tlv/trailing-bytes': {
    message: 'Bytes follow the end of the encoding.',
    hint: 'Pass exactly one encoding.',
  },
  'tlv/not-canonical': {
    message: 'The encoding is not the only allowed one.',
    hint: 'Values of 0 to 254 bytes use the short form, longer ones the extended form.',
  },
  'tlv/bad-type': {
    message: 'The record type is reserved.',
    hint: 'Types are 1 to 254.',
  },
  'tlv/bad-padding': {
    message: 'The padding is not zero.',
    hint: 'Fill unused bytes with zero.',
  },
  'tlv/too-many-records': {
    message: 'There are more records than the limit.',
    hint: 'Raise the limit only if the protocol above needs more.',
  },
  'tlv/too-deep': {
    message: 'Records are nested deeper than the limit.',
    hint: 'Flatten the structure.',
  },
  'tlv/unknown-critical': {
    message: 'A record of an unknown type must be understood and is not.',
    hint: 'The sender uses a newer protocol; update.',
  },
  'tlv/duplicate-field': {
    message: 'A field occurs more often than its schema allows.',
    hint: 'Send it once.',
  },
  'tlv/wrong-order': {
    message: 'Records are not in ascending order of type.',
    hint: 'Sort them by type.',
  },
  'tlv/missing-field': {
    message: 'A required field is missing.',
    hint: 'Send every required field.',
  },
  'tlv/bad-length': {
    message: 'A value has a length that its place does not allow.',
    hint: 'Check the sizes in the specification page.',
  },
  'tlv/bad-number': {
    message: 'A number is out of range for its field.',
    hint: 'Pass a whole number that fits.',
  },
  'tlv/bad-frame': {
    message: 'The frame has the wrong shape.',
    hint: 'Frames are 128, 512, 2048 or 4096 bytes of a known version.',
  },
  'tlv/bad-stream': {
    message: 'The byte stream does not carry frames.',
    hint: 'Close the link; a stream out of step cannot be brought back.',
  },
  'tlv/bad-layout': {
    message: 'The layout or schema is not valid.',
    hint: 'Check its definition in the code that made it.',
  },
} as const

export type TlvErrorCode = keyof typeof TLV_ERRORS

export class TlvError extends HyphaeError<TlvErrorCode> {
  constructor(code: TlvErrorCode, context?: ErrorContext) {
    super(TLV_ERRORS, code, context)
  }
}
