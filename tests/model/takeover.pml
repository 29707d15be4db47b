/* SPDX-License-Identifier: Apache-2.0 */

/*
 * takeover: claim, lease and takeover of one notification by two engines that are killed, hang and
 * are restarted at any moment. What must hold:
 *
 *   never twice   no order is given for a move that was ordered already (assert at the order)
 *   ended once    the row ends once, by who owns it (assert at the end)
 *   never lost    the row ends, as long as one engine lives (never_lost)
 *
 * docs/dev/model.md maps each step to its function and says what the model leaves out.
 *
 * Each of these makes a mutant, which must fail:
 *   NO_EPOCH     a write is not refused when the claim has gone to another engine
 *   NO_STAMP     a takeover does not look whether the lease was renewed meanwhile
 *   NO_DEADLINE  an order that was let go may go out at any time later
 *   NO_SETTLE    a successor does not wait for an order to surface that may be under way
 *   NO_DURABLE   an order is not stored before it is given
 *   WALL_CLOCK   a lease is over when the database's clock says so, which may jump
 *   NO_WATCH     an engine that hangs is not taken for dead
 *   NO_ORPHANS   claims that were handed back are not looked for
 * PROMPT bounds how slow an engine is, for the proof that nothing is lost: see tick().
 */

#define LEASE  2 /* ticks */
#define MARGIN 1 /* of a lease: an order goes out only before it begins, and is out when it ends */
#define SETTLE 1 /* at most so long an order is under way before it has surfaced in the cloud */

#define N       2 /* engines: 0 and 1 */
#define OLD     2 /* engine e before its last restart is e + OLD */
#define N_IDS   4
#define NOBODY  4
#define OFF     9

mtype = { NEW, RUNNING, ENDED }
mtype = { IDLE, SAVING, SETTLING, LOOKING, STORING, ORDERING, WAITING, ENDING }

/* The database. Each transaction is one atomic step. */
mtype status = NEW;
byte owner = NOBODY; /* engine uuid and epoch: an engine never owns a claim twice as the same */
bool released;
bool ordered;           /* saved_state */
bool registered[N_IDS];
bool renewed[8];        /* [watcher * N_IDS + id]: not the stamp any more that the watcher has read */

/* The cloud. */
bool moved;
byte under_way = OFF; /* ticks until an order has surfaced */

/* The engines' memory. */
byte lease[N];           /* ticks left of one's own */
byte watched[8];         /* [watcher * N_IDS + id]: ticks left until another's lease is over */
byte settling[N];
byte out_by[N];          /* ticks left for an order that was let go to be out */
#ifdef ONE_MACHINE
bool lock_free[N_IDS];   /* the process has ended, and the other engine can see it */
#endif
bool killed[N];
bool frozen[N];
#ifdef PROMPT
bool had_turn[N];
#endif
byte n_mishaps;
byte n_ends;

#ifdef NO_EPOCH
#define MINE(e) (true)
#else
#define MINE(e) (owner == (e))
#endif

#ifndef MISHAPS
#define MISHAPS 1
#endif

#define DOWN(timer) if :: timer > 0 && timer != OFF -> timer-- :: else fi

#ifdef PROMPT
#define MAY_TICK ((had_turn[0] || frozen[0]) && (had_turn[1] || frozen[1]))
#define MAY_TURN(e) (!had_turn[e])
#else
#define MAY_TICK (true)
#define MAY_TURN(e) (true)
#endif

/* A tick of all clocks. Between two of them an engine may do any number of steps, or none: it may
 * be as slow as it likes, but for an order that was let go: that is out before its margin is over. */
active proctype tick()
{
    byte i;

    do
    :: status == ENDED -> break
    :: atomic {
           status != ENDED && out_by[0] != 0 && out_by[1] != 0 && under_way != 0 && MAY_TICK ->
           d_step {
               for (i : 0 .. N - 1) {
                   DOWN(lease[i]);
                   DOWN(settling[i]);
                   DOWN(out_by[i]);
#ifdef PROMPT
                   had_turn[i] = false;
#endif
               }
               for (i : 0 .. 7) {
                   DOWN(watched[i]);
               }
               DOWN(under_way);
               i = 0;
           }
       }
    od
}

/* The cloud carries out an order some time after it was given. */
active proctype cloud()
{
    do
    :: atomic { under_way != OFF -> under_way = OFF; moved = true }
    :: status == ENDED && under_way == OFF -> break
    od
}

/* Bounded mishaps: a kill (the lock is free at once), a hang for ever (the lock stays held). */
active proctype fate()
{
    byte e;

    do
    :: atomic {
           n_mishaps < MISHAPS && status != ENDED ->
           select (e : 0 .. 1);
           if
           :: !frozen[e] && !killed[e] -> killed[e] = true; n_mishaps++
           /* One engine has to be left; and an order that was let go goes out. */
           :: !frozen[0] && !frozen[1] && out_by[e] == OFF -> frozen[e] = true; n_mishaps++
           :: true
           fi;
           e = 0
       }
    :: break /* no more of it */
    od
}

inline strike_off(id)
{
    registered[id] = false;
    renewed[id] = false;
    renewed[N_IDS + id] = false;
    watched[id] = 0;
    watched[N_IDS + id] = 0
}

inline begin(e)
{
    d_step {
        for (i : 0 .. N_IDS - 1) {
            renewed[e * N_IDS + i] = registered[i] && i != e;
            watched[e * N_IDS + i] = 0
        }
        registered[e] = true;
        renewed[(1 - e) * N_IDS + e] = true;
        lease[e] = LEASE;
        settling[e] = OFF;
        out_by[e] = OFF;
        phase = IDLE;
        i = 0;
    }
}

/* What was this engine is another one now, whose row and claim stay. */
inline bury_self(e)
{
    d_step {
        registered[e + OLD] = registered[e];
#ifdef ONE_MACHINE
        lock_free[e + OLD] = true;
#endif
        if
        :: owner == e -> owner = e + OLD
        :: else
        fi;
        for (i : 0 .. N - 1) {
            renewed[i * N_IDS + e + OLD] = renewed[i * N_IDS + e];
            watched[i * N_IDS + e + OLD] = watched[i * N_IDS + e];
        }
        i = 0;
    }
}

/* The code counts its lease from before the renewal was sent: it has less of it than this. */
inline renew(e)
{
    if
    :: atomic {
           registered[e] && lease[e] < LEASE ->
           lease[e] = LEASE;
           renewed[(1 - e) * N_IDS + e] = true
       }
    :: atomic { !registered[e] -> begin(e) } /* lost: all is dropped */
    :: else
    fi
}

inline claim_new(e)
{
    if
    :: atomic { status == NEW && registered[e] -> status = RUNNING; owner = e; phase = SAVING }
    :: else
    fi
}

/* Reads all leases, and counts for each from here. The code counts from after the answer, and judges
 * by when it asked: it is slower to take another for dead than this. */
inline watch(e)
{
    d_step {
        for (i : 0 .. N_IDS - 1) {
            over[i] = i != e && registered[i] && !renewed[e * N_IDS + i] &&
                      watched[e * N_IDS + i] == 0;
            if
            :: renewed[e * N_IDS + i] -> watched[e * N_IDS + i] = LEASE
            :: else
            fi;
            renewed[e * N_IDS + i] = false
        }
        i = 0
    }
}

#ifdef WALL_CLOCK
#define OVER(e, i) (i != e) /* it has jumped */
#elif defined(NO_WATCH)
#define OVER(e, i) (false)
#elif defined(NO_STAMP)
#define OVER(e, i) (over[i])
#else
#define OVER(e, i) (over[i] && !renewed[e * N_IDS + i])
#endif

#ifdef NO_ORPHANS
#define FREE (!registered[owner])
#else
#define FREE (released || !registered[owner])
#endif

/* A lock is seen on its own machine only. */
#ifdef ONE_MACHINE
#define LOCK_FREE(e, i) (lock_free[i])
#else
#define LOCK_FREE(e, i) (i == e + OLD)
#endif

inline take_over(e)
{
    atomic {
        for (i : 0 .. N_IDS - 1) {
            if
            :: i != e && registered[i] && (OVER(e, i) || LOCK_FREE(e, i)) -> strike_off(i)
            :: else
            fi;
            over[i] = false
        }
        i = 0;
        if
        :: status == RUNNING && registered[e] && FREE && (owner != e || released) ->
            owner = e;
            released = false;
            phase = ((ordered) -> SETTLING : LOOKING);
            settling[e] = SETTLE + 1
        :: else
        fi
    }
}

/* A write below a claim: refused, the recovery is dropped. */
#define WRITE(e, next, change) \
    atomic { \
        if \
        :: MINE(e) && status == RUNNING && !released -> change; phase = next \
        :: else -> phase = IDLE \
        fi \
    }

inline work(e)
{
    if
    :: phase == IDLE
    :: phase == SAVING -> WRITE(e, LOOKING, ordered = false)
    :: phase == SETTLING ->
        if
#ifdef NO_SETTLE
        :: true -> phase = LOOKING
#else
        :: settling[e] == 0 -> settling[e] = OFF; phase = LOOKING
        :: else
#endif
        fi
    :: phase == LOOKING -> phase = (moved -> ENDING : STORING)
#ifdef NO_DURABLE
    :: phase == STORING -> WRITE(e, ORDERING, skip)
#else
    :: phase == STORING -> WRITE(e, ORDERING, ordered = true)
#endif
    :: phase == ORDERING ->
        if
#ifdef NO_DEADLINE
        :: lease[e] > MARGIN ->
#else
        :: atomic { lease[e] > MARGIN -> out_by[e] = MARGIN }
#endif
            atomic {
                assert(!moved && under_way == OFF); /* never twice */
                under_way = SETTLE;
                out_by[e] = OFF;
                phase = WAITING
            }
        :: else
        fi
    :: phase == WAITING ->
        if
        :: moved -> phase = ENDING
        :: else
        fi
    :: phase == ENDING ->
        atomic {
            if
            :: MINE(e) && status == RUNNING ->
                assert(moved);
                n_ends++;
                assert(n_ends == 1); /* ended once */
                status = ENDED
            :: else
            fi;
            phase = IDLE
        }
    fi;
#ifdef PROMPT
    had_turn[e] = true
#endif
}

/* SIGTERM: the claim is handed back, the registration given up; then it is started again. */
inline leave(e)
{
    atomic {
        if
        :: owner == e && status == RUNNING -> released = true
        :: else
        fi;
        strike_off(e)
    }
}

proctype engine(byte e)
{
    mtype phase = IDLE;
    byte i;
    bool over[N_IDS];

again:
    {
        begin(e);
        do
        :: status == ENDED -> break
        :: status != ENDED && !frozen[e] && MAY_TURN(e) ->
            renew(e);
            claim_new(e);
            watch(e);
            take_over(e);
            work(e)
        :: atomic {
               status == RUNNING && !frozen[e] && n_mishaps < MISHAPS -> n_mishaps++
           }
            leave(e);
            goto again
        od
    } unless {
        atomic { killed[e] && !frozen[e] -> killed[e] = false; out_by[e] = OFF };
        bury_self(e);
        d_step { for (i : 0 .. N_IDS - 1) { over[i] = false } i = 0 }
        goto again
    }
}

init
{
    atomic {
        out_by[0] = OFF;
        out_by[1] = OFF;
        run engine(0);
        run engine(1)
    }
}

ltl never_lost { <> (status == ENDED) }
