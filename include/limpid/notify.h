/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limpid/notify.h - liblimpid-notify: who hears of a change in advisories. limpid_notify(3) tells more.
 *
 * Tell it which packages your images have, give it what changed in a source of advisories, and it calls you back with
 * each image that is concerned; or deliver what you have by webhook, AMQP, STOMP, mail or to a file, by the settings of
 * Clair's notifier. The library has no thread, no database and no log, and reads no environment. Handles are used by
 * one thread at a time; different handles by as many as you like.
 *
 * Texts are NUL-terminated UTF-8 and borrowed for the time of the call, both ways. NULL counts as "". Functions that
 * can fail return a limpid_notify_status and fill *error, which may be NULL.
 */
#ifndef LIMPID_NOTIFY_H
#define LIMPID_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LIMPID_NOTIFY_API __attribute__((visibility("default")))
#else
#define LIMPID_NOTIFY_API
#endif

/* The version this header belongs to; limpid_notify_version() is that of the library at run time. */
#define LIMPID_NOTIFY_VERSION_MAJOR 0
#define LIMPID_NOTIFY_VERSION_MINOR 1
LIMPID_NOTIFY_API const char *limpid_notify_version(void);

enum limpid_notify_status {
	LIMPID_NOTIFY_OK = 0,
	LIMPID_NOTIFY_INVALID = 1,   /* an argument or a setting */
	LIMPID_NOTIFY_MALFORMED = 2, /* input that is not what it should be */
	LIMPID_NOTIFY_LIMIT = 3,     /* more than the library takes */
	LIMPID_NOTIFY_NOMEM = 4,
	LIMPID_NOTIFY_IO = 5,
	LIMPID_NOTIFY_CALLBACK = 6, /* a callback did not return 0 */
	LIMPID_NOTIFY_AGAIN = 7,    /* delivery: not delivered, or that is not known; try again later */
	LIMPID_NOTIFY_NEVER = 8	    /* delivery: the peer refuses this message, and would again */
};
struct limpid_notify_error {
	int status;
	char message[512];
};

/* ---- what images have ---- */

typedef struct limpid_notify limpid_notify; /* an inventory: manifests and their packages */

LIMPID_NOTIFY_API int limpid_notify_new(limpid_notify **out, struct limpid_notify_error *error);
LIMPID_NOTIFY_API void limpid_notify_free(limpid_notify *n); /* NULL is fine */

struct limpid_notify_package {
	const char *type; /* of a package URL: "deb", "apk", "rpm", "pypi", "npm", "golang" ... */
	const char
		*scope; /* whose advisories count: "debian:12", "alpine:3.18"; "" for language packages: their type's */
	const char *name, *version;
	const char *source_name, *source_version; /* of a system's package; "" if they are the same */
	const char *arch, *module;		  /* "" if there is none */
};
/* manifest: "sha256:<hex>". Once for each; all packages of it at once. */
LIMPID_NOTIFY_API int limpid_notify_add_manifest(limpid_notify *n, const char *manifest,
						 const struct limpid_notify_package *packages, size_t n_packages,
						 struct limpid_notify_error *error);
/* An index report of limpid or Clair (JSON). */
LIMPID_NOTIFY_API int limpid_notify_add_index_report(limpid_notify *n, const char *json, size_t length,
						     struct limpid_notify_error *error);

/* ---- what changed ---- */

enum limpid_notify_reason { LIMPID_NOTIFY_ADDED = 1, LIMPID_NOTIFY_REMOVED = 2, LIMPID_NOTIFY_CHANGED = 3 };

struct limpid_notify_entry {
	const char *id;	      /* UUID; follows from the notification, the manifest and the change */
	const char *manifest; /* digest */
	enum limpid_notify_reason reason;
	const char *severity;	   /* "Unknown", "Negligible", "Low", "Medium", "High", "Critical" */
	const char *vulnerability; /* JSON: Clair's summary */
	const char *json;	   /* the whole entry as Clair's clients get it */
};
/* Not 0: stop; the call that led here returns LIMPID_NOTIFY_CALLBACK. */
typedef int (*limpid_notify_callback)(void *ctx, const struct limpid_notify_entry *entry);

struct limpid_notify_diff {
	const char
		*notification; /* id of the notification: any text that is yours alone; entries' ids follow from it */
	const char *severity;  /* leave out what is less severe; NULL or "": nothing */
	int every_change;      /* 0: one entry for a manifest, its most severe change; else one for each change */
};
/* From one segment of limpid's database to the next one of its source. before: NULL, all is new. */
LIMPID_NOTIFY_API int limpid_notify_diff_segments(limpid_notify *n, const struct limpid_notify_diff *diff,
						  const char *before, const char *after,
						  limpid_notify_callback callback, void *ctx,
						  struct limpid_notify_error *error);
/* What a matcher answers to update_diff: {"added":[vulnerability...],"removed":[...]}. */
LIMPID_NOTIFY_API int limpid_notify_diff_json(limpid_notify *n, const struct limpid_notify_diff *diff, const char *json,
					      size_t length, limpid_notify_callback callback, void *ctx,
					      struct limpid_notify_error *error);

/* ---- delivering ---- */

typedef struct limpid_notify_sender limpid_notify_sender;

/* settings: a text of Clair's configuration (YAML or JSON) with its member notifier, and limpid.notifier; auth.psk
 * signs. */
LIMPID_NOTIFY_API int limpid_notify_sender_new(const char *settings, limpid_notify_sender **out,
					       struct limpid_notify_error *error);
LIMPID_NOTIFY_API void limpid_notify_sender_free(limpid_notify_sender *s); /* NULL is fine */
/* "webhook", "amqp", ...; and whether it sends the entries themselves rather than a callback. */
LIMPID_NOTIFY_API const char *limpid_notify_sender_name(const limpid_notify_sender *s);
LIMPID_NOTIFY_API int limpid_notify_sender_is_direct(const limpid_notify_sender *s);
/*
 * One attempt to deliver one notification, id being a UUID. entries: the JSON of its entries; they may be left out
 * where nobody is sent them. LIMPID_NOTIFY_AGAIN and LIMPID_NOTIFY_NEVER say what to do about a failure; *retry_after_s
 * (may be NULL) is how long the peer wants to be left alone, 0 if he does not say.
 */
LIMPID_NOTIFY_API int limpid_notify_send(limpid_notify_sender *s, const char *id, const char *const *entries,
					 size_t n_entries, int64_t *retry_after_s, struct limpid_notify_error *error);

#ifdef __cplusplus
}
#endif
#endif
