/* SPDX-License-Identifier: Apache-2.0 */
#include "io/tls_credentials.h"

#include "base/error.h"
#include "base/file.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#define MAX_FILE_BYTES  ((size_t) 1024 * 1024)
#define ENCRYPTED_PKCS8 "-----BEGIN ENCRYPTED PRIVATE KEY-----"
#define ENCRYPTED_OLD   "Proc-Type: 4,ENCRYPTED"

struct MskTlsCredentials {
    int references; /* atomic */
    gnutls_certificate_credentials_t certificate;
    gnutls_priority_t priority;
    bool asks_clients;
    char *subject;
    int64_t expiry_us;
};

/* Wipes what it frees: it may be a key. */
static void
free_secret(char *text)
{
    if (text != NULL) {
        explicit_bzero(text, strlen(text));
        g_free(text);
    }
}
typedef char SecretText;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SecretText, free_secret)

static char *
read_pem(const char *what, const char *path, GError **error)
{
    char *text = msk_file_read(path, MAX_FILE_BYTES, NULL, error);

    if (text == NULL) {
        g_prefix_error(error, "%s: ", what);
    }
    return text;
}

static gnutls_datum_t
datum(char *text)
{
    return (gnutls_datum_t){.data = (unsigned char *) text, .size = (unsigned) strlen(text)};
}

/* Reads who the first certificate is for and when it ends. */
static bool
read_certificate(MskTlsCredentials *self, const char *path, char *pem, GError **error)
{
    const gnutls_datum_t data = datum(pem);
    gnutls_x509_crt_t *chain = NULL;
    gnutls_datum_t name = {0};
    unsigned n_certs = 0;
    int status = gnutls_x509_crt_list_import2(&chain, &n_certs, &data, GNUTLS_X509_FMT_PEM, 0);

    if (status < 0 || n_certs == 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s holds no certificate in PEM: %s", path,
                    gnutls_strerror(status));
        return false;
    }
    if (gnutls_x509_crt_get_dn3(chain[0], &name, 0) == GNUTLS_E_SUCCESS) {
        self->subject = g_strndup((const char *) name.data, name.size);
        gnutls_free(name.data);
    } else {
        self->subject = g_strdup("");
    }
    self->expiry_us = (int64_t) gnutls_x509_crt_get_expiration_time(chain[0]) * G_USEC_PER_SEC;
    for (unsigned i = 0; i < n_certs; i++) {
        gnutls_x509_crt_deinit(chain[i]);
    }
    gnutls_free(chain);
    return true;
}

static bool
load_pair(MskTlsCredentials *self, const MskTlsFiles *files, GError **error)
{
    g_autofree char *cert = read_pem("the certificate of the API", files->cert_file, error);

    if (cert == NULL || !read_certificate(self, files->cert_file, cert, error)) {
        return false;
    }
    g_autoptr(SecretText) key = read_pem("the key of the API", files->key_file, error);

    if (key == NULL) {
        return false;
    }
    if (strstr(key, ENCRYPTED_PKCS8) != NULL || strstr(key, ENCRYPTED_OLD) != NULL) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "the key in %s is encrypted; the service can ask nobody for its passphrase, "
                    "give it one without (openssl pkey -in … -out …)",
                    files->key_file);
        return false;
    }
    const gnutls_datum_t cert_data = datum(cert);
    const gnutls_datum_t key_data = datum(key);
    int status = gnutls_certificate_set_x509_key_mem(self->certificate, &cert_data, &key_data,
                                                     GNUTLS_X509_FMT_PEM);

    if (status == GNUTLS_E_CERTIFICATE_KEY_MISMATCH) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "the key in %s is not that of the certificate in %s", files->key_file,
                    files->cert_file);
        return false;
    }
    if (status < 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s holds no private key in PEM: %s",
                    files->key_file, gnutls_strerror(status));
        return false;
    }
    return true;
}

static bool
load_authorities(MskTlsCredentials *self, const char *path, GError **error)
{
    g_autofree char *pem = read_pem("the authorities of clients", path, error);

    if (pem == NULL) {
        return false;
    }
    const gnutls_datum_t data = datum(pem);
    int n_read =
        gnutls_certificate_set_x509_trust_mem(self->certificate, &data, GNUTLS_X509_FMT_PEM);

    if (n_read <= 0) {
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID, "%s holds no certificates in PEM: %s",
                    path, n_read == 0 ? "none was found" : gnutls_strerror(n_read));
        return false;
    }
    self->asks_clients = true;
    return true;
}

static bool
load_priority(MskTlsCredentials *self, const char *text, GError **error)
{
    const char *where = NULL;

    if (gnutls_priority_init(&self->priority, text, &where) != GNUTLS_E_SUCCESS) {
        self->priority = NULL;
        g_set_error(error, MSK_ERROR, MSK_ERROR_INVALID,
                    "'%s' is no priority string of GnuTLS (see gnutls-cli --list): it is not "
                    "understood from '%s' on",
                    text, where == NULL ? text : where);
        return false;
    }
    return true;
}

MskTlsCredentials *
msk_tls_credentials_new(const MskTlsFiles *files, GError **error)
{
    g_autoptr(MskTlsCredentials) self = g_new0(MskTlsCredentials, 1);

    self->references = 1;
    g_assert(gnutls_certificate_allocate_credentials(&self->certificate) == GNUTLS_E_SUCCESS);
    if (!load_priority(self, files->priority, error) || !load_pair(self, files, error) ||
        (files->ca_file != NULL && !load_authorities(self, files->ca_file, error))) {
        return NULL;
    }
    return g_steal_pointer(&self);
}

MskTlsCredentials *
msk_tls_credentials_ref(MskTlsCredentials *self)
{
    (void) g_atomic_int_add(&self->references, 1);
    return self;
}

void
msk_tls_credentials_unref(MskTlsCredentials *self)
{
    if (self == NULL || !g_atomic_int_dec_and_test(&self->references)) {
        return;
    }
    gnutls_certificate_free_credentials(self->certificate);
    if (self->priority != NULL) {
        gnutls_priority_deinit(self->priority);
    }
    g_free(self->subject);
    g_free(self);
}

const char *
msk_tls_credentials_subject(const MskTlsCredentials *self)
{
    return self->subject;
}

int64_t
msk_tls_credentials_expiry_us(const MskTlsCredentials *self)
{
    return self->expiry_us;
}

bool
msk_tls_credentials_apply(const MskTlsCredentials *self, void *session)
{
    /* GnuTLS reads it while the session lives. */
    static char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
    static gnutls_typed_vdata_st for_clients = {
        .type = GNUTLS_DT_KEY_PURPOSE_OID,
        .data = (unsigned char *) purpose,
    };
    gnutls_session_t tls = session;

    if (gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, self->certificate) !=
            GNUTLS_E_SUCCESS ||
        gnutls_priority_set(tls, self->priority) != GNUTLS_E_SUCCESS) {
        return false;
    }
    if (self->asks_clients) {
        gnutls_certificate_server_set_request(tls, GNUTLS_CERT_REQUIRE);
        gnutls_session_set_verify_cert2(tls, &for_clients, 1, 0);
    }
    return true;
}
