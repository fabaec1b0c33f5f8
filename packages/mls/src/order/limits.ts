/** Every bound of the ordering of commits, with its reason. */

/** Epochs that can be rewound: enough for mail that crosses commits, few enough to hold their secrets that long. */
export const HORIZON = 5

/** Bytes of an epoch's tag: a collision needs 2⁶⁴ epochs of one group. */
export const TAG_BYTES = 16

/** Proposals of one epoch that are kept to be sent again: of more leaves than these, few are late for one member. */
export const MAX_PROPOSALS = 32
/** A proposal to leave takes some 300 bytes; what is longer is padding, and is not sent again. */
export const MAX_PROPOSAL_BYTES = 4096

/** Envelopes kept that cannot be read yet: the mail of 50 commits that arrive in reverse, with room to spare. */
export const MAX_EARLY = 512
/** Bytes of them: two commits of the largest size, or all of them with four kilobytes each. */
export const MAX_EARLY_BYTES: number = 4 * 1024 * 1024

/** Messages kept of members whom a branch has removed that may still lose: what crosses such a removal on its way. */
export const MAX_HELD = 64
/** Bytes of them: a few of the largest messages. */
export const MAX_HELD_BYTES: number = 1024 * 1024

/** Rival commits kept for one epoch: a group in which so many commit at once has another problem. */
export const MAX_RIVALS = 64
/** Commits of one member kept for one epoch: two are proof, two more keep the choice among them the same everywhere. */
export const MAX_EQUIVOCATIONS = 4
/** Proofs of equivocation that are kept: each names a member to remove; more name the same ones. */
export const MAX_EVIDENCE = 16

/** Digests of refused commits that are kept, so that a repeated one costs a hash and not a decryption. */
export const MAX_REFUSED = 64

/** Past epochs known by tag alone: tells late mail from that of a branch past the horizon. */
export const MAX_HISTORY = 64

/**
 * Commits in a row in which one member only refreshes itself. One less than the horizon: a member alone can then
 * never push a rival's parent out of it.
 */
export const MAX_IDLE_RUN: number = HORIZON - 1

/** Own messages of one epoch that are named when it is given up; who sends more has the oldest of them read by then. */
export const MAX_SENT = 256

/** Intents of this member that wait; an application that asks for more is not waiting for answers. */
export const MAX_INTENTS = 256

/** Epochs of which this member has said that it stands apart from them: as many as there are in the horizon, and more. */
export const MAX_APART = 16

/** A signature key as RFC 9420 writes it: 32 bytes of Ed25519, a point of P-256 or P-384 with both coordinates. */
export const MAX_KEY_BYTES = 97

/** Devices whose void invitation is remembered, until they ask with a fresh KeyPackage. */
export const MAX_VOIDED = 64

/** Bytes of one envelope beside its MLS message: version, kind, tag. */
export const ENVELOPE_BYTES: number = 2 + TAG_BYTES

/** A Welcome waits this long for a rival of its commit: the mail of a slow carrier. Milliseconds. */
export const SETTLE_MS = 5_000
/** Members that lost re-issue within this time, spread by the order in which they would win. Milliseconds. */
export const REISSUE_MS = 2_000
/** Members that could all do the same thing for others wait in a time that grows with the group, by this many each. */
export const TURNS = 16
/** No wait is longer: what is noted beyond it was noted by a clock that has been set back. Milliseconds. */
export const MAX_WAIT_MS: number = 10 * 60_000
/** A sequencer that has not answered, or not delivered the commit it prefers, is passed by. Milliseconds. */
export const SEQUENCER_MS = 10_000
/** Mail that cannot be placed this long shows a stall, and the commits before it are asked for. Milliseconds. */
export const STALL_MS = 20_000
/** A stall that lasts this long ends in asking to be added anew. Milliseconds. */
export const READD_MS = 60_000
/** Between two pleas of one member, and between two answers to the same. Milliseconds. */
export const PLEA_MS = 10_000
/** A member that has been removed asks so often whether that stands: carriers lose much, but not all of these. */
export const APPEALS = 3

/** Epochs asked for in one plea. */
export const MAX_WANTS = 8
/** A plea: keys, tags, a KeyPackage of at most four kilobytes, a signature. */
export const MAX_PLEA_BYTES = 8192
/** Members whose place is remembered from their pleas; the majority of a large group shows in a part of it. */
export const MAX_BEACONS = 256
/** Members that answer a plea with their place, as a mean: enough to count, few enough to send. */
export const BEACON_ANSWERS = 16
