/* SPDX-License-Identifier: Apache-2.0 */
/*
 * updates.h - the updaters' runs: when each set of sources is due, a child process that reads it, and what came of it.
 *
 * A set has a child of its own (limpid-update), so that no byte of a feed reaches the server, and a set that is slow,
 * fails or dies delays no other. Of several nodes one runs a set at a time: it holds the set's lock, and looks first
 * whether another one has just done it.
 */
#ifndef LIMPID_SERVICE_UPDATES_H
#define LIMPID_SERVICE_UPDATES_H

#include "service/events.h"
#include "store/pool.h"

struct updates_options {
	struct store_pool *store; /* borrowed */
	const char *program;	  /* path of limpid-update; copied, as are the texts below */
	const char *data_dir;
	/*
	 * How the child reaches a store that is not in data_dir, in its environment, since arguments are for everybody
	 * to read; NULL: it is.
	 */
	const char *connstring;
	const char
		*settings; /* of updaters, JSON (feed/feed_settings.h); in the child's environment, too; NULL: none */
	char *const *environment; /* of the children beside, NULL last; borrowed; NULL: none */
	const char *mirror;	  /* NULL or "": the origins */
	const struct slice *sets; /* Clair's or limpid's names; those that limpid does not have are told and left out */
	size_t n_sets;
	bool all; /* every set, instead of those */
	uint64_t period_ns, timeout_ns;
	bool on_start; /* else the first run is a period after the start */
	unsigned keep; /* update operations kept of each source; 0: all */
	struct service_events events;
	/* After a child ended; from the thread of the runs. May be NULL. */
	void (*ended)(void *ctx, struct slice set, bool good);
	void *ctx;
};

struct updates;

/* Is a block of settings of updaters about something here: a set, or by the beginning of its name a source of one? */
bool updates_block_known(struct slice block);

enum status updates_new(const struct updates_options *options, struct updates **out, struct err *err) NODISCARD;
enum status updates_start(struct updates *u, struct err *err) NODISCARD;
/* Ends what runs; nothing is lost by it but the work of a source. NULL is fine. */
void updates_free(struct updates *u);

/*
 * Run a set, or the set of a source, as soon as it can be; "": all. It runs even if it was read a moment ago.
 * STATUS_NOTFOUND: there is no such set or source here.
 */
enum status updates_trigger(struct updates *u, struct slice name, struct err *err) NODISCARD;

/* How a set is doing on this node; times are Unix seconds or DATE_NONE. */
struct updates_state {
	struct slice set; /* static */
	bool running;
	bool elsewhere;	   /* another node had it when this one last wanted to */
	int64_t started_s; /* the last run here */
	int64_t ended_s;
	int exit_status; /* of it; -1: killed or never */
	int64_t next_s;
	struct slice said; /* the last line that it wrote; in the arena */
};
enum status updates_states(struct updates *u, struct arena *arena, struct updates_state **out, size_t *out_n,
			   struct err *err) NODISCARD;

#endif
