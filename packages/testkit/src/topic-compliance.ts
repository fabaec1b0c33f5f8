/** What every Topic must do (spec/transport.md, "Topics"). It is best effort: the suite repeats what must come. */
import { FRAME_SIZES, toHex } from '@hyphae/core'
import { type ComplianceCase, caseWith, given, pause, rule, ruleRefused, soon } from './compliance.js'
import { QUIET_MS, TOPIC_FLOOD_FRAMES } from './limits.js'
import { listen, spread } from './topic-ear.js'
import { type OpenTopic, type TopicComplianceOptions, topicEnds } from './topic-subject.js'

/** Each case opens a fresh network. */
export function topicCompliance(open: OpenTopic, options: TopicComplianceOptions): ComplianceCase[] {
  return [
    ...hearingCases(open, options),
    ...othersCases(open, options),
    ...refusalCases(open, options),
    ...endCases(open, options),
  ]
}

function hearingCases(open: OpenTopic, options: TopicComplianceOptions): ComplianceCase[] {
  const make = caseWith(open)
  const { crypto } = options
  return [
    make('what is published comes to all who listen, as it went', async (subject) => {
      const { publisher, subscriber, patienceMs } = topicEnds(subject, options)
      const name = crypto.randomBytes(32)
      const ears = [listen(subscriber, name), listen(subscriber, name)]
      for (const size of FRAME_SIZES)
        await spread(publisher, name, crypto.randomBytes(size), ears, patienceMs)
    }),
    make('publishing once is hearing at most once, and nothing else', async (subject) => {
      const { publisher, subscriber, patienceMs } = topicEnds(subject, options)
      const name = crypto.randomBytes(32)
      const ear = listen(subscriber, name)
      await spread(publisher, name, crypto.randomBytes(128), [ear], patienceMs)
      const sent = Array.from({ length: 20 }, () => crypto.randomBytes(512))
      for (const frame of sent) await publisher.publish(name, frame)
      const last = crypto.randomBytes(128)
      await spread(publisher, name, last, [ear], patienceMs)
      await pause(QUIET_MS)
      const names = new Set(sent.map(toHex))
      const came = ear.heard.filter((text) => text.length === 1024)
      rule(new Set(came).size === came.length, 'no frame comes twice')
      rule(
        came.every((text) => names.has(text)),
        'no frame is invented',
      )
      rule(came.length > 0, 'some of them come')
    }),
    make('topics are apart', async (subject) => {
      const { publisher, subscriber, patienceMs } = topicEnds(subject, options)
      const [mine, yours] = [crypto.randomBytes(32), crypto.randomBytes(32)]
      const [atMine, atYours] = [listen(subscriber, mine), listen(subscriber, yours)]
      const [toMine, toYours] = [crypto.randomBytes(512), crypto.randomBytes(512)]
      await spread(publisher, mine, toMine, [atMine], patienceMs)
      await spread(publisher, yours, toYours, [atYours], patienceMs)
      rule(!atMine.heard.includes(toHex(toYours)), 'what is said elsewhere is not heard')
      rule(!atYours.heard.includes(toHex(toMine)), 'and the other way round')
    }),
  ]
}

function othersCases(open: OpenTopic, options: TopicComplianceOptions): ComplianceCase[] {
  const make = caseWith(open)
  const { crypto } = options
  return [
    make('who leaves a topic leaves it to the others', async (subject) => {
      const { publisher, subscriber, patienceMs } = topicEnds(subject, options)
      const name = crypto.randomBytes(32)
      const [leaving, staying] = [listen(subscriber, name), listen(subscriber, name)]
      await spread(publisher, name, crypto.randomBytes(512), [leaving, staying], patienceMs)
      leaving.leave()
      await soon(leaving.over, 'the end of a subscription', patienceMs)
      const before = leaving.heard.length
      await spread(publisher, name, crypto.randomBytes(512), [staying], patienceMs)
      rule(leaving.heard.length === before, 'who has left hears nothing')
      const back = listen(subscriber, name)
      await spread(publisher, name, crypto.randomBytes(512), [back, staying], patienceMs)
    }),
    make('a subscription goes on when its connection was cut', async (subject) => {
      const { publisher, subscriber, patienceMs } = topicEnds(subject, options)
      given(subject.cut, 'cut')
      const name = crypto.randomBytes(32)
      const ear = listen(subscriber, name)
      await spread(publisher, name, crypto.randomBytes(512), [ear], patienceMs)
      for (let round = 0; round < 2; round++) {
        await subject.cut()
        await spread(publisher, name, crypto.randomBytes(512), [ear], patienceMs)
      }
    }),
    make('who listens and does not read holds nobody up', async (subject) => {
      const { publisher, subscriber, patienceMs } = topicEnds(subject, options)
      const name = crypto.randomBytes(32)
      const ear = listen(subscriber, name)
      await spread(publisher, name, crypto.randomBytes(128), [ear], patienceMs)
      const sleeper = subscriber.subscribe(name)[Symbol.asyncIterator]()
      void sleeper.next()
      const flood = Array.from({ length: TOPIC_FLOOD_FRAMES }, () => crypto.randomBytes(512))
      const publishing = Promise.all(flood.map((frame) => publisher.publish(name, frame)))
      await soon(publishing, 'the end of publishing', patienceMs)
      await spread(publisher, name, crypto.randomBytes(512), [ear], patienceMs)
    }),
  ]
}

function refusalCases(open: OpenTopic, options: TopicComplianceOptions): ComplianceCase[] {
  const make = caseWith(open)
  const { crypto } = options
  return [
    make('publishing where nobody listens is no error', async (subject) => {
      const { publisher, patienceMs } = topicEnds(subject, options)
      const attempt = publisher.publish(crypto.randomBytes(32), crypto.randomBytes(512))
      await soon(attempt, 'the end of publishing', patienceMs)
    }),
    make('what is not a frame is not published', async (subject) => {
      const { publisher, subscriber, patienceMs } = topicEnds(subject, options)
      const name = crypto.randomBytes(32)
      const ear = listen(subscriber, name)
      for (const size of [0, 1, 127, 129, 2047, 4097, 65_536])
        await ruleRefused(async () => publisher.publish(name, new Uint8Array(size)), `${size} bytes`)
      await spread(publisher, name, crypto.randomBytes(512), [ear], patienceMs)
      rule(
        ear.heard.every((text) => text.length === 1024),
        'nobody hears of it',
      )
    }),
    make('an aborted publishing is refused', async (subject) => {
      const { publisher } = topicEnds(subject, options)
      const signal = AbortSignal.abort()
      const attempt = async (): Promise<void> =>
        publisher.publish(crypto.randomBytes(32), crypto.randomBytes(512), { signal })
      await ruleRefused(attempt, 'aborted before it began')
    }),
    make('nonsense from others is not heard', async (subject) => {
      const { publisher, subscriber, patienceMs } = topicEnds(subject, options)
      given(subject.garble, 'garble')
      const name = crypto.randomBytes(32)
      const ear = listen(subscriber, name)
      const first = crypto.randomBytes(512)
      await spread(publisher, name, first, [ear], patienceMs)
      for (const size of [0, 1, 128, 512, 552, 4096, 20_000])
        await subject.garble(name, crypto.randomBytes(size))
      await pause(QUIET_MS)
      const last = crypto.randomBytes(512)
      await spread(publisher, name, last, [ear], patienceMs)
      const known = [toHex(first), toHex(last)]
      rule(
        ear.heard.every((text) => known.includes(text)),
        'only true frames are heard',
      )
    }),
  ]
}

function endCases(open: OpenTopic, options: TopicComplianceOptions): ComplianceCase[] {
  const make = caseWith(open)
  const { crypto } = options
  return [
    make('the signal ends a subscription that waits', async (subject) => {
      const { subscriber, patienceMs } = topicEnds(subject, options)
      const stop = new AbortController()
      const frames = subscriber
        .subscribe(crypto.randomBytes(32), { signal: stop.signal })
        [Symbol.asyncIterator]()
      const next = frames.next()
      await pause(QUIET_MS)
      stop.abort()
      rule((await soon(next, 'its end', patienceMs)).done === true, 'it ends, it does not throw')
      rule((await soon(frames.next(), 'the end again', patienceMs)).done === true, 'and stays ended')
      const early = subscriber
        .subscribe(crypto.randomBytes(32), { signal: stop.signal })
        [Symbol.asyncIterator]()
      rule((await soon(early.next(), 'its end', patienceMs)).done === true, 'a signal that fired before')
    }),
    make('a closed carrier ends its subscriptions and publishes nothing', async (subject) => {
      const { subscriber, carrier, patienceMs } = topicEnds(subject, options)
      const name = crypto.randomBytes(32)
      const ear = listen(subscriber, name)
      await pause(QUIET_MS)
      await soon(carrier.close(), 'the end of closing', patienceMs)
      await soon(carrier.close(), 'closing twice', patienceMs)
      await soon(ear.over, 'the end of the subscription', patienceMs)
      await ruleRefused(async () => subscriber.publish(name, crypto.randomBytes(512)), 'publishing')
    }),
  ]
}
