/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock.h - what the detectors of lock files share: the list of packages, who asks for whom, and what follows from it.
 *
 * A list is filled with lock_add(), then with edges and roots if the file says them, and emitted once by lock_end():
 * each (name, version) of a file once, for development only if each of its entries is.
 */
#ifndef LIMPID_INDEX_PACKAGE_LOCK_H
#define LIMPID_INDEX_PACKAGE_LOCK_H

#include "base/buf.h"
#include "base/map.h"
#include "index/package/installed.h"

struct json_doc;

#define LOCK_BYTES ((uint64_t)64 << 20)	      /* of a lock file; the largest that are known have 20 MB */
#define LOCK_BESIDE_BYTES ((uint64_t)4 << 20) /* of a manifest beside it */
#define LOCK_CLIMB_BYTES ((uint64_t)1 << 30)  /* of places that are tried, some 0.5 s; real files need some MB */
#define LOCK_NONE SIZE_MAX

struct lock_entry {
	struct slice name, version;
	unsigned flags;
	uint32_t line;
	size_t edges;	  /* first + 1 of lock.edges; 0: none */
	unsigned reached; /* LOCK_USE, LOCK_DEV */
};

struct lock_edge {
	size_t to, next; /* entry; edge + 1 */
};

enum lock_reach { LOCK_USE = 1, LOCK_DEV = 2 };

struct lock {
	struct installed in;
	VEC(struct lock_entry) entries; /* in the arena, as texts that are made */
	VEC(struct lock_edge) edges;
	VEC(size_t) queue;
	struct map ids;	      /* names by which entries are asked for -> entry + 1; owned */
	bool rooted;	      /* what the project itself asks for is known */
	uint64_t vague;	      /* packages that are named without an exact version */
	uint32_t first_vague; /* line of the first of them, or 0 */
	struct buf place;     /* that is tried; owned */
	uint64_t climbed;     /* bytes of places that were tried */
};

#define LOCK_INIT(file, env, out, type, kind)                                                                          \
	{                                                                                                              \
		.in = { file, env, out, type, kind, TOLD_NONE }, .ids = MAP_INIT, .place = BUF_INIT(2 * LOCK_BYTES)    \
	}

/* Is path in no folder of installed packages, whose own lock files say nothing of this project? */
bool lock_of_project(struct slice path);

/* One package; *at (may be NULL) is its place. A name or version that is no text is told and left out: LOCK_NONE. */
enum status lock_add(struct lock *l, struct slice name, struct slice version, unsigned flags, uint32_t line, size_t *at,
		     struct err *err) NODISCARD;
/* A package without an exact version: counted, and told once by lock_end(). */
void lock_vague(struct lock *l, uint32_t line);
/* Give an entry an id, kept in the arena; the first of several entries has it. */
enum status lock_name(struct lock *l, struct slice id, size_t at, struct err *err) NODISCARD;
/* The entry of an id, or LOCK_NONE. */
size_t lock_find(const struct lock *l, struct slice id);
/*
 * The entry called FOLDER/BETWEEN NAME ("a/b", "node_modules/", "c": "a/b/node_modules/c"), or that of the nearest
 * folder above, up to BETWEEN NAME alone; or LOCK_NONE. After LOCK_CLIMB_BYTES nothing is found any more: then nobody
 * is said to be of development only, and lock_end() tells.
 */
size_t lock_nearest(struct lock *l, struct slice folder, const char *between, struct slice name);
/* `from` asks for `to`; either may be LOCK_NONE. */
enum status lock_ask(struct lock *l, size_t from, size_t to, struct err *err) NODISCARD;
/* The project asks for `to` (may be LOCK_NONE), to run or only to be worked on. */
void lock_root(struct lock *l, size_t to, enum lock_reach why);
/*
 * After edges and roots: who is reached by what the project needs to run, and who only by what development needs. dev:
 * mark the latter; else only direct and indirect are told.
 */
enum status lock_reach(struct lock *l, bool dev, struct err *err) NODISCARD;
/* Emit all, tell what is vague and left out, and free the list. `st` is passed on if it is a failure. */
enum status lock_end(struct lock *l, enum status st, struct err *err) NODISCARD;
/* The whole of a lock file that is one JSON document: `read` fills the list from it, lock_end() does the rest. */
enum status lock_json(struct lock *l, enum status (*read)(struct lock *l, const struct json_doc *doc, struct err *err),
		      struct err *err) NODISCARD;
/* The bytes of a file beside the lock file: false if there is none, or nobody can tell. */
bool lock_beside(const struct lock *l, const char *name, uint64_t max, struct slice *out);

/* A path as seen from a folder, without "." and ".."; false if it leaves the root or memory is short. */
bool lock_join(struct arena *arena, struct slice dir, struct slice path, struct slice *out) NODISCARD;

/* "NAME@REST" at the first @ that is not the first byte: scopes of npm begin with one. */
bool lock_cut_at(struct slice s, struct slice *name, struct slice *rest);

/* Lines of a text by their offsets, which should ascend. */
struct line_counter {
	struct slice text;
	size_t pos;
	uint32_t line;
};

#define LINE_COUNTER(text)                                                                                             \
	{                                                                                                              \
		(text), 0, 1                                                                                           \
	}
uint32_t line_at(struct line_counter *c, size_t offset);

#endif
