/* SPDX-License-Identifier: Apache-2.0 */
#include "oslo/database_url.h"

#include "base/error.h"

#include <string.h>

static void
test_places(void)
{
    static const struct {
        const char *url;
        const char *name;
        const char *password;
    } rows[] = {
        {"mysql+pymysql://masakari:p%40ss%2F%25@10.0.0.1:3307/masakari?charset=utf8mb4",
         "masakari@10.0.0.1:3307/masakari", "p@ss/%"},
        {"mysql://u:a/b:c+d@db/m", "u@db:3306/m", "a/b:c+d"},
        {"mariadb+mariadbconnector://u@[fd00::1]:3310/m", "u@[fd00::1]:3310/m", NULL},
        {"mysql://db/m?charset=utf8", "@db:3306/m", NULL},
        {"mysql+mysqldb://u:p@/m?unix_socket=%2Frun%2Fmysqld+1", "u@/run/mysqld 1:m", "p"},
        {"mysql://u:@db:/m?&read_timeout=", "u@db:3306/m", ""},
        {"mysql://u@x:p@db/m", "u@x@db:3306/m", "p"},
        {"mysql://u@x@db/m", "u@x@db:3306/m", NULL},
        {"mysql://u:p?q@db/m", "u@db:3306/m", "p?q"},
        {"mysql://u:100%sure%@db/m", "u@db:3306/m", "100%sure%"}, /* as Python has it */
        {"mysql://db/m@x", "@db:3306/m@x", NULL},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(MskDatabaseUrl) url = msk_database_url_parse(rows[i].url, &error);

        g_assert_no_error(error);
        g_autofree char *name = msk_database_url_name(url);

        g_assert_cmpstr(name, ==, rows[i].name);
        g_assert_cmpstr(url->password, ==, rows[i].password);
        g_assert_false(url->tls);
        g_assert_false(url->verify_cert);
        g_assert_cmpuint(url->read_timeout_s, ==, 0);
    }
}

static void
test_parameters(void)
{
    static const struct {
        const char *query;
        bool tls;
        bool verify;
        bool verify_name;
        const char *ca;
        unsigned read_timeout_s;
    } rows[] = {
        {"ssl_ca=/a%20b.pem", true, true, true, "/a b.pem", 0},
        {"ssl_ca=/a.pem&ssl_verify_cert=false", true, false, false, "/a.pem", 0},
        {"ssl_ca=/a.pem&ssl_verify_cert=false&ssl_check_hostname=false", true, false, false,
         "/a.pem", 0},
        {"ssl_ca=/a.pem&ssl_check_hostname=false", true, true, false, "/a.pem", 0},
        {"ssl_ca=/a.pem&ssl_disabled=true", false, false, false, "/a.pem", 0},
        {"ssl_ca=/a.pem&ssl_disabled=false", true, true, true, "/a.pem", 0},
        {"ssl_ca=/b.pem&ssl_ca=/a.pem", true, true, true, "/a.pem", 0},
        {"ssl_ca=/a.pem&ssl_verify_cert=true", true, true, false, "/a.pem", 0},
        {"ssl_ca=/a.pem&ssl_verify_cert=true&ssl_verify_identity=true", true, true, true, "/a.pem",
         0},
        {"ssl_ca=/a.pem&ssl_verify_cert=true&ssl_check_hostname=true", true, true, true, "/a.pem",
         0},
        {"program_name=x&max_allowed_packet=1&client_flag=2&autocommit=true", false, false, false,
         NULL, 0},
        {"ssl_verify_cert=true", true, true, true, NULL, 0},
        {"ssl_verify_identity=true&ssl_verify_cert=true&ssl_cert=/c&ssl_key=/k", true, true, true,
         NULL, 0},
        /* Given twice, as connection_parameters may: a true one counts of these, else the last. */
        {"ssl=true&ssl=false", true, false, false, NULL, 0},
        {"ssl_ca=/a.pem&ssl_verify_cert=true&ssl_verify_cert=false", true, true, false, "/a.pem",
         0},
        {"ssl_ca=/a.pem&ssl_verify_identity=true&ssl_verify_identity=false", true, true, true,
         "/a.pem", 0},
        {"ssl_ca=/a.pem&ssl_check_hostname=true&ssl_check_hostname=false", true, true, false,
         "/a.pem", 0},
        {"ssl_ca=/a.pem&ssl_check_hostname=false&ssl_check_hostname=true", true, true, true,
         "/a.pem", 0},
        {"ssl_ca=/a.pem&ssl_disabled=true&ssl_disabled=false", true, true, true, "/a.pem", 0},
        {"ssl=true", true, false, false, NULL, 0},
        {"ssl=false", false, false, false, NULL, 0},
        {"ssl_cipher=AES128-SHA", true, false, false, NULL, 0},
        {"read_timeout=30&connect_timeout=2&write_timeout=3&use_unicode=1", false, false, false,
         NULL, 30},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = g_strconcat("mysql+pymysql://u:p@h/d?", rows[i].query, NULL);
        g_autoptr(MskDatabaseUrl) url = msk_database_url_parse(text, &error);

        g_assert_no_error(error);
        g_assert_cmpint(url->tls, ==, rows[i].tls);
        g_assert_cmpint(url->verify_cert, ==, rows[i].verify);
        g_assert_cmpint(url->verify_name, ==, rows[i].verify_name);
        g_assert_cmpstr(url->ssl_ca, ==, rows[i].ca);
        g_assert_cmpuint(url->read_timeout_s, ==, rows[i].read_timeout_s);
    }
}

static void
test_refusals_say_why_and_keep_the_password(void)
{
    static const struct {
        const char *url;
        const char *why;
    } rows[] = {
        {"mysql", "begin with"},
        {"mysql:u@h/d", "begin with"},
        {"postgresql://u:secret@h/d", "begin with"},
        {"mysql://u:secret@h", "names no database"},
        {"mysql://u:secret@h/?charset=utf8", "names no database"},
        {"mysql://u:secret%00@h/d", "the password is no text"},
        {"mysql://u%ff:secret@h/d", "the user is no text"},
        {"mysql://u:secret@h:0/d", "the port"},
        {"mysql://u:secret@h:99999/d", "the port"},
        {"mysql://u:secret@[fd00::1/d", "IPv6"},
        {"mysql://u:secret@[fd00::1]x/d", "IPv6"},
        {"mysql://u:secret@h/d?charset=latin1", "charset"},
        {"mysql://u:secret@h/d?read_timeout=soon", "read_timeout"},
        {"mysql://u:secret@h/d?ssl=perhaps", "ssl has to be"},
        {"mysql://u:secret@h/d?ssl_check=1", "unknown parameter 'ssl_check'"},
        {"mysql://u:secret@h/d?ssl_verify_cert=1&ssl_check_hostname=false", "needs ssl_ca"},
        {"mysql://u:secret@h/d?charset=%", "charset"},
        {"mysql://u:secret@h/d?charset=%ff", "the query is no text"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        g_test_message("%s", rows[i].url);
        g_assert_null(msk_database_url_parse(rows[i].url, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_INVALID);
        g_assert_nonnull(strstr(error->message, rows[i].why));
        g_assert_null(strstr(error->message, "secret"));
    }
}

static void
test_what_begins_a_connection(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskDatabaseUrl) url =
        msk_database_url_parse("mysql://u:p@h/d?bind_address=10.0.0.1&ssl_cert=%2Fboth&"
                               "init_command=SET+SESSION+a%3D1&init_command=SET+b%3D2",
                               &error);

    g_assert_no_error(error);
    g_assert_cmpstr(url->bind_address, ==, "10.0.0.1");
    g_assert_cmpuint(url->init_commands->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(url->init_commands, 0), ==, "SET SESSION a=1");
    g_assert_cmpstr(g_ptr_array_index(url->init_commands, 1), ==, "SET b=2");
    g_assert_cmpstr(url->ssl_key, ==, "/both"); /* a file may hold both */
}

static void
test_more_parameters(void)
{
    static const struct {
        const char *url;
        const char *extended;
    } rows[] = {
        {"mysql://u:p@h/d", "mysql://u:p@h/d?ssl=1"},
        {"mysql://u:p@h/d?charset=utf8", "mysql://u:p@h/d?charset=utf8&ssl=1"},
        {"mysql://u:p?q@h/d", "mysql://u:p?q@h/d?ssl=1"},
        {"mysql://h/d", "mysql://h/d?ssl=1"},
        {"nonsense", "nonsense?ssl=1"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *extended = msk_database_url_extend(rows[i].url, "ssl=1");

        g_assert_cmpstr(extended, ==, rows[i].extended);
    }
}

static void
test_dialects(void)
{
    g_assert_true(msk_database_url_is("mysql+pymysql://"));
    g_assert_true(msk_database_url_is("mariadb://"));
    g_assert_false(msk_database_url_is("mysqlx://"));
    g_assert_false(msk_database_url_is("sqlite:////x"));
    g_assert_false(msk_database_url_is(""));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/database_url/places", test_places);
    g_test_add_func("/database_url/parameters", test_parameters);
    g_test_add_func("/database_url/what_begins_a_connection", test_what_begins_a_connection);
    g_test_add_func("/database_url/more_parameters", test_more_parameters);
    g_test_add_func("/database_url/refusals_say_why_and_keep_the_password",
                    test_refusals_say_why_and_keep_the_password);
    g_test_add_func("/database_url/dialects", test_dialects);
    return g_test_run();
}
