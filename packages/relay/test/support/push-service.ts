/**
 * A push service on loopback, as a browser vendor's: takes POSTs, verifies VAPID with a library of its own and decrypts
 * the payload after RFC 8291 and RFC 8188, written here from the RFCs.
 */
import { createDecipheriv, createECDH, createHmac, type ECDH, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PushSubscriptionKeys } from '@hyphae/transport-relay/push'
import { importJWK, jwtVerify } from 'jose'

export interface ReceivedPush {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  /** Claims of the VAPID token, verified under the key beside it. */
  readonly claims: { readonly aud?: unknown; readonly sub?: unknown; readonly exp?: number | undefined }
  /** Uncompressed point that the token verified under. */
  readonly vapidKey: Buffer
}

export interface PushServer {
  readonly origin: string
  readonly received: ReceivedPush[]
  /** What it answers with from now on. */
  answer(status: number, headers?: Record<string, string>): void
  /** A new subscription of some browser. */
  subscribe(): { readonly subscription: PushSubscriptionKeys; decrypt(body: Buffer): Buffer }
  /** Resolves when so many have come. */
  arrived(count: number): Promise<void>
  close(): Promise<void>
}

/** RFC 8292 section 3: `vapid t=<JWT>, k=<key>`. */
async function verifyVapid(
  header: string,
  origin: string,
): Promise<Pick<ReceivedPush, 'claims' | 'vapidKey'>> {
  const [, token = '', key = ''] = /^vapid t=([^,]+), ?k=(\S+)$/.exec(header) ?? []
  const point = Buffer.from(key, 'base64url')
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33, 65).toString('base64url'),
  }
  const { payload } = await jwtVerify(token, await importJWK(jwk, 'ES256'), {
    algorithms: ['ES256'],
    audience: origin,
  })
  return { claims: payload, vapidKey: point }
}

const hmac = (key: Buffer, data: Buffer): Buffer => createHmac('sha256', key).update(data).digest()
const expand = (prk: Buffer, info: Buffer, length: number): Buffer =>
  hmac(prk, Buffer.concat([info, Buffer.of(1)])).subarray(0, length)

/** RFC 8291 section 3.4 over RFC 8188 section 2: one record. */
function decrypt(keys: ECDH, auth: Buffer, body: Buffer): Buffer {
  const salt = body.subarray(0, 16)
  const senderKey = body.subarray(21, 21 + body.readUInt8(20))
  const record = body.subarray(21 + senderKey.length)
  const shared = hmac(auth, keys.computeSecret(senderKey))
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), keys.getPublicKey(), senderKey])
  const prk = hmac(salt, expand(shared, info, 32))
  const key = expand(prk, Buffer.from('Content-Encoding: aes128gcm\0'), 16)
  const nonce = expand(prk, Buffer.from('Content-Encoding: nonce\0'), 12)
  const opened = createDecipheriv('aes-128-gcm', key, nonce)
  opened.setAuthTag(record.subarray(-16))
  const plain = Buffer.concat([opened.update(record.subarray(0, -16)), opened.final()])
  const end = plain.lastIndexOf(2)
  return plain.subarray(0, end)
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

export async function startPushServer(): Promise<PushServer> {
  const received: ReceivedPush[] = []
  const waiting: (() => void)[] = []
  let reply: { status: number; headers: Record<string, string> } = { status: 201, headers: {} }
  let origin = ''
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    const { headers, url = '' } = request
    try {
      const vapid = await verifyVapid(headers.authorization ?? '', origin)
      received.push({ path: url, headers, body, ...vapid })
      response.writeHead(reply.status, reply.headers).end('a body that nobody reads')
    } catch {
      response.writeHead(403).end()
    }
    for (const look of waiting) look()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin,
    received,
    answer: (status, headers = {}) => {
      reply = { status, headers }
    },
    subscribe: () => {
      const keys = createECDH('prime256v1')
      keys.generateKeys()
      const auth = randomBytes(16)
      const endpoint = `${origin}/push/${randomBytes(24).toString('base64url')}`
      const subscription = {
        endpoint,
        p256dh: new Uint8Array(keys.getPublicKey()),
        auth: new Uint8Array(auth),
      }
      return { subscription, decrypt: (body) => decrypt(keys, auth, body) }
    },
    arrived: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (received.length >= count) resolve()
        }
        waiting.push(look)
        look()
      }),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
