/** Presence, typing, calls: sealed frames for those who listen now, never stored. spec/relay-rest.md section 3. */
import type { Reply } from '@hyphae/transport-relay/wire'
import { HEARTBEAT_MS, MAX_STREAM_MS, STREAM_FRAMES } from '../../limits.js'
import { toBase64url } from '../base64url.js'
import { type Call, DONE, type Outcome, on, type Route, route } from '../route.js'
import { bytesOf, fields, frame } from '../schema.js'

const channel = bytesOf([32], '32 bytes that those who may announce and listen know')
const MAX_ANNOUNCE_BODY: number = 16 * 1024

const text = new TextEncoder()

/** What `text/event-stream` carries: an event a frame, a comment as a sign of life. */
function eventsOf({ session, signal, onPush }: Call<unknown, unknown>): ReadableStream<Uint8Array> {
  const { clock } = session.context
  const stop = new AbortController()
  let forget = (): void => {}
  const end = (): void => {
    stop.abort()
    forget()
  }
  const begin = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const started = clock.now()
    // What a slow reader has no room for is gone, as on a WebSocket.
    const say = (line: string): void => {
      if ((controller.desiredSize ?? 0) > 0) controller.enqueue(text.encode(`${line}\n\n`))
    }
    forget = onPush((reply: Reply) => {
      if (reply.kind === 'heard') say(`data: ${toBase64url(reply.frame)}`)
    })
    const over = (): void => {
      if (stop.signal.aborted) return
      end()
      controller.close()
    }
    const beat = async (): Promise<void> => {
      while (!stop.signal.aborted && clock.now() - started < MAX_STREAM_MS) {
        say(':')
        await clock.sleep(HEARTBEAT_MS, stop.signal).catch(() => {})
      }
      over()
    }
    signal.addEventListener('abort', over, { once: true })
    // Its client may be gone before its subscription was made: that is not told a second time.
    if (signal.aborted) over()
    else void beat()
  }
  return new ReadableStream({ start: begin, cancel: end }, { highWaterMark: STREAM_FRAMES })
}

async function listen(call: Call<{ readonly channel: Uint8Array }, unknown>): Promise<Outcome> {
  const reply = await call.ask({ kind: 'listen', channel: call.body.channel })
  return on(reply, 'ok', () => ({
    status: 200,
    stream: eventsOf(call),
    headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
  }))
}

/** All three are one thing: the path says what a client uses it for, and may say something else. */
function routesOf(name: string, path: string, what: string): Route[] {
  return [
    route({
      name: `announce${name}`,
      method: 'POST',
      path,
      summary: `Pass a sealed frame on to those who listen now: ${what}`,
      description: 'Nothing is stored and nobody is told whether anybody listened.',
      body: fields({ channel, frame }),
      maxBody: MAX_ANNOUNCE_BODY,
      answers: { 204: { text: 'Passed on.' } },
      handle: async ({ ask, body }) => on(await ask({ kind: 'announce', ...body }), 'ok', () => DONE),
    }),
    route({
      name: `listen${name}`,
      method: 'POST',
      path: `${path}/listen`,
      summary: 'Hear the frames of a channel from now on',
      description:
        'Server-sent events: a frame in base64url each. The stream ends after ten minutes; ask again.',
      costly: true,
      body: fields({ channel }),
      answers: {
        200: { text: 'Frames as they come.', media: 'text/event-stream', schema: { type: 'string' } },
      },
      problems: ['limit'],
      handle: listen,
    }),
  ]
}

export const CHANNEL_ROUTES: readonly Route[] = [
  ...routesOf('Presence', '/presence', 'who is there'),
  ...routesOf('Typing', '/typing', 'who writes'),
  ...routesOf('Call', '/calls', 'signalling of a call'),
]
