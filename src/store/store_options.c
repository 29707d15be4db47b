/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_options.h"

static const char *const old_connection[] = {"DEFAULT.sql_connection", "database.sql_connection",
                                             "sql.connection", NULL};

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
     .max = 1000,
     .has_bounds = true,
     .help = "How many connections a program opens at most. 0, no limit to the Python services, is "
             "the largest number here."},
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

enum { MOST_CONNECTIONS = 1000 };

void
msk_store_add_options(MskConfigSchema *schema)
{
    msk_config_schema_add(schema, options, G_N_ELEMENTS(options));
}

MskStoreOptions
msk_store_options(const MskConfig *config)
{
    int64_t pool_size = msk_config_int(config, "database", "max_pool_size");

    return (MskStoreOptions){
        .connection = msk_config_string(config, "database", "connection"),
        .max_connections = pool_size > 0 ? (unsigned) pool_size : MOST_CONNECTIONS,
        .recycle_s = msk_config_int(config, "database", "connection_recycle_time"),
        .busy_timeout_ms =
            (unsigned) msk_config_int(config, "database", "sqlite_busy_timeout") * 1000,
    };
}
