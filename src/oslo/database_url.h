/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * database_url: [database] connection for a server, as SQLAlchemy and PyMySQL read it:
 *
 *   mysql+pymysql://user:p%40ss@host:3306/masakari?charset=utf8mb4&ssl_ca=/etc/ssl/ca.pem
 *   └── dialect[+driver] (the driver is Python's matter and ignored)
 *
 * User and password are percent-decoded, the database's name is not; of the query also '+' is a
 * blank. Pure; any thread.
 * Source: SQLAlchemy 1.4 engine/url.py and dialects/mysql/pymysql.py, PyMySQL connections.py.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct {
    char *user;        /* (nullable) */
    char *password;    /* (nullable) */
    char *host;        /* never NULL; "localhost" when the URL names none */
    unsigned port;     /* 3306 when the URL names none */
    char *database;    /* never NULL nor empty */
    char *unix_socket; /* (nullable) used in place of host and port */
    /* 0: not given */
    unsigned connect_timeout_s;
    unsigned read_timeout_s;
    unsigned write_timeout_s;
    bool tls;         /* only an encrypted connection will do */
    bool verify_cert; /* by an authority of ssl_ca (or the system's) */
    bool verify_name; /* and for this host's name */
    char *ssl_ca;     /* (nullable) each: paths */
    char *ssl_capath;
    char *ssl_cert;
    char *ssl_key;
    char *ssl_cipher;         /* (nullable) as OpenSSL writes it */
    char *bind_address;       /* (nullable) what to connect from */
    GPtrArray *init_commands; /* char *: SQL to begin a connection with */
} MskDatabaseUrl;

/** msk_database_url_is: whether @text is of a dialect that msk_database_url_parse reads. */
bool msk_database_url_is(const char *text);

/**
 * msk_database_url_parse:
 * @error: %MSK_ERROR_INVALID; its message names the part and what is allowed, never the password.
 *
 * Returns: (transfer full)
 */
MskDatabaseUrl *msk_database_url_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** msk_database_url_free: @self: (nullable); the password's memory is wiped. */
void msk_database_url_free(MskDatabaseUrl *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MskDatabaseUrl, msk_database_url_free)

/** msk_database_url_name: Returns: (transfer full) "user@host:port/database", for messages. */
char *msk_database_url_name(const MskDatabaseUrl *self);

/** msk_database_url_extend: Returns: (transfer full) @text, a URL, with more parameters, "a=b&c=d";
 *  of one that is there already, the last counts. But each init_command is run, and of ssl,
 *  ssl_verify_cert and ssl_verify_identity a true one counts wherever it stands. */
char *msk_database_url_extend(const char *text, const char *parameters);
