/* SPDX-License-Identifier: Apache-2.0 */
/* tls.c - certificate chains for GnuTLS, by a callback at each handshake, so that they can be exchanged. */
#include "server/tls.h"

#include "base/date.h"
#include "io/file.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>

#define CHAIN 16
#define PEM_BYTES ((size_t)1 << 20)
/* A handshake that has got a chain is over by then, and the chain can be freed. */
#define HANDSHAKE_NS (UINT64_C(600) * 1000000000)

struct chain {
	struct chain *next; /* older ones */
	gnutls_pcert_st certs[CHAIN];
	unsigned n;
	gnutls_privkey_t key;
	uint64_t replaced_ns;
};

struct http_tls {
	pthread_mutex_t lock;
	struct chain *chains; /* the first one is in use */
	char cert[4096], key[4096];
	struct buf client_ca; /* PEM, with a NUL */
	struct MHD_OptionItem options[4];
};

/* The library's callback has no argument of ours: one listener of a process has TLS. */
static struct http_tls *the_tls;

static void free_chain(struct chain *c)
{
	for (unsigned i = 0; i < c->n; i++)
		gnutls_pcert_deinit(&c->certs[i]);
	if (c->key)
		gnutls_privkey_deinit(c->key);
	free(c);
}

static enum status read_pem(const char *path, struct buf *out, struct err *err)
{
	*out = (struct buf)BUF_INIT(PEM_BYTES);
	if (file_read(path, out, err) != STATUS_OK) {
		buf_fini(out);
		return err->code;
	}
	buf_add_byte(out, 0);
	return buf_check(out, path, err);
}

static enum status parse_chain(const struct http_tls *t, const struct buf *cert, const struct buf *key, struct chain *c,
			       struct err *err)
{
	gnutls_datum_t pem = { cert->ptr, (unsigned)cert->len - 1 };
	gnutls_x509_privkey_t x509 = NULL;
	unsigned n = CHAIN;
	size_t id_len = 20, key_id_len = 20;
	uint8_t id[20], key_id[20];
	gnutls_x509_crt_t leaf = NULL;
	int rc = gnutls_pcert_list_import_x509_raw(c->certs, &n, &pem, GNUTLS_X509_FMT_PEM, 0);

	if (rc < 0)
		return err_set(err, STATUS_MALFORMED, "%s holds no certificates: %s", t->cert, gnutls_strerror(rc));
	c->n = n;
	pem = (gnutls_datum_t){ key->ptr, (unsigned)key->len - 1 };
	rc = gnutls_privkey_init(&c->key);
	if (rc >= 0)
		rc = gnutls_privkey_import_x509_raw(c->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (rc < 0)
		return err_set(err, STATUS_MALFORMED, "%s holds no private key: %s", t->key, gnutls_strerror(rc));
	/* A pair that does not belong together would be found out by each client. */
	rc = gnutls_privkey_export_x509(c->key, &x509);
	if (rc >= 0)
		rc = gnutls_x509_privkey_get_key_id(x509, GNUTLS_KEYID_USE_SHA1, key_id, &key_id_len);
	if (rc >= 0)
		rc = gnutls_pcert_export_x509(&c->certs[0], &leaf);
	if (rc >= 0)
		rc = gnutls_x509_crt_get_key_id(leaf, GNUTLS_KEYID_USE_SHA1, id, &id_len);
	if (leaf)
		gnutls_x509_crt_deinit(leaf);
	if (x509)
		gnutls_x509_privkey_deinit(x509);
	if (rc < 0 || id_len != key_id_len || memcmp(id, key_id, id_len) != 0)
		return err_set(err, STATUS_INVALID, "the key of %s is not that of the first certificate of %s", t->key,
			       t->cert);
	return STATUS_OK;
}

/* Under the lock. */
static void drop_old(struct http_tls *t, uint64_t now)
{
	struct chain **at = t->chains ? &t->chains->next : NULL;

	while (at && *at) {
		struct chain *c = *at;

		if (now - c->replaced_ns > HANDSHAKE_NS) {
			*at = c->next;
			free_chain(c);
		} else {
			at = &c->next;
		}
	}
}

enum status http_tls_reload(struct http_tls *t, struct err *err)
{
	struct buf cert, key;
	struct chain *c;
	enum status st;

	TRY(read_pem(t->cert, &cert, err));
	st = read_pem(t->key, &key, err);
	if (st != STATUS_OK) {
		buf_fini(&cert);
		return st;
	}
	c = calloc(1, sizeof(*c));
	st = c ? parse_chain(t, &cert, &key, c, err) : err_nomem(err, "certificates");
	explicit_bzero(key.ptr, key.len);
	buf_fini(&key);
	buf_fini(&cert);
	if (st != STATUS_OK) {
		if (c)
			free_chain(c);
		return st;
	}
	pthread_mutex_lock(&t->lock);
	if (t->chains)
		t->chains->replaced_ns = date_monotonic_ns();
	c->next = t->chains;
	t->chains = c;
	drop_old(t, date_monotonic_ns());
	pthread_mutex_unlock(&t->lock);
	return STATUS_OK;
}

static int give_chain(gnutls_session_t session, const gnutls_datum_t *req_ca_rdn, int nreqs,
		      const gnutls_pk_algorithm_t *pk, int n_pk, gnutls_pcert_st **certs, unsigned *n,
		      gnutls_privkey_t *key)
{
	struct http_tls *t = the_tls;

	(void)session;
	(void)req_ca_rdn;
	(void)nreqs;
	(void)pk;
	(void)n_pk;
	pthread_mutex_lock(&t->lock);
	*certs = t->chains->certs;
	*n = t->chains->n;
	*key = t->chains->key;
	pthread_mutex_unlock(&t->lock);
	return 0;
}

enum status http_tls_open(const struct http_tls_files *files, struct http_tls **out, struct err *err)
{
	struct http_tls *t = calloc(1, sizeof(*t));
	enum status st = STATUS_OK;
	size_t n = 0;

	if (!t)
		return err_nomem(err, "TLS");
	pthread_mutex_init(&t->lock, NULL);
	if (strlen(files->cert) >= sizeof(t->cert) || strlen(files->key) >= sizeof(t->key))
		st = err_set(err, STATUS_INVALID, "the path of a certificate is too long");
	memcpy(t->cert, files->cert, MIN(strlen(files->cert) + 1, sizeof(t->cert)));
	memcpy(t->key, files->key, MIN(strlen(files->key) + 1, sizeof(t->key)));
	if (st == STATUS_OK)
		st = http_tls_reload(t, err);
	if (st == STATUS_OK && files->client_ca[0])
		st = read_pem(files->client_ca, &t->client_ca, err);
	if (st != STATUS_OK) {
		http_tls_close(t);
		return st;
	}
	t->options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(intptr_t)give_chain };
	t->options[n++] = (struct MHD_OptionItem){
		MHD_OPTION_HTTPS_PRIORITIES, 0,
		(void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE"
	};
	if (files->client_ca[0])
		t->options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_TRUST, 0, t->client_ca.ptr };
	t->options[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	the_tls = t;
	*out = t;
	return STATUS_OK;
}

void http_tls_close(struct http_tls *t)
{
	if (!t)
		return;
	while (t->chains) {
		struct chain *c = t->chains;

		t->chains = c->next;
		free_chain(c);
	}
	if (the_tls == t)
		the_tls = NULL;
	buf_fini(&t->client_ca);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

struct MHD_OptionItem *http_tls_options(struct http_tls *t)
{
	return t->options;
}

bool http_tls_wants_client(const struct http_tls *t)
{
	return t->client_ca.len > 0;
}

bool http_tls_client_ok(void *session)
{
	unsigned problems = 1;

	return session && gnutls_certificate_verify_peers2(session, &problems) == GNUTLS_E_SUCCESS && problems == 0;
}
