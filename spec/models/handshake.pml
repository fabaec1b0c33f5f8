/*
 * The handshake of spec/session.md, sections 2 to 4, against an intruder who is the network, the directory and a
 * device of its own, and who takes keys when it likes.
 *
 * Symbolic: a key is a number, a DH output is the pair of its keys, a KDF or MAC output is its inputs, and what the
 * intruder can compute is decided from the private keys it holds. What is modelled and what is not: README.md.
 *
 * Properties, each an assertion of its name:
 *   agreement   who accepts a handshake of A agrees with A on both identities, bundle, base key and ratchet key
 *   once        no first message is accepted twice
 *   published   nobody begins a session with a key that its owner did not publish
 *   sharing     two honest devices that share a key agree on whose it is (unknown key share)
 *   secrecy     what is stolen after the prekeys are gone opens no session made with them
 *   burning     a one-time prekey is used up by an accepted handshake and by nothing else
 *
 * Each MUTANT below takes one defence away. Spin must then find the property violated that the runner names.
 */

/* Bounds. */
#ifndef STARTS
#define STARTS 2   /* sessions begun by honest devices */
#endif
#ifndef ACCEPTS
#define ACCEPTS 2  /* handshakes accepted, over both devices */
#endif
#ifndef THEFTS
#define THEFTS 2   /* times the intruder takes keys */
#endif
#ifndef ROTATIONS
#define ROTATIONS 2 /* rotations of signed prekeys, over both devices */
#endif

/* Who signs. A and B are honest; I is the intruder's own device, whose keys it knows. */
#define A 0
#define B 1
#define I 2

/* What a certificate can bind (section 2; identity.md): a signing key to an agreement key. The account's signature
 * keeps others from naming A or B, but nothing keeps the intruder from naming another's agreement key as its own. */
#define I_WITH_A 3
#define I_WITH_B 4
#define SIGNING(id) ((id) < I -> (id) : I)
#define AGREEMENT(id) ((id) <= I -> (id) : (id) - I_WITH_A)

/* Prekeys (section 3). A device has two signed prekeys in turn, slots 0 and 1, and a one-time prekey beside slot 0. */
#define NONE 0
#define SPK(x, slot) (1 + 2 * (x) + (slot))
#define OPK(x) (7 + (x))
#define KEYS 10

/* A base key: that of start i, or the intruder's own. */
#define OWN_BASE STARTS

/* A session begun: the initiator and the content of the bundle it used. The bundle's hash is this content. */
typedef Start {
  byte from
  byte peer  /* the signing key in the bundle */
  byte agree /* the agreement key in the bundle */
  byte spk
  byte opk
  bit safe   /* from now on no theft may open it */
}

/* A handshake accepted, as it came. */
typedef Accepted {
  byte self
  byte peer  /* the certificate beside it */
  byte slot
  byte opk
  byte base
  bit ratchet /* 0: the ratchet key that came with this base key from its maker; 1: another */
}

Start start[STARTS]
Accepted done[ACCEPTS]
byte starts, accepts, thefts, rotations

/* What the intruder knows of private keys: signing and agreement keys by owner, prekeys by number. */
bool knowsSigning[3]
bool knowsAgreement[3]
bool knowsPrekey[KEYS]

/* Durable state of an honest device. age: 0 slot 0 only; 1 both; 2 slot 0 forgotten (KEPT_SIGNED_PREKEYS, scaled). */
byte age[2]
bool opkGone[2]
byte seen[4] /* by device and slot: base keys accepted without a one-time prekey, a bit each (section 15) */

/* Choices of the action under way; 0 between actions, so that they are no part of the state. */
byte who, id, slot, opk, base, k, agree, spk
bit ratchet, copied, proved
bool agreement, once, published, sharing, secrecy, burning

#define SEEN(x, s) seen[2 * (x) + (s)]
#define HAS_SPK(x, s) ((s) == 0 && age[x] < 2 || (s) == 1 && age[x] >= 1)

/* Section 4, IKM: the parts, and whether the intruder can compute each. It never learns an honest base key, which
 * is forgotten at once. */
#ifdef NO_INITIATOR_DH /* MUTANT: DH(IKi, SPKr) is left out */
#define DH1(ik, key) true
#else
#define DH1(ik, key) (knowsAgreement[ik] || knowsPrekey[key])
#endif
#define DH2(own, ik) ((own) || knowsAgreement[ik])
#define DH3(own, key) ((own) || knowsPrekey[key])
#ifdef NO_ONE_TIME_DH /* MUTANT: DH(EK, OPKr) is left out */
#define DH4(own, key) true
#else
#define DH4(own, key) ((key) == NONE || (own) || knowsPrekey[key])
#endif

/* The intruder computes IKM, hence the confirmation, by itself. */
#define FORGED (DH1(AGREEMENT(id), SPK(who, slot)) && DH2(base == OWN_BASE, who) \
  && DH3(base == OWN_BASE, SPK(who, slot)) && DH4(base == OWN_BASE, opk))

/* IKM of the responder is that of the start whose base key came. */
#define SAME_IKM (AGREEMENT(id) == start[base].from && SPK(who, slot) == start[base].spk \
  && who == start[base].agree && opk == start[base].opk)

/* T (section 4), part by part. Prekey ids are in the handshake, and equal when the keys are. */
#ifdef NO_INITIATOR_IN_T /* MUTANT: IKi is left out of T */
#define T_INITIATOR true
#else
#define T_INITIATOR (SIGNING(id) == start[base].from && AGREEMENT(id) == start[base].from)
#endif
#ifdef NO_RESPONDER_IN_T /* MUTANT: neither IKr nor the bundle, which contains it */
#define T_RESPONDER true
#else
#define T_RESPONDER (who == start[base].peer && who == start[base].agree)
#endif
#ifdef NO_HANDSHAKE_IN_T /* MUTANT: the handshake itself is left out of T */
#define T_HANDSHAKE true
#else
#define T_HANDSHAKE (ratchet == 0)
#endif
#define SAME_KEYS (base < starts && SAME_IKM && T_INITIATOR && T_RESPONDER && T_HANDSHAKE)

/* The intruder can compute IKM of start i: its secrets are open. */
#define OPEN(i) (DH1(start[i].from, start[i].spk) && DH2(false, start[i].agree) && DH3(false, start[i].spk) \
  && DH4(false, start[i].opk))

inline checkSecrecy() {
  secrecy = true;
  k = 0;
  do
  :: k < starts -> secrecy = secrecy && !(start[k].safe && OPEN(k)); k++
  :: else -> break
  od;
  assert(secrecy);
  secrecy = 0; k = 0
}

/* Section 3, "Prekey bundle": the intruder chooses what the directory serves. It can repeat what was published, and
 * make bundles of any public keys under every signing key it knows. */
inline chooseBundle() {
  if
  :: id != I ->
     agree = id;
     if
     :: spk = SPK(id, 0); if :: opk = NONE :: opk = OPK(id) fi
     :: age[id] >= 1 -> spk = SPK(id, 1)
     fi
#ifdef ONE_TIME_UNSIGNED /* MUTANT: as in X3DH, one-time prekeys are not signed */
  :: id != I -> agree = id; spk = SPK(id, 0); opk = OPK(I)
#endif
#ifdef NO_SIGNATURE /* MUTANT: no signature is checked */
  :: true ->
#else
  :: knowsSigning[id] ->
#endif
     if :: agree = A :: agree = B :: agree = I fi;
     if :: spk = SPK(A, 0) :: spk = SPK(B, 0) :: spk = SPK(I, 0) fi;
     if :: opk = NONE :: opk = OPK(A) :: opk = OPK(B) :: opk = OPK(I) fi
  fi
}

/* Section 4, the initiator. It looks for `id`; the signing key in the bundle must be that one. */
inline begin() {
  if :: who = A :: who = B fi;
  if :: who != A -> id = A :: who != B -> id = B :: id = I fi;
  chooseBundle();
  if
  :: agree == who -> skip /* ratchet/own-identity */
  :: else ->
     start[starts].from = who;
     start[starts].peer = id;
     start[starts].agree = agree;
     start[starts].spk = spk;
     start[starts].opk = opk;
     starts++;
     /* Whoever holds the owner's signing key can publish in its name: the one excuse. */
     published = id == I || knowsSigning[id] ||
       agree == id && (spk == SPK(id, 0) && (opk == NONE || opk == OPK(id)) || spk == SPK(id, 1) && opk == NONE);
     assert(published)
  fi;
  who = 0; id = 0; agree = 0; spk = 0; opk = 0; published = 0
}

/* What the intruder sends to a responder: any certificate, any prekeys, any base key, with the confirmation of the
 * start that made the base key or one of its own. */
inline chooseHandshake() {
  if :: who = A :: who = B fi;
  if :: who != A -> id = A :: who != B -> id = B :: id = I
     :: who != A -> id = I_WITH_A :: who != B -> id = I_WITH_B fi;
  if :: HAS_SPK(who, 0) -> slot = 0 :: HAS_SPK(who, 1) -> slot = 1 fi;
  if :: opk = NONE :: slot == 0 && !opkGone[who] -> opk = OPK(who) fi;
  base = OWN_BASE;
  do
  :: base > 0 -> base--
  :: break
  od;
  if :: ratchet = 0 :: base < OWN_BASE -> ratchet = 1 fi
}

/* The ghosts' view of what was just accepted. */
inline checkAccepted() {
  /* The excuses: A's agreement key, or this signed prekey, was known before. The responder's own long-term keys are
   * none (key compromise impersonation), and neither is a signing key. */
  agreement = id >= I || knowsAgreement[id] || knowsPrekey[SPK(who, slot)] ||
    base < starts && start[base].from == id && start[base].peer == who && start[base].agree == who &&
       start[base].spk == SPK(who, slot) && start[base].opk == opk && ratchet == 0;
  assert(agreement);
  sharing = !copied || start[base].from == id && start[base].peer == who && start[base].agree == who;
  assert(sharing);
  once = true;
  k = 0;
  do
  :: k < accepts ->
     once = once && !(done[k].self == who && done[k].peer == id && done[k].slot == slot && done[k].opk == opk &&
       done[k].base == base && done[k].ratchet == ratchet);
     k++
  :: else -> break
  od;
  assert(once);
  agreement = 0; sharing = 0; once = 0; k = 0
}

/* The session row: what the application sees as accepted. */
inline keepSession() {
  checkAccepted();
  if :: copied && opk != NONE && !knowsPrekey[opk] -> start[base].safe = 1 :: else -> skip fi;
  done[accepts].self = who;
  done[accepts].peer = id;
  done[accepts].slot = slot;
  done[accepts].opk = opk;
  done[accepts].base = base;
  done[accepts].ratchet = ratchet;
  accepts++
}

inline useUp() {
#ifndef ONE_TIME_KEPT /* MUTANT: the one-time prekey is not deleted */
  if :: opk != NONE -> opkGone[who] = 1 :: else -> skip fi;
#endif
#ifdef NONE_SEEN /* MUTANT */
  skip
#else
#ifdef SEEN_ALWAYS /* not a mutant: more than need be is remembered */
  SEEN(who, slot) = SEEN(who, slot) | (1 << base)
#else
  if :: opk == NONE -> SEEN(who, slot) = SEEN(who, slot) | (1 << base) :: else -> skip fi
#endif
#endif
}

/* Section 4, the responder; section 11: session, prekeys and seen base keys are one transaction. A crash
 * before the commit leaves nothing of it, and the handshake comes again. */
inline accept() {
  chooseHandshake();
  copied = SAME_KEYS;
  proved = copied || FORGED;
#ifdef NO_CONFIRMATION /* MUTANT: the confirmation is not checked */
  proved = 1;
#endif
#ifdef USED_BEFORE_PROOF /* MUTANT: the prekey is consumed before the confirmation has verified */
  if :: opk != NONE -> opkGone[who] = 1 :: else -> skip fi;
#endif
  if
  :: proved && !((SEEN(who, slot) >> base) & 1) ->
#ifdef TWO_TRANSACTIONS /* MUTANT: the session is durable before prekeys and seen base keys are */
     keepSession();
     if :: useUp() :: skip /* crash between the two */ fi
#else
     if
     :: keepSession(); useUp()
     :: skip /* crash before the commit */
     fi
#endif
  :: else -> skip /* ratchet/handshake-rejected, or seen before */
  fi;
  burning = !opkGone[who];
  k = 0;
  do
  :: k < accepts -> burning = burning || done[k].self == who && done[k].opk != NONE; k++
  :: else -> break
  od;
  assert(burning);
  who = 0; id = 0; slot = 0; opk = 0; base = 0; ratchet = 0; copied = 0; proved = 0; burning = 0; k = 0
}

/* The intruder takes one long-term key, or all that a device holds at this moment. */
inline steal() {
  if :: who = A :: who = B fi;
  thefts++;
  if
  :: !knowsSigning[who] -> knowsSigning[who] = 1
  :: !knowsAgreement[who] -> knowsAgreement[who] = 1
  :: knowsSigning[who] = 1;
     knowsAgreement[who] = 1;
#ifdef PREKEYS_KEPT /* MUTANT: forgotten signed prekeys stay on the disk */
     knowsPrekey[SPK(who, 0)] = 1;
#else
     if :: HAS_SPK(who, 0) -> knowsPrekey[SPK(who, 0)] = 1 :: else -> skip fi;
#endif
     if :: HAS_SPK(who, 1) -> knowsPrekey[SPK(who, 1)] = 1 :: else -> skip fi;
     if :: !opkGone[who] && HAS_SPK(who, 0) -> knowsPrekey[OPK(who)] = 1 :: else -> skip fi
  fi;
  checkSecrecy();
  who = 0
}

/* Section 3: a new signed prekey; in the end the old one is forgotten, with the one-time prekey beside it. */
inline rotate() {
  if :: age[A] < 2 -> who = A :: age[B] < 2 -> who = B fi;
  rotations++;
  age[who] = age[who] + 1;
#ifdef SEEN_ENDS_AT_ROTATION /* MUTANT: they are forgotten while their signed prekey still works */
  SEEN(who, 0) = 0;
#else
  if :: age[who] == 2 -> SEEN(who, 0) = 0 :: else -> skip fi;
#endif
  if
  :: age[who] == 2 && !knowsPrekey[SPK(who, 0)] ->
     k = 0;
     do
     :: k < starts -> if :: start[k].spk == SPK(who, 0) -> start[k].safe = 1 :: else -> skip fi; k++
     :: else -> break
     od
  :: else -> skip
  fi;
  checkSecrecy();
  who = 0; k = 0
}

active proctype World() {
  d_step {
    knowsSigning[I] = 1;
    knowsAgreement[I] = 1;
    knowsPrekey[SPK(I, 0)] = 1;
    knowsPrekey[SPK(I, 1)] = 1;
    knowsPrekey[OPK(I)] = 1
  }
end:
  do
  :: atomic { starts < STARTS -> begin() }
  :: atomic { accepts < ACCEPTS -> accept() }
  :: atomic { thefts < THEFTS -> steal() }
  :: atomic { rotations < ROTATIONS && age[A] + age[B] < 4 -> rotate() }
#ifdef SEEN_IN_MEMORY /* MUTANT: a restart forgets them; as it is, a restart changes nothing */
  :: atomic { SEEN(A, 0) + SEEN(A, 1) + SEEN(B, 0) + SEEN(B, 1) > 0 ->
       SEEN(A, 0) = 0; SEEN(A, 1) = 0; SEEN(B, 0) = 0; SEEN(B, 1) = 0 }
#endif
  od
}
