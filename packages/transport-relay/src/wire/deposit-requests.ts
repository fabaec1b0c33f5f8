/** Putting with a ticket and a time to live, and the terms of a box. spec/relay.md sections 2.1 and 3.1. */
import { MAX_FRAME_BYTES } from '@hyphae/core'
import {
  readBytes,
  readRest,
  readU8,
  readU16,
  readU32,
  type WireReader,
  type WireWriter,
  writeBytes,
  writeU8,
  writeU16,
  writeU32,
} from './bytes.js'
import { assertFrame, type CodecTable, ID_BYTES, KEY_BYTES } from './operation.js'
import { readTicket, readTtl, type Ticket, type TtlClass, ticketBytes, writeTicket } from './ticket.js'

/** A put that says how long the frame is to wait and what allows it. */
export interface DepositRequest {
  readonly kind: 'deposit'
  readonly request: number
  readonly box: Uint8Array
  readonly id: Uint8Array
  readonly ttl: TtlClass
  readonly ticket: Ticket
  readonly frame: Uint8Array
}

/** What the owner of a box asks of those who put into it. */
export interface BoxTerms {
  /** Kinds of tickets, as `ticketSet` gives them; 0 closes the box. */
  readonly accepts: number
  /** Leading zero bits of a work ticket, when that is more than the relay asks for. */
  readonly workBits: number
  /** Frames that may wait, when that is less than the relay keeps; 0: as many as the relay keeps. */
  readonly quota: number
  /** 32-byte Ed25519 key that signs capabilities; zero when there is none. */
  readonly capabilityKey: Uint8Array
}

/** The box must be open on this connection. */
export interface SetTermsRequest {
  readonly kind: 'set-terms'
  readonly request: number
  readonly box: Uint8Array
  readonly terms: BoxTerms
}

export interface GetTermsRequest {
  readonly kind: 'get-terms'
  readonly request: number
  readonly box: Uint8Array
}

export type DepositRequests = DepositRequest | SetTermsRequest | GetTermsRequest

export const TERMS_BYTES: number = 2 + 1 + 4 + KEY_BYTES

export function writeTerms(writer: WireWriter, terms: BoxTerms): void {
  writeU16(writer, terms.accepts)
  writeU8(writer, terms.workBits)
  writeU32(writer, terms.quota)
  writeBytes(writer, terms.capabilityKey)
}

export function readTerms(reader: WireReader): BoxTerms {
  return {
    accepts: readU16(reader),
    workBits: readU8(reader),
    quota: readU32(reader),
    capabilityKey: readBytes(reader, KEY_BYTES),
  }
}

export const DEPOSIT_CODECS: CodecTable<DepositRequests> = {
  deposit: {
    code: 17,
    bodyBytes: ({ ticket, frame }) => KEY_BYTES + ID_BYTES + 1 + ticketBytes(ticket) + frame.length,
    write: (writer, { box, id, ttl, ticket, frame }) => {
      writeBytes(writer, box)
      writeBytes(writer, id)
      writeU8(writer, ttl)
      writeTicket(writer, ticket)
      writeBytes(writer, frame)
    },
    read: (reader, request) => ({
      kind: 'deposit',
      request,
      box: readBytes(reader, KEY_BYTES),
      id: readBytes(reader, ID_BYTES),
      ttl: readTtl(reader),
      ticket: readTicket(reader),
      frame: assertFrame(readRest(reader, MAX_FRAME_BYTES)),
    }),
  },
  'set-terms': {
    code: 18,
    bodyBytes: () => KEY_BYTES + TERMS_BYTES,
    write: (writer, { box, terms }) => {
      writeBytes(writer, box)
      writeTerms(writer, terms)
    },
    read: (reader, request) => ({
      kind: 'set-terms',
      request,
      box: readBytes(reader, KEY_BYTES),
      terms: readTerms(reader),
    }),
  },
  'get-terms': {
    code: 19,
    bodyBytes: () => KEY_BYTES,
    write: (writer, { box }) => writeBytes(writer, box),
    read: (reader, request) => ({ kind: 'get-terms', request, box: readBytes(reader, KEY_BYTES) }),
  },
}
