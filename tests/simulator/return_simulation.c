/* SPDX-License-Identifier: Apache-2.0 */
#include "return_simulation.h"

#include <string.h>

#define S           INT64_C(1000000)
#define BEAT_US     (10 * S)
#define UP_US       (60 * S)
#define CALL_US     (S / 20)
#define STORE_US    (S / 200)
#define SOON_US     (S / 5)
#define POLL_US     (3 * S)
#define LATE_US     (3 * S)
#define TAKEOVER_US (10 * S)
#define CLOCK_US    (100000 * S) /* the cloud's clock when the simulation's is 0 */
#define MAX_DEATHS  12u
#define N_ENGINES   2u

static const char *const fault_names[N_RETURN_FAULTS] = {
    [RETURN_FAULT_NONE] = "nothing",
    [RETURN_FAULT_DIE_BEFORE] = "an engine dies, its call is not made",
    [RETURN_FAULT_DIE_AFTER] = "an engine dies, its call is made",
    [RETURN_FAULT_DIE_LATE] = "an engine dies, its call takes effect late",
    [RETURN_FAULT_NO_ANSWER_UNDONE] = "no answer, not done",
    [RETURN_FAULT_NO_ANSWER_DONE] = "no answer, but done",
};

static const char *const act_names[] = {
    [MSK_RETURN_ACT_WAIT] = "look",     [MSK_RETURN_ACT_TAKE] = "take",
    [MSK_RETURN_ACT_LIFT] = "lift",     [MSK_RETURN_ACT_CLEAR] = "clear",
    [MSK_RETURN_ACT_ENABLE] = "enable", [MSK_RETURN_ACT_END] = "end",
};

typedef struct {
    unsigned number; /* another one after each death */
    MskHostReturn state;
    int64_t next_us;      /* when its action is over, or its next round begins */
    bool acts;            /* else it waits for the round */
    MskReturnActKind act; /* WAIT: a look */
    int64_t looked_us;
    ReturnFault fault;
} Engine;

typedef struct {
    const ReturnScenario *scenario;
    int64_t now_us;
    Engine engines[N_ENGINES];
    unsigned n_engines; /* that have lived */

    /* The database. */
    bool on_maintenance;
    bool ended;
    unsigned owner; /* 0: none has begun the return */
    unsigned n_ends;

    /* The cloud. */
    bool enabled;
    bool forced_down;
    int64_t touched_us;
    bool ours;               /* the reason that the service is disabled with */
    int64_t failed_again_us; /* 0: it has not */
    bool by_hand;            /* a person had a hand in it */
    unsigned next_hand;

    MskReturnActKind late; /* an order without its giver; WAIT: none */
    int64_t late_us;

    ReturnFault fault;
    unsigned at;
    unsigned every;
    unsigned n_actions;
    unsigned n_deaths;
    GString *log;
    char *harm; /* (nullable) the first thing that must not happen */
} Run;

#define say(self, ...) scenario_say_s((self)->log, (self)->now_us, __VA_ARGS__)

static void
harm(Run *self, const char *what)
{
    if (self->harm == NULL) {
        self->harm = g_strdup(what);
    }
}

/* ---- scenarios --------------------------------------------------------------------------- */

static bool
parse_figure(ReturnScenario *self, char **words)
{
    if (strcmp(words[0], "after") == 0) {
        self->order.after_us = scenario_number(words[1]) * S;
    } else if (strcmp(words[0], "until") == 0) {
        self->until_us = scenario_number(words[1]) * S;
    } else if (strcmp(words[0], "evacuating") == 0) {
        self->evacuating_us = scenario_number(words[1]) * S;
    } else if (strcmp(words[0], "failures") == 0) {
        self->n_failures = (unsigned) scenario_number(words[1]);
    } else if (strcmp(words[0], "max") == 0) {
        self->order.max_failures = (unsigned) scenario_number(words[1]);
    } else {
        return false;
    }
    return true;
}

static bool
parse_line(void *data, char **words)
{
    ReturnScenario *self = data;

    if (strcmp(words[0], "lives") == 0) {
        g_assert_cmpuint(self->n_lives, <, RETURN_MAX_LIVES);
        self->lives[self->n_lives++] = (ReturnLife){
            .from_us = scenario_number(words[1]) * S,
            .to_us = strcmp(words[2], "ever") == 0 ? INT64_MAX : scenario_number(words[2]) * S};
    } else if (strcmp(words[0], "theirs") == 0) {
        self->theirs = true;
    } else if (strcmp(words[0], "at") == 0) {
        g_assert_cmpuint(self->n_hands, <, RETURN_MAX_HANDS);
        self->hands[self->n_hands++] =
            (ReturnHand){.at_us = scenario_number(words[1]) * S, .verb = g_strdup(words[2])};
    } else if (strcmp(words[0], "end") == 0) {
        self->end = g_strdup(words[1]);
    } else {
        return parse_figure(self, words);
    }
    return true;
}

void *
return_scenario_parse(const char *name, const char *text)
{
    ReturnScenario *self = g_new0(ReturnScenario, 1);

    self->head.name = g_strdup(name);
    self->until_us = 400 * S;
    self->n_failures = 1;
    self->order = (MskReturnOrder){.host = "host",
                                   .after_us = 60 * S,
                                   .window_us = 3600 * S,
                                   .max_failures = 3,
                                   .beat_age_us = 30 * S};
    self->head.golden = scenario_parse(name, text, parse_line, self);
    g_assert_nonnull(self->end);
    return self;
}

void
return_scenario_free(void *scenario)
{
    ReturnScenario *self = scenario;

    for (unsigned i = 0; i < self->n_hands; i++) {
        g_free(self->hands[i].verb);
    }
    g_free(self->head.name);
    g_free(self->end);
    g_free(self->head.golden);
    g_free(self);
}

/* ---- the host ---------------------------------------------------------------------------- */

/* Returns: (nullable) the life that is lived now. */
static const ReturnLife *
life_now(const Run *self)
{
    for (unsigned i = 0; i < self->scenario->n_lives; i++) {
        const ReturnLife *life = &self->scenario->lives[i];

        if (life->from_us <= self->now_us && self->now_us < life->to_us) {
            return life;
        }
    }
    return NULL;
}

/* The last time that the row of the service was written. */
static int64_t
last_beat_us(const Run *self)
{
    int64_t last_us = MAX(-5 * S, self->touched_us);

    for (unsigned i = 0; i < self->scenario->n_lives; i++) {
        const ReturnLife *life = &self->scenario->lives[i];
        int64_t beat_us = MIN(self->now_us, life->to_us - 1) / BEAT_US * BEAT_US;

        if (beat_us >= life->from_us) {
            last_us = MAX(last_us, beat_us);
        }
    }
    return last_us;
}

static MskReturnFacts
look(const Run *self, const Engine *engine)
{
    int64_t beat_us = last_beat_us(self);
    int64_t age_us = self->now_us - beat_us;

    return (MskReturnFacts){.taken = self->owner != 0,
                            .on_maintenance = self->on_maintenance,
                            .n_failures = self->scenario->n_failures,
                            .up = age_us < UP_US && !self->forced_down,
                            .enabled = self->enabled,
                            .ours = self->ours,
                            .forced_down = self->forced_down,
                            .beat_us = CLOCK_US + beat_us,
                            .age_us = engine->number > 0 ? age_us : -1};
}

static void
happen(Run *self, const char *verb)
{
    say(self, "%s", verb);
    if (strcmp(verb, "fail") == 0) {
        self->failed_again_us = self->now_us;
        self->enabled = false;
        self->forced_down = true;
        self->on_maintenance = true;
        self->touched_us = self->now_us;
    } else if (strcmp(verb, "enable") == 0) {
        self->by_hand = true;
        self->enabled = true;
        self->forced_down = false;
        self->touched_us = self->now_us;
    } else {
        g_assert_cmpstr(verb, ==, "clear");
        self->by_hand = true;
        self->on_maintenance = false;
    }
}

/* ---- calls ------------------------------------------------------------------------------- */

static bool
is_alive(const Run *self, unsigned number)
{
    for (unsigned i = 0; i < N_ENGINES; i++) {
        if (self->engines[i].number == number) {
            return true;
        }
    }
    return false;
}

/* As msk_store_returns_list(). */
static bool
is_listed(const Run *self, const Engine *engine)
{
    return !self->ended && self->failed_again_us == 0 &&
           (self->on_maintenance || self->owner != 0) &&
           (self->owner == 0 || self->owner == engine->number || !is_alive(self, self->owner));
}

/* A host is taken back when it has lived for long enough without a break. */
static void
check_taking(Run *self)
{
    const ReturnLife *life = life_now(self);
    int64_t lived_us = life == NULL ? 0 : self->now_us - life->from_us;

    if (lived_us < msk_return_delay_us(&self->scenario->order, self->scenario->n_failures)) {
        harm(self, "a host is taken back that has not lived for long enough");
    }
    if (self->scenario->n_failures > self->scenario->order.max_failures) {
        harm(self, "a host is taken back that failed too often");
    }
}

static bool
mark(Run *self, const Engine *engine, MskReturnActKind act)
{
    if (!is_listed(self, engine) || (act != MSK_RETURN_ACT_TAKE && self->owner == 0)) {
        return false;
    }
    if (act == MSK_RETURN_ACT_TAKE) {
        if (self->owner == 0) {
            check_taking(self);
        }
        self->owner = engine->number;
    } else if (act == MSK_RETURN_ACT_CLEAR) {
        self->on_maintenance = false;
    } else {
        self->ended = true;
        self->n_ends++;
    }
    return true;
}

static bool
order(Run *self, MskReturnActKind act)
{
    if (!self->ours) {
        harm(self, "a service is changed that a person disabled");
    }
    if (act == MSK_RETURN_ACT_LIFT) {
        if (self->now_us < self->scenario->evacuating_us) {
            return false; /* the driver looks at the evacuations first */
        }
        self->forced_down = false;
    } else {
        if (self->on_maintenance || self->forced_down) {
            harm(self, "a service is enabled before its host is back in service");
        }
        self->enabled = true;
    }
    self->touched_us = self->now_us;
    return true;
}

/* Returns: whether the action went through; @ret_lost: its host is not this engine's any more. */
static bool
make(Run *self, const Engine *engine, MskReturnActKind act, bool *ret_lost)
{
    if (act != MSK_RETURN_ACT_LIFT && act != MSK_RETURN_ACT_ENABLE) {
        *ret_lost = !mark(self, engine, act);
        return !*ret_lost;
    }
    if (self->failed_again_us > 0 && engine->looked_us > self->failed_again_us) {
        harm(self, "a service is changed though its host failed again");
    }
    return order(self, act);
}

/* ---- engines ----------------------------------------------------------------------------- */

static void
begin_engine(Run *self, Engine *engine, int64_t at_us)
{
    msk_host_return_clear(&engine->state);
    *engine = (Engine){.number = ++self->n_engines, .next_us = at_us};
}

static void
begin_act(Run *self, Engine *engine, MskReturnActKind act)
{
    bool is_store =
        act == MSK_RETURN_ACT_TAKE || act == MSK_RETURN_ACT_CLEAR || act == MSK_RETURN_ACT_END;
    unsigned number = ++self->n_actions;
    bool hit = number == self->at ||
               (self->every > 0 && number > self->at && self->n_deaths < MAX_DEATHS &&
                (number - self->at) % self->every == 0);

    engine->acts = true;
    engine->act = act;
    engine->fault = hit ? self->fault : RETURN_FAULT_NONE;
    engine->next_us = self->now_us + (is_store ? STORE_US : CALL_US);
}

static void
wait_for(Run *self, Engine *engine, int64_t delay_us)
{
    engine->acts = false;
    engine->next_us = self->now_us + delay_us;
}

static void
die(Run *self, Engine *engine)
{
    bool lost = false;

    self->n_deaths++;
    say(self, "engine %u dies in: %s", engine->number, act_names[engine->act]);
    if (engine->act != MSK_RETURN_ACT_WAIT && engine->fault == RETURN_FAULT_DIE_AFTER) {
        (void) make(self, engine, engine->act, &lost);
    } else if (engine->fault == RETURN_FAULT_DIE_LATE &&
               (engine->act == MSK_RETURN_ACT_LIFT || engine->act == MSK_RETURN_ACT_ENABLE)) {
        self->late = engine->act;
        self->late_us = self->now_us + LATE_US;
    }
    begin_engine(self, engine, self->now_us + TAKEOVER_US);
}

static void
react(Run *self, Engine *engine, MskReturnEvent *event)
{
    event->now_us = self->now_us;
    g_auto(MskReturnStep) step =
        msk_host_return_step(&engine->state, &self->scenario->order, event);

    if (step.note != NULL) {
        say(self, "engine %u: %s", engine->number, step.note);
    }
    if (step.act == MSK_RETURN_ACT_WAIT) {
        wait_for(self, engine, event->kind == MSK_RETURN_EVENT_DONE ? SOON_US : POLL_US);
    } else {
        begin_act(self, engine, step.act);
    }
}

static void
end_act(Run *self, Engine *engine)
{
    MskReturnEvent event = {.kind = MSK_RETURN_EVENT_DONE};
    bool lost = false;
    bool done = true;

    if (engine->fault == RETURN_FAULT_NO_ANSWER_UNDONE) {
        done = false;
    } else if (engine->act == MSK_RETURN_ACT_WAIT) {
        engine->looked_us = self->now_us;
        event.kind = MSK_RETURN_EVENT_LOOKED;
        event.facts = look(self, engine);
    } else {
        done = make(self, engine, engine->act, &lost);
        say(self, "engine %u: %s: %s", engine->number, act_names[engine->act],
            done   ? "done"
            : lost ? "lost"
                   : "refused");
    }
    if (lost || (done && engine->act == MSK_RETURN_ACT_END)) {
        msk_host_return_clear(&engine->state);
        engine->state = (MskHostReturn){0};
        wait_for(self, engine, POLL_US);
        return;
    }
    if (!done || engine->fault != RETURN_FAULT_NONE) {
        event.kind = MSK_RETURN_EVENT_FAILED;
        event.message = "no answer";
    }
    react(self, engine, &event);
}

/* The next thing that an engine does. */
static void
go_on(Run *self, Engine *engine)
{
    if (engine->acts && engine->fault >= RETURN_FAULT_DIE_BEFORE &&
        engine->fault <= RETURN_FAULT_DIE_LATE) {
        die(self, engine);
    } else if (engine->acts) {
        end_act(self, engine);
    } else if (is_listed(self, engine)) {
        begin_act(self, engine, MSK_RETURN_ACT_WAIT);
    } else {
        msk_host_return_clear(&engine->state);
        engine->state = (MskHostReturn){0};
        wait_for(self, engine, POLL_US);
    }
}

/* What happens by itself until then. */
static void
pass(Run *self, int64_t until_us)
{
    const ReturnScenario *scenario = self->scenario;

    if (self->late != MSK_RETURN_ACT_WAIT && self->late_us <= until_us) {
        self->now_us = MAX(self->now_us, self->late_us);
        say(self, "%s takes effect late", act_names[self->late]);
        (void) order(self, self->late);
        self->late = MSK_RETURN_ACT_WAIT;
    }
    while (self->next_hand < scenario->n_hands &&
           scenario->hands[self->next_hand].at_us <= until_us) {
        const ReturnHand *hand = &scenario->hands[self->next_hand++];

        self->now_us = MAX(self->now_us, hand->at_us);
        happen(self, hand->verb);
    }
    self->now_us = MAX(self->now_us, until_us);
}

static const char *
judge(const Run *self)
{
    bool back = self->ended && !self->on_maintenance && self->enabled && !self->forced_down;
    const char *end = back ? "taken-back" : self->failed_again_us > 0 ? "failed-again" : "left";

    if (self->harm != NULL) {
        return self->harm;
    }
    if (self->n_ends > 1) {
        return "its return ends twice";
    }
    if (self->failed_again_us > 0 && self->enabled) {
        return "it failed again and is in use";
    }
    return strcmp(end, self->scenario->end) == 0 ? NULL : "another end";
}

ScenarioOutcome
return_simulate(const void *scenario, int fault, unsigned at, unsigned every)
{
    const ReturnScenario *self = scenario;
    Run run = {.scenario = self,
               .on_maintenance = true,
               .forced_down = true,
               .ours = !self->theirs,
               .late = MSK_RETURN_ACT_WAIT,
               .fault = (ReturnFault) fault,
               .at = at,
               .every = every,
               .log = g_string_new(NULL)};

    begin_engine(&run, &run.engines[0], 0);
    begin_engine(&run, &run.engines[1], POLL_US / 2);
    for (;;) {
        Engine *engine =
            run.engines[0].next_us <= run.engines[1].next_us ? &run.engines[0] : &run.engines[1];

        if (engine->next_us > self->until_us + run.n_deaths * TAKEOVER_US) {
            break;
        }
        pass(&run, engine->next_us);
        go_on(&run, engine);
    }
    for (unsigned i = 0; i < N_ENGINES; i++) {
        msk_host_return_clear(&run.engines[i].state);
    }

    const char *what = judge(&run);
    ScenarioOutcome outcome = {
        .n_actions = run.n_actions,
        .complaint = what == NULL ? NULL
                                  : g_strdup_printf("%s (%s at action %u, every %u)", what,
                                                    fault_names[fault], at, every),
        .log = g_string_free(run.log, FALSE)};

    g_free(run.harm);
    return outcome;
}
