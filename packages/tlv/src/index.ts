export * from './chunk-frame.js'
export {
  type DirectoryStatement,
  decodeDirectoryRecord,
  encodeDirectoryRecord,
  signDirectoryRecord,
  verifyDirectoryRecord,
} from './directory.js'
export * from './errors.js'
export { encodeFields, type ReadFieldsOptions, readFields, splitLast } from './fields.js'
export {
  coverFrame,
  FRAME_VERSION,
  frameTag,
  isSealedSize,
  SEALED_SIZES,
  type SealedSize,
  smallestFrame,
  TAG_BYTES,
  USABLE_BYTES,
} from './frame.js'
export { type FrameCursor, frameCursor } from './frame-cursor.js'
export * from './group-frame.js'
export * from './handshake-frame.js'
export {
  type BytesField,
  defineLayout,
  type Layout,
  type LayoutDefinition,
  type LayoutFieldKind,
  layoutLength,
  type U64Field,
} from './layout.js'
export { type LayoutCursor, layoutCursor, wordsOf } from './layout-cursor.js'
export * from './limits.js'
export * from './numbers.js'
export * from './record.js'
export { defineSchema, type FieldSpec, type FieldValues, type ReadFields, type Schema } from './schema.js'
export * from './sealed-frame.js'
export {
  decodeStockUpload,
  encodeStockUpload,
  type StockStatement,
  signStockUpload,
  verifyStockUpload,
} from './stock.js'
export { type FrameSplitter, frameSplitter, prefixFrame } from './stream.js'
export { type ReadTreeOptions, readTree, type TlvNode } from './tree.js'
