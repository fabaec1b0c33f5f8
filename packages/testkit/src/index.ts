export { type BlobsComplianceOptions, blobsCompliance } from './blobs-compliance.js'
export {
  boxKeyOf,
  type CarrierComplianceOptions,
  type CarrierSubject,
  createBoxKey,
  type OpenCarrier,
  randomPut,
} from './carrier-subject.js'
export type { ComplianceCase, ComplianceContext } from './compliance.js'
export { directoryBucketCompliance } from './directory-bucket-compliance.js'
export { directoryCompliance } from './directory-compliance.js'
export type { DirectoryComplianceOptions, RecordStatement, StockStatement } from './directory-subject.js'
export { TESTKIT_ERRORS, TestkitError, type TestkitErrorCode } from './errors.js'
export { countingStore, failingStore, type StoreCounts } from './failing-store.js'
export * from './limits.js'
export { linkCompliance } from './link-compliance.js'
export type { LinkComplianceOptions, LinkSubject, OpenLink } from './link-subject.js'
export { mailboxCompliance } from './mailbox-compliance.js'
export type { MailboxComplianceOptions, MailboxSubject, OpenMailbox } from './mailbox-subject.js'
export { type SeededRandom, unsafeSeededRandom } from './seeded-random.js'
export type { Delay, LinkConditions } from './simulation/conditions.js'
export { lora } from './simulation/conditions.js'
export type { Datagram } from './simulation/datagram.js'
export type { CrashSide, DiskImage, SimulatedDisk } from './simulation/disk.js'
export { eventLine, type SimulationEvent } from './simulation/event-log.js'
export {
  type Fault,
  type FaultKind,
  faultLine,
  injectFaults,
  type PlanOptions,
  planFaults,
} from './simulation/faults.js'
export {
  type LeakageOptions,
  type LeakageReport,
  leakageReport,
  type RelayLeakage,
  type Spread,
} from './simulation/leakage.js'
export type { Attack, Guesses, TalkingPair } from './simulation/leakage-attack.js'
export type { TalkingGroup } from './simulation/leakage-rows.js'
export { leakageText } from './simulation/leakage-text.js'
export type { RelayLies } from './simulation/lies.js'
export type { NodeLife } from './simulation/life.js'
export { simulatedLink } from './simulation/link.js'
export {
  type ConditionsOf,
  type NetworkOptions,
  type Sent,
  type SimulatedNetwork,
  simulatedNetwork,
} from './simulation/network.js'
export type { NodeOptions, NodeProgram, SimulatedNode } from './simulation/node.js'
export type { Observations, Sighting, WireSighting } from './simulation/observations.js'
export { type RelayEndpoint, simulatedRelay } from './simulation/relay.js'
export type { DirectoryChecks } from './simulation/relay-directory.js'
export type { RelayChecks, RelayOptions, SimulatedRelay, VerifyProof } from './simulation/relay-server.js'
export { type ReportOptions, simulationReport } from './simulation/report.js'
export { shrinkPlan } from './simulation/shrink.js'
export {
  type RunOptions,
  type Simulation,
  type SimulationFailure,
  type SimulationOptions,
  type SimulationResult,
  simulation,
} from './simulation/simulation.js'
export {
  type DatagramSocket,
  type Receive,
  type Sockets,
  sockets,
  type TopicSocket,
} from './simulation/socket.js'
export { type SimulatedSwarm, type SwarmOptions, simulatedSwarm } from './simulation/swarm.js'
export type { TimingGuess, TimingLeakage } from './simulation/timing.js'
export { storeCompliance } from './store-compliance.js'
export type { StoreSubject } from './store-subject.js'
export { type Timeline, type Timer, timeline } from './timeline.js'
export { topicCompliance } from './topic-compliance.js'
export type { OpenTopic, TopicComplianceOptions, TopicSubject } from './topic-subject.js'
export { type VirtualClock, virtualClock } from './virtual-clock.js'
