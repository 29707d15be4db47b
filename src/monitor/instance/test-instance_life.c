/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/instance/instance_life.h"

#include <signal.h>

/*
 * A history is written as words, and what it must report follows the arrow:
 *
 *   start stop=N shutdown resume panic    libvirt's events (N of MskStopped)
 *   kill9 kill11 kill15 exit0 exit1 unknown kill9+term     the pidfd, with how it ended
 *   grace grace=kill9 panicover overdue   timers
 *   sigterm                               a SIGTERM waits
 *   up newup crashed newcrashed firstcrashed
 *   down=N first=N firstauto=N            libvirt's list (N of MskShutoffReason)
 *   io reboot                             other events
 */
static const struct {
    const char *history;
    const char *reports;
} rows[] = {
    /* a crash: one report, whoever speaks first */
    {"start kill9 grace stop=5", "STOPPED_FAILED"},
    {"start kill9 stop=5 grace", "STOPPED_FAILED"},
    {"start stop=5", "STOPPED_FAILED"},
    {"start stop=5 kill9 grace", "STOPPED_FAILED"},
    {"start kill11 grace stop=5", "STOPPED_FAILED"},
    {"stop=5", "STOPPED_FAILED"},
    {"start kill9 grace", "STOPPED_FAILED"},
    {"start unknown grace=kill9 stop=5", "STOPPED_FAILED"},
    {"start unknown grace=kill9", "STOPPED_FAILED"},
    {"start unknown grace stop=5", "STOPPED_FAILED"},
    {"start unknown grace", ""},
    {"start exit1 grace", ""},
    {"start exit1 grace stop=5", "STOPPED_FAILED"},
    {"start exit0 grace stop=5", "STOPPED_FAILED"},
    {"start kill15 grace", ""},
    /* twice in a row is two */
    {"start kill9 grace stop=5 start kill9 grace stop=5", "STOPPED_FAILED STOPPED_FAILED"},
    {"start stop=5 start stop=5", "STOPPED_FAILED STOPPED_FAILED"},
    {"start kill9 grace start kill9 grace", "STOPPED_FAILED STOPPED_FAILED"},
    {"start kill9 grace stop=5 stop=5", "STOPPED_FAILED"},
    {"start kill9 grace grace", "STOPPED_FAILED"},
    {"start grace=kill9", ""},
    /* ordered: as libvirt says, and never as a failure */
    {"start exit0 grace stop=1", "STOPPED_DESTROYED"},
    {"start stop=1", "STOPPED_DESTROYED"},
    {"start stop=1 exit0 grace", "STOPPED_DESTROYED"},
    {"start kill9+term grace stop=1", "STOPPED_DESTROYED"},
    {"start kill9+term grace=kill9 stop=1", "STOPPED_DESTROYED"},
    {"start sigterm kill9 grace stop=1", "STOPPED_DESTROYED"},
    {"start shutdown exit0 grace stop=0", "SHUTDOWN_FINISHED STOPPED_SHUTDOWN"},
    {"start shutdown kill9 grace stop=0", "SHUTDOWN_FINISHED STOPPED_SHUTDOWN"},
    {"start kill9 shutdown grace stop=0", "SHUTDOWN_FINISHED STOPPED_SHUTDOWN"},
    {"start exit0 grace stop=3", ""},
    {"start exit0 grace stop=4", ""},
    {"start exit0 grace stop=6", ""},
    /* reported too early, and said so by libvirt afterwards */
    {"start kill9 grace stop=1", "STOPPED_FAILED STOPPED_DESTROYED!"},
    {"start kill9 grace down=2", "STOPPED_FAILED STOPPED_DESTROYED!"},
    /* a reboot through the power button is no end */
    {"start shutdown resume kill9 grace stop=5", "SHUTDOWN_FINISHED STOPPED_FAILED"},
    {"start resume kill9 grace", "STOPPED_FAILED"},
    {"start sigterm resume kill9 grace", "STOPPED_FAILED"},
    /* a panic: when it stopped, or alone when it is kept */
    {"start panic exit0 grace stop=2 panicover", "STOPPED_CRASHED"},
    {"start panic stop=2", "STOPPED_CRASHED"},
    {"start panic panicover", "CRASHED_PANICKED"},
    {"start panic panicover panicover", "CRASHED_PANICKED"},
    {"start panic panicover stop=2", "CRASHED_PANICKED STOPPED_CRASHED"},
    {"start panic kill9 grace stop=2", "STOPPED_CRASHED"},
    {"start panic stop=1 panicover", "STOPPED_DESTROYED"},
    {"panic panicover", "CRASHED_PANICKED"},
    {"panicover", ""},
    {"start panic exit0 grace down=3", "STOPPED_CRASHED"},
    {"start panic kill9 grace down=3", "STOPPED_CRASHED"},
    /* a guest that panicked unseen, and is kept */
    {"start crashed panicover", "CRASHED_PANICKED"},
    {"start crashed crashed panicover crashed panicover", "CRASHED_PANICKED"},
    {"start panic panicover crashed panicover", "CRASHED_PANICKED"},
    {"start panic crashed panicover", "CRASHED_PANICKED"},
    {"start crashed stop=2 panicover", "STOPPED_CRASHED"},
    {"start newcrashed panicover", "! CRASHED_PANICKED"},
    {"crashed panicover", "CRASHED_PANICKED"},
    {"firstcrashed panicover crashed panicover", ""},
    {"start crashed panicover start crashed panicover", "CRASHED_PANICKED CRASHED_PANICKED"},
    /* libvirtd was away: the list tells */
    {"start down=3", "STOPPED_FAILED"},
    {"start down=6", "STOPPED_FAILED"},
    {"start down=8", "STOPPED_FAILED"},
    {"start down=0", "?"},
    {"start down=1", "STOPPED_SHUTDOWN"},
    {"start down=2", "STOPPED_DESTROYED"},
    {"start down=4", ""},
    {"start down=5", ""},
    {"start down=7", ""},
    {"start kill9 grace down=3", "STOPPED_FAILED"},
    {"start kill9 grace down=0", "STOPPED_FAILED"},
    {"start kill9 grace down=3 stop=5", "STOPPED_FAILED"},
    {"start unknown grace down=3", "STOPPED_FAILED"},
    {"start unknown grace down=0", "?"},
    {"start exit0 grace down=3", "STOPPED_SHUTDOWN"},
    {"start exit0 grace down=0", "STOPPED_SHUTDOWN"},
    {"start shutdown kill9 grace down=3", "SHUTDOWN_FINISHED STOPPED_SHUTDOWN"},
    {"start sigterm kill9 grace down=0", "STOPPED_SHUTDOWN"},
    {"start down=3 down=3", "STOPPED_FAILED"},
    {"start down=3 stop=5", "STOPPED_FAILED"},
    {"start stop=5 down=3", "STOPPED_FAILED"},
    {"start stop=1 down=3", "STOPPED_DESTROYED"},
    {"start down=3 up kill9 grace", "STOPPED_FAILED STOPPED_FAILED"},
    {"start kill9 grace newup kill9 grace", "STOPPED_FAILED STOPPED_FAILED"},
    {"start kill9 grace up stop=5", "STOPPED_FAILED"},
    {"start unknown newup", "!"},
    {"start newup", "!"},
    {"start up", ""},
    {"start unknown up overdue up", ""},
    /* never seen running */
    {"down=3", ""},
    {"down=3 stop=5", "STOPPED_FAILED"},
    {"first=3", ""},
    {"first=3 firstauto=3", ""},
    {"firstauto=3", "STOPPED_FAILED"},
    {"firstauto=3 stop=5", "STOPPED_FAILED"},
    {"firstauto=6", ""},
    {"firstauto=2", ""},
    {"firstauto=0", ""},
    {"kill9 grace", ""},
    {"up kill9 grace", "STOPPED_FAILED"},
    {"down=2 up kill9 grace", "STOPPED_FAILED"},
    {"sigterm start kill9 grace", "STOPPED_FAILED"},
    /* others pass through at any time */
    {"io start io reboot stop=1 io", "IO_ERROR_PAUSE IO_ERROR_PAUSE UNKNOWN STOPPED_DESTROYED "
                                     "IO_ERROR_PAUSE"},
};

typedef struct {
    const char *word;
    MskLifeInput input;
} Word;

#define LIFECYCLE(t) .kind = MSK_LIFE_EVENT, .id = MSK_DOMAIN_EVENT_LIFECYCLE, .type = (t)
#define ENDED(status)                                                                              \
    .kind = MSK_LIFE_PROCESS_ENDED, .end = {.known = true, .wait_status = (status)}

static const Word words[] = {
    {"start", {LIFECYCLE(MSK_LIFECYCLE_STARTED)}},
    {"stop=", {LIFECYCLE(MSK_LIFECYCLE_STOPPED)}},
    {"shutdown", {LIFECYCLE(MSK_LIFECYCLE_SHUTDOWN)}},
    {"resume", {LIFECYCLE(MSK_LIFECYCLE_RESUMED)}},
    {"panicover", {.kind = MSK_LIFE_PANIC_OVER}},
    {"panic", {LIFECYCLE(MSK_LIFECYCLE_CRASHED)}},
    {"kill9+term",
     {.kind = MSK_LIFE_PROCESS_ENDED,
      .end = {.known = true, .wait_status = SIGKILL, .sigterm_pending = true}}},
    {"kill9", {ENDED(SIGKILL)}},
    {"kill11", {ENDED(SIGSEGV | 0x80)}},
    {"kill15", {ENDED(SIGTERM)}},
    {"exit0", {ENDED(0)}},
    {"exit1", {ENDED(1 << 8)}},
    {"unknown", {.kind = MSK_LIFE_PROCESS_ENDED}},
    {"grace=kill9", {.kind = MSK_LIFE_GRACE_OVER, .end = {.known = true, .wait_status = SIGKILL}}},
    {"grace", {.kind = MSK_LIFE_GRACE_OVER}},
    {"overdue", {.kind = MSK_LIFE_WORD_OVERDUE}},
    {"sigterm", {.kind = MSK_LIFE_SIGTERM_SEEN}},
    {"up", {.kind = MSK_LIFE_LISTED_ACTIVE}},
    {"newup", {.kind = MSK_LIFE_LISTED_ACTIVE, .new_process = true}},
    {"crashed", {.kind = MSK_LIFE_LISTED_ACTIVE, .crashed = true}},
    {"newcrashed", {.kind = MSK_LIFE_LISTED_ACTIVE, .crashed = true, .new_process = true}},
    {"firstcrashed", {.kind = MSK_LIFE_LISTED_ACTIVE, .crashed = true, .first_start = true}},
    {"down=", {.kind = MSK_LIFE_LISTED_DOWN}},
    {"firstauto=", {.kind = MSK_LIFE_LISTED_DOWN, .first_start = true, .autostart = true}},
    {"first=", {.kind = MSK_LIFE_LISTED_DOWN, .first_start = true}},
    {"io", {.kind = MSK_LIFE_EVENT, .id = MSK_DOMAIN_EVENT_IO_ERROR, .type = 1, .detail = -1}},
    {"reboot", {.kind = MSK_LIFE_EVENT, .id = MSK_DOMAIN_EVENT_REBOOT, .type = -1, .detail = -1}},
};

static MskLifeInput
input_of(const char *word)
{
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_str_has_prefix(word, words[i].word)) {
            MskLifeInput input = words[i].input;

            if (g_str_has_suffix(words[i].word, "=")) {
                input.detail = (int) g_ascii_strtoll(word + strlen(words[i].word), NULL, 10);
                input.reason = (MskShutoffReason) input.detail;
            }
            return input;
        }
    }
    g_error("no such word: %s", word);
}

static char *
play(const char *history)
{
    g_auto(GStrv) steps = g_strsplit(history, " ", -1);
    g_autoptr(GString) reports = g_string_new(NULL);
    MskLife life = {0};

    for (size_t i = 0; steps[i] != NULL; i++) {
        MskLifeInput input = input_of(steps[i]);
        MskLifeOutput output = msk_life_step(&life, &input);

        if (output.report != NULL) {
            g_string_append_printf(reports, "%s%s", reports->len > 0 ? " " : "",
                                   output.report->vir_domain_event);
        }
        if (output.note == MSK_LIFE_NOTE_UNKNOWN_END) {
            g_string_append(reports, "?");
        } else if (output.note != MSK_LIFE_NOTE_NONE) {
            g_string_append(reports, "!");
        }
    }
    return g_string_free(g_steal_pointer(&reports), FALSE);
}

static void
test_histories(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *reports = play(rows[i].history);

        g_test_message("%s", rows[i].history);
        g_assert_cmpstr(reports, ==, rows[i].reports);
    }
}

/* Every order of these that can happen: grace follows the end, SHUTDOWN comes before STOPPED. */
static const char *const orders[] = {
    "E G T",   "E T G",   "T E G",   "T",       "E G", "S E G T", "S E T G",
    "S T E G", "E S G T", "E S T G", "E G S T", "S T", "S E G",
};

static const char *const ends[] = {"kill9", "kill11", "kill9+term", "kill15",
                                   "exit0", "exit1",  "unknown"};

static char *
history_of(const char *order, const char *end, int detail)
{
    g_autoptr(GString) history = g_string_new("start");

    for (const char *step = order; *step != '\0'; step++) {
        switch (*step) {
        case 'E':
            g_string_append_printf(history, " %s", end);
            break;
        case 'G':
            g_string_append(history, " grace");
            break;
        case 'S':
            g_string_append(history, " shutdown");
            break;
        case 'T':
            g_string_append_printf(history, " stop=%d", detail);
            break;
        default:
            break;
        }
    }
    return g_string_free(g_steal_pointer(&history), FALSE);
}

static unsigned
count(const char *text, const char *word)
{
    unsigned n = 0;

    for (const char *at = text; (at = strstr(at, word)) != NULL; at += strlen(word)) {
        n++;
    }
    return n;
}

static void
check_order(const char *order, const char *end, int detail)
{
    g_autofree char *history = history_of(order, end, detail);
    g_autofree char *reports = play(history);
    const char *stop = strchr(order, 'T');
    const char *grace = strchr(order, 'G');
    const char *shutdown = strchr(order, 'S');
    bool killed = g_str_equal(end, "kill9") || g_str_equal(end, "kill11");
    bool early = killed && grace != NULL && (stop == NULL || grace < stop) &&
                 (shutdown == NULL || grace < shutdown);
    bool failed_by_word = stop != NULL && detail == MSK_STOPPED_FAILED;

    g_test_message("%s -> %s", history, reports);
    g_assert_cmpuint(count(reports, "STOPPED_FAILED"), ==, early || failed_by_word);
    g_assert_cmpuint(count(reports, "STOPPED_DESTROYED"), ==,
                     stop != NULL && detail == MSK_STOPPED_DESTROYED);
    g_assert_cmpuint(count(reports, "STOPPED_SHUTDOWN"), ==,
                     stop != NULL && detail == MSK_STOPPED_SHUTDOWN);
}

static void
test_every_order(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(ends); j++) {
            for (int detail = 0; detail <= MSK_STOPPED_FROM_SNAPSHOT; detail++) {
                if (detail != MSK_STOPPED_CRASHED) {
                    check_order(orders[i], ends[j], detail);
                }
            }
        }
    }
}

static void
test_actions(void)
{
    static const struct {
        const char *history;
        unsigned actions; /* of the last step */
    } steps[] = {
        {"start", MSK_LIFE_DO_WATCH | MSK_LIFE_DO_SAVE},
        {"up", MSK_LIFE_DO_WATCH | MSK_LIFE_DO_SAVE},
        {"start up", 0},
        {"start stop=1", MSK_LIFE_DO_UNWATCH | MSK_LIFE_DO_SAVE},
        {"start down=3", MSK_LIFE_DO_UNWATCH | MSK_LIFE_DO_SAVE},
        {"start kill9", MSK_LIFE_DO_ARM_GRACE | MSK_LIFE_DO_ARM_WORD},
        {"start kill9 grace", MSK_LIFE_DO_SAVE},
        {"start kill9 grace overdue", MSK_LIFE_DO_LIST},
        {"start overdue", 0},
        {"start kill9 up", MSK_LIFE_DO_ARM_WORD},
        {"start panic", MSK_LIFE_DO_ARM_PANIC},
        {"start sigterm", MSK_LIFE_DO_SAVE},
        {"start sigterm sigterm", 0},
        {"start shutdown resume", MSK_LIFE_DO_SAVE},
        {"start shutdown", MSK_LIFE_DO_SAVE},
        {"start resume", 0},
        {"start kill9 kill9", 0},
        {"down=0", 0},
        {"down=0 down=0", 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_auto(GStrv) list = g_strsplit(steps[i].history, " ", -1);
        MskLife life = {0};
        MskLifeOutput output = {0};

        for (size_t j = 0; list[j] != NULL; j++) {
            MskLifeInput input = input_of(list[j]);

            output = msk_life_step(&life, &input);
        }
        g_test_message("%s", steps[i].history);
        g_assert_cmpuint(output.actions, ==, steps[i].actions);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/instance_life/histories", test_histories);
    g_test_add_func("/instance_life/every_order", test_every_order);
    g_test_add_func("/instance_life/actions", test_actions);
    return g_test_run();
}
