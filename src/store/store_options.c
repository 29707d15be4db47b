/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_options.h"

static const char *const old_connection[] = {"DEFAULT.sql_connection", "database.sql_connection",
                                             "sql.connection", NULL};

#define STRINGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const MskOption options[] = {
    {.group = "database",
     .name = "connection",
     .type = MSK_OPTION_STRING,
     .deprecated = old_connection,
     .secret = true,
     .help =
         "The database: mysql+pymysql://<user>:<password>@<host>:<port>/<database> for MariaDB, "
         "with special characters percent-encoded and parameters such as "
         "?charset=utf8mb4&ssl_ca=<file>, or sqlite:////<absolute path of the file>, with four "
         "slashes. 'masakari-manage db sync' makes the tables."},
    {.group = "database",
     .name = "connection_parameters",
     .type = MSK_OPTION_STRING,
     .initial = "",
     .help =
         "Parameters that are put behind those of 'connection' for a MariaDB server, such as "
         "ssl_ca=<file>&connect_timeout=5. Of one that is given more than once, the last counts; "
         "but each init_command is run, and of ssl, ssl_verify_cert and "
         "ssl_verify_identity a true one counts wherever it stands. For a file of SQLite they have "
         "no effect, which is warned of."},
    {.group = "database",
     .name = "connection_recycle_time",
     .type = MSK_OPTION_INT,
     .initial = "3600",
     .unit = "seconds",
     .help = "A connection to MariaDB is replaced when it is as old; 0 or less: never."},
    {.group = "database",
     .name = "max_pool_size",
     .type = MSK_OPTION_INT,
     .initial = "5",
     .min = 0,
     .max = INT32_MAX,
     .has_bounds = true,
     .help = "How many connections a program keeps open at most; 0 is no limit."},
    {.group = "database",
     .name = "max_overflow",
     .type = MSK_OPTION_INT,
     .initial = "50",
     .min = -1,
     .max = INT32_MAX,
     .has_bounds = true,
     .deprecated = STRINGS("DEFAULT.sql_max_overflow", "database.sqlalchemy_max_overflow"),
     .help = "How many more connections masakari-api opens while all of them are in use for longer "
             "than a moment; they are closed after use. -1 is no limit."},
    {.group = "database",
     .name = "mysql_wsrep_sync_wait",
     .type = MSK_OPTION_INT,
     .min = 0,
     .max = 15,
     .has_bounds = true,
     .own = true,
     .help = "Of a Galera cluster: what a connection waits for until its node has what the others "
             "have, as the variable wsrep_sync_wait says it (1: reads). Unset: as the node has "
             "it."},
    {.group = "database",
     .name = "pool_timeout",
     .type = MSK_OPTION_INT,
     .unit = "seconds",
     .min = 0,
     .max = 86400,
     .has_bounds = true,
     .deprecated = STRINGS("database.sqlalchemy_pool_timeout"),
     .help = "How long a call waits for a connection while all are in use. Unset: twice "
             "sqlite_busy_timeout."},
    {.group = "database",
     .name = "sqlite_busy_timeout",
     .type = MSK_OPTION_INT,
     .initial = "5",
     .unit = "seconds",
     .min = 1,
     .max = 300,
     .has_bounds = true,
     .own = true,
     .help = "How long a call waits while another program writes to the database, before it "
             "fails as unavailable; a MariaDB server that does not answer at all is given twice as "
             "long."},
};

enum { MS_PER_S = 1000 };

void
msk_store_add_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
}

MskStoreOptions
msk_store_options(const MskConfig *config)
{
    int64_t pool_size = msk_config_int(config, "database", "max_pool_size");
    int64_t overflow = msk_config_int(config, "database", "max_overflow");
    bool has_timeout = msk_config_is_set(config, "database", "pool_timeout");
    int64_t timeout_s = has_timeout ? msk_config_int(config, "database", "pool_timeout") : 0;

    bool has_sync_wait = msk_config_is_set(config, "database", "mysql_wsrep_sync_wait");

    return (MskStoreOptions){
        .connection = msk_config_string(config, "database", "connection"),
        .has_sync_wait = has_sync_wait,
        .sync_wait = has_sync_wait
                         ? (unsigned) msk_config_int(config, "database", "mysql_wsrep_sync_wait")
                         : 0,
        .parameters = msk_config_string(config, "database", "connection_parameters"),
        .max_connections = pool_size > 0 ? (unsigned) pool_size : INT32_MAX,
        .max_overflow = overflow >= 0 ? (unsigned) overflow : INT32_MAX,
        .pool_timeout_ms = has_timeout ? (unsigned) MAX(timeout_s * MS_PER_S, 1) : 0,
        .recycle_s = msk_config_int(config, "database", "connection_recycle_time"),
        .busy_timeout_ms =
            (unsigned) msk_config_int(config, "database", "sqlite_busy_timeout") * MS_PER_S,
    };
}
