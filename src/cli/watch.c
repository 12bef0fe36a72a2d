/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - limpid watch: what is new for saved index reports since it was last asked; for who has no service. */
#include "cli/cli.h"

#include "io/digest.h"
#include "model/vulnerability_report.h"

#include <limits.h>
#include <stdlib.h>

#define STORE_BUSY_MS 30000
#define STATE_MAX ((size_t)64 << 20)

/* A report that was read in this run: what is known of it from now on. */
struct watched {
	struct digest_text name; /* of its document */
	struct buf known;	 /* sorted keys of its findings */
	struct watched *next;
};

struct watch {
	const struct options *options;
	struct store *store;  /* owned */
	struct watched *list; /* owned */
};

/* What makes a finding the same one: another severity is news, another text is none. */
static uint64_t key_of(const struct vulnerability_report *r, const struct finding *f)
{
	const struct package *p = &r->index->packages.at[f->package].package;
	uint64_t key = slice_hash(f->advisory.id, (uint64_t)f->severity);

	key = slice_hash(f->row.scope, key);
	key = slice_hash(slice_cstr(package_type_purl(p->type)), key);
	key = slice_hash(p->name, key);
	return slice_hash(p->version, key);
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool is_known(struct slice known, uint64_t key)
{
	return known.len > 0 && bsearch(&key, known.ptr, known.len / sizeof(key), sizeof(key), by_number) != NULL;
}

/* A file is the same one by its path, whatever image it is a report of; standard input by the image. */
static enum status name_of(struct slice target, const struct vulnerability_report *r, struct digest_text *out,
			   struct err *err)
{
	struct digest_text manifest;
	char given[PATH_MAX], path[PATH_MAX];
	struct digest d;

	snprintf(given, sizeof(given), "%.*s", SLICE_ARG(target));
	if (slice_eq(target, SLICE("-")))
		snprintf(path, sizeof(path), "%s", digest_print(&manifest, &r->index->manifest));
	else if (!realpath(given, path))
		return err_errno(err, "%s", given);
	TRY(digest_of(DIGEST_SHA256, slice_cstr(path), &d, err));
	digest_print(out, &d);
	return STATUS_OK;
}

/* Findings that are not known stay; flaws are counted anew, as writers go by their numbers. */
static enum status keep_new(struct vulnerability_report *r, struct slice known, struct arena *arena, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < r->findings.len; i++) {
		const struct finding *f = &r->findings.at[i];

		if (!is_known(known, key_of(r, f)))
			r->findings.at[n++] = *f;
	}
	r->told_before = r->findings.len - n;
	r->findings.len = n;
	return vulnerability_report_number_flaws(r, arena, err);
}

/* A report without its known findings must not look like a clean one. */
static enum status tell_of_known(struct vulnerability_report *r, struct arena *arena, struct err *err)
{
	struct coverage_item *item;

	if (r->told_before == 0)
		return STATUS_OK;
	item = VEC_PUSH(&r->coverage, arena);
	if (!item)
		return err_nomem(err, "report");
	item->code = COVERAGE_TOLD_BEFORE;
	item->scope = SLICE("watch");
	return arena_printf(arena, &item->detail, "%zu finding%s told before and left out: limpid match shows all",
			    r->told_before, r->told_before == 1 ? " was" : "s were")
		       ? STATUS_OK
		       : err_nomem(err, "report");
}

static enum status remember(struct watch *w, const struct digest_text *name, const struct vulnerability_report *r,
			    struct err *err)
{
	struct watched *added = calloc(1, sizeof(*added));

	if (!added)
		return err_nomem(err, "report");
	added->name = *name;
	added->known = (struct buf)BUF_INIT(STATE_MAX);
	added->next = w->list;
	w->list = added;
	for (size_t i = 0; i < r->findings.len; i++) {
		uint64_t key = key_of(r, &r->findings.at[i]);

		buf_add(&added->known, slice_make(&key, sizeof(key)));
	}
	TRY(buf_check(&added->known, "what is known of a report", err));
	if (added->known.len > 0)
		qsort(added->known.ptr, added->known.len / sizeof(uint64_t), sizeof(uint64_t), by_number);
	return STATUS_OK;
}

static enum status on_report(void *ctx, struct slice target, struct vulnerability_report *r, struct arena *arena,
			     struct err *err)
{
	struct watch *w = ctx;
	struct store_document before = { .body = SLICE_EMPTY };
	size_t all = r->findings.len;
	struct digest_text name;
	struct err_quote q;
	enum status st;

	TRY(name_of(target, r, &name, err));
	st = store_document_get(w->store, STORE_DOCUMENT_WATCH, slice_cstr(name.text), arena, &before, err);
	if (st != STATUS_OK && st != STATUS_NOTFOUND)
		return st;
	TRY(remember(w, &name, r, err));
	/* Keys are of this machine's byte order, as is the state; a text of another length is none of ours. */
	if (before.body.len % sizeof(uint64_t) != 0)
		before.body = SLICE_EMPTY;
	TRY(keep_new(r, before.body, arena, err));
	TRY(tell_of_known(r, arena, err));
	if (st == STATUS_OK)
		cli_note(w->options, "%s: %zu of %zu findings are new", err_slice(&q, target), r->findings.len, all);
	else
		cli_note(w->options, "%s: watched for the first time: all findings are new", err_slice(&q, target));
	return STATUS_OK;
}

/* Only what was printed is known: who is stopped before hears of it again. */
static enum status on_printed(void *ctx, struct err *err)
{
	struct watch *w = ctx;

	for (const struct watched *i = w->list; i; i = i->next)
		TRY(store_document_put(w->store, STORE_DOCUMENT_WATCH, slice_cstr(i->name.text), SLICE_EMPTY,
				       buf_slice(&i->known), err));
	return STATUS_OK;
}

static void watch_fini(struct watch *w)
{
	for (struct watched *i = w->list, *next; i; i = next) {
		next = i->next;
		buf_fini(&i->known);
		free(i);
	}
	store_close(w->store);
}

int command_watch(int argc, char **argv)
{
	const struct store_options store = { .busy_ms = STORE_BUSY_MS, .cache_bytes = limits_default.cache_bytes };
	struct watch AUTO(watch_fini) w = { .store = NULL };
	struct cli_hook hook = { on_report, on_printed, true, &w };
	struct err err = ERR_INIT;
	struct options o;
	char data_dir[4096];

	if (!options_parse('w', argc, argv, &o))
		return EXIT_USAGE;
	if (o.n_args == 0) {
		cli_error("usage: limpid watch [options] FILE...; see: limpid help watch");
		return EXIT_USAGE;
	}
	if (!cli_data_dir(&o, data_dir, sizeof(data_dir)))
		return EXIT_USAGE;
	o.value[OPTION_no_cache] = "";
	w.options = &o;
	if (store_open(data_dir, &store, &w.store, &err) != STATUS_OK)
		return cli_failed(&err);
	return cli_scan_with(&o, cli_read_saved, &hook, data_dir, o.args, o.n_args);
}
