/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * migrations: the steps that bring a database to this program's schema, from
 * migrations/<kind of database>/NNNN-<name>.sql. A step never changes once it was released.
 */

typedef struct {
    const char *name;     /* "0001-8f848eb45d03", as masakari_c_migrations keeps it */
    const char *revision; /* (nullable) the alembic revision of the Python service it equals */
    const char *sql;
} MskMigration;

/* In order; ends with a row of NULLs. */
extern const MskMigration msk_sqlite_migrations[];
extern const MskMigration msk_mariadb_migrations[];
