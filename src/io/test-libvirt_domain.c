/* SPDX-License-Identifier: Apache-2.0 */
#include "io/libvirt_domain.h"

#include <glib/gstdio.h>
#include <libvirt/libvirt.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

/* libvirt's own test driver is the daemon here; its domains live as long as the connection. */

#define UUID    "11111111-1111-4111-8111-111111111111"
#define UNKNOWN "22222222-2222-4222-8222-222222222222"

static const char node[] =
    "<node xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><domain type='test'>"
    "<name>vm</name><uuid>" UUID "</uuid>"
    "<metadata><m:instance xmlns:m='" MSK_LIBVIRT_METADATA_URI "'>"
    "<meta name='HA_Enabled'>True</meta></m:instance></metadata>"
    "<memory>8192</memory><os><type>hvm</type></os>"
    "</domain></node>";

typedef struct {
    char *dir;
    char *file;
    char *uri;
    MskLibvirt *libvirt;
} Fixture;

static void
set_up(Fixture *self, const void *data)
{
    static const MskLibvirtOptions options = {.call_timeout_ms = 200, .max_calls_per_host = 4};

    (void) data;
    self->dir = g_dir_make_tmp("msk-libvirt-XXXXXX", NULL);
    self->file = g_build_filename(self->dir, "node.xml", NULL);
    self->uri = g_strconcat("test://", self->file, NULL);
    g_assert_true(g_file_set_contents(self->file, node, -1, NULL));
    self->libvirt = msk_libvirt_new(&options);
}

static void
tear_down(Fixture *self, const void *data)
{
    (void) data;
    msk_libvirt_free(self->libvirt);
    g_assert_cmpint(g_unlink(self->file), ==, 0);
    g_assert_cmpint(g_rmdir(self->dir), ==, 0);
    g_free(self->uri);
    g_free(self->file);
    g_free(self->dir);
}

static MskVmState
state_of(Fixture *self, MskStopReason *ret_reason)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskServer) server = msk_libvirt_get_domain(self->libvirt, self->uri, UUID, &error);

    g_assert_no_error(error);
    *ret_reason = server->stop_reason;
    return server->vm_state;
}

static void
test_life(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(MskServer) server = msk_libvirt_get_domain(self->libvirt, self->uri, UUID, &error);
    MskStopReason reason = MSK_STOP_UNKNOWN;

    (void) data;
    g_assert_no_error(error);
    g_assert_cmpstr(server->name, ==, "vm");
    g_assert_cmpstr(server->uuid, ==, UUID);
    g_assert_cmpint(server->vm_state, ==, MSK_VM_ACTIVE);
    g_assert_cmpstr(g_hash_table_lookup(server->metadata, "HA_Enabled"), ==, "True");

    /* The QEMU driver calls this a conflict; the test driver has no word for it. */
    g_assert_false(msk_libvirt_start_domain(self->libvirt, self->uri, UUID, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_INTERNAL);
    g_clear_error(&error);
    g_assert_true(msk_libvirt_destroy_domain(self->libvirt, self->uri, UUID, &error));
    g_assert_cmpint(state_of(self, &reason), ==, MSK_VM_STOPPED);
    g_assert_cmpint(reason, ==, MSK_STOP_ORDERED);
    g_assert_false(msk_libvirt_destroy_domain(self->libvirt, self->uri, UUID, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_CONFLICT);
    g_clear_error(&error);
    g_assert_true(msk_libvirt_start_domain(self->libvirt, self->uri, UUID, &error));
    g_assert_cmpint(state_of(self, &reason), ==, MSK_VM_ACTIVE);
}

static void
test_unknown_domain(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;

    (void) data;
    g_assert_null(msk_libvirt_get_domain(self->libvirt, self->uri, UNKNOWN, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, UNKNOWN));
}

static void
test_daemon_away(Fixture *self, const void *data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *uri =
        g_strdup_printf("qemu+unix:///system?mode=legacy&socket=%s/none", self->dir);

    (void) data;
    g_assert_null(msk_libvirt_get_domain(self->libvirt, uri, UUID, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
    g_clear_error(&error);
    g_assert_false(msk_libvirt_start_domain(self->libvirt, uri, UUID, &error));
    g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
}

/* A socket that takes connections and says nothing, as a stopped daemon's does. */
static int
listen_silently(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpuint(g_strlcpy(address.sun_path, path, sizeof address.sun_path), <,
                     sizeof address.sun_path);
    g_assert_cmpint(bind(fd, (const struct sockaddr *) &address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fd, 16), ==, 0);
    return fd;
}

static void
test_daemon_hangs(Fixture *self, const void *data)
{
    g_autofree char *path = g_build_filename(self->dir, "silent", NULL);
    g_autofree char *uri = g_strdup_printf("qemu+unix:///system?mode=legacy&socket=%s", path);
    int fd = listen_silently(path);
    int64_t begin_us = g_get_monotonic_time();
    MskStopReason reason = MSK_STOP_UNKNOWN;

    (void) data;
    for (unsigned i = 0; i < 50; i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(msk_libvirt_get_domain(self->libvirt, uri, UUID, &error));
        g_assert_error(error, MSK_ERROR, MSK_ERROR_UNAVAILABLE);
        g_assert_nonnull(strstr(error->message, "answer"));
    }
    /* Two calls waited for 200 ms each, the others were refused at once. */
    g_assert_cmpint(g_get_monotonic_time() - begin_us, >=, 400000);
    g_assert_cmpint(g_get_monotonic_time() - begin_us, <, 9000000);
    g_assert_cmpint(state_of(self, &reason), ==, MSK_VM_ACTIVE);

    /* The end of the daemon frees the calls that were left behind. */
    g_assert_cmpint(close(fd), ==, 0);
    g_assert_cmpint(g_unlink(path), ==, 0);
    for (unsigned i = 0; i < 100; i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(msk_libvirt_get_domain(self->libvirt, uri, UUID, &error));
        if (strstr(error->message, "answer") == NULL) {
            return;
        }
        g_usleep(20000);
    }
    g_test_fail_printf("the calls left behind never ended");
}

static void
test_map_state(void)
{
    static const struct {
        int state;
        int reason;
        MskVmState vm_state;
        MskStopReason stop_reason;
    } cases[] = {
        {VIR_DOMAIN_RUNNING, 0, MSK_VM_ACTIVE, MSK_STOP_UNKNOWN},
        {VIR_DOMAIN_BLOCKED, 0, MSK_VM_ACTIVE, MSK_STOP_UNKNOWN},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_UNKNOWN, MSK_VM_PAUSED, MSK_STOP_UNKNOWN},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER, MSK_VM_PAUSED, MSK_STOP_UNKNOWN},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_FROM_SNAPSHOT, MSK_VM_PAUSED, MSK_STOP_UNKNOWN},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_IOERROR, MSK_VM_ERROR, MSK_STOP_UNKNOWN},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_WATCHDOG, MSK_VM_ERROR, MSK_STOP_UNKNOWN},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_CRASHED, MSK_VM_ERROR, MSK_STOP_UNKNOWN},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION, MSK_VM_OTHER, MSK_STOP_UNKNOWN},
        {VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_STARTING_UP, MSK_VM_OTHER, MSK_STOP_UNKNOWN},
        {VIR_DOMAIN_SHUTDOWN, 0, MSK_VM_OTHER, MSK_STOP_UNKNOWN},
        {VIR_DOMAIN_NOSTATE, 0, MSK_VM_OTHER, MSK_STOP_UNKNOWN},
        {VIR_DOMAIN_CRASHED, VIR_DOMAIN_CRASHED_PANICKED, MSK_VM_ERROR, MSK_STOP_UNKNOWN},
        {VIR_DOMAIN_PMSUSPENDED, 0, MSK_VM_SUSPENDED, MSK_STOP_UNKNOWN},
        {VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_UNKNOWN, MSK_VM_STOPPED, MSK_STOP_UNKNOWN},
        {VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN, MSK_VM_STOPPED, MSK_STOP_ORDERED},
        {VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DESTROYED, MSK_VM_STOPPED, MSK_STOP_ORDERED},
        {VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_CRASHED, MSK_VM_STOPPED, MSK_STOP_FAILURE},
        {VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_FAILED, MSK_VM_STOPPED, MSK_STOP_FAILURE},
        {VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DAEMON, MSK_VM_STOPPED, MSK_STOP_FAILURE},
        {VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_MIGRATED, MSK_VM_STOPPED, MSK_STOP_DEPARTED},
        {VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SAVED, MSK_VM_STOPPED, MSK_STOP_DEPARTED},
        {VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT, MSK_VM_STOPPED, MSK_STOP_DEPARTED},
        {VIR_DOMAIN_SHUTOFF, 99, MSK_VM_STOPPED, MSK_STOP_UNKNOWN},
        {99, 0, MSK_VM_OTHER, MSK_STOP_UNKNOWN},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        MskStopReason reason = MSK_STOP_DEPARTED;

        g_test_message("state %d, reason %d", cases[i].state, cases[i].reason);
        g_assert_cmpint(msk_libvirt_map_state(cases[i].state, cases[i].reason, &reason), ==,
                        cases[i].vm_state);
        g_assert_cmpint(reason, ==, cases[i].stop_reason);
    }
}

static void
test_parse_metadata(void)
{
    static const struct {
        const char *xml;
        const char *value; /* of HA_Enabled */
        bool well_formed;
        unsigned n;
    } cases[] = {
        {"<m:instance xmlns:m='u'><meta name='HA_Enabled'>True</meta></m:instance>", "True", true,
         1},
        {"<m:instance xmlns:m='u'><m:meta name='HA_Enabled'>1</m:meta><m:meta name='a'/>"
         "</m:instance>",
         "1", true, 2},
        {"<i><meta name='HA_Enabled'>a</meta><meta name='HA_Enabled'>b</meta></i>", "b", true, 1},
        {"<i><other name='HA_Enabled'>True</other></i>", NULL, true, 0},
        {"<i><meta>True</meta></i>", NULL, true, 0},
        {"<i><meta name='HA_Enabled'>True<x/></meta></i>", NULL, true, 0},
        {"<i><meta name='HA_Enabled'>a&lt;&#98;</meta></i>", "a<b", true, 1},
        {"<i/>", NULL, true, 0},
        {"<i><meta name='HA_Enabled'>True</meta>", NULL, false, 0},
        {"True", NULL, false, 0},
        {"", NULL, false, 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GHashTable) metadata =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

        g_test_message("%s", cases[i].xml);
        g_assert_cmpint(msk_libvirt_parse_metadata(cases[i].xml, metadata), ==,
                        cases[i].well_formed);
        g_assert_cmpstr(g_hash_table_lookup(metadata, "HA_Enabled"), ==, cases[i].value);
        g_assert_cmpuint(g_hash_table_size(metadata), ==, cases[i].n);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/libvirt_domain/life", Fixture, NULL, set_up, test_life, tear_down);
    g_test_add("/libvirt_domain/unknown_domain", Fixture, NULL, set_up, test_unknown_domain,
               tear_down);
    g_test_add("/libvirt_domain/daemon_away", Fixture, NULL, set_up, test_daemon_away, tear_down);
    g_test_add("/libvirt_domain/daemon_hangs", Fixture, NULL, set_up, test_daemon_hangs, tear_down);
    g_test_add_func("/libvirt_domain/map_state", test_map_state);
    g_test_add_func("/libvirt_domain/parse_metadata", test_parse_metadata);
    return g_test_run();
}
