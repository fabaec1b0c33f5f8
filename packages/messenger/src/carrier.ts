/** The carrier as the node uses it: whatever a carrier returns, also Node's Buffers, arrives as plain bytes. */
import {
  type Blobs,
  type Carrier,
  type Delivery,
  type Directory,
  type DirectoryBuckets,
  type DirectoryRecord,
  type Link,
  type Mailbox,
  plainBytes,
  type Topic,
} from '@hyphae/core'

export function plainCarrier(carrier: Carrier): Carrier {
  const { mailbox, directory, blobs, link, topic } = carrier
  return {
    name: carrier.name,
    traits: carrier.traits,
    ...(mailbox && { mailbox: plainMailbox(mailbox) }),
    ...(directory && { directory: plainDirectory(directory) }),
    ...(blobs && { blobs: plainBlobs(blobs) }),
    ...(link && { link: plainLink(link) }),
    ...(topic && { topic: plainTopic(topic) }),
    close: () => carrier.close(),
    [Symbol.asyncDispose]: () => carrier.close(),
  }
}

function plainMailbox(mailbox: Mailbox): Mailbox {
  const plain = (delivery: Delivery): Delivery => ({
    frame: plainBytes(delivery.frame),
    cursor: delivery.cursor,
    ack: () => delivery.ack(),
  })
  return {
    put: (items, options) => mailbox.put(items, options),
    ...(mailbox.reach && { reach: (box) => mailbox.reach?.(box) }),
    fetch: async (box, options) => (await mailbox.fetch(box, options)).map(plain),
    watch: async function* (box, options) {
      for await (const delivery of mailbox.watch(box, options)) yield plain(delivery)
    },
  }
}

function plainDirectory(directory: Directory): Directory {
  const plain = (record: DirectoryRecord): DirectoryRecord => ({
    address: plainBytes(record.address),
    writer: plainBytes(record.writer),
    sequence: record.sequence,
    body: plainBytes(record.body),
    signature: plainBytes(record.signature),
  })
  const { buckets } = directory
  return {
    ...(buckets && { buckets: plainBuckets(buckets, plain) }),
    publish: (record, options) => directory.publish(record, options),
    lookup: async (address, options) => (await directory.lookup(address, options)).map(plain),
    stock: (upload, options) => directory.stock(upload, options),
    take: async (writer, kind, options) => {
      const taken = await directory.take(writer, kind, options)
      return taken && { item: plainBytes(taken.item), lastResort: taken.lastResort }
    },
    remaining: (writer, kind, options) => directory.remaining(writer, kind, options),
  }
}

function plainBuckets(
  buckets: DirectoryBuckets,
  plain: (record: DirectoryRecord) => DirectoryRecord,
): DirectoryBuckets {
  return {
    bits: (options) => buckets.bits(options),
    fetch: async (bucket, options) => {
      const { records, next } = await buckets.fetch(bucket, options)
      return {
        next: next && plainBytes(next),
        records: records.map((record) => ({
          open: (address, sha256) => {
            const opened = record.open(address, sha256)
            return opened && plain(opened)
          },
        })),
      }
    },
  }
}

function plainBlobs(blobs: Blobs): Blobs {
  return {
    put: (items, options) => blobs.put(items, options),
    get: async (hashes, options) =>
      (await blobs.get(hashes, options)).map((data) => data && plainBytes(data)),
    has: (hashes, options) => blobs.has(hashes, options),
  }
}

function plainLink(link: Link): Link {
  return {
    send: (peer, frame, options) => link.send(peer, frame, options),
    frames: async function* (options) {
      for await (const { peer, frame } of link.frames(options)) yield { peer, frame: plainBytes(frame) }
    },
    ...(link.peers && { peers: () => link.peers?.() ?? [] }),
    ...(link.nearness && { nearness: (peer) => link.nearness?.(peer) }),
  }
}

function plainTopic(topic: Topic): Topic {
  return {
    publish: (name, frame, options) => topic.publish(name, frame, options),
    subscribe: async function* (name, options) {
      for await (const frame of topic.subscribe(name, options)) yield plainBytes(frame)
    },
  }
}
