/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_NAME "masakari.api.tls"
#include "cmd/api_tls.h"

#include "base/datetime.h"
#include "base/log.h"

#include <sys/stat.h>

#define LOOK_S       2
#define SECOND_US    ((int64_t) G_USEC_PER_SEC)
#define DAY_US       (SECOND_US * 3600 * 24)
#define ENDS_SOON_US (DAY_US * 14)

struct MskApiTls {
    MskTlsFiles files;
    MskTlsCredentials *credentials;
    GString *seen; /* how the files were when they were last read */
    MskHttpServer *server;
    guint timer;
    int64_t warned_mono_us; /* 0: never */
};

static void
append_state(GString *out, const char *path)
{
    struct stat status;

    if (path == NULL || stat(path, &status) != 0) {
        g_string_append(out, "none;");
        return;
    }
    g_string_append_printf(out,
                           "%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%ld;",
                           (guint64) status.st_ino, (gint64) status.st_size,
                           (gint64) status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

static GString *
look(const MskApiTls *self)
{
    GString *state = g_string_new(NULL);

    append_state(state, self->files.cert_file);
    append_state(state, self->files.key_file);
    append_state(state, self->files.ca_file);
    return state;
}

static void
log_certificate(const MskApiTls *self)
{
    g_autofree char *end =
        msk_datetime_format_sql(msk_tls_credentials_expiry_us(self->credentials));

    log_info("the TLS certificate from %s is for %s and ends at %s UTC", self->files.cert_file,
             msk_tls_credentials_subject(self->credentials), end);
}

/* Once a day is enough to be noticed. */
static void
warn_of_end(MskApiTls *self)
{
    int64_t left_us = msk_tls_credentials_expiry_us(self->credentials) - g_get_real_time();
    int64_t now_mono_us = g_get_monotonic_time();

    if (left_us > ENDS_SOON_US ||
        (self->warned_mono_us != 0 && now_mono_us - self->warned_mono_us < DAY_US)) {
        return;
    }
    self->warned_mono_us = now_mono_us;
    if (left_us <= 0) {
        log_error("the TLS certificate in %s has ended, clients refuse it: replace the file, no "
                  "restart is needed",
                  self->files.cert_file);
    } else {
        log_warning("the TLS certificate in %s ends in %d days: replace the file, no restart is "
                    "needed",
                    self->files.cert_file, (int) (left_us / DAY_US));
    }
}

void
msk_api_tls_reload(MskApiTls *self)
{
    g_autoptr(GError) error = NULL;

    /* Looked at before they are read: a change in between is seen the next time. */
    (void) g_string_free(self->seen, TRUE);
    self->seen = look(self);
    MskTlsCredentials *fresh = msk_tls_credentials_new(&self->files, &error);

    if (fresh == NULL) {
        log_warning("the changed TLS files are not used, the API goes on with the old ones: %s",
                    error->message);
        return;
    }
    msk_tls_credentials_unref(self->credentials);
    self->credentials = fresh;
    self->warned_mono_us = 0;
    msk_http_server_set_tls(self->server, fresh);
    log_certificate(self);
    warn_of_end(self);
}

static gboolean
on_look(gpointer data)
{
    MskApiTls *self = data;
    g_autoptr(GString) state = look(self);

    if (!g_string_equal(state, self->seen)) {
        msk_api_tls_reload(self);
    }
    warn_of_end(self);
    return G_SOURCE_CONTINUE;
}

MskApiTls *
msk_api_tls_new(const MskTlsFiles *files, GError **error)
{
    g_autoptr(MskApiTls) self = g_new0(MskApiTls, 1);

    self->files = *files;
    self->seen = look(self);
    self->credentials = msk_tls_credentials_new(files, error);
    if (self->credentials == NULL) {
        return NULL;
    }
    log_certificate(self);
    warn_of_end(self);
    return g_steal_pointer(&self);
}

MskTlsCredentials *
msk_api_tls_credentials(const MskApiTls *self)
{
    return self->credentials;
}

void
msk_api_tls_follow(MskApiTls *self, MskHttpServer *server)
{
    self->server = server;
    self->timer = g_timeout_add_seconds(LOOK_S, on_look, self);
}

void
msk_api_tls_free(MskApiTls *self)
{
    if (self == NULL) {
        return;
    }
    if (self->timer != 0) {
        g_source_remove(self->timer);
    }
    msk_tls_credentials_unref(self->credentials);
    (void) g_string_free(self->seen, TRUE);
    g_free(self);
}
