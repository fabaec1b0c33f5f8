/** Which side of a session this is: who sent the handshake, or who answered it. */
export type SessionRole = 'initiator' | 'responder'
