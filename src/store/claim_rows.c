/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows.h"
#include "store/store_private.h"

#include "base/error.h"

/* One expiry transaction changes at most so many rows, to hold the lock shortly. */
#define EXPIRE_BATCH 500

void
msk_claim_free(MskClaim *self)
{
    if (self != NULL) {
        msk_notification_free(self->notification);
        g_free(self->state);
        g_free(self);
    }
}

static void
free_claim(void *data)
{
    msk_claim_free(data);
}

typedef struct {
    const char *engine_uuid;
    const char *const *dead_engines; /* of a take-over */
    const GPtrArray *expired;        /* the same */
    unsigned max;
    const char *candidates; /* SQL that yields notification uuids */
    int64_t min_age_us;     /* with now_us bound to the candidates when from_error */
    bool from_error;
    bool take_over;
    int64_t now_us; /* set in the transaction */
    GPtrArray *claims;
} Claim;

static bool
is_registered(MskDb *db, const char *engine_uuid, int *ret, GError **error)
{
    int64_t one = 0;

    *ret = msk_db_number(db, "SELECT 1 FROM masakari_c_engines WHERE uuid = ?",
                         MSK_DB_ARGS(MSK_DB_T(engine_uuid)), &one, error);
    return *ret >= 0;
}

static void
free_text(void *text)
{
    g_free(text);
}

/* The uuids that the candidates' SQL yields, read in full so that writes can follow. */
static GPtrArray *
read_uuids(MskDb *db, const char *sql, const MskDbValue *values, size_t n_values, GError **error)
{
    g_autoptr(GPtrArray) uuids = g_ptr_array_new_with_free_func(free_text);
    g_autoptr(MskDbStatement) row = msk_db_query(db, sql, values, n_values, error);
    int more = row != NULL ? msk_db_step(row, error) : -1;

    for (; more == 1; more = msk_db_step(row, error)) {
        g_ptr_array_add(uuids, msk_db_dup(row, 0));
    }
    return more < 0 ? NULL : g_steal_pointer(&uuids);
}

static GPtrArray *
read_candidates(MskDb *db, const Claim *claim, GError **error)
{
    MskDbValue values[] = {MSK_DB_I(claim->now_us - claim->min_age_us), MSK_DB_I(claim->now_us),
                           MSK_DB_I(claim->max)};
    size_t skip = claim->from_error ? 0 : 2;

    return read_uuids(db, claim->candidates, values + skip, G_N_ELEMENTS(values) - skip, error);
}

/* Makes the engine the owner: of a claim that is there with the next epoch, else of a new one. */
static bool
own(MskDb *db, const Claim *claim, const char *notification_uuid, GError **error)
{
    const char *sql =
        claim->take_over
            ? "UPDATE masakari_c_claims SET engine_uuid = ?, epoch = epoch + 1, state = 'active', "
              "claimed_at = ? WHERE notification_uuid = ?"
            : "UPDATE masakari_c_claims SET engine_uuid = ?, epoch = epoch + 1, state = 'active', "
              "claimed_at = ?, attempt = attempt + 1, ended_at = NULL, subject = NULL, "
              "saved_state = NULL WHERE notification_uuid = ?";
    int64_t changed = 0;

    if (!msk_db_run(db, sql,
                    MSK_DB_ARGS(MSK_DB_T(claim->engine_uuid), MSK_DB_I(claim->now_us),
                                MSK_DB_T(notification_uuid)),
                    &changed, error)) {
        return false;
    }
    if (changed > 0) {
        return true;
    }
    /* An error row without a claim was tried once by a Python engine. */
    return msk_db_run(db,
                      "INSERT INTO masakari_c_claims (notification_uuid, engine_uuid, epoch, "
                      "attempt, state, claimed_at) VALUES (?, ?, 1, ?, 'active', ?)",
                      MSK_DB_ARGS(MSK_DB_T(notification_uuid), MSK_DB_T(claim->engine_uuid),
                                  MSK_DB_I(claim->from_error ? 2 : 1), MSK_DB_I(claim->now_us)),
                      NULL, error);
}

static bool
add_claim(MskDb *db, Claim *claim, const char *notification_uuid, GError **error)
{
    g_autoptr(MskClaim) made = g_new0(MskClaim, 1);
    g_autoptr(MskDbStatement) row = msk_db_query(
        db, "SELECT epoch, attempt, saved_state FROM masakari_c_claims WHERE notification_uuid = ?",
        MSK_DB_ARGS(MSK_DB_T(notification_uuid)), error);

    if (row == NULL || msk_db_step(row, error) < 0) {
        return false;
    }
    made->epoch = msk_db_int(row, 0);
    made->attempt = msk_db_int(row, 1);
    made->state = msk_db_dup(row, 2);
    made->taken_over = claim->take_over;

    MskStoreResult result =
        msk_store_read_notification(db, notification_uuid, &made->notification, error);

    if (result == MSK_STORE_NOT_FOUND) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INTERNAL,
                    "notification %s vanished while it was claimed", notification_uuid);
    }
    if (result != MSK_STORE_DONE) {
        return false;
    }
    g_ptr_array_add(claim->claims, g_steal_pointer(&made));
    return true;
}

/* new or error to running; for a take-over it is running already. @ret: whether it is ours. */
static bool
start(MskDb *db, const Claim *claim, const char *notification_uuid, bool *ret, GError **error)
{
    g_autofree char *now = msk_db_format_time(claim->now_us);
    int64_t changed = 0;

    if (claim->take_over) {
        *ret = true;
        return true;
    }
    if (!msk_db_run(db,
                    "UPDATE notifications SET status = 'running', updated_at = ? "
                    "WHERE notification_uuid = ? AND status = ? AND deleted = 0",
                    MSK_DB_ARGS(MSK_DB_T(now), MSK_DB_T(notification_uuid),
                                MSK_DB_T(claim->from_error ? "error" : "new")),
                    &changed, error)) {
        return false;
    }
    *ret = changed == 1;
    return true;
}

static MskStoreResult
claim_work(MskDb *db, void *data, GError **error)
{
    Claim *claim = data;
    int registered = 0;

    g_clear_pointer(&claim->claims, g_ptr_array_unref);
    claim->claims = g_ptr_array_new_with_free_func(free_claim);
    if (!is_registered(db, claim->engine_uuid, &registered, error) ||
        !db->driver->now_us(db, &claim->now_us, error)) {
        return MSK_STORE_FAILED;
    }
    if (registered == 0) {
        return MSK_STORE_LOST;
    }
    g_autoptr(GPtrArray) uuids = read_candidates(db, claim, error);

    for (unsigned i = 0; uuids != NULL && i < uuids->len; i++) {
        const char *uuid = g_ptr_array_index(uuids, i);
        bool ours = false;

        if (!start(db, claim, uuid, &ours, error) ||
            (ours && (!own(db, claim, uuid, error) || !add_claim(db, claim, uuid, error)))) {
            return MSK_STORE_FAILED;
        }
    }
    return uuids != NULL ? MSK_STORE_DONE : MSK_STORE_FAILED;
}

/* Looks without a lock; LOST is found out here too. @claim->claims: empty when nothing waits. */
static MskStoreResult
look_work(MskDb *db, void *data, GError **error)
{
    Claim *claim = data;
    int registered = 0;

    if (!is_registered(db, claim->engine_uuid, &registered, error) ||
        !db->driver->now_us(db, &claim->now_us, error)) {
        return MSK_STORE_FAILED;
    }
    g_autoptr(GPtrArray) uuids = registered == 1 ? read_candidates(db, claim, error) : NULL;

    if (registered == 0) {
        return MSK_STORE_LOST;
    }
    if (uuids == NULL) {
        return MSK_STORE_FAILED;
    }
    return uuids->len > 0 ? MSK_STORE_DONE : MSK_STORE_NOT_FOUND;
}

static MskStoreResult
claim_waiting(MskStore *self, Claim *claim, GPtrArray **ret, GError **error)
{
    MskStoreResult result = msk_store_read(self, look_work, claim, error);

    if (result == MSK_STORE_NOT_FOUND) {
        *ret = g_ptr_array_new_with_free_func(free_claim);
        return MSK_STORE_DONE;
    }
    if (result == MSK_STORE_DONE) {
        result = msk_store_write(self, claim_work, claim, error);
    }
    if (result == MSK_STORE_DONE) {
        *ret = g_steal_pointer(&claim->claims);
    }
    g_clear_pointer(&claim->claims, g_ptr_array_unref);
    return result;
}

MskStoreResult
msk_store_claim_new(MskStore *self, const char *engine_uuid, unsigned max, GPtrArray **ret,
                    GError **error)
{
    Claim claim = {.engine_uuid = engine_uuid,
                   .max = max,
                   .candidates = "SELECT notification_uuid FROM notifications WHERE status = 'new' "
                                 "AND deleted = 0 ORDER BY id LIMIT ?"};

    return claim_waiting(self, &claim, ret, error);
}

MskStoreResult
msk_store_claim_error(MskStore *self, const char *engine_uuid, int64_t min_age_s, unsigned max,
                      GPtrArray **ret, GError **error)
{
    /* A row without a claim has no precise end; it is old enough, a Python engine left it. One that
     * ended in the future is not waited for: the clock was set back. */
    Claim claim = {.engine_uuid = engine_uuid,
                   .max = max,
                   .from_error = true,
                   .min_age_us = min_age_s * G_USEC_PER_SEC,
                   .candidates = "SELECT n.notification_uuid FROM notifications n LEFT JOIN "
                                 "masakari_c_claims c ON c.notification_uuid = n.notification_uuid "
                                 "WHERE n.status = 'error' AND n.deleted = 0 AND "
                                 "(c.ended_at IS NULL OR c.ended_at <= ? OR c.ended_at > ?) "
                                 "ORDER BY n.id LIMIT ?"};

    return claim_waiting(self, &claim, ret, error);
}

/* ---- take-over --------------------------------------------------------------------------- */

/* Strikes off the engines that are dead, so that what they still send is refused. */
static bool
bury(MskDb *db, const Claim *claim, GError **error)
{
    for (size_t i = 0; claim->dead_engines != NULL && claim->dead_engines[i] != NULL; i++) {
        if (!g_str_equal(claim->dead_engines[i], claim->engine_uuid) &&
            !msk_db_run(db, "DELETE FROM masakari_c_engines WHERE uuid = ?",
                        MSK_DB_ARGS(MSK_DB_T(claim->dead_engines[i])), NULL, error)) {
            return false;
        }
    }
    for (unsigned i = 0; claim->expired != NULL && i < claim->expired->len; i++) {
        const MskLease *lease = g_ptr_array_index(claim->expired, i);

        if (!msk_db_run(db, "DELETE FROM masakari_c_engines WHERE uuid = ? AND lease_until = ?",
                        MSK_DB_ARGS(MSK_DB_T(lease->uuid), MSK_DB_I(lease->stamp)), NULL, error)) {
            return false;
        }
    }
    return true;
}

/* Ends what the dead had of rows that somebody else has ended, or the subjects stay held. */
static bool
let_go(MskDb *db, const Claim *claim, GError **error)
{
    return msk_db_run(
        db,
        "UPDATE masakari_c_claims SET state = 'ended', ended_at = ?, subject = NULL WHERE "
        "(state = 'released' OR (state = 'active' AND NOT EXISTS (SELECT 1 FROM "
        "masakari_c_engines e WHERE e.uuid = masakari_c_claims.engine_uuid))) AND NOT EXISTS "
        "(SELECT 1 FROM notifications n WHERE n.notification_uuid = "
        "masakari_c_claims.notification_uuid AND n.status = 'running' AND n.deleted = 0)",
        MSK_DB_ARGS(MSK_DB_I(claim->now_us)), NULL, error);
}

static MskStoreResult
take_over_work(MskDb *db, void *data, GError **error)
{
    Claim *claim = data;

    return db->driver->now_us(db, &claim->now_us, error) && bury(db, claim, error) &&
                   let_go(db, claim, error)
               ? claim_work(db, claim, error)
               : MSK_STORE_FAILED;
}

/* @ret: whether one of the engines to be struck off is registered still. */
static bool
are_any_registered(MskDb *db, const Claim *claim, int *ret, GError **error)
{
    *ret = 0;
    for (size_t i = 0; *ret == 0 && claim->dead_engines != NULL && claim->dead_engines[i] != NULL;
         i++) {
        if (!is_registered(db, claim->dead_engines[i], ret, error)) {
            return false;
        }
    }
    for (unsigned i = 0; *ret == 0 && claim->expired != NULL && i < claim->expired->len; i++) {
        const MskLease *lease = g_ptr_array_index(claim->expired, i);

        if (!is_registered(db, lease->uuid, ret, error)) {
            return false;
        }
    }
    return true;
}

/* Whether a claim lies there whose owner is gone, or may be: the write then looks closely. */
static MskStoreResult
look_for_orphans(MskDb *db, void *data, GError **error)
{
    const Claim *claim = data;
    int registered = 0;
    int64_t one = 0;

    if (!is_registered(db, claim->engine_uuid, &registered, error)) {
        return MSK_STORE_FAILED;
    }
    if (registered == 0) {
        return MSK_STORE_LOST;
    }
    int found = msk_db_number(
        db,
        "SELECT 1 FROM masakari_c_claims c WHERE c.state = 'released' OR (c.state = 'active' AND "
        "NOT EXISTS (SELECT 1 FROM masakari_c_engines e WHERE e.uuid = c.engine_uuid)) LIMIT 1",
        MSK_DB_NO_ARGS, &one, error);

    if (found == 0 && !are_any_registered(db, claim, &found, error)) {
        return MSK_STORE_FAILED;
    }
    return msk_store_result_of(found);
}

MskStoreResult
msk_store_claim_take_over(MskStore *self, const char *engine_uuid, const char *const *dead_engines,
                          const GPtrArray *expired, unsigned max, GPtrArray **ret, GError **error)
{
    Claim claim = {.engine_uuid = engine_uuid,
                   .dead_engines = dead_engines,
                   .expired = expired,
                   .max = max,
                   .take_over = true,
                   .candidates =
                       "SELECT c.notification_uuid FROM masakari_c_claims c JOIN notifications n "
                       "ON n.notification_uuid = c.notification_uuid WHERE n.status = 'running' "
                       "AND n.deleted = 0 AND (c.state = 'released' OR "
                       "(c.state = 'active' AND NOT EXISTS (SELECT 1 FROM masakari_c_engines e "
                       "WHERE e.uuid = c.engine_uuid))) ORDER BY n.id LIMIT ?"};
    MskStoreResult result = msk_store_read(self, look_for_orphans, &claim, error);

    if (result == MSK_STORE_NOT_FOUND) {
        *ret = g_ptr_array_new_with_free_func(free_claim);
        return MSK_STORE_DONE;
    }
    if (result == MSK_STORE_DONE) {
        result = msk_store_write(self, take_over_work, &claim, error);
    }
    if (result == MSK_STORE_DONE) {
        *ret = g_steal_pointer(&claim.claims);
    }
    g_clear_pointer(&claim.claims, g_ptr_array_unref);
    return result;
}

/* ---- the owner's writes ------------------------------------------------------------------ */

MskStoreResult
msk_store_check_claim(MskDb *db, const MskClaimRef *ref, GError **error)
{
    g_autofree char *sql = g_strconcat("SELECT 1 FROM masakari_c_claims WHERE notification_uuid = "
                                       "? AND engine_uuid = ? AND epoch = ? AND state = 'active'",
                                       db->driver->for_update, NULL);
    int64_t one = 0;
    int found = msk_db_number(db, sql,
                              MSK_DB_ARGS(MSK_DB_T(ref->notification_uuid),
                                          MSK_DB_T(ref->engine_uuid), MSK_DB_I(ref->epoch)),
                              &one, error);

    return found > 0 ? MSK_STORE_DONE : found == 0 ? MSK_STORE_LOST : MSK_STORE_FAILED;
}

typedef struct {
    const MskClaimRef *ref;
    const char *status;
    const char *message;
    const char *book;
    const MskFlowProgress *flow;
    bool ended_by_others; /* found out while it was written */
} End;

static MskStoreResult
release_work(MskDb *db, void *data, GError **error)
{
    const MskClaimRef *ref = ((const End *) data)->ref;
    MskStoreResult result = msk_store_check_claim(db, ref, error);

    if (result != MSK_STORE_DONE) {
        return result;
    }
    return msk_db_run(db,
                      "UPDATE masakari_c_claims SET state = 'released' WHERE notification_uuid = ?",
                      MSK_DB_ARGS(MSK_DB_T(ref->notification_uuid)), NULL, error)
               ? MSK_STORE_DONE
               : MSK_STORE_FAILED;
}

MskStoreResult
msk_store_claim_release(MskStore *self, const MskClaimRef *ref, GError **error)
{
    End end = {.ref = ref};

    return msk_store_write(self, release_work, &end, error);
}

/* ---- claims of a lost answer --------------------------------------------------------------- */

typedef struct {
    const char *engine_uuid;
    const char *const *known;
} Stray;

/* Having the lock of writers, an earlier transaction of unknown fate is over, one way or the
 * other. */
static MskStoreResult
release_strays_work(MskDb *db, void *data, GError **error)
{
    const Stray *stray = data;
    g_autoptr(GPtrArray) uuids = read_uuids(
        db,
        "SELECT notification_uuid FROM masakari_c_claims WHERE engine_uuid = ? AND state = "
        "'active'",
        MSK_DB_ARGS(MSK_DB_T(stray->engine_uuid)), error);

    for (unsigned i = 0; uuids != NULL && i < uuids->len; i++) {
        const char *uuid = g_ptr_array_index(uuids, i);

        if (!g_strv_contains(stray->known, uuid) &&
            !msk_db_run(
                db, "UPDATE masakari_c_claims SET state = 'released' WHERE notification_uuid = ?",
                MSK_DB_ARGS(MSK_DB_T(uuid)), NULL, error)) {
            return MSK_STORE_FAILED;
        }
    }
    return uuids != NULL ? MSK_STORE_DONE : MSK_STORE_FAILED;
}

MskStoreResult
msk_store_claim_release_strays(MskStore *self, const char *engine_uuid, const char *const *known,
                               GError **error)
{
    Stray stray = {.engine_uuid = engine_uuid, .known = known};

    return msk_store_write(self, release_strays_work, &stray, error);
}

/* ---- the owner's other writes -------------------------------------------------------------- */

typedef struct {
    const MskClaimRef *ref;
    const char *text;
} Keep;

static MskStoreResult
hold_work(MskDb *db, void *data, GError **error)
{
    const Keep *keep = data;
    MskStoreResult result = msk_store_check_claim(db, keep->ref, error);
    int64_t one = 0;

    if (result != MSK_STORE_DONE) {
        return result;
    }
    int held = msk_db_number(
        db,
        "SELECT 1 FROM masakari_c_claims WHERE subject = ? AND state <> "
        "'ended' AND notification_uuid <> ? LIMIT 1",
        MSK_DB_ARGS(MSK_DB_T(keep->text), MSK_DB_T(keep->ref->notification_uuid)), &one, error);

    if (held != 0) {
        return held > 0 ? MSK_STORE_BUSY : MSK_STORE_FAILED;
    }
    return msk_db_run(db, "UPDATE masakari_c_claims SET subject = ? WHERE notification_uuid = ?",
                      MSK_DB_ARGS(MSK_DB_T(keep->text), MSK_DB_T(keep->ref->notification_uuid)),
                      NULL, error)
               ? MSK_STORE_DONE
               : MSK_STORE_FAILED;
}

MskStoreResult
msk_store_claim_hold(MskStore *self, const MskClaimRef *ref, const char *subject, GError **error)
{
    Keep keep = {.ref = ref, .text = subject};

    return msk_store_write(self, hold_work, &keep, error);
}

static MskStoreResult
save_state_work(MskDb *db, void *data, GError **error)
{
    const Keep *keep = data;
    MskStoreResult result = msk_store_check_claim(db, keep->ref, error);

    if (result != MSK_STORE_DONE) {
        return result;
    }
    return msk_db_run(db,
                      "UPDATE masakari_c_claims SET saved_state = ? WHERE notification_uuid = ?",
                      MSK_DB_ARGS(MSK_DB_T(keep->text), MSK_DB_T(keep->ref->notification_uuid)),
                      NULL, error)
               ? MSK_STORE_DONE
               : MSK_STORE_FAILED;
}

MskStoreResult
msk_store_claim_save_state(MskStore *self, const MskClaimRef *ref, const char *state,
                           GError **error)
{
    Keep keep = {.ref = ref, .text = state};

    return msk_store_write(self, save_state_work, &keep, error);
}

static bool
end_claim(MskDb *db, const char *uuid, int64_t now_us, GError **error)
{
    return msk_db_run(
        db,
        "UPDATE masakari_c_claims SET state = 'ended', ended_at = ?, subject = NULL WHERE "
        "notification_uuid = ? AND state <> 'ended'",
        MSK_DB_ARGS(MSK_DB_I(now_us), MSK_DB_T(uuid)), NULL, error);
}

/* Ends the row: @status, and the end's time in the claim if there is one. @ret: rows changed. */
static bool
end_row(MskDb *db, const char *uuid, const char *from, const char *status, const char *message,
        int64_t *ret, GError **error)
{
    int64_t now_us = 0;

    if (!db->driver->now_us(db, &now_us, error)) {
        return false;
    }
    g_autofree char *now = msk_db_format_time(now_us);
    g_autofree char *sql =
        g_strdup_printf("UPDATE notifications SET status = ?, updated_at = ?, message = "
                        "COALESCE(?, message) WHERE notification_uuid = ? AND deleted = 0 AND "
                        "status IN (%s)",
                        from);

    return msk_db_run(
               db, sql,
               MSK_DB_ARGS(MSK_DB_T(status), MSK_DB_T(now), MSK_DB_T(message), MSK_DB_T(uuid)), ret,
               error) &&
           end_claim(db, uuid, now_us, error);
}

/* Whether an earlier call of the same has ended it, and its answer was lost: DONE, or LOST. */
static MskStoreResult
was_finished(MskDb *db, const End *end, GError **error)
{
    int64_t one = 0;
    int found = msk_db_number(
        db,
        "SELECT 1 FROM masakari_c_claims c JOIN notifications n ON "
        "n.notification_uuid = c.notification_uuid WHERE c.notification_uuid = ? AND "
        "c.engine_uuid = ? AND c.epoch = ? AND c.state = 'ended' AND n.status = ?",
        MSK_DB_ARGS(MSK_DB_T(end->ref->notification_uuid), MSK_DB_T(end->ref->engine_uuid),
                    MSK_DB_I(end->ref->epoch), MSK_DB_T(end->status)),
        &one, error);

    return found > 0 ? MSK_STORE_DONE : found == 0 ? MSK_STORE_LOST : MSK_STORE_FAILED;
}

static MskStoreResult
finish_work(MskDb *db, void *data, GError **error)
{
    End *end = data;
    const char *uuid = end->ref->notification_uuid;
    int64_t changed = 0;
    MskStoreResult result = msk_store_check_claim(db, end->ref, error);

    if (result != MSK_STORE_DONE) {
        return result == MSK_STORE_LOST ? was_finished(db, end, error) : result;
    }
    if ((end->flow != NULL && !msk_store_write_flow(db, uuid, end->book, end->flow, error)) ||
        !end_row(db, uuid, "'running'", end->status, end->message, &changed, error)) {
        return MSK_STORE_FAILED;
    }
    end->ended_by_others = changed == 0;
    return changed == 1 ? MSK_STORE_DONE : MSK_STORE_LOST;
}

/* The row is not ours to end any more, but the subject must not stay held. */
static MskStoreResult
forsake_work(MskDb *db, void *data, GError **error)
{
    const End *end = data;
    const char *uuid = end->ref->notification_uuid;
    int64_t now_us = 0;
    MskStoreResult result = msk_store_check_claim(db, end->ref, error);

    if (result != MSK_STORE_DONE) {
        return result;
    }
    return db->driver->now_us(db, &now_us, error) && end_claim(db, uuid, now_us, error)
               ? MSK_STORE_DONE
               : MSK_STORE_FAILED;
}

MskStoreResult
msk_store_claim_finish(MskStore *self, const MskClaimRef *ref, MskNotificationStatus status,
                       const char *message, const char *book, const MskFlowProgress *flow,
                       GError **error)
{
    End end = {.ref = ref,
               .status = msk_notification_status_name(status),
               .message = message,
               .book = book,
               .flow = flow};

    g_assert(status != MSK_NOTIFICATION_NEW && status != MSK_NOTIFICATION_RUNNING);
    MskStoreResult result = msk_store_write(self, finish_work, &end, error);

    if (result == MSK_STORE_LOST && end.ended_by_others) {
        result = msk_store_write(self, forsake_work, &end, error);
        result = result == MSK_STORE_DONE ? MSK_STORE_LOST : result;
    }
    return result;
}

/* ---- expiry ------------------------------------------------------------------------------ */

typedef struct {
    int64_t age_s;
    GPtrArray *uuids;
} Expire;

static GPtrArray *
read_expired(MskDb *db, const Expire *expire, GError **error)
{
    int64_t now_us = 0;

    if (!db->driver->now_us(db, &now_us, error)) {
        return NULL;
    }
    int64_t before_us = now_us - expire->age_s * G_USEC_PER_SEC;
    g_autofree char *before = msk_db_format_moment(before_us);

    /* One that came late, from a spool, is not cut off in the middle of its recovery. */
    return read_uuids(db,
                      "SELECT notification_uuid FROM notifications n WHERE status IN ('new', "
                      "'running', 'error') AND generated_time < ? AND deleted = 0 AND NOT EXISTS "
                      "(SELECT 1 FROM masakari_c_claims c WHERE c.notification_uuid = "
                      "n.notification_uuid AND c.state <> 'ended' AND c.claimed_at >= ?) "
                      "ORDER BY id LIMIT ?",
                      MSK_DB_ARGS(MSK_DB_T(before), MSK_DB_I(before_us), MSK_DB_I(EXPIRE_BATCH)),
                      error);
}

static MskStoreResult
look_for_expired(MskDb *db, void *data, GError **error)
{
    g_autoptr(GPtrArray) uuids = read_expired(db, data, error);

    if (uuids == NULL) {
        return MSK_STORE_FAILED;
    }
    return uuids->len > 0 ? MSK_STORE_DONE : MSK_STORE_NOT_FOUND;
}

static MskStoreResult
expire_work(MskDb *db, void *data, GError **error)
{
    Expire *expire = data;
    g_autoptr(GPtrArray) uuids = read_expired(db, expire, error);

    for (unsigned i = 0; uuids != NULL && i < uuids->len; i++) {
        int64_t changed = 0;

        if (!end_row(db, g_ptr_array_index(uuids, i), "'new', 'running', 'error'", "failed", NULL,
                     &changed, error)) {
            return MSK_STORE_FAILED;
        }
    }
    g_clear_pointer(&expire->uuids, g_ptr_array_unref);
    expire->uuids = g_steal_pointer(&uuids);
    return expire->uuids != NULL ? MSK_STORE_DONE : MSK_STORE_FAILED;
}

MskStoreResult
msk_store_notification_expire(MskStore *self, int64_t age_s, GPtrArray **ret_uuids, GError **error)
{
    Expire expire = {.age_s = age_s};
    MskStoreResult result = msk_store_read(self, look_for_expired, &expire, error);

    if (result == MSK_STORE_NOT_FOUND) {
        *ret_uuids = g_ptr_array_new_with_free_func(free_text);
        return MSK_STORE_DONE;
    }
    if (result == MSK_STORE_DONE) {
        result = msk_store_write(self, expire_work, &expire, error);
    }
    if (result == MSK_STORE_DONE) {
        *ret_uuids = g_steal_pointer(&expire.uuids);
    }
    g_clear_pointer(&expire.uuids, g_ptr_array_unref);
    return result;
}
