/** What the suite for topics is given, and the two ends of a topic. */
import type { Carrier, Topic } from '@hyphae/core'
import { type CarrierComplianceOptions, type CarrierSubject, capability } from './carrier-subject.js'
import { PATIENCE_MS } from './limits.js'

export interface TopicSubject extends CarrierSubject {
  /** Publishes bytes where subscribers of `topic` receive, as a program that is no carrier would. */
  garble?(topic: Uint8Array, bytes: Uint8Array): Promise<void>
}

export type OpenTopic = () => Promise<TopicSubject>

export type TopicComplianceOptions = CarrierComplianceOptions

export interface TopicEnds {
  readonly publisher: Topic
  readonly subscriber: Topic
  readonly carrier: Carrier
  readonly patienceMs: number
}

export function topicEnds(
  subject: TopicSubject,
  { patienceMs = PATIENCE_MS }: TopicComplianceOptions,
): TopicEnds {
  const { carrier, other = carrier } = subject
  return {
    publisher: capability(other, 'topic'),
    subscriber: capability(carrier, 'topic'),
    carrier,
    patienceMs,
  }
}
