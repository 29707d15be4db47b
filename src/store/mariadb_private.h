/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * mariadb_private: what the two files of MariaDB's driver share: connections and transactions
 * (mariadb.c), prepared statements and their rows (mariadb_statement.c).
 */

#include "oslo/database_url.h"
#include "store/db.h"

#include <mysql.h>

/* The answer to a call is waited for so many times longer than a lock, so that a lock that is held
 * is told from a server that hangs. */
#define MSK_MARIADB_CALL_FACTOR 2
/* Changing the schema of a large table. */
#define MSK_MARIADB_SYNC_TIMEOUT_S 3600

typedef struct {
    MskDb db;
    MYSQL handle;
    char *name;      /* of the place, for messages */
    int64_t changes; /* of the last statement without rows */
    int64_t last_id; /* the same */
    bool writes;     /* a transaction of the store's that may write */
} Mariadb;

/** msk_mariadb_fail: @number, @detail: of the client library. Marks the connection as msk_db's
 *  fields broken and again say. */
void msk_mariadb_fail(Mariadb *self, unsigned number, const char *detail, const char *doing,
                      GError **error);

/** msk_mariadb_is_unsure: whether a statement that was sent may have been done, though that was
 *  the answer. */
bool msk_mariadb_is_unsure(unsigned number);

/* As in MskDbDriver. */
bool msk_mariadb_script(MskDb *db, const char *sql, GError **error);
int64_t msk_mariadb_changes(MskDb *db);
int64_t msk_mariadb_last_id(MskDb *db);
void *msk_mariadb_prepare(MskDb *db, const char *sql, GError **error);
void msk_mariadb_finalize(void *native);
bool msk_mariadb_bind(MskDb *db, void *native, int position, const MskDbValue *value,
                      GError **error);
int msk_mariadb_step(MskDb *db, void *native, GError **error);
void msk_mariadb_reset(void *native);
bool msk_mariadb_column_is_null(void *native, int column);
int64_t msk_mariadb_column_int(void *native, int column);
int64_t msk_mariadb_column_time(void *native, int column);
const char *msk_mariadb_column_text(void *native, int column);
