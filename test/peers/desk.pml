/*
 * One credential scope at the service provider, written by hand from protocol.md and not from the
 * machines: C2/C18 checked by the SP (checkClock: sp), C5, C10, C12, C17, with ASKERS who ask, an issuer
 * that may be unavailable FAULTS times, and two attempts in a row. One process, one step a
 * transition: SPIN's stored states are the states of the system.
 *
 * Time: remaining lives in ms. Time jumps to the next instant at which a comparison changes, and not
 * past a deadline that is set nor while an alarm is due. -DWRONG: "less than" becomes "or equal".
 */
#ifndef FAULTS
#define FAULTS 1
#endif
#define LIFETIME 1209600000
#define LINE     86400000
#define MARGIN   300000
#define NONE     -2
#define NEVER    2000000000
#define ISSUE_TIMEOUT 120000
#define RETRY_CAP     900000
#define ATTEMPTS 2
#ifndef ASKERS
#define ASKERS 2
#endif

#ifdef WRONG
#define BELOW(left) (left <= LINE)
#else
#define BELOW(left) (left < LINE)
#endif

mtype = { absent, journalling, calling, saving, fresh, due, expired, degraded, backingOff, refused };

mtype at = absent;
/* Whether the attempt that is being made began beside a live credential (renewing, not issuing). */
bool renewing = false;
int current = NONE;
int older = NONE;
int made = NONE;
byte attempt = 0;
/* Numbers were used up by attempts that failed since the current generation (C12: they only rise). */
bool ahead = false;
/* Bit n: asker n waits for the one issue in flight. */
short waits = 0;
byte faults = FAULTS;
hidden int passes;

#define OBTAINING (at == journalling || at == calling || at == saving)
#define LIVE (at == fresh || at == due || at == expired)
#define LINE_DUE (at == fresh && current <= LINE - 1)
#define END_DUE ((at == fresh || at == due || at == degraded) && current <= 0)
#define URGENT (LINE_DUE || END_DUE)

#define MAY_ASK(who) (who < ASKERS && !(waits & (1 << who)))

inline begin(beside) {
  at = journalling;
  renewing = beside;
  attempt = (attempt < ATTEMPTS -> attempt + 1 : ATTEMPTS)
}

inline nobodyWaits() { waits = 0 }

inline ask(who) {
  if
  :: at == absent || at == refused -> waits = waits | (1 << who); begin(false)
  :: OBTAINING || at == backingOff -> waits = waits | (1 << who)
  :: LIVE && (current <= 0 || BELOW(current)) ->
     assert(current < LINE);
     waits = waits | (1 << who); begin(true)
  :: LIVE && current > 0 && !BELOW(current) -> assert(current >= LINE)
  :: at == degraded && current <= 0 -> waits = waits | (1 << who); begin(false)
  :: at == degraded && current > 0 -> skip
  fi
}

inline upTo(left) {
  if
  :: left > LINE + 1 && left - LINE - 1 < passes -> passes = left - LINE - 1
  :: left == LINE + 1 || left == LINE || left == 1 || left == 0 -> passes = (passes > 1 -> 1 : passes)
  :: left > MARGIN && left < LINE && left - MARGIN < passes -> passes = left - MARGIN
  :: left > 1 && left <= MARGIN && left - 1 < passes -> passes = left - 1
  :: else -> skip
  fi
}

inline age(left) {
  if
  :: left == NONE -> skip
  :: left != NONE -> left = (left - passes < -1 -> -1 : left - passes)
  fi
}

inline passTime() {
  passes = NEVER;
  upTo(current); upTo(older); upTo(made);
  if
  :: passes == NEVER || (OBTAINING && passes > ISSUE_TIMEOUT) ||
     ((at == degraded || at == backingOff) && passes > RETRY_CAP) -> skip
  :: else ->
     age(current); age(older); age(made);
     if :: older != NONE && older <= 0 -> older = NONE :: else -> skip fi
  fi
}

active proctype desk() {
  do
  :: d_step { MAY_ASK(0) -> ask(0) }
  :: d_step { MAY_ASK(1) -> ask(1) }
  :: d_step { MAY_ASK(2) -> ask(2) }
  :: d_step { MAY_ASK(3) -> ask(3) }
  :: d_step { MAY_ASK(4) -> ask(4) }
  :: d_step { MAY_ASK(5) -> ask(5) }
  :: d_step { MAY_ASK(6) -> ask(6) }
  :: d_step { MAY_ASK(7) -> ask(7) }
  :: d_step { MAY_ASK(8) -> ask(8) }
  :: d_step { MAY_ASK(9) -> ask(9) }
  :: d_step { MAY_ASK(10) -> ask(10) }
  :: d_step { MAY_ASK(11) -> ask(11) }
  :: d_step { at == journalling -> at = calling; made = LIFETIME; ahead = true }
  :: d_step { at == calling -> at = saving }
  :: d_step { at == calling && faults > 0 ->
       faults--; made = NONE;
       if
       :: current != NONE && current > 0 -> at = degraded; nobodyWaits()
       :: !(current != NONE && current > 0) && attempt < ATTEMPTS -> at = backingOff
       :: else -> at = refused; attempt = 0; nobodyWaits()
       fi;
       renewing = false }
  :: d_step { at == saving ->
       if :: current > 0 -> older = current :: else -> skip fi;
       current = made; made = NONE; attempt = 0; ahead = false; renewing = false;
       at = fresh; nobodyWaits() }
  :: d_step { LINE_DUE -> at = due }
  :: d_step { END_DUE -> at = expired; attempt = 0 }
  :: d_step { at == degraded -> begin(true) }
  :: d_step { at == backingOff -> begin(false) }
  :: d_step { !URGENT -> passTime() }
  od
}
