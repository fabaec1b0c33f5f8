/*
 * Which of its sessions with a device a node sends in (session.md, section 12): do two nodes
 * come to one session after crossing handshakes, loss, reordering, repeats, the loss of a whole store and the return
 * of an old copy of one?
 *
 * First everything goes wrong, within the bounds below. Then the network is fair: what is under way arrives in any
 * order, and the nodes exchange messages that arrive. After EXCHANGES of them both must send in one session that both
 * hold, and stay there. A node that only answers, and has nothing to answer while it is deaf, is one of the choices.
 * What is modelled and what is not: README.md.
 *
 *   delivered   both messages of such an exchange are opened
 *   bounded     the nodes begin at most SPARE sessions once the network is fair
 *   converged   both nodes send in one session
 *   fresh       nobody sends in a session whose state came back with an old copy
 *
 * MUTANTS are marked.
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
#ifndef RESTORES
#define RESTORES 0   /* old copies of a store that come back */
#endif
#ifndef KEPT
#define KEPT 7       /* sessions a node keeps: 7 is all there are, 2 is a MUTANT */
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

/* Answers missed before a session is begun anew (1 is a MUTANT), and messages in another session before the node
 * follows the peer to it though its id is larger. */
#ifndef SILENCE
#define SILENCE 2
#endif
#ifndef ELSEWHERE
#define ELSEWHERE 2
#endif

/* The limit on giving up: exchanges from one new session to the next. */
#ifndef PAUSE
#define PAUSE 3
#endif

typedef Node {
  byte has       /* sessions kept, a bit each */
  byte confirmed /* a message was opened in it */
  byte retired   /* those that came back with an old copy: they receive what they still can, and never send */
  byte current   /* the one that sends */
  byte silent    /* messages sent in it since one was opened in it */
  byte pause     /* exchanges of the fair network until it may give up a session again */
  byte elsewhere /* messages opened in others since one was opened in it */
}
Node node[2]

byte used        /* ids given out */
byte madeBy1     /* of these, begun by node 1 */
byte handshakes  /* in an intro box */
byte settled     /* handshakes accepted before, or whose prekeys are gone */

/* Message i of node x is slot x * SENDS + i: the session it was sealed in; NO when not sent, lost or done with. */
byte message[SLOTS]
byte opened      /* slots whose message key is used up */
byte sent[2]
byte initiations, losses, resets, restores, repeats, exchanges
byte x, y, s, i
bool delivered, converged, bounded, fresh, got
#ifdef FIRST_HEARD
bool first
#endif

#define BIT(s) (1 << (s))
#define IN(set, s) (((set) >> (s)) & 1)
#define RESPONDER(s) (1 - IN(madeBy1, s))

inline become(n, id) {
  node[n].current = id;
  node[n].silent = 0;
  node[n].elsewhere = 0
}

#define KEPT_ALL 7

#if KEPT < KEPT_ALL
/* Beyond the limit the session heard or begun longest ago gives way, but never the one that sends. */
#define AT(n, j) order[(n) * (KEPT + 1) + (j)]
byte order[2 * (KEPT + 1)] /* sessions of each node, the latest first */
byte j, k

inline touch(n, id) {
  j = 0;
  do
  :: j < KEPT && AT(n, j) != id && AT(n, j) != NO -> j++
  :: else -> break
  od;
  do
  :: j > 0 -> AT(n, j) = AT(n, j - 1); j--
  :: else -> break
  od;
  AT(n, 0) = id
}

inline untouch(n, id) {
  j = 0;
  do
  :: j < KEPT && AT(n, j) != id -> j++
  :: else -> break
  od;
  do
  :: j < KEPT -> AT(n, j) = AT(n, j + 1); j++
  :: else -> break
  od;
  AT(n, KEPT) = NO; j = 0
}

inline forget(n) {
  j = 0;
  do
  :: j <= KEPT -> AT(n, j) = NO; j++
  :: else -> break
  od;
  j = 0
}

inline drop(n) {
  if
  :: AT(n, KEPT) != NO ->
     if :: AT(n, KEPT) == node[n].current -> k = AT(n, KEPT - 1) :: else -> k = AT(n, KEPT) fi;
     untouch(n, k);
     node[n].has = node[n].has & ~BIT(k);
     node[n].confirmed = node[n].confirmed & ~BIT(k);
     node[n].retired = node[n].retired & ~BIT(k);
     k = 0
  :: else -> skip
  fi
}
#else
#define touch(n, id) skip
#define untouch(n, id) skip
#define forget(n) skip
#define drop(n) skip
#endif

inline keep(n, id) {
  node[n].has = node[n].has | BIT(id);
  touch(n, id);
  drop(n)
}

#define FREE(id) ((id) < IDS && !IN(used, id))

/* Begin: a session that can send at once, and its handshake. */
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
  handshakes = handshakes | BIT(s);
  become(n, s);
  keep(n, s);
  s = 0
}

#ifdef OWN_FIRST /* MUTANT: always prefer the session I began */
#define WINS(n, id) false
#else
#define WINS(n, id) ((id) < node[n].current)
#endif

/* Accept. A settled handshake is a repeat, or made with prekeys that are gone. */
inline accept(n, id) {
  if
  :: !IN(settled, id) ->
     settled = settled | BIT(id);
     if
     :: node[n].current == NO || IN(node[n].confirmed, node[n].current) || WINS(n, id) -> become(n, id)
     :: else -> skip
     fi;
     keep(n, id)
  :: else -> skip
  fi
}

/* Follow: go to the session in which the peer was heard, at once when its id is the smaller one, and else when
 * the peer was heard elsewhere ELSEWHERE times. */
#if defined(OWN_FIRST)
#define FOLLOW(n, id) (RESPONDER(node[n].current) == (n))
#elif defined(NO_FOLLOW)    /* MUTANT: only handshakes move a node */
#define FOLLOW(n, id) false
#elif defined(LAST_HEARD)   /* MUTANT: always follow the peer */
#define FOLLOW(n, id) true
#elif defined(NEVER_LARGER) /* MUTANT: never follow the peer to a larger id */
#define FOLLOW(n, id) ((id) < node[n].current)
#elif defined(FIRST_HEARD)  /* MUTANT: only a first message moves a node, to the smaller id */
#define FOLLOW(n, id) (first && (id) < node[n].current)
#else
#define FOLLOW(n, id) ((id) < node[n].current || node[n].elsewhere >= ELSEWHERE)
#endif

#ifdef FOLLOW_RETIRED /* MUTANT: a session of an old copy is followed like any other */
#define SENDS_AGAIN(n, id) true
#else
#define SENDS_AGAIN(n, id) (!IN(node[n].retired, id))
#endif

/* A message was opened in session id. */
inline heard(n, id) {
#ifdef FIRST_HEARD
  first = !IN(node[n].confirmed, id);
#endif
  node[n].confirmed = node[n].confirmed | BIT(id);
  touch(n, id);
  if
  :: id == node[n].current -> node[n].silent = 0; node[n].elsewhere = 0
  :: id != node[n].current && SENDS_AGAIN(n, id) ->
     if :: node[n].elsewhere < ELSEWHERE -> node[n].elsewhere++ :: else -> skip fi;
     if :: FOLLOW(n, id) -> become(n, id) :: else -> skip fi
  :: else -> skip
  fi
#ifdef FIRST_HEARD
  ; first = 0
#endif
}

#ifdef NO_RENEWAL /* MUTANT: a session that nobody answers in is kept */
#define DUE(n) (node[n].current == NO)
#define UNANSWERED(n) DUE(n)
#else
#define DUE(n) (node[n].current == NO || (node[n].silent >= SILENCE && node[n].pause == 0))
#define UNANSWERED(n) (node[n].current == NO || node[n].silent >= 1)
#endif

inline sealed(n, into) {
  into = node[n].current;
  fresh = !IN(node[n].retired, into);
  assert(fresh);
  fresh = 0;
  if :: node[n].silent < SILENCE -> node[n].silent++ :: else -> skip fi
}

/* Give up. While things go wrong the peer may be slow as well as deaf, so a session may be given up as soon as
 * one answer is missing; and it need not be. */
inline send(n) {
  if
  :: UNANSWERED(n) && initiations < INITIATIONS -> initiations++; begin(n)
  :: node[n].current != NO -> skip
  fi;
  sealed(n, message[n * SENDS + sent[n]]);
  sent[n]++
}

/* A carrier hands out frames in any order, and any frame again. A box is read once the session is there. */
#define READABLE(m) (message[m] != NO && IN(node[1 - (m) / SENDS].has, message[m]))
#define SOME_READABLE (READABLE(0) || READABLE(1) || READABLE(2) || READABLE(3) || READABLE(4) || READABLE(5))

#define SOME_SENT (message[0] != NO || message[1] != NO || message[2] != NO || message[3] != NO || \
  message[4] != NO || message[5] != NO)

#define OPENS(m) (!IN(opened, m))

/* A retired session may lack the keys of what was sent since the copy was made. */
inline open(n, id) {
  if
  :: true -> heard(n, id); got = 1
  :: IN(node[n].retired, id) -> skip
  fi
}

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
  if :: OPENS(i) -> open(x, s); got = 0 :: else -> skip fi;
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

/* Every handshake under way to this node is void: its prekeys are gone. */
inline voidHandshakes() {
  s = 0;
  do
  :: s < IDS -> if :: IN(used, s) && RESPONDER(s) == x -> settled = settled | BIT(s) :: else -> skip fi; s++
  :: else -> break
  od;
  s = 0
}

/* The store is gone, the keys of the device are not: all sessions, the prekeys, and the base keys seen. */
inline reset() {
  if :: x = 0 :: x = 1 fi;
  resets++;
  node[x].has = 0;
  node[x].confirmed = 0;
  node[x].retired = 0;
  forget(x);
  become(x, NO);
  voidHandshakes();
  x = 0
}

/* An old copy of the store comes back, and the node notices: whatever sessions the copy has, some of those it had,
 * it retires, and replaces its prekeys. */
inline restore() {
  if :: x = 0 :: x = 1 fi;
  restores++;
  s = 0;
  do
  :: s < IDS && IN(node[x].has, s) ->
     if
     :: node[x].retired = node[x].retired | BIT(s)
     :: node[x].has = node[x].has & ~BIT(s); node[x].retired = node[x].retired & ~BIT(s); untouch(x, s)
     fi;
     s++
  :: s < IDS && !IN(node[x].has, s) -> s++
  :: s == IDS -> break
  od;
  node[x].confirmed = 0;
#ifdef COPY_TRUSTED /* MUTANT: the node does not notice */
  if :: node[x].current != NO && !IN(node[x].has, node[x].current) -> become(x, NO) :: else -> skip fi;
#else
  become(x, NO);
#endif
  voidHandshakes();
  x = 0
}

/* A message in the fair network: sealed first, so that two can cross; here i and y carry what two nodes sealed. */
inline seal(n, into) {
  if
  :: DUE(n) -> begin(n); node[n].pause = PAUSE
  :: else -> skip
  fi;
  sealed(n, into)
}

inline arrive(n, id) {
  if
  :: IN(handshakes, id) && RESPONDER(id) == n -> accept(n, id); handshakes = handshakes & ~BIT(id)
  :: else -> skip
  fi;
  got = 0;
  if :: IN(node[n].has, id) -> open(n, id) :: else -> skip fi
}

/* A node that never writes first: it answers what it opened, so that silence is all that tells of its deafness. */
inline answered(n, from, into, back) {
  seal(n, into); arrive(from, into);
  if :: got -> seal(from, back); arrive(n, back) :: else -> back = NO fi
}

inline exchange() {
  if
  :: true -> answered(0, 1, i, y)
  :: true -> answered(1, 0, y, i)
  :: true -> seal(0, i); seal(1, y); arrive(1, i); x = got; arrive(0, y); got = got && x; x = 0
  fi;
  exchanges++;
  if :: node[0].pause > 0 -> node[0].pause-- :: else -> skip fi;
  if :: node[1].pause > 0 -> node[1].pause-- :: else -> skip fi;
  if
  :: exchanges >= EXCHANGES ->
     delivered = got;
     assert(delivered);
     delivered = 0;
     converged = node[0].current == node[1].current && IN(node[0].has, node[0].current) &&
       IN(node[1].has, node[0].current);
     assert(converged);
     converged = 0
  :: else -> skip
  fi;
  i = 0; y = 0; got = 0
}

active proctype World() {
  d_step {
    i = 0;
    do
    :: i < SLOTS -> message[i] = NO; i++
    :: else -> break
    od;
    i = 0;
    forget(0);
    forget(1);
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
  :: atomic { restores < RESTORES && used != 0 -> restore() }
  :: break
  od;
  /* From here on nothing is lost, and budgets that no longer matter are forgotten. */
  atomic {
    losses = 0; resets = 0; restores = 0; initiations = 0; sent[0] = 0; sent[1] = 0; repeats = REPEATS
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
