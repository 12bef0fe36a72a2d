/* SPDX-License-Identifier: Apache-2.0 */
/* oval_dpkg.c - the sentences of Canonical's OVAL generator. */
#include "feed/oval_dpkg.h"

static const struct {
	struct slice words;
	enum affected_status status;
	enum fix_state state;
} sentences[] = {
	{ SLICE_INIT("pending publication"), AFFECTED_YES, FIX_PENDING },
	{ SLICE_INIT("decision has been made to defer"), AFFECTED_YES, FIX_DEFERRED },
	{ SLICE_INIT("decision has been made to ignore"), AFFECTED_YES, FIX_WILL_NOT_FIX },
	{ SLICE_INIT("may need fixing"), AFFECTED_UNDECIDED, FIX_PLAIN },
	{ SLICE_INIT("may be affected"), AFFECTED_UNDECIDED, FIX_PLAIN },
	{ SLICE_INIT("is not affected"), AFFECTED_NO, FIX_PLAIN },
	{ SLICE_INIT("is affected"), AFFECTED_YES, FIX_AFFECTED },
};

bool oval_dpkg_words(struct slice comment, struct affected *out)
{
	static const struct slice before[] = { SLICE_INIT(" package in "), SLICE_INIT(" kernel in "),
					       SLICE_INIT(" source package in ") };
	size_t at = SIZE_MAX;
	struct slice name, rest;

	/* "(CVE-2023-48795) openssh package in ..." */
	if (slice_starts(comment, SLICE("(")) && slice_cut(comment, ')', NULL, &rest))
		comment = slice_trim(rest);
	out->name_kind = AFFECTED_NAME_SOURCE;
	out->status = AFFECTED_YES;
	for (size_t i = 0; i < ARRAY_LEN(before); i++)
		at = MIN(at, slice_find(comment, before[i]));
	if (at == SIZE_MAX)
		return false;
	name = slice_take(comment, at);
	if (name.len > 2 && name.ptr[0] == '\'' && name.ptr[name.len - 1] == '\'')
		name = slice_take(slice_from(name, 1), name.len - 2);
	if (slice_has(name, SLICE(" ")))
		return false;
	out->package = name;
	for (size_t i = 0; i < ARRAY_LEN(sentences); i++) {
		if (!slice_has(comment, sentences[i].words))
			continue;
		out->status = sentences[i].status;
		out->fix_state = sentences[i].state;
		break;
	}
	return true;
}

static bool has_part(struct slice list, struct slice item)
{
	struct slice part;

	while (slice_word(&list, '|', &part))
		if (slice_eq(part, item))
			return true;
	return false;
}

bool oval_join_arch(struct arena *arena, struct slice *list, struct slice more)
{
	struct slice part;

	if (list->len == 0)
		return true;
	if (more.len == 0) {
		*list = SLICE_EMPTY;
		return true;
	}
	while (slice_word(&more, '|', &part))
		if (!has_part(*list, part) &&
		    !arena_printf(arena, list, "%.*s|%.*s", SLICE_ARG(*list), SLICE_ARG(part)))
			return false;
	return true;
}
