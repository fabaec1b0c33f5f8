export { CONTENT_ERRORS, ContentError } from './errors.js'
export { type FileBody, fileContent } from './file.js'
export { cleanFileName, cleanMediaType, OPAQUE_MEDIA_TYPE } from './filename.js'
export * from './limits.js'
export {
  type DecodedMessage,
  decodeMessage,
  type Envelope,
  encodeMessage,
  isMessageOf,
  type Message,
  type UnknownMessage,
} from './message.js'
export { type ReceiptBody, receiptContent } from './receipt.js'
export { BUILTIN_TYPES, createRegistry, type Registry } from './registry.js'
export { countCharacters, type TextBody, textContent } from './text.js'
export { type ContentDefinition, type ContentType, defineContent } from './type.js'
export { decodeValue, encodeValue, type Value } from './value.js'
