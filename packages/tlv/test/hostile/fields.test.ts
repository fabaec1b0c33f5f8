import { defineSchema, encodeFields, encodeRecords, readFields } from '@hyphae/tlv'
import { describe, expect, it } from 'vitest'
import { refusal, text } from '../support.js'

describe('structures', () => {
  const schema = defineSchema([{ type: 1, name: 'one', size: 2 }])

  it('hostile 5: a field that occurs twice is refused when it is read', () => {
    const once = { type: 1, value: text(2) }
    expect(readFields(encodeFields(schema, { one: text(2) }), schema).values.one).toEqual(text(2))
    expect(refusal(() => readFields(encodeRecords([once, once]), schema))).toBe('tlv/duplicate-field')
  })

  it('hostile 4: an unknown critical record is refused, a non-critical one is kept', () => {
    const known = { type: 1, value: text(2) }
    const critical = encodeRecords([known, { type: 9, value: text(1) }])
    expect(refusal(() => readFields(critical, schema))).toBe('tlv/unknown-critical')
    const free = encodeRecords([known, { type: 200, value: text(1) }])
    const { values, unknown } = readFields(free, schema)
    expect(encodeFields(schema, values, unknown)).toEqual(free)
  })
})
