/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change.h - what an update says of one package in one scope under one id: before, and after.
 *
 * A feed writes an advisory anew for a comma. What counts here is whom its rows affect: a change has all rows of
 * (scope, package, id) on both sides, those that stayed the same among them, so that it can be said of an installed
 * package whether it was affected and whether it is.
 */
#ifndef LIMPID_NOTIFY_CHANGE_H
#define LIMPID_NOTIFY_CHANGE_H

#include "match/judge.h"
#include "segment/segment.h"

enum notify_reason { NOTIFY_ADDED = 1, NOTIFY_REMOVED = 2, NOTIFY_CHANGED = 3 };
/* "added" and so on; never NULL. */
const char *notify_reason_name(unsigned reason);

struct notify_row {
	struct judge_question q;
	struct slice raw; /* the vulnerability as a matcher sent it, JSON; "" if the row came from a segment */
};

struct notify_side {
	const struct notify_row *rows; /* that affect something; none: nothing was said */
	size_t n;
	struct slice summary;	/* Clair's summary of a vulnerability, JSON, html-escaped; "" without rows */
	enum severity severity; /* the highest */
};

/* All memory is of whoever hands it out, for the time of the call. */
struct notify_change {
	struct slice package; /* what to ask the inverse index for */
	struct slice scope, id;
	struct notify_side before, after;
	bool differs; /* in severity or in the fixed version: worth telling to who was affected and still is */
};

/* Gets changes in the order of the segments: scope, package, id. */
struct notify_changes_sink {
	enum status (*changes)(void *ctx, const struct notify_change *changes, size_t n, struct err *err);
	void *ctx;
};

/*
 * From a segment to the next one of its source; before may be NULL (all is new). Changes whose severity is below
 * `least` on both sides are left out. Memory is that of some hundred changes.
 */
enum status notify_diff(const struct segment *before, const struct segment *after, enum severity least,
			const struct notify_changes_sink *sink, struct err *err) NODISCARD;
/* For who makes changes himself: fills differs; false if nobody has to hear of it. */
bool notify_change_finish(struct notify_change *c, enum severity least);

#endif
