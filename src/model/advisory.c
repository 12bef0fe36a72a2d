/* SPDX-License-Identifier: Apache-2.0 */
/* advisory.c - severities, and deep copies of advisories. */
#include "model/advisory.h"

static const char *const severity_names[SEVERITY_COUNT] = {
#define SEVERITY(id, name) [SEVERITY_##id] = name,
#include "model/severities.def"
#undef SEVERITY
};

const char *severity_name(enum severity s)
{
	return severity_names[s];
}

bool severity_by_name(struct slice name, enum severity *out)
{
	for (size_t i = 0; i < SEVERITY_COUNT; i++) {
		if (slice_eq_nocase(name, slice_cstr(severity_names[i]))) {
			*out = (enum severity)i;
			return true;
		}
	}
	return false;
}

static const struct {
	struct slice set, word;
	enum severity severity;
} severity_words[] = {
#define SEVERITY_WORD(set, word, severity) { SLICE_INIT(set), SLICE_INIT(word), SEVERITY_##severity },
#include "model/severity_words.def"
#undef SEVERITY_WORD
};

bool severity_by_word(struct slice set, struct slice word, enum severity *out)
{
	bool own = false;

	for (size_t i = 0; i < ARRAY_LEN(severity_words); i++)
		own |= set.len > 0 && slice_eq(set, severity_words[i].set);
	for (size_t i = 0; i < ARRAY_LEN(severity_words); i++) {
		if (!slice_eq(own ? set : SLICE_EMPTY, severity_words[i].set) ||
		    !slice_eq_nocase(word, severity_words[i].word))
			continue;
		*out = severity_words[i].severity;
		return true;
	}
	return !own && severity_by_name(word, out);
}

static const struct {
	const char *name, *text;
	bool withheld;
} fix_states[FIX_STATE_COUNT] = {
#define FIX_STATE(id, name, withheld, what) [FIX_##id] = { name, what, withheld },
#include "model/fix_states.def"
#undef FIX_STATE
};
_Static_assert(FIX_STATE_COUNT <= 8, "a row of a segment has three bits for it");

const char *fix_state_name(enum fix_state s)
{
	return fix_states[s].name;
}

const char *fix_state_text(enum fix_state s)
{
	return fix_states[s].text;
}

bool fix_state_withheld(enum fix_state s)
{
	return fix_states[s].withheld;
}

bool fix_state_by_name(struct slice name, enum fix_state *out)
{
	for (size_t i = 0; i < FIX_STATE_COUNT; i++) {
		if (slice_eq(name, slice_cstr(fix_states[i].name))) {
			*out = (enum fix_state)i;
			return true;
		}
	}
	return false;
}

struct slice affected_offered_fix(const struct affected *a)
{
	return fix_state_withheld(a->fix_state) ? SLICE_EMPTY : a->fixed_version;
}

static bool copy_list(struct arena *arena, const struct slice *in, size_t n, const struct slice **out)
{
	struct slice *list = NULL;

	if (n > 0) {
		list = arena_array(arena, n, sizeof(*list));
		if (!list)
			return false;
	}
	for (size_t i = 0; i < n; i++)
		if (!arena_copy(arena, in[i], &list[i]))
			return false;
	*out = list;
	return true;
}

static bool copy_ranges(struct arena *arena, const struct affected *a, struct affected *out)
{
	struct version_range *ranges = NULL;

	if (a->n_ranges > 0) {
		ranges = arena_array(arena, a->n_ranges, sizeof(*ranges));
		if (!ranges)
			return false;
	}
	for (size_t i = 0; i < a->n_ranges; i++)
		if (!arena_copy(arena, a->ranges[i].introduced, &ranges[i].introduced) ||
		    !arena_copy(arena, a->ranges[i].fixed, &ranges[i].fixed) ||
		    !arena_copy(arena, a->ranges[i].last_affected, &ranges[i].last_affected))
			return false;
	out->ranges = ranges;
	return true;
}

bool affected_copy(const struct affected *a, struct arena *arena, struct affected *out)
{
	struct affected c = *a;

	if (!arena_copy(arena, a->scope, &c.scope) || !arena_copy(arena, a->package, &c.package) ||
	    !copy_ranges(arena, a, &c) || !copy_list(arena, a->versions, a->n_versions, &c.versions) ||
	    !arena_copy(arena, a->fixed_version, &c.fixed_version) || !arena_copy(arena, a->module, &c.module) ||
	    !arena_copy(arena, a->arch, &c.arch) || !arena_copy(arena, a->platforms, &c.platforms) ||
	    !arena_copy(arena, a->severity, &c.severity))
		return false;
	*out = c;
	return true;
}

bool advisory_copy(const struct advisory *a, struct arena *arena, struct advisory *out)
{
	struct advisory c = *a;
	struct affected *rows = NULL;

	if (!arena_copy(arena, a->id, &c.id) || !copy_list(arena, a->aliases, a->n_aliases, &c.aliases) ||
	    !copy_list(arena, a->related, a->n_related, &c.related) || !arena_copy(arena, a->summary, &c.summary) ||
	    !arena_copy(arena, a->description, &c.description) ||
	    !arena_copy(arena, a->severity_text, &c.severity_text) ||
	    !copy_list(arena, a->cvss, a->n_cvss, &c.cvss) || !copy_list(arena, a->links, a->n_links, &c.links))
		return false;
	if (a->n_affected > 0) {
		rows = arena_array(arena, a->n_affected, sizeof(*rows));
		if (!rows)
			return false;
	}
	for (size_t i = 0; i < a->n_affected; i++)
		if (!affected_copy(&a->affected[i], arena, &rows[i]))
			return false;
	c.affected = rows;
	*out = c;
	return true;
}
