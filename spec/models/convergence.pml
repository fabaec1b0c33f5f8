/*
 * Which of its sessions with a device a node sends in (messenger.md, section 2, "Which session sends"): do two nodes
 * come to one session after crossing handshakes, loss, reordering, repeats and the loss of a whole store?
 *
 * First everything goes wrong, within the bounds below. Then the network is fair: what is under way arrives in any
 * order, and the nodes exchange messages that arrive. After EXCHANGES of them both must send in one session that both
 * hold, and stay there. What is modelled and what is not: README.md.
 *
 *   delivered   both messages of such an exchange are opened
 *   bounded     the nodes begin at most SPARE sessions once the network is fair
 *   converged   both nodes send in one session (not asked with DELIVERED_ONLY)
 *
 * RENEWING selects the renewing rules, of which the node follows two; without it the rules are its first ones. MUTANTS are marked.
 */

/* Bounds. */
#ifndef SENDS
#define SENDS 2      /* messages each node sends while things go wrong */
#endif
#ifndef INITIATIONS
#define INITIATIONS 2 /* sessions begun meanwhile, over both nodes */
#endif
#ifndef LOSSES
#define LOSSES 1     /* frames lost */
#endif
#ifndef RESETS
#define RESETS 1     /* stores lost */
#endif
#ifndef REPEATS
#define REPEATS 1    /* deliveries after which the frame stays with the carrier and comes again */
#endif
#ifndef EXCHANGES
#define EXCHANGES 4  /* an exchange: one message each way */
#endif
#define AFTER 2      /* exchanges in which they must stay where they are */
#ifndef SPARE
#define SPARE 3      /* ids for sessions begun while the network is fair */
#endif

/* Session ids in their order. A new session gets any that is free: ids are hashes, nobody chooses them. */
#define IDS (INITIATIONS + SPARE)
#define NO 15
#define SLOTS 6 /* at least 2 * SENDS */

/* Proposed rules: answers missed before a session is begun anew, and messages in another session before the node
 * follows the peer to it though its id is larger. */
#ifndef SILENCE
#define SILENCE 2
#endif
#ifndef ELSEWHERE
#define ELSEWHERE 2
#endif

typedef Node {
  byte has       /* sessions kept, a bit each */
  byte confirmed /* a message was opened in it */
  byte current   /* the one that sends */
  byte silent    /* messages sent in it since one was opened in it */
  byte elsewhere /* messages opened in others since one was opened in it */
}
Node node[2]

byte used        /* ids given out */
byte madeBy1     /* of these, begun by node 1 */
byte handshakes  /* in an intro box */
byte settled     /* handshakes accepted before (replay set), or whose prekeys are gone */

/* Message i of node x is slot x * SENDS + i: the session it was sealed in; NO when not sent, lost or done with. */
byte message[SLOTS]
byte opened      /* slots whose message key is used up */
byte sent[2]
byte initiations, losses, resets, repeats, exchanges
byte x, y, s, i
bool delivered, converged, bounded

#define BIT(s) (1 << (s))
#define IN(set, s) (((set) >> (s)) & 1)
#define RESPONDER(s) (1 - IN(madeBy1, s))

inline become(n, id) {
  node[n].current = id;
  node[n].silent = 0;
  node[n].elsewhere = 0
}

#define FREE(id) ((id) < IDS && !IN(used, id))

/* startSession: a session that can send at once, and its handshake. */
inline begin(n) {
  bounded = used != BIT(IDS) - 1;
  assert(bounded);
  bounded = 0;
  if
  :: FREE(0) -> s = 0
  :: FREE(1) -> s = 1
  :: FREE(2) -> s = 2
  :: FREE(3) -> s = 3
  :: FREE(4) -> s = 4
  :: FREE(5) -> s = 5
  :: FREE(6) -> s = 6
  fi;
  used = used | BIT(s);
  if :: n == 1 -> madeBy1 = madeBy1 | BIT(s) :: else -> skip fi;
  node[n].has = node[n].has | BIT(s);
  handshakes = handshakes | BIT(s);
  become(n, s);
  s = 0
}

#ifdef OWN_FIRST /* MUTANT: always prefer the session I began */
#define WINS(n, id) false
#else
#define WINS(n, id) ((id) < node[n].current)
#endif

/* acceptHandshake and answersBest. A settled handshake is a repeat, or made with prekeys that are gone. */
inline accept(n, id) {
  if
  :: !IN(settled, id) ->
     settled = settled | BIT(id);
     node[n].has = node[n].has | BIT(id);
     if
     :: node[n].current == NO || IN(node[n].confirmed, node[n].current) || WINS(n, id) -> become(n, id)
     :: else -> skip
     fi
  :: else -> skip
  fi
}

/* Proposed: go to the session in which the peer was heard, at once when its id is the smaller one, and else when
 * the peer was heard elsewhere ELSEWHERE times. */
#if defined(OWN_FIRST)
#define FOLLOW(n, id) (RESPONDER(node[n].current) == (n))
#elif defined(LAST_HEARD)   /* MUTANT: always follow the peer */
#define FOLLOW(n, id) true
#elif defined(NEVER_LARGER) /* MUTANT: never follow the peer to a larger id */
#define FOLLOW(n, id) ((id) < node[n].current)
#else
#define FOLLOW(n, id) ((id) < node[n].current || node[n].elsewhere >= ELSEWHERE)
#endif

/* receiveInSession opened a message in session id. */
inline heard(n, id) {
#ifdef RENEWING
  node[n].confirmed = node[n].confirmed | BIT(id);
  if
  :: id == node[n].current -> node[n].silent = 0; node[n].elsewhere = 0
  :: else ->
     node[n].elsewhere++;
     if :: FOLLOW(n, id) -> become(n, id) :: else -> skip fi
  fi
#else
  /* preferConfirmed: it runs at the first message in a session, and goes there when its id is the smaller one,
   * whether or not the session that sends was confirmed. */
  if
  :: !IN(node[n].confirmed, id) && id < node[n].current -> become(n, id)
  :: else -> skip
  fi;
  node[n].confirmed = node[n].confirmed | BIT(id)
#endif
}

#if defined(RENEWING) && !defined(NO_RENEWAL) /* MUTANT: a session that nobody answers in is kept */
#define DUE(n) (node[n].current == NO || node[n].silent >= SILENCE)
#define UNANSWERED(n) (node[n].current == NO || node[n].silent >= 1)
#else
#define DUE(n) (node[n].current == NO)
#define UNANSWERED(n) DUE(n)
#endif

/* sendToContact. While things go wrong the peer may be slow as well as deaf, so a session may be given up as soon as
 * one answer is missing; and it need not be. */
inline send(n) {
  if
  :: UNANSWERED(n) && initiations < INITIATIONS -> initiations++; begin(n)
  :: node[n].current != NO -> skip
  fi;
  message[n * SENDS + sent[n]] = node[n].current;
  sent[n]++;
#ifdef RENEWING
  if :: node[n].silent < SILENCE -> node[n].silent++ :: else -> skip fi
#endif
}

/* A carrier hands out frames in any order, and any frame again. A box is read once the session is there. */
#define READABLE(m) (message[m] != NO && IN(node[1 - (m) / SENDS].has, message[m]))
#define SOME_READABLE (READABLE(0) || READABLE(1) || READABLE(2) || READABLE(3) || READABLE(4) || READABLE(5))

#define SOME_SENT (message[0] != NO || message[1] != NO || message[2] != NO || message[3] != NO || \
  message[4] != NO || message[5] != NO)

#define OPENS(m) (!IN(opened, m))

inline deliverMessage() {
  if
  :: READABLE(0) -> i = 0
  :: READABLE(1) -> i = 1
  :: READABLE(2) -> i = 2
  :: READABLE(3) -> i = 3
  :: READABLE(4) -> i = 4
  :: READABLE(5) -> i = 5
  fi;
  x = 1 - i / SENDS;
  s = message[i];
  if :: OPENS(i) -> heard(x, s) :: else -> skip fi;
  if
  :: repeats < REPEATS -> repeats++; opened = opened | BIT(i)
  :: message[i] = NO; opened = opened & ~BIT(i)
  fi;
  i = 0; x = 0; s = 0
}

/* A handshake under way, any of them. Sessions begun in the fair network are delivered by arrive(). */
inline chooseHandshake() {
  if
  :: IN(handshakes, 0) -> s = 0
  :: IN(handshakes, 1) -> s = 1
  :: IN(handshakes, 2) -> s = 2
  :: IN(handshakes, 3) -> s = 3
  :: IN(handshakes, 4) -> s = 4
  :: IN(handshakes, 5) -> s = 5
  :: IN(handshakes, 6) -> s = 6
  fi
}

inline deliverHandshake() {
  chooseHandshake();
  x = RESPONDER(s);
  accept(x, s);
  if
  :: repeats < REPEATS -> repeats++
  :: handshakes = handshakes & ~BIT(s)
  fi;
  s = 0; x = 0
}

inline loseMessage() {
  if
  :: message[0] != NO -> i = 0
  :: message[1] != NO -> i = 1
  :: message[2] != NO -> i = 2
  :: message[3] != NO -> i = 3
  :: message[4] != NO -> i = 4
  :: message[5] != NO -> i = 5
  fi;
  losses++;
  message[i] = NO;
  opened = opened & ~BIT(i);
  i = 0
}

inline loseHandshake() {
  chooseHandshake();
  losses++;
  handshakes = handshakes & ~BIT(s);
  s = 0
}

/* The store is gone, the keys of the device are not: all sessions, the replay set, and the prekeys, so that every
 * handshake under way to this node is void. */
inline reset() {
  if :: x = 0 :: x = 1 fi;
  resets++;
  node[x].has = 0;
  node[x].confirmed = 0;
  become(x, NO);
  s = 0;
  do
  :: s < IDS -> if :: IN(used, s) && RESPONDER(s) == x -> settled = settled | BIT(s) :: else -> skip fi; s++
  :: else -> break
  od;
  x = 0; s = 0
}

/* A message in the fair network: sealed first, so that two can cross; here i and y carry what two nodes sealed. */
inline seal(n, into) {
  if
  :: DUE(n) -> begin(n)
  :: else -> skip
  fi;
  into = node[n].current;
#ifdef RENEWING
  node[n].silent++
#endif
}

inline arrive(n, id) {
  if
  :: IN(handshakes, id) && RESPONDER(id) == n -> accept(n, id); handshakes = handshakes & ~BIT(id)
  :: else -> skip
  fi;
  if :: IN(node[n].has, id) -> heard(n, id) :: else -> skip fi
}

inline exchange() {
  if
  :: true -> seal(0, i); arrive(1, i); seal(1, y); arrive(0, y)
  :: true -> seal(1, y); arrive(0, y); seal(0, i); arrive(1, i)
  :: true -> seal(0, i); seal(1, y); arrive(1, i); arrive(0, y)
  fi;
  exchanges++;
  if
  :: exchanges >= EXCHANGES ->
     delivered = IN(node[1].has, i) && IN(node[0].has, y);
     assert(delivered);
#ifndef DELIVERED_ONLY
     converged = node[0].current == node[1].current && IN(node[0].has, node[0].current) &&
       IN(node[1].has, node[0].current);
     assert(converged);
#endif
     converged = 0; delivered = 0
  :: else -> skip
  fi;
  i = 0; y = 0
}

active proctype World() {
  d_step {
    i = 0;
    do
    :: i < SLOTS -> message[i] = NO; i++
    :: else -> break
    od;
    i = 0;
    node[0].current = NO;
    node[1].current = NO
  }
  do
  :: atomic { sent[0] < SENDS && (node[0].current != NO || initiations < INITIATIONS) -> send(0) }
  :: atomic { sent[1] < SENDS && (node[1].current != NO || initiations < INITIATIONS) -> send(1) }
  :: atomic { SOME_READABLE -> deliverMessage() }
  :: atomic { handshakes != 0 -> deliverHandshake() }
  :: atomic { losses < LOSSES && SOME_SENT -> loseMessage() }
  :: atomic { losses < LOSSES && handshakes != 0 -> loseHandshake() }
  :: atomic { resets < RESETS && used != 0 -> reset() }
  :: break
  od;
  /* From here on nothing is lost, and budgets that no longer matter are forgotten. */
  atomic {
    losses = 0; resets = 0; initiations = 0; sent[0] = 0; sent[1] = 0; repeats = REPEATS
  }
  do
  :: atomic { handshakes != 0 -> deliverHandshake() }
  :: atomic { SOME_READABLE -> deliverMessage() }
  :: handshakes == 0 && !SOME_READABLE -> break
  od;
  atomic {
    i = 0;
    do
    :: i < SLOTS -> message[i] = NO; i++
    :: else -> break
    od;
    i = 0; opened = 0
  }
  do
  :: atomic { exchanges < EXCHANGES + AFTER -> exchange() }
  :: exchanges == EXCHANGES + AFTER -> break
  od
}
