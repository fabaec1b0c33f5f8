/** Looking records up by their buckets. spec/relay.md section 4.1. */
import { hideRecord, RECORD_SALT_BYTES, type Reply, type Request } from '@hyphae/transport-relay/wire'
import type { RecordPage, RecordPlace } from '../engine/engine.js'
import { MAX_RECORD_PAGE } from '../limits.js'
import { leastBits } from './anonymity.js'
import type { Handlers } from './handler.js'
import { failure, type Session } from './session.js'

type BucketRequest = Extract<Request, { kind: 'record-bucket' }>

const END = new Uint8Array(0)

function replyOf({ context }: Session, request: BucketRequest, { more, records }: RecordPage): Reply {
  const { crypto, crowd } = context
  const { sha256 } = crypto
  const salt = crypto.randomBytes(RECORD_SALT_BYTES)
  const last = records[records.length - 1]
  return {
    kind: 'record-bucket-part',
    request: request.request,
    next: more && last !== undefined ? crowd.seal(request, last) : END,
    salt,
    records: records.map(({ record }, place) => hideRecord(record, { salt, place, sha256 })),
  }
}

async function look(session: Session, request: BucketRequest): Promise<Reply> {
  const { engine, crowd } = session.context
  const { request: id, bits, after, limit } = request
  let place: RecordPlace | undefined
  if (after.length > 0) {
    const opened = crowd.open(request, after)
    if (opened === null) return failure(id, 'bad-cursor')
    place = opened
  }
  const most = await crowd.anonymity.bits()
  if (bits > most) return failure(id, 'bucket-too-small')
  if (bits < leastBits(most)) return failure(id, 'limit')
  return replyOf(session, request, await engine.records(request, place, Math.min(limit, MAX_RECORD_PAGE)))
}

export const RECORD_BUCKET_HANDLERS: Handlers<'record-bucket'> = { 'record-bucket': look }
