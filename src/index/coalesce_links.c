/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coalesce_links.c - wanted paths that are links of one layer to files of another: which layer is to read what.
 *
 * The layers' trees say where the end of a link stands, so only the layers that have it are asked.
 */
#include "index/coalesce_impl.h"

static bool child_rule_of(const struct detector *d, struct slice dir)
{
	for (const struct path_rule *rule = d->rules; rule->text; rule++) {
		struct slice text = slice_cstr(rule->text);

		if (rule->match == PATH_CHILD && text.len == dir.len + 1 && slice_starts(text, dir))
			return true;
	}
	return false;
}

/* Does the detector read the end of the links under its own name anyway? */
static bool is_covered(const struct coalesce *c, const struct ask *ask)
{
	if (ask->alias.dir)
		return child_rule_of(ask->detector, ask->alias.real);
	return rules_of(c->rules, ask->detector, ask->alias.real) != NULL;
}

/* Does the layer's report have it, read under that name? */
static bool is_answered(const struct coalesce *c, const struct ask *ask)
{
	const struct layer_report *r = c->reports[ask->layer];

	for (size_t i = 0; i < r->files.len; i++) {
		const struct layer_file *f = &r->files.at[i];

		if (f->alias.len == 0 || !slice_eq(f->detector, slice_cstr(ask->detector->name)))
			continue;
		if (ask->alias.dir ? slice_eq(path_dir(f->alias), ask->alias.wanted) &&
					     slice_eq(path_dir(f->path), ask->alias.real)
				   : slice_eq(f->alias, ask->alias.wanted) && slice_eq(f->path, ask->alias.real))
			return true;
	}
	return false;
}

static enum status add_ask(struct coalesce *c, const struct ask *ask, struct err *err)
{
	const struct ask *last = c->asks.len > 0 ? &c->asks.at[c->asks.len - 1] : NULL;
	struct ask *kept;

	if (ask->layer != SIZE_MAX && is_answered(c, ask))
		return STATUS_OK;
	if (last && last->detector == ask->detector && last->layer == ask->layer &&
	    slice_eq(last->alias.wanted, ask->alias.wanted) && slice_eq(last->alias.real, ask->alias.real))
		return STATUS_OK; /* the same as of a lower layer */
	kept = VEC_PUSH(&c->asks, &c->arena);
	if (!kept)
		return coalesce_nomem(err);
	*kept = *ask;
	return STATUS_OK;
}

/* Every layer that has something in the directory. */
static enum status ask_dir(struct coalesce *c, struct ask ask, struct err *err)
{
	for (size_t layer = SIZE_MAX; (layer = merged_dir_layer(&c->merged, ask.alias.real, layer)) != SIZE_MAX;) {
		ask.layer = layer;
		TRY(add_ask(c, &ask, err));
	}
	return STATUS_OK;
}

static bool is_readable(enum merged_kind kind)
{
	return kind == MERGED_FILE || kind == MERGED_OTHER || kind == MERGED_HARDLINK;
}

/* The layer that has the file; and what the path led to as of lower layers, for the time since a package is there. */
static enum status ask_file(struct coalesce *c, struct ask ask, struct merged_end end, struct err *err)
{
	ask.layer = SIZE_MAX;
	if (!is_readable(end.seen.kind))
		return add_ask(c, &ask, err);
	for (size_t layer = c->n; layer-- > 0;) {
		merged_resolve(&c->merged, ask.alias.wanted, layer, &end);
		if (end.how == MERGED_END_CYCLE || !is_readable(end.seen.kind))
			break;
		ask.alias.real = end.source;
		ask.layer = end.source_layer;
		if (end.how == MERGED_END_LINK && !is_covered(c, &ask))
			TRY(add_ask(c, &ask, err));
		ask.last_is_link = false; /* told once */
	}
	return STATUS_OK;
}

static enum status ask_rule(struct coalesce *c, const struct detector *d, const struct path_rule *rule, struct err *err)
{
	struct ask ask = { .detector = d, .alias = { .wanted = slice_cstr(rule->text) } };
	struct merged_end end;

	if (rule->match != PATH_EXACT && rule->match != PATH_CHILD)
		return STATUS_OK;
	ask.alias.dir = rule->match == PATH_CHILD;
	if (ask.alias.dir && slice_ends(ask.alias.wanted, SLICE("/")))
		ask.alias.wanted.len--;
	merged_resolve(&c->merged, ask.alias.wanted, c->n - 1, &end);
	ask.alias.real = end.path;
	ask.last_is_link = end.last_is_link;
	if (end.how == MERGED_END_CYCLE) {
		struct slice *cycle = VEC_PUSH(&c->cycles, &c->arena);

		if (!cycle)
			return coalesce_nomem(err);
		*cycle = ask.alias.wanted;
		return STATUS_OK;
	}
	if (end.how == MERGED_END_PLAIN || ask.alias.real.len == 0 || is_covered(c, &ask))
		return STATUS_OK;
	return ask.alias.dir ? ask_dir(c, ask, err) : ask_file(c, ask, end, err);
}

static enum status ask_rules(struct coalesce *c, struct err *err)
{
	const struct detector *const *list;
	unsigned rank;
	size_t n;

	coalesce_distribution(c, &rank);
	list = rules_detectors(c->rules, &n);
	for (size_t i = 0; i < n; i++) {
		for (const struct path_rule *rule = list[i]->rules; rule->text; rule++) {
			bool is_os_release = slice_ends(slice_cstr(rule->text), SLICE("/os-release"));

			/* With an os-release at hand the older files are of no use. */
			if (list[i]->kind == DETECTOR_DISTRIBUTION && (rank == 0 || (rank == 1 && !is_os_release)))
				continue;
			TRY(ask_rule(c, list[i], rule, err));
		}
	}
	return STATUS_OK;
}

/* Is it to be read under the hard link's name, too? source: the path of the file itself. */
static bool is_needed(struct coalesce *c, const struct rule_hit *hit, struct slice source, size_t source_layer)
{
	bool any = hit->rule->match == PATH_ANY_FILE;

	if (hit->companion || hit->rule->need == DETECT_PRESENCE)
		return false;
	if (!any && !(hit->rule->match == PATH_EXACT && rules_want_too(c->rules, hit, source)))
		return true;
	/* Of a program it is known whether there is something in it; of one database one name is enough. */
	for (const struct group *g = coalesce_group(c, source); g;
	     g = g->older != NO_GROUP ? &c->groups.at[g->older] : NULL)
		if (g->source == source_layer && slice_eq(g->detector, slice_cstr(hit->detector->name)))
			return any || !g->survives;
	return !any;
}

static enum status ask_hardlink(struct coalesce *c, struct slice path, const struct merged_seen *seen, struct err *err)
{
	struct rule_hit hits[RULE_HITS_MAX];
	size_t n = rules_match(c->rules, path, hits);

	for (size_t i = 0; i < n; i++) {
		struct ask ask = { .detector = hits[i].detector, .layer = seen->source_layer };

		if (!is_needed(c, &hits[i], seen->target, seen->source_layer))
			continue;
		ask.alias = (struct scan_alias){ .real = seen->target, .wanted = path, .hard = true };
		TRY(add_ask(c, &ask, err));
	}
	return STATUS_OK;
}

static enum status ask_hardlinks(struct coalesce *c, struct err *err)
{
	for (size_t layer = 1; layer < c->n; layer++) {
		const struct layer_report *r = c->reports[layer];

		for (size_t i = 0; i < r->links.len; i++) {
			struct merged_seen seen;

			if (!r->links.at[i].hard)
				continue;
			seen = merged_at_top(&c->merged, r->links.at[i].path);
			if (seen.kind == MERGED_HARDLINK && seen.layer == layer)
				TRY(ask_hardlink(c, r->links.at[i].path, &seen, err));
		}
	}
	return STATUS_OK;
}

enum status coalesce_find_asks(struct coalesce *c, struct err *err)
{
	if (c->asked || c->n == 0)
		return STATUS_OK;
	TRY(ask_rules(c, err));
	TRY(ask_hardlinks(c, err));
	c->asked = true;
	return STATUS_OK;
}

/* Several detectors may want the same. */
static bool is_asked(const struct coalesce *c, const struct scan_alias *alias)
{
	for (size_t i = 0; i < c->aliases.len; i++)
		if (slice_eq(c->aliases.at[i].wanted, alias->wanted) && slice_eq(c->aliases.at[i].real, alias->real) &&
		    c->aliases.at[i].dir == alias->dir && c->aliases.at[i].hard == alias->hard)
			return true;
	return false;
}

enum status coalesce_asks(struct coalesce *c, size_t layer, const struct scan_alias **out, size_t *out_n,
			  struct err *err)
{
	TRY(coalesce_find_asks(c, err));
	c->aliases.len = 0;
	for (size_t i = 0; i < c->asks.len; i++) {
		struct scan_alias *a;

		if (c->asks.at[i].layer != layer || is_asked(c, &c->asks.at[i].alias))
			continue;
		a = VEC_PUSH(&c->aliases, &c->arena);
		if (!a)
			return coalesce_nomem(err);
		*a = c->asks.at[i].alias;
	}
	*out = c->aliases.at;
	*out_n = c->aliases.len;
	return c->merged.failed ? coalesce_nomem(err) : STATUS_OK;
}
