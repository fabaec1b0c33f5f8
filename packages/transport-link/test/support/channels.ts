/** Data channels without a browser: what the links use of them. Real ones are in the browser's tests. */
import type { DataChannelLike } from '../../src/index.js'

/** Two ends of a data channel in one process, negotiated a moment later. */
export function channelPair(ordered = true): [DataChannelLike, DataChannelLike] {
  const ends = [0, 1].map(() => ({
    binaryType: 'blob',
    readyState: 'connecting',
    ordered,
    bufferedAmount: 0,
    bufferedAmountLowThreshold: 0,
    onopen: null as (() => void) | null,
    onmessage: null as ((event: { data: unknown }) => void) | null,
    onclose: null as (() => void) | null,
    onbufferedamountlow: null as (() => void) | null,
    send: (_data: ArrayBuffer) => {},
    close: () => {},
  }))
  const [a, b] = ends as [(typeof ends)[0], (typeof ends)[0]]
  for (const [own, other] of [
    [a, b],
    [b, a],
  ] as const) {
    own.send = (data) => {
      own.bufferedAmount += data.byteLength
      setTimeout(() => {
        own.bufferedAmount -= data.byteLength
        if (own.bufferedAmount <= own.bufferedAmountLowThreshold) own.onbufferedamountlow?.()
        other.onmessage?.({ data: data.slice(0) })
      })
    }
    own.close = () => {
      for (const end of ends) {
        if (end.readyState !== 'closed') setTimeout(() => end.onclose?.())
        end.readyState = 'closed'
      }
    }
  }
  setTimeout(() => {
    for (const end of ends) {
      end.readyState = 'open'
      end.onopen?.()
    }
  }, 5)
  return [a, b]
}
