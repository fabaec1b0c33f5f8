/**
 * Transport port: a carrier offers any of Mailbox, Directory, Blobs, Link and Topic.
 *
 * A carrier moves opaque bytes. It holds no key of the protocols above it: proofs come from a BoxKey,
 * directory entries arrive signed. Whatever it returns is unverified; its user checks.
 */
import type { Clock } from '../clock.js'
import type { BoxId } from '../ids.js'
import type { Logger } from '../logger.js'
import type { CarrierPrivacy } from '../privacy.js'

export interface IoOptions {
  readonly signal?: AbortSignal
}

/** How near what takes a frame is: on this machine, in this network, reached directly, through a relay, or a mailbox. */
export type Nearness = 'machine' | 'network' | 'direct' | 'proxied' | 'mailbox'

/** What a call asks of the carriers that may serve it, where there are several. */
export interface RouteOptions extends IoOptions {
  /** Only carriers whose traits say that they are so fast. */
  readonly minBandwidthBps?: number
  /** Only carriers that keep at least this. */
  readonly privacy?: CarrierPrivacy
  /**
   * `bulk` tries one carrier after the other, `normal` (the default) starts the next when the first is late,
   * `urgent` starts all at once.
   */
  readonly priority?: 'bulk' | 'normal' | 'urgent'
}

export interface PutOptions extends RouteOptions {
  /** Called once for each item, by its index, when it is stored: also for those of a put that rejects. */
  readonly stored?: (index: number) => void
}

export interface CarrierTraits {
  /** Largest frame in bytes. */
  readonly mtu: number
  readonly bandwidthBps: number
  readonly latencyMs: number
  readonly reliable: boolean
  readonly ordered: boolean
  readonly metered: boolean
  readonly privacy: CarrierPrivacy
}

export interface CarrierComponents {
  readonly clock: Clock
  readonly logger: Logger
}

/** A configured carrier, not yet started: what `relay(url)` or `memoryNetwork()()` returns. */
export type Transport = (components: CarrierComponents) => Promise<Carrier>

export interface Carrier extends AsyncDisposable {
  /** Short and public, for people: `memory`, `relay ws://127.0.0.1:7000`. */
  readonly name: string
  readonly traits: CarrierTraits
  readonly mailbox?: Mailbox
  /** The same boxes, read without saying which. */
  readonly buckets?: BucketMailbox
  readonly directory?: Directory
  readonly blobs?: Blobs
  readonly link?: Link
  readonly topic?: Topic
  close(): Promise<void>
}

/** The key of a mailbox. `sign` proves reading and acknowledging; the private part stays with its owner. */
export interface BoxKey {
  readonly id: BoxId
  /** Ed25519 signature over `message`, 64 bytes. */
  sign(message: Uint8Array): Uint8Array
}

export interface MailboxPut {
  readonly box: BoxId
  /** 16 bytes; a box stores one frame per id, so a retry is harmless. */
  readonly id: Uint8Array
  /** One of FRAME_SIZES long. */
  readonly frame: Uint8Array
}

export interface Delivery {
  readonly frame: Uint8Array
  /** Rises within a box. */
  readonly cursor: number
  /** Acknowledges this delivery and all earlier ones of the box: the carrier may forget them. */
  ack(): Promise<void>
}

/** Who would take a frame for a box. */
export interface Reach {
  /** A name that measurements of this way are kept under. */
  readonly peer: string
  readonly nearness: Nearness
}

export interface Mailbox {
  /** Resolves when every frame is stored where it survives the carrier's own crash, or its reader has taken it. */
  put(items: readonly MailboxPut[], options?: PutOptions): Promise<void>
  /** Undefined where a put would wait for somebody to come. A mailbox without this stores at any time. */
  reach?(box: BoxId): Reach | undefined
  /** What waits in the box, oldest first, at most `limit` (default 100). */
  fetch(box: BoxKey, options?: IoOptions & { readonly limit?: number }): Promise<Delivery[]>
  /**
   * What waits in the box and what comes, oldest first, until the signal fires. Reconnects by itself and then
   * starts again at the oldest delivery that was not acknowledged: at least once, in order.
   */
  watch(box: BoxKey, options?: IoOptions): AsyncIterable<Delivery>
}

/** A crowd of boxes, or of records: all whose ids, or addresses, begin with the same bits. */
export interface BucketPrefix {
  /** 0..24; 0 is everything there is. */
  readonly bits: number
  /** The first `bits` bits of the box ids, or of the addresses of records, as a number, most significant first. */
  readonly prefix: number
}

export interface BucketFrame {
  /** Rises within a bucket. */
  readonly cursor: number
  /** Tells whose the frame is to those who know the box; to others it is random. */
  readonly hint: Uint8Array
  readonly frame: Uint8Array
}

export interface BucketPart {
  /** More waits behind `next`. */
  readonly more: boolean
  /** Where to go on in this bucket. */
  readonly next: number
  readonly frames: readonly BucketFrame[]
}

/** Reads boxes by their buckets, so that the carrier learns which crowd a reader is in and no more. */
export interface BucketMailbox {
  /** So many leave as large a crowd as the carrier means to give, now. Fewer hide better, and cost more. */
  bits(options?: IoOptions): Promise<number>
  /** Frames behind `after` (default 0, else a `next`), oldest first, at most `limit` (default 100). */
  fetch(
    bucket: BucketPrefix,
    options?: IoOptions & { readonly after?: number; readonly limit?: number },
  ): Promise<BucketPart>
  /** Whether the frame lies in the box. */
  isFor(box: BoxId, frame: BucketFrame, sha256: (data: Uint8Array) => Uint8Array): boolean
}

/** A public statement at an address. The signature covers all other fields; see spec/directory.md. */
export interface DirectoryRecord {
  /** 32 bytes; derived from what is looked up, so that the carrier does not learn it. */
  readonly address: Uint8Array
  /** 32-byte Ed25519 public key that may replace this record. */
  readonly writer: Uint8Array
  /** Must rise with each replacement. */
  readonly sequence: number
  readonly body: Uint8Array
  readonly signature: Uint8Array
}

/** One-time items (prekeys, KeyPackages), each handed out once; then the last resort, again and again. */
export interface StockUpload {
  /** 32-byte Ed25519 public key that names the stock and signs uploads. */
  readonly writer: Uint8Array
  /** 1 = prekey bundles, 2 = MLS KeyPackages. */
  readonly kind: number
  /** Must rise with each upload. */
  readonly sequence: number
  readonly items: readonly Uint8Array[]
  /** Replaces the stored one; empty keeps it. */
  readonly lastResort: Uint8Array
  /** Drops the items of earlier uploads first: after a signed-prekey rotation they are stale. */
  readonly replace: boolean
  readonly signature: Uint8Array
}

export interface StockItem {
  readonly item: Uint8Array
  readonly lastResort: boolean
}

/** A record of a crowd, closed to who does not know its address. */
export interface CrowdRecord {
  /** The record, unverified, if it lies at this address; undefined if it lies at another. */
  open(address: Uint8Array, sha256: (data: Uint8Array) => Uint8Array): DirectoryRecord | undefined
}

export interface CrowdPart {
  readonly records: readonly CrowdRecord[]
  /** Where to go on in this bucket; undefined at its end. */
  readonly next: Uint8Array | undefined
}

/** Looks records up by the crowd they are in, so that the carrier learns that and no more. */
export interface DirectoryBuckets {
  /** So many bits leave as large a crowd as the carrier means to give, now; undefined: it cannot be asked this way. */
  bits(options?: IoOptions): Promise<number | undefined>
  /**
   * Records at addresses that begin with these bits, from the first or from a `next`: as many as the carrier gives at
   * once, at most `limit`. What was there before the first part was asked for is in one of them.
   */
  fetch(
    bucket: BucketPrefix,
    options?: IoOptions & { readonly after?: Uint8Array; readonly limit?: number },
  ): Promise<CrowdPart>
}

export interface Directory {
  /** The same records, read without saying whose. */
  readonly buckets?: DirectoryBuckets
  publish(record: DirectoryRecord, options?: IoOptions): Promise<void>
  /** Candidates at an address, the writer that came first first. Unverified. */
  lookup(address: Uint8Array, options?: IoOptions): Promise<DirectoryRecord[]>
  stock(upload: StockUpload, options?: IoOptions): Promise<void>
  /** Takes one item; undefined when there is neither item nor last resort. */
  take(writer: Uint8Array, kind: number, options?: IoOptions): Promise<StockItem | undefined>
  /** How many one-time items are left. */
  remaining(writer: Uint8Array, kind: number, options?: IoOptions): Promise<number>
}

export interface Blob {
  /** SHA-256 of `data`. */
  readonly hash: Uint8Array
  /** At most 4096 bytes. */
  readonly data: Uint8Array
}

export interface Blobs {
  put(blobs: readonly Blob[], options?: RouteOptions): Promise<void>
  /** In the order asked; undefined where the carrier has none. The caller checks the hash. */
  get(hashes: readonly Uint8Array[], options?: RouteOptions): Promise<(Uint8Array | undefined)[]>
  has(hashes: readonly Uint8Array[], options?: IoOptions): Promise<boolean[]>
}

/** Frames between two peers that are both there. */
export interface Link {
  send(peer: string, frame: Uint8Array, options?: IoOptions): Promise<void>
  frames(options?: IoOptions): AsyncIterable<{ readonly peer: string; readonly frame: Uint8Array }>
  /** Who may be spoken to, as far as is known now: asked again and again. Who has spoken need not be named. */
  peers?(): readonly string[]
  /** How near the peer is; undefined while there is no connection with it. */
  nearness?(peer: string): Nearness | undefined
}

/** Best-effort publish and subscribe; no memory. */
export interface Topic {
  publish(topic: Uint8Array, frame: Uint8Array, options?: IoOptions): Promise<void>
  subscribe(topic: Uint8Array, options?: IoOptions): AsyncIterable<Uint8Array>
}
