/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c - limpid explain: why an id is, or is not, reported for an image. */
#include "cli/cli.h"

#include "base/map.h"
#include "feed/cvss_data.h"
#include "match/enrich.h"
#include "match/match.h"
#include "match/repositories.h"
#include "policy/policy.h"
#include "text/terminal.h"

#include <stdlib.h>

/* Names in one line; an erratum of a large module has hundreds of packages. */
#define NAMES_SHOWN 10

static const char *const answers[] = {
	[MATCH_REPORTED] = "REPORTED",		[MATCH_SUPPRESSED] = "NOT REPORTED, suppressed",
	[MATCH_NOT_AFFECTED] = "NOT REPORTED",	[MATCH_UNDECIDED] = "NOT REPORTED, undecided",
	[MATCH_NOT_INSTALLED] = "NOT REPORTED", [MATCH_OTHER_SCOPE] = "NOT REPORTED",
	[MATCH_WITHDRAWN] = "NOT REPORTED",
};

static void put_aliases(struct buf *b, const struct advisory *a)
{
	for (size_t i = 0; i < a->n_aliases; i++) {
		buf_add_cstr(b, i == 0 ? " = " : ", ");
		terminal_put(b, a->aliases[i]);
	}
}

static void put_package(struct buf *b, const struct index_report *index, size_t i)
{
	const struct index_package *p = &index->packages.at[i];

	terminal_put(b, p->package.name);
	buf_add_byte(b, ' ');
	terminal_put(b, p->package.version);
	buf_add_cstr(b, " (");
	terminal_put(b, slice_cstr(package_type_purl(p->package.type)));
	buf_add_cstr(b, ", ");
	terminal_put(b, p->package.path);
	buf_printf(b, ", layer %zu)", p->layer + 1);
}

static void put_source(struct buf *b, const struct match_verdict *v)
{
	buf_add_cstr(b, "    ");
	terminal_put(b, v->advisory.id);
	put_aliases(b, &v->advisory);
	buf_add_cstr(b, "\n    from ");
	terminal_put(b, v->source);
	if (v->row.package.len > 0) {
		buf_add_cstr(b, ", ");
		terminal_put(b, v->row.scope);
		buf_add_cstr(b, " ");
		terminal_put(b, v->row.package);
	}
	if (v->row.fixed_version.len > 0) {
		buf_add_cstr(b, ", fixed in ");
		terminal_put(b, v->row.fixed_version);
	}
	if (v->advisory.n_links > 0) {
		buf_add_cstr(b, "\n    ");
		terminal_put(b, v->advisory.links[0]);
	}
	buf_add_byte(b, '\n');
}

static void put_name(struct buf *b, struct slice name, size_t *shown)
{
	if (name.len == 0 || ++*shown > NAMES_SHOWN)
		return;
	buf_add_cstr(b, *shown > 1 ? ", " : "");
	terminal_put(b, name);
}

/* Packages of one advisory that are not installed: one block for all. */
static size_t put_absent(struct buf *b, const match_verdict_list *list, size_t first)
{
	const struct match_verdict *v = &list->at[first];
	size_t n = 0, shown = 0;

	for (; first + n < list->len; n++) {
		const struct match_verdict *w = &list->at[first + n];

		if (w->answer != v->answer || !slice_eq(w->advisory.id, v->advisory.id) ||
		    !slice_eq(w->source, v->source))
			break;
	}
	buf_printf(b, "%s: ", answers[v->answer]);
	for (size_t i = 0; i < n; i++) {
		struct slice name = list->at[first + i].row.package;

		if (i == 0 || !slice_eq(name, list->at[first + i - 1].row.package))
			put_name(b, name, &shown);
	}
	if (shown > NAMES_SHOWN)
		buf_printf(b, " and %zu more", shown - NAMES_SHOWN);
	buf_printf(b, " %s not installed\n", shown == 1 ? "is" : "are");
	put_source(b, v);
	return n;
}

/* ---- what is about other systems ---- */

static bool is_elsewhere(const struct match_verdict *v, struct slice source)
{
	return v->answer == MATCH_OTHER_SCOPE && (source.len == 0 || slice_eq(v->source, source));
}

/* Ids, or else scopes, of a source's verdicts ("": of all), each once. */
static void put_elsewhere(struct buf *b, const match_verdict_list *list, struct slice source, bool ids)
{
	struct map AUTO(map_fini) seen = MAP_INIT;
	size_t shown = 0;

	for (size_t i = 0; i < list->len; i++) {
		const struct match_verdict *v = &list->at[i];
		struct slice rest = ids ? v->advisory.id : v->row.scope, one;

		while (is_elsewhere(v, source) && slice_word(&rest, '|', &one)) {
			bool is_new = true;

			if (map_slot(&seen, one, &is_new) && is_new)
				put_name(b, one, &shown);
		}
	}
	if (shown > NAMES_SHOWN)
		buf_printf(b, " and %zu more", shown - NAMES_SHOWN);
}

/* All of them are one block: a line for each source, with its ids and what they are about. */
static void put_all_elsewhere(struct buf *b, const match_verdict_list *list)
{
	const struct match_verdict *only = NULL;
	bool one;
	size_t n = 0;

	for (size_t i = 0; i < list->len; i++)
		if (is_elsewhere(&list->at[i], SLICE_EMPTY) && n++ == 0)
			only = &list->at[i];
	if (n == 0)
		return;
	buf_printf(b, "%s: ", answers[MATCH_OTHER_SCOPE]);
	put_elsewhere(b, list, SLICE_EMPTY, false);
	one = n == 1 && slice_find_byte(only->row.scope, '|') == SIZE_MAX;
	buf_printf(b, " %s not in this image\n", one ? "is" : "are");
	if (n == 1)
		put_source(b, only);
	for (size_t i = 0; i < list->len && n > 1; i++) {
		const struct match_verdict *v = &list->at[i];

		/* Verdicts of one source stand together. */
		if (!is_elsewhere(v, SLICE_EMPTY) || (only != v && slice_eq(only->source, v->source)))
			continue;
		only = v;
		buf_add_cstr(b, "    ");
		terminal_put(b, v->source);
		buf_add_cstr(b, ": ");
		put_elsewhere(b, list, v->source, true);
		buf_add_cstr(b, " (");
		put_elsewhere(b, list, v->source, false);
		buf_add_cstr(b, ")\n");
	}
	buf_add_byte(b, '\n');
}

static void put_verdict(struct buf *b, const struct index_report *index, const struct match_verdict *v)
{
	buf_printf(b, "%s: ", answers[v->answer]);
	if (v->package == SIZE_MAX)
		terminal_put(b, v->advisory.id);
	else
		put_package(b, index, v->package);
	buf_add_cstr(b, "\n    ");
	terminal_put(b, v->reason);
	buf_add_byte(b, '\n');
	put_source(b, v);
}

/* What matters first: what is reported, then what nearly was. */
static void put_verdicts(struct buf *b, const struct index_report *index, const struct match_explanation *x)
{
	static const enum match_answer order[] = { MATCH_REPORTED,     MATCH_SUPPRESSED,    MATCH_UNDECIDED,
						   MATCH_NOT_AFFECTED, MATCH_NOT_INSTALLED, MATCH_WITHDRAWN };

	for (size_t k = 0; k < ARRAY_LEN(order); k++) {
		for (size_t i = 0, n; i < x->verdicts.len; i += n) {
			const struct match_verdict *v = &x->verdicts.at[i];

			n = 1;
			if (v->answer != order[k])
				continue;
			if (v->answer == MATCH_NOT_INSTALLED)
				n = put_absent(b, &x->verdicts, i);
			else
				put_verdict(b, index, v);
			buf_add_byte(b, '\n');
		}
	}
	put_all_elsewhere(b, &x->verdicts);
}

static void put_names(struct buf *b, const char *what, const struct slice *names, size_t n)
{
	if (n == 0)
		return;
	buf_printf(b, "%s (%zu):", what, n);
	for (size_t i = 0; i < n; i++) {
		buf_add_cstr(b, i ? ", " : " ");
		terminal_put(b, names[i]);
	}
	buf_add_byte(b, '\n');
}

/* What was not looked up may hide an answer. */
static void put_gaps(struct buf *b, const struct vulnerability_report *r)
{
	for (size_t i = 0; i < r->coverage.len; i++) {
		const struct coverage_item *c = &r->coverage.at[i];

		if (!coverage_is_gap(c->code))
			continue;
		buf_printf(b, "not looked up: %s ", coverage_name(c->code));
		terminal_put(b, c->scope);
		buf_add_cstr(b, c->scope.len ? ": " : "");
		terminal_put(b, c->detail);
		buf_add_byte(b, '\n');
	}
}

/* ---- what is known of the CVEs beside advisories ---- */

static void put_known(struct buf *b, const struct enrichment *e)
{
	double score;

	terminal_put(b, e->cve);
	buf_add_byte(b, ':');
	for (size_t i = 0; i < e->n_cvss; i++) {
		if (!cvss_enrichment_score(&e->cvss[i], &score))
			continue;
		buf_printf(b, "\n    CVSS %.1f ", score);
		terminal_put(b, e->cvss[i].vector);
		buf_add_cstr(b, " (");
		terminal_put(b, e->cvss[i].source);
		buf_add_byte(b, ')');
	}
	if (e->epss) {
		buf_printf(b, "\n    EPSS %.5f", enrichment_fraction(e->epss->probability));
		if (e->epss->percentile.len > 0)
			buf_printf(b, ", above %.1f%% of all", 100 * enrichment_fraction(e->epss->percentile));
		buf_add_cstr(b, e->epss->date.len > 0 ? ", of " : "");
		terminal_put(b, slice_take(e->epss->date, 10));
	}
	if (e->kev) {
		buf_add_cstr(b, "\n    KNOWN EXPLOITED since ");
		terminal_put(b, e->kev->added);
		buf_add_cstr(b, slice_eq(e->kev->ransomware, SLICE("Known")) ? ", by ransomware, too" : "");
	}
	buf_add_byte(b, '\n');
}

/* Of the id that was asked for, and of the CVEs of findings that it names. */
static void put_enrichments(struct buf *b, const struct options *o, const struct vulnerability_report *r,
			    const struct match_explanation *x)
{
	bool any = false;

	for (size_t i = 0; i < r->enrichments.len; i++) {
		const struct enrichment *e = &r->enrichments.at[i];
		bool meant = slice_eq_nocase(e->cve, slice_trim(slice_cstr(o->args[0])));

		for (size_t k = 0; k < x->verdicts.len && !meant; k++) {
			const struct advisory *a = &x->verdicts.at[k].advisory;

			meant = slice_eq(a->id, e->cve);
			for (size_t m = 0; m < a->n_aliases && !meant; m++)
				meant = slice_eq(a->aliases[m], e->cve);
		}
		if (meant)
			put_known(b, e);
		any |= meant;
	}
	if (any)
		buf_add_byte(b, '\n');
}

/* ---- what users say ---- */

static enum status reason_of(const struct suppressed *s, struct arena *arena, struct slice *out, struct err *err)
{
	bool told = s->document.len > 0;

	return arena_printf(arena, out, "affected by its version, but taken back by %.*s%s%.*s%s%.*s%s: %.*s",
			    SLICE_ARG(told ? s->document : slice_cstr(suppressed_by_name(s->by))), told ? ", " : "",
			    SLICE_ARG(s->status), s->justification.len > 0 ? " (" : "", SLICE_ARG(s->justification),
			    s->justification.len > 0 ? ")" : "", SLICE_ARG(s->reason))
		       ? STATUS_OK
		       : err_nomem(err, "explanation");
}

/* What policy took back is no longer reported; the verdict says who did it, where and why. */
static enum status apply_policy(const struct options *o, struct vulnerability_report *r, struct match_explanation *x,
				struct arena *arena, struct err *err)
{
	size_t before = r->suppressed.len;
	struct policy *policy;
	enum status st;

	TRY(cli_policy(o, &policy, err));
	st = policy ? policy_apply(policy, r, date_now(), arena, err) : STATUS_OK;
	policy_free(policy);
	for (size_t i = before; st == STATUS_OK && i < r->suppressed.len; i++) {
		const struct suppressed *s = &r->suppressed.at[i];

		for (size_t k = 0; k < x->verdicts.len && st == STATUS_OK; k++) {
			struct match_verdict *v = &x->verdicts.at[k];

			if (v->answer != MATCH_REPORTED || v->package != s->finding.package ||
			    !slice_eq(v->advisory.id, s->finding.advisory.id))
				continue;
			v->answer = MATCH_SUPPRESSED;
			st = reason_of(s, arena, &v->reason, err);
		}
	}
	return st;
}

static enum status print(const struct options *o, const struct vulnerability_report *r,
			 const struct match_explanation *x, struct err *err)
{
	struct buf AUTO(buf_fini) b = BUF_INIT((size_t)256 << 20);

	put_verdicts(&b, r->index, x);
	put_enrichments(&b, o, r, x);
	if (x->verdicts.len == 0) {
		buf_add_cstr(&b, "no source in the database knows ");
		terminal_put(&b, slice_cstr(o->args[0]));
		buf_add_byte(&b, '\n');
		put_names(&b, "asked", x->sources.at, x->sources.len);
		if (x->sources.len == 0)
			buf_add_cstr(&b, "the database is empty; run: limpid update\n");
	}
	put_names(&b, "could not be asked", x->damaged.at, x->damaged.len);
	put_gaps(&b, r);
	TRY(buf_check(&b, "the explanation", err));
	fwrite(b.ptr, 1, b.len, stdout);
	return STATUS_OK;
}

static int exit_status(const struct index_report *index)
{
	for (size_t i = 0; i < index->diags.len; i++)
		if (diag_severity(index->diags.at[i].diag.code) == DIAG_SEVERITY_ERROR)
			return EXIT_UNREADABLE;
	return index->packages.len == 0 ? EXIT_NO_PACKAGES : EXIT_DONE;
}

static enum status explain(const struct options *o, struct cli_folder *folder, int *out_exit, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct match_options options = { .now_s = cli_now(o),
					 .scope_served = cli_scope_served,
					 .dev = option_given(o, OPTION_dev) };
	struct vulnerability_report report;
	struct match_explanation explanation;
	struct index_report index;
	struct segment_set *set;
	cli_read read = cli_is_document(o->args[1]) ? cli_read_saved : cli_index;
	enum status st;

	TRY(read(o, folder, slice_cstr(o->args[1]), &arena, &index, err));
	TRY(cli_segments(folder, &set, err));
	st = repositories_resolve(&index, set, &arena, err);
	if (st == STATUS_OK)
		st = match_explain(&index, set, &options, slice_trim(slice_cstr(o->args[0])), &arena, &explanation,
				   err);
	if (st == STATUS_OK)
		st = match_report(&index, set, &options, &arena, &report, err);
	if (st == STATUS_OK)
		st = match_enrich(set, &arena, &report, err);
	if (st == STATUS_OK)
		st = apply_policy(o, &report, &explanation, &arena, err);
	if (st == STATUS_OK)
		st = cli_folder_tell(folder, &report, &arena, err);
	if (st == STATUS_OK)
		st = print(o, &report, &explanation, err);
	segment_set_free(set);
	*out_exit = exit_status(&index);
	return st;
}

int command_explain(int argc, char **argv)
{
	AUTO(cli_arguments_free) char **given = cli_copy_arguments(argc, argv);
	struct err err = ERR_INIT;
	struct options o;
	char data_dir[4096];
	struct cli_folder folder;
	int result = EXIT_DONE;
	enum status st;

	if (!given || !options_parse('e', argc, argv, &o))
		return EXIT_USAGE;
	if (o.n_args != 2) {
		cli_error("usage: limpid explain [options] ID TARGET; see: limpid help explain");
		return EXIT_USAGE;
	}
	if (!cli_is_document(o.args[1]) && cli_needs_network(o.args + 1, 1))
		return cli_hand_over_remote(given);
	if (!cli_data_dir(&o, data_dir, sizeof(data_dir)))
		return EXIT_USAGE;
	cli_folder_open(&o, data_dir, &folder);
	st = explain(&o, &folder, &result, &err);
	cli_folder_close(&folder);
	return st == STATUS_OK ? result : cli_failed(&err);
}
