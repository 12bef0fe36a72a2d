/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credentials.h - who asks a registry: docker's config.json, podman's auth.json, credential helpers, netrc.
 *
 * Looked for in this order: each of auth_files (in it the helper of the registry, then the entry, then the common
 * helper), then netrc. Secrets never enter a message. What a file says wrong is told and passed over: a public image
 * needs none of it.
 */
#ifndef LIMPID_IMAGE_CREDENTIALS_H
#define LIMPID_IMAGE_CREDENTIALS_H

#include "base/arena.h"
#include "base/err.h"
#include "image/reference.h"

struct credential_sources {
	const char *const *auth_files; /* config.json and the like, by preference, NULL at the end; or NULL */
	const char *netrc;	       /* NULL: none */
	char *const *environment;  /* of helpers; PATH in it is where they are looked for. NULL: no helpers are run */
	unsigned helper_timeout_s; /* 0: 30 */
};

struct credentials {
	struct slice account, secret; /* user and password; "" and "": nobody knows any */
	struct slice identity_token;  /* in place of a password: for the token server only */
	struct slice registry_token;  /* is sent as it is */
	/* Why a source could not be used, "" if all could; free of secrets. For the message when access is refused. */
	char trouble[400];
};

/* Memory is the arena's. STATUS_NOMEM is the only failure. */
enum status credentials_find(const struct credential_sources *sources, const struct reference *ref, struct arena *arena,
			     struct credentials *out, struct err *err) NODISCARD;
static inline bool credentials_known(const struct credentials *c)
{
	return c->account.len > 0 || c->secret.len > 0 || c->identity_token.len > 0 || c->registry_token.len > 0;
}

/* "Basic <base64>" of user and password; false when memory is short. */
bool credentials_basic(const struct credentials *c, struct arena *arena, struct slice *out) NODISCARD;

/* ---- the parts, which do no I/O ---- */

/* What a config.json says about a registry: credentials, or the name of a helper ("" if there is none). */
struct auth_entry {
	struct credentials own;
	struct slice helper;	 /* credHelpers of this registry */
	struct slice helper_key; /* what it is asked for */
	struct slice store;	 /* credsStore */
};
enum status auth_file_parse(struct slice json, const struct reference *ref, struct arena *arena, struct auth_entry *out,
			    struct err *err) NODISCARD;
/* What a helper has answered; STATUS_NOTFOUND if it knows none. */
enum status helper_answer_parse(struct slice json, struct arena *arena, struct credentials *out,
				struct err *err) NODISCARD;
/* The entry of the host, or the default one. False: there is neither. */
bool netrc_parse(struct slice text, struct slice host, struct slice *out_user, struct slice *out_password);

/* Run docker-credential-NAME get with the key on its standard input; *out: what it said (at most 64 KiB). */
enum status helper_run(const struct credential_sources *sources, struct slice name, struct slice key,
		       struct arena *arena, struct slice *out, struct err *err) NODISCARD;

#endif
