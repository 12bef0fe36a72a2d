/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layers_notices.h - notifications of Clair v2's API: a vulnerability as it was and as it is, and the layers that
 * brought a package it affects. Private to server/.
 *
 * What changed is kept; which layers that concerns is looked up when somebody asks, as in Clair v2: layers that were
 * posted meanwhile are among them, and those that were deleted are not.
 */
#ifndef LIMPID_SERVER_LAYERS_NOTICES_H
#define LIMPID_SERVER_LAYERS_NOTICES_H

#include "notify/notify.h"
#include "server/layers_impl.h"

/* A vulnerability before or after. */
struct notice_side {
	bool there;
	struct slice vulnerability;	 /* JSON of this API, with FixedIn */
	const struct notify_row *rows;	 /* of a feed: they say what is affected */
	size_t n_rows;			 /* 0: a user wrote it, and its fixes say that */
	struct layers_advisory advisory; /* the user's */
};
struct notice {
	struct notice_side old, new;
};
/* What notice_print() wrote; memory is the arena's. STATUS_MALFORMED. */
enum status notice_parse(struct slice json, struct arena *arena, struct notice *out, struct err *err) NODISCARD;

/* ---- layers_notice_who.c ---- */

/* Numbers of packages in the inverse index, ascending; in the arena. */
struct notice_packages {
	uint64_t *at;
	size_t n, room;
};
enum status notice_packages_add(struct notice_packages *p, uint64_t id, struct arena *arena, struct err *err) NODISCARD;
/* Those that a side affects. known: as of judge_affects(); what a user wrote asks for none. */
enum status notice_packages_of(struct store *s, const struct notice_side *side, const struct judge_known *known,
			       struct arena *arena, struct notice_packages *out, struct err *err) NODISCARD;

struct notice_layer {
	uint64_t index; /* grows with the time at which a layer was first posted; the same for every vulnerability */
	struct slice name;
};
#define NOTICE_END (-1)
struct notice_layers {
	struct notice_layer *at; /* in the arena */
	size_t n;
	int64_t next; /* the page after this one begins there; NOTICE_END */
};
/*
 * At most max layers that have one of the packages while the layer below has not, from the index `start` on.
 * looked_at: give up after so many candidates (0: never): then the page may have fewer, and next says where to go on.
 */
enum status notice_layers_with(struct store *s, const struct notice_packages *packages, int64_t start, size_t max,
			       size_t looked_at, const _Atomic bool *stop, struct arena *arena,
			       struct notice_layers *out, struct err *err) NODISCARD;
/* The layer that is indexed under this manifest: for layers that were put before there was this look-up, too. */
enum status notice_layers_prepare(struct store *s, struct err *err) NODISCARD;
enum status notice_layer_put(struct store *s, const struct digest *manifest, struct slice name,
			     struct err *err) NODISCARD;
enum status notice_layer_forget(struct store *s, const struct digest *manifest, struct err *err) NODISCARD;

/* ---- layers_notice_make.c ---- */

struct notice_maker {
	struct notify_local *local; /* borrowed: where operations are, and who has a package */
	enum severity least;	    /* changes below it are told to nobody */
};
/* For notify_notices: all of an operation's. ctx is a notice_maker. */
enum status notices_make(void *ctx, struct store *s, const struct store_notification *n, const _Atomic bool *stop,
			 struct err *err);
/* A user wrote or deleted one (NULL: there was none, there is none). Where nobody is told of notices, none is made. */
enum status notices_of_user(struct server_context *ctx, const struct layers_advisory *old,
			    const struct layers_advisory *new, struct err *err) NODISCARD;

#endif
