/* SPDX-License-Identifier: Apache-2.0 */
/* osv_record.h - what one OSV record says. Private to feed/. */
#ifndef LIMPID_FEED_OSV_RECORD_H
#define LIMPID_FEED_OSV_RECORD_H

#include "model/advisory.h"
#include "text/json.h"

#define OSV_SKIPPED_MAX 64

struct osv_reader {
	const struct advisory_sink *out; /* borrowed */
	struct slice ecosystem;		 /* only affected entries of it count; "" = all */
	struct arena arena;		 /* of one record */
	struct arena names;		 /* of the reader's life */
	struct {
		struct slice name; /* ecosystem, with its release, that is not read here */
		uint64_t entries;
	} skipped[OSV_SKIPPED_MAX];
	size_t n_skipped;
	uint64_t skipped_more; /* entries of further ecosystems */
};

/* sink is borrowed; limits cap the memory of a record. */
struct osv_reader osv_reader_make(const struct advisory_sink *sink, struct slice ecosystem,
				  const struct limits *limits);
void osv_reader_fini(struct osv_reader *r);
/* Emit the record; one that is no OSV record is a diagnostic. where and offset: for that diagnostic. */
enum status osv_record(struct osv_reader *r, yyjson_val *record, struct slice where, uint64_t offset,
		       struct err *err) NODISCARD;
/* One diagnostic per ecosystem that was left out. */
void osv_reader_tell_skipped(const struct osv_reader *r);

#endif
