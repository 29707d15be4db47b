/* SPDX-License-Identifier: Apache-2.0 */
#include "io/libvirt_watch.h"

#include <libvirt/libvirt.h>

typedef struct {
    GMainLoop *loop;
    GThread *main_thread;
    MskLibvirtWatch *watch;
    unsigned n_connected;
    unsigned n_listed;
    unsigned n_disconnected;
} Fixture;

/* ---- three calls of libvirt's, answered here: its connection ends while a list is awaited --- */

static virConnectCloseFunc close_callback;
static void *close_data;
static unsigned n_lists;

int
virConnectRegisterCloseCallback(virConnectPtr conn, virConnectCloseFunc cb, void *opaque,
                                virFreeCallback freecb)
{
    (void) conn;
    (void) freecb;
    close_callback = cb;
    close_data = opaque;
    return 0;
}

int
virConnectUnregisterCloseCallback(virConnectPtr conn, virConnectCloseFunc cb)
{
    (void) conn;
    (void) cb;
    return 0;
}

int
virConnectListAllDomains(virConnectPtr conn, virDomainPtr **domains, unsigned flags)
{
    (void) flags;
    *domains = NULL;
    if (++n_lists == 2) {
        close_callback(conn, VIR_CONNECT_CLOSE_REASON_EOF, close_data);
    }
    return 0;
}

/* ---- what the watch says ------------------------------------------------------------------- */

static void
on_event(const MskDomainEvent *event, void *data)
{
    (void) event;
    (void) data;
}

static void
on_listed(const MskDomainList *list, void *data)
{
    Fixture *self = data;

    g_assert_cmpuint(list->domains->len, ==, 0);
    if (++self->n_listed == 1) {
        msk_libvirt_watch_list(self->watch);
    } else {
        g_main_loop_quit(self->loop);
    }
}

static void
on_connected(void *data)
{
    Fixture *self = data;

    self->n_connected++;
}

static void
on_disconnected(const GError *reason, void *data)
{
    Fixture *self = data;

    g_assert_true(g_thread_self() == self->main_thread);
    g_assert_cmpstr(reason->message, ==, "the connection to libvirt ended: libvirtd closed it");
    self->n_disconnected++;
}

/* The list is cut short then, and not told. */
static void
test_an_end_seen_by_the_worker_is_told_by_the_main_thread(void)
{
    static const MskLibvirtWatchCallbacks callbacks = {
        .event = on_event,
        .listed = on_listed,
        .connected = on_connected,
        .disconnected = on_disconnected,
    };
    Fixture self = {.loop = g_main_loop_new(NULL, FALSE), .main_thread = g_thread_self()};

    self.watch = msk_libvirt_watch_new("test:///default", &callbacks, &self);
    g_main_loop_run(self.loop);
    g_assert_cmpuint(n_lists, ==, 3);
    g_assert_cmpuint(self.n_listed, ==, 2);
    g_assert_cmpuint(self.n_connected, ==, 2);
    g_assert_cmpuint(self.n_disconnected, ==, 1);
    msk_libvirt_watch_close(self.watch);
    while (!msk_libvirt_watch_is_closed(self.watch)) {
        (void) g_main_context_iteration(NULL, TRUE); /* whether it did anything shows above */
    }
    msk_libvirt_watch_free(self.watch);
    g_main_loop_unref(self.loop);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/libvirt_watch/an_end_seen_by_the_worker_is_told_by_the_main_thread",
                    test_an_end_seen_by_the_worker_is_told_by_the_main_thread);
    return g_test_run();
}
