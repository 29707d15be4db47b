/* SPDX-License-Identifier: Apache-2.0 */
#define LOG_NAME "masakari.api.auth"
#include "api/authenticate.h"

#include "api/authtoken_options.h"
#include "api/fault.h"
#include "base/error.h"
#include "base/log.h"
#include "cloud/token_validator.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum {
    TIMEOUT_S = 10, /* the Python service waits for ever */
    MAX_TOKENS = 10000,
    MAX_ANSWER_BYTES = 4 * 1024 * 1024, /* with a large catalogue */
    MAX_IDLE = 16,
};

struct MskApiAuth {
    MskTokenValidator *validator;
    char *challenge; /* of WWW-Authenticate */
    char **service_roles;
    bool needs_service_role;
    bool delays_decision;
    char *service_type; /* (nullable) */
};

/* ---- settings ------------------------------------------------------------------------------- */

static bool
check_files(const MskConfig *config, GError **error)
{
    static const char *const names[] = {"cafile", "certfile", "keyfile"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *path = msk_config_string(config, MSK_AUTHTOKEN, names[i]);

        if (path != NULL && *path != '\0' && faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0) {
            g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "[" MSK_AUTHTOKEN "] %s = %s: %s",
                        names[i], path, g_strerror(errno));
            return false;
        }
    }
    return true;
}

static bool
check_section(const MskConfig *config, GError **error)
{
    const char *section = msk_config_string(config, MSK_AUTHTOKEN, "auth_section");

    if (section == NULL || *section == '\0' || strcmp(section, MSK_AUTHTOKEN) == 0) {
        return true;
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                "[" MSK_AUTHTOKEN "] auth_section = %s: other sections are not read for this; "
                "write auth_url, username and the rest into [" MSK_AUTHTOKEN "]",
                section);
    return false;
}

/* Modes that want a token to be bound to something would refuse them all. */
static bool
check_bind(const MskConfig *config, GError **error)
{
    static const char *const without[] = {"disabled", "permissive", "strict", NULL};
    const char *mode = msk_config_string(config, MSK_AUTHTOKEN, "enforce_token_bind");

    if (g_strv_contains(without, mode)) {
        return true;
    }
    g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                "[" MSK_AUTHTOKEN "] enforce_token_bind = %s: Keystone binds no tokens any more, "
                "so this would refuse each of them; write permissive",
                mode);
    return false;
}

/* Returns: (nullable) NULL for no text, too. */
static const char *
text_of(const MskConfig *config, const char *name)
{
    const char *text = msk_config_string(config, MSK_AUTHTOKEN, name);

    return text == NULL || *text == '\0' ? NULL : text;
}

static unsigned
timeout_of(const MskConfig *config)
{
    if (!msk_config_is_set(config, MSK_AUTHTOKEN, "http_connect_timeout")) {
        return TIMEOUT_S * 1000;
    }
    return (unsigned) msk_config_int(config, MSK_AUTHTOKEN, "http_connect_timeout") * 1000;
}

static MskKeystoneSession *
make_session(const MskConfig *config, const MskKeystoneAuth *auth, GError **error)
{
    unsigned timeout_ms = timeout_of(config);
    const MskHttpSessionOptions http = {
        .user_agent = "masakari-api masakari-c/" MSK_VERSION,
        .cafile = text_of(config, "cafile"),
        .certfile = text_of(config, "certfile"),
        .keyfile = text_of(config, "keyfile"),
        .insecure = msk_config_bool(config, MSK_AUTHTOKEN, "insecure"),
        .connect_timeout_ms = timeout_ms,
        .timeout_ms = timeout_ms,
        .max_answer_bytes = MAX_ANSWER_BYTES,
        .max_idle = MAX_IDLE,
    };

    return msk_keystone_session_new(auth, &http, error);
}

/* Returns: (transfer full) */
static char *
make_challenge(const MskConfig *config, const MskKeystoneAuth *auth)
{
    const char *uri = text_of(config, "www_authenticate_uri");

    if (uri == NULL) {
        uri = text_of(config, "auth_uri");
    }
    if (uri == NULL) {
        uri = auth->auth_url;
        log_warning("[" MSK_AUTHTOKEN "] www_authenticate_uri is not set: clients without a token "
                    "are sent to %s, which they may not reach",
                    uri);
    }
    return g_strdup_printf("Keystone uri=\"%s\"", uri);
}

static MskTokenValidatorOptions
validator_options(const MskConfig *config)
{
    const char *interface = text_of(config, "interface");

    return (MskTokenValidatorOptions){
        .cache_time_s =
            (unsigned) MAX(msk_config_int(config, MSK_AUTHTOKEN, "token_cache_time"), 0),
        .max_tokens = MAX_TOKENS,
        .timeout_ms = timeout_of(config),
        .max_retries = (unsigned) msk_config_int(config, MSK_AUTHTOKEN, "http_request_max_retries"),
        .interface = interface == NULL ? "public" : interface, /* when it is there and empty */
        .region = text_of(config, "region_name"),
        .service_type = text_of(config, "service_type"),
    };
}

bool
msk_api_auth_new(const MskConfig *config, MskApiAuth **ret, GError **error)
{
    MskKeystoneAuth auth;
    MskKeystoneSession *session;
    MskApiAuth *self;

    if (strcmp(msk_config_string(config, "DEFAULT", "auth_strategy"), "noauth2") == 0) {
        *ret = NULL;
        return true;
    }
    if (!check_section(config, error) || !check_files(config, error) ||
        !check_bind(config, error)) {
        return false;
    }
    msk_keystone_auth_read(config, MSK_AUTHTOKEN, &auth);
    session = make_session(config, &auth, error);
    if (session == NULL) {
        return false;
    }
    const MskTokenValidatorOptions options = validator_options(config);

    self = g_new0(MskApiAuth, 1);
    self->validator = msk_token_validator_new(session, &options);
    self->challenge = make_challenge(config, &auth);
    self->service_roles = g_strdupv(
        (char **) (uintptr_t) msk_config_list(config, MSK_AUTHTOKEN, "service_token_roles"));
    self->needs_service_role =
        msk_config_bool(config, MSK_AUTHTOKEN, "service_token_roles_required");
    self->delays_decision = msk_config_bool(config, MSK_AUTHTOKEN, "delay_auth_decision");
    self->service_type = g_strdup(text_of(config, "service_type"));
    if (!self->needs_service_role) {
        log_warning("[" MSK_AUTHTOKEN "] service_token_roles_required = False takes the token of "
                    "any user for that of a service; True is safer");
    }
    *ret = self;
    return true;
}

void
msk_api_auth_free(MskApiAuth *self)
{
    if (self == NULL) {
        return;
    }
    msk_token_validator_free(self->validator);
    g_free(self->challenge);
    g_strfreev(self->service_roles);
    g_free(self->service_type);
    g_free(self);
}

/* ---- answers -------------------------------------------------------------------------------- */

static void
refuse(MskApiCall *call)
{
    const MskApiAuth *auth = call->settings->auth;
    MskHttpResponse *response = call->response;

    log_info("%s %s is answered 401", call->http->method, call->http->target);
    if (auth->delays_decision) {
        msk_fault_plain(call, 401,
                        "This server could not verify that you are authorized to access the "
                        "document you requested. Either you supplied the wrong credentials (e.g., "
                        "bad password), or your browser does not understand how to supply the "
                        "credentials required.",
                        "");
    } else {
        response->status = 401;
        response->body = g_string_new("{\"error\": {\"code\": 401, \"title\": \"Unauthorized\", "
                                      "\"message\": \"The request you have made requires "
                                      "authentication.\"}}");
        msk_http_response_add_header(response, "Content-Type", "application/json");
    }
    msk_http_response_add_header(response, "WWW-Authenticate", auth->challenge);
}

/* Keystone has not said; with delay_auth_decision the token counts as bad then. */
static void
answer_unavailable(MskApiCall *call, const GError *error)
{
    log_error("a token cannot be validated: %s", error->message);
    if (call->settings->auth->delays_decision) {
        refuse(call);
        return;
    }
    msk_fault_plain(call, 503,
                    "The server is currently unavailable. Please try again at a later time.",
                    "The Keystone service is temporarily unavailable.");
}

/* ---- tokens --------------------------------------------------------------------------------- */

static bool
has_one_of(char **roles, char **wanted)
{
    for (size_t i = 0; wanted[i] != NULL; i++) {
        if (g_strv_contains((const char *const *) roles, wanted[i])) {
            return true;
        }
    }
    return false;
}

/* What is routed, however the client wrote it: a header, such as one of proxies, adds nothing.
 * Returns: (transfer full) the path as access rules have it. */
static char *
ruled_path(const MskApiCall *call)
{
    g_autofree char *path = msk_path_encode(call->path);

    return g_strconcat(MSK_API_V1, path, NULL);
}

/* What an application credential was made for.
 * @for_service: a service that is bound by no rules asks for its user.
 * Returns: whether the request is within that. */
static bool
is_within_rules(const MskApiCall *call, const MskKeystoneToken *token, bool for_service)
{
    const char *service_type = call->settings->auth->service_type;
    g_autofree char *path = NULL;

    if (token->access_rules == NULL) {
        return true;
    }
    if (service_type == NULL) {
        log_warning("an application credential with access rules is refused: set "
                    "[" MSK_AUTHTOKEN "] service_type to check them");
        return false;
    }
    if (!msk_keystone_token_has_service(token, service_type)) {
        log_warning("an application credential with access rules is refused: its catalogue has no "
                    "service of [" MSK_AUTHTOKEN "] service_type = %s",
                    service_type);
        return false;
    }
    path = ruled_path(call);
    return for_service ||
           msk_access_rules_allow(token->access_rules, service_type, call->http->method, path);
}

typedef struct {
    MskKeystoneToken *user;
    MskKeystoneToken *service; /* (nullable) */
} Tokens;

static void
tokens_clear(Tokens *self)
{
    g_clear_pointer(&self->user, msk_keystone_token_unref);
    g_clear_pointer(&self->service, msk_keystone_token_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Tokens, tokens_clear)

/* Returns: what is known of the service's token; good as well when there is none.
 * @ret_has_role: whether it has one of the roles that services have. */
static MskTokenVerdict
check_service(const MskApiCall *call, Tokens *tokens, bool *ret_has_role, GError **error)
{
    const MskApiAuth *auth = call->settings->auth;
    const char *token = msk_http_request_header(call->http, "X-Service-Token");
    MskTokenVerdict verdict;

    *ret_has_role = false;
    if (token == NULL || *token == '\0') {
        return MSK_TOKEN_GOOD;
    }
    verdict = msk_token_validator_check(auth->validator, token, false, &tokens->service, error);
    if (verdict != MSK_TOKEN_GOOD) {
        return verdict;
    }
    *ret_has_role = has_one_of(tokens->service->roles, auth->service_roles);
    if (auth->needs_service_role && !*ret_has_role) {
        log_info("the token in X-Service-Token has none of the roles in service_token_roles");
        return MSK_TOKEN_BAD;
    }
    return MSK_TOKEN_GOOD;
}

/* @for_service: a token of @tokens says that a service asks; the user's may be over then. */
static MskTokenVerdict
check_user(const MskApiCall *call, Tokens *tokens, bool for_service, GError **error)
{
    const char *token = msk_http_request_header(call->http, "X-Auth-Token");
    MskTokenVerdict verdict;

    if (token == NULL) {
        token = msk_http_request_header(call->http, "X-Storage-Token");
    }
    if (token == NULL) {
        return MSK_TOKEN_BAD;
    }
    verdict = msk_token_validator_check(call->settings->auth->validator, token, for_service,
                                        &tokens->user, error);
    /* A token with rules must not free itself by being sent as a service's as well. */
    if (verdict == MSK_TOKEN_GOOD &&
        !is_within_rules(call, tokens->user,
                         for_service && tokens->service->access_rules == NULL)) {
        return MSK_TOKEN_BAD;
    }
    return verdict;
}

static MskTokenVerdict
check_tokens(const MskApiCall *call, Tokens *tokens, GError **error)
{
    g_autoptr(GError) failure = NULL;
    bool has_role;
    MskTokenVerdict verdict = check_service(call, tokens, &has_role, &failure);

    if (verdict != MSK_TOKEN_GOOD && call->settings->auth->delays_decision) {
        if (verdict == MSK_TOKEN_UNAVAILABLE) {
            log_warning("the token in X-Service-Token is passed over: %s", failure->message);
        } else {
            log_info("the token in X-Service-Token is passed over: it is no good");
        }
        g_clear_error(&failure);
        g_clear_pointer(&tokens->service, msk_keystone_token_unref);
        has_role = false;
        verdict = MSK_TOKEN_GOOD;
    }
    if (verdict != MSK_TOKEN_GOOD) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return verdict;
    }
    return check_user(call, tokens, has_role, error);
}

bool
msk_call_authenticate(MskApiCall *call)
{
    g_auto(Tokens) tokens = {0};
    g_autoptr(GError) error = NULL;

    if (call->settings->auth == NULL) {
        /* With noauth2 everybody is an administrator. */
        msk_caller_read(call->http, MSK_POLICY_ADMIN_YES, &call->caller);
        return true;
    }
    switch (check_tokens(call, &tokens, &error)) {
    case MSK_TOKEN_GOOD:
        break;
    case MSK_TOKEN_UNAVAILABLE:
        answer_unavailable(call, error);
        return false;
    case MSK_TOKEN_BAD:
    default:
        refuse(call);
        return false;
    }
    msk_caller_from_tokens(g_steal_pointer(&tokens.user), g_steal_pointer(&tokens.service),
                           &call->caller);
    call->caller.credentials.is_admin =
        msk_policy_is_admin(call->settings->policy, &call->caller.credentials)
            ? MSK_POLICY_ADMIN_YES
            : MSK_POLICY_ADMIN_NO;
    return true;
}
