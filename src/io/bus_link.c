/* SPDX-License-Identifier: Apache-2.0 */
#include "io/bus_link.h"

#include <unistd.h>

#define LOG_NAME "oslo.messaging._drivers.impl_rabbit"
#include "base/log.h"

#define DEFAULT_PORT 5672
#define TIMEOUT_MS   10000U

struct MskBusLink {
    const MskBusSettings *settings;
    const char *purpose;
    MskAmqp *amqp;   /* (nullable) */
    unsigned next;   /* broker to try */
    unsigned failed; /* attempts since it last worked */
    bool down;       /* and it was said */
};

MskBusLink *
msk_bus_link_new(const MskBusSettings *settings, const char *purpose)
{
    MskBusLink *self = g_new0(MskBusLink, 1);
    unsigned n = settings->url->hosts->len;

    self->settings = settings;
    self->purpose = purpose;
    /* So that the services spread over the brokers. */
    self->next = n > 1 ? (unsigned) g_random_int_range(0, (int) n) : 0;
    return self;
}

void
msk_bus_link_free(MskBusLink *self)
{
    if (self != NULL) {
        msk_amqp_free(self->amqp);
        g_free(self);
    }
}

MskAmqp *
msk_bus_link_amqp(const MskBusLink *self)
{
    return self->amqp;
}

static const char *
or_guest(const char *text)
{
    return text == NULL || text[0] == '\0' ? "guest" : text;
}

static MskAmqp *
open_next(const MskBusLink *self, GError **error)
{
    static const MskTransportHost nowhere = {0};
    const MskBusSettings *settings = self->settings;
    const GPtrArray *hosts = settings->url->hosts;
    const MskTransportHost *host =
        hosts->len == 0 ? &nowhere : g_ptr_array_index(hosts, self->next % hosts->len);
    g_autofree char *id = g_uuid_string_random();
    const char *program = g_get_prgname();
    g_autofree char *name =
        g_strdup_printf("%s:%d:%s", program == NULL ? "masakari" : program, (int) getpid(), id);
    const char *virtual_host = settings->url->virtual_host;
    const MskAmqpPeer peer = {
        .host = host->host == NULL || host->host[0] == '\0' ? "localhost" : host->host,
        .port = host->port == 0 ? DEFAULT_PORT : host->port,
        .virtual_host = virtual_host == NULL || virtual_host[0] == '\0' ? "/" : virtual_host,
        .username = or_guest(host->username),
        .password = or_guest(host->password),
        .external = settings->external_login,
        .tls = settings->ssl ? &settings->tls : NULL,
        .heartbeat_s = (unsigned) settings->heartbeat_s,
        .timeout_ms = TIMEOUT_MS,
        .name = name,
    };

    return msk_amqp_open(&peer, error);
}

/* Said once, and then for those who debug. */
static void
say_down(MskBusLink *self, const char *why)
{
    MSK_LOG_AT(self->down ? MSK_LOG_DEBUG : MSK_LOG_ERROR,
               "The message bus is out of reach for %s, trying again until it is back: %s",
               self->purpose, why);
    self->down = true;
}

MskAmqp *
msk_bus_link_connect(MskBusLink *self)
{
    g_autoptr(GError) error = NULL;

    if (self->amqp != NULL) {
        return self->amqp;
    }
    self->amqp = open_next(self, &error);
    if (self->amqp == NULL) {
        self->next++;
        self->failed++;
        say_down(self, error->message);
    }
    return self->amqp;
}

void
msk_bus_link_settled(MskBusLink *self)
{
    self->failed = 0;
    if (self->down) {
        self->down = false;
        log_info("The message bus is back for %s", self->purpose);
    }
}

void
msk_bus_link_drop(MskBusLink *self, const GError *why)
{
    g_clear_pointer(&self->amqp, msk_amqp_free);
    self->next++;
    self->failed++;
    say_down(self, why->message);
}

int64_t
msk_bus_link_wait_ms(MskBusLink *self)
{
    const MskBusSettings *settings = self->settings;
    unsigned n = MAX(settings->url->hosts->len, 1);
    unsigned rounds = self->failed / n;

    if (self->failed == 0 || self->failed % n != 0) {
        return 0;
    }
    if (settings->shuffle && n > 1) {
        self->next = (unsigned) g_random_int_range(0, (int) n);
    }
    int64_t seconds = MIN(settings->retry_interval_s + (rounds - 1) * settings->retry_backoff_s,
                          settings->retry_max_s);

    return seconds * 1000 + settings->reconnect_delay_ms +
           (int64_t) (g_random_double() * (double) settings->reconnect_splay_ms);
}
