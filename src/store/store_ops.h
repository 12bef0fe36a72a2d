/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_ops.h - the table of functions behind a store's handle, and what engines share. Private to store/.
 *
 * Each engine has a struct store of its own; all begin with a struct store_base, and nobody else looks behind that.
 */
#ifndef LIMPID_STORE_STORE_OPS_H
#define LIMPID_STORE_STORE_OPS_H

#include "store/store.h"

/* Locks of one handle: index runs and update runs at once; far below the files that a process may open. */
#define STORE_LOCKS_MAX 512u

/* What a notifier saw last stays for it to compare with, unless it has not been there for so long. */
#define STORE_SEEN_S (INT64_C(30) * 86400)

struct store_ops {
	void (*close)(struct store *s);
	void (*unlock)(struct store *s, struct slice name);
	void (*unlock_all)(struct store *s);
#define OP(name, parameters, arguments) enum status(*name) parameters;
#include "store/store_ops.def"
#undef OP
};

struct store_base {
	const struct store_ops *ops;
	uint64_t opened_ns, given_ns; /* monotonic; of the pool it belongs to, if any */
};

/* ---- identity.c: equal content has an equal key ---- */

#define STORE_KEY_BYTES 16 /* of a SHA-256: nobody finds two contents with one key */

struct store_key {
	uint8_t bytes[STORE_KEY_BYTES];
};

struct store_keyed_package {
	struct store_key key;
	const struct store_package *package; /* borrowed */
};

/* A group with its packages by key, each once. */
struct store_keyed_group {
	struct store_key key;
	struct store_keyed_package *at; /* owned */
	size_t n;
};

struct store_keyed_groups {
	struct store_keyed_group *at; /* owned; by key, each once, none empty */
	size_t n;
};
enum status store_keyed_groups_make(const struct store_group *groups, size_t n, struct store_keyed_groups *out,
				    struct err *err) NODISCARD;
void store_keyed_groups_fini(struct store_keyed_groups *g);

/* ---- pack.c: serialised forms in a row ---- */

/* Digests: the algorithm and the bytes of one; of many, one after the other. */
#define STORE_DIGEST_BYTES 65
size_t store_digest_pack(const struct digest *d, uint8_t out[STORE_DIGEST_BYTES]);
/* Takes one from the front of *rest; false if there is none. */
bool store_digest_unpack(struct slice *rest, struct digest *out) NODISCARD;
enum status store_digests_pack(const struct digest *d, size_t n, struct buf *out, struct err *err) NODISCARD;
enum status store_digests_unpack(struct slice packed, struct arena *arena, const struct digest **out, size_t *out_n,
				 struct err *err) NODISCARD;

/* Ascending numbers as differences of seven bits a byte. */
enum status store_ids_pack(const uint64_t *ids, size_t n, struct buf *out, struct err *err) NODISCARD;
/* The next one; *last begins as 0. False at the end. */
bool store_ids_next(struct slice *rest, uint64_t *last) NODISCARD;

/* ---- shape.c: reports without what the store has anyway ---- */

/* A package of a manifest as it is read back; texts are borrowed. */
struct store_text {
	struct store_key group;
	struct store_package package;
};
struct store_texts {
	struct store_text *at; /* in an arena */
	size_t len, cap;
};
/* What a report's texts are looked for in: the same in every member and in its order when it is read. */
struct store_report_texts {
	const struct store_text *packages; /* store_texts_sort() */
	size_t n;
	struct digest manifest;
	const struct digest *layers;
	size_t n_layers;
};
/* Into the order that depends on nothing but the content. */
void store_texts_sort(struct store_text *texts, size_t n);
/* Any bytes; *out is appended to. */
enum status store_shape(struct slice report, const struct store_report_texts *texts, struct buf *out,
			struct err *err) NODISCARD;
/* STATUS_MALFORMED: it means a text that is not there. */
enum status store_unshape(struct slice shape, const struct store_report_texts *texts, struct buf *out,
			  struct err *err) NODISCARD;

/* shape_words.c: what they are compressed after. */
extern const char store_shape_words[];
extern const size_t store_shape_words_len;

/* ---- pack.c again ---- */

/* A report, or other bytes, as zstd with a check sum; *out is appended to. With texts (or NULL) of its shape. */
enum status store_report_pack(struct slice report, const struct store_report_texts *texts, struct buf *out,
			      struct err *err) NODISCARD;
/* The same of a manifest that is put. */
enum status store_manifest_report_pack(const struct store_manifest *m, struct slice report,
				       const struct store_keyed_groups *groups, struct buf *out,
				       struct err *err) NODISCARD;
/* Was it packed with texts? What older versions packed was not. */
bool store_report_has_shape(struct slice packed) NODISCARD;
/* texts: NULL if it has no shape. STATUS_MALFORMED: damaged, or these are not its texts. */
enum status store_report_unpack(struct slice packed, const struct store_report_texts *texts, struct buf *out,
				struct err *err) NODISCARD;

/* Can a document have this name and owner? */
enum status store_document_check(struct slice name, struct slice owner, struct err *err) NODISCARD;

/* A random UUID, RFC 9562 version 4. */
enum status store_make_ref(char out[37], struct err *err) NODISCARD;
/* The validators joined, as Clair shows them. */
#define STORE_FINGERPRINT_BYTES 512
void store_fingerprint(const struct store_source *source, char out[STORE_FINGERPRINT_BYTES]);

#endif
