/* SPDX-License-Identifier: Apache-2.0 */
/* oval_tables.h - tests, objects and states of an OVAL document, by id. Private to feed/. */
#ifndef LIMPID_FEED_OVAL_TABLES_H
#define LIMPID_FEED_OVAL_TABLES_H

#include "base/arena.h"
#include "base/buf.h"
#include "text/xml.h"

enum oval_op { OVAL_OTHER, OVAL_LESS, OVAL_LESS_OR_EQUAL };

/* 16 to 24 bytes per id: half a million tests are usual. Ids are known by a seeded 64-bit hash. */
struct oval_table {
	struct oval_entry *at; /* owned */
	size_t len, cap;
};

struct oval_tables {
	struct oval_table tests, objects, states;
	struct buf texts; /* names and versions, NUL between them; offset 0 is the empty text */
	uint64_t seed;
	/* the element being read */
	uint64_t id, object, state;
	enum oval_op op;
	uint32_t evr, arch;
	bool reading_version;
	uint64_t depth, definitions_seen; /* elements "definitions" below the root */
	enum { OVAL_IN_NOTHING, OVAL_IN_TEST, OVAL_IN_OBJECT, OVAL_IN_STATE } in;
	struct buf text;
};

#define OVAL_TABLES_INIT                                                                                               \
	{                                                                                                              \
		.texts = BUF_INIT((size_t)256 << 20), .text = BUF_INIT(4096)                                           \
	}

void oval_tables_fini(struct oval_tables *t);
/* Events of the first walk over the document go here. */
struct xml_sink oval_tables_sink(struct oval_tables *t);

struct oval_test {
	struct slice name, evr, arch; /* borrowed from the tables; evr empty: the test compares no version */
	enum oval_op op;
};
/* False if there is no such test. */
bool oval_tables_test(const struct oval_tables *t, struct slice id, struct oval_test *out);

#endif
