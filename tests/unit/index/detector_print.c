/* SPDX-License-Identifier: Apache-2.0 */
/* detector_print.c - the records of one detector as lines of JSON. */
#include "detector_print.h"

#include "index/scan.h"
#include "text/json_writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHOWN 3 /* of the lines of one kind that are too many: the first and the last */

/* One line of a group: the path it is sorted by and its place in the report. */
struct line {
	struct slice path;
	size_t at;
};

struct printer {
	const struct layer_report *report;
	const struct detector *detector;
	size_t lines_max;
	struct arena *arena;
	struct buf *out;
	struct err *err;
};

/* Without a detector of languages no owned path is kept: this one could want any. It never emits a thing. */
static enum status parse_nothing(const struct detect_file *file, const struct detect_env *env,
				 const struct detect_sink *out, struct err *err)
{
	(void)file;
	(void)env;
	(void)out;
	(void)err;
	return STATUS_OK;
}

static const struct path_rule every_path[] = { { .match = PATH_SUFFIX, .text = "", .need = DETECT_PRESENCE },
					       { .text = NULL } };
static const struct detector wants_all = {
	.name = "wants-all", .version = "1", .kind = DETECTOR_PACKAGE, .rules = every_path, .parse = parse_nothing
};

static void put_text(struct json_writer *w, const char *key, struct slice s)
{
	if (s.len > 0)
		json_member_str(w, key, s);
}

static void put_flags(struct json_writer *w, unsigned flags)
{
	static const char *const names[] = { "owned", "main-module", "stdlib", "bad-version", "guessed",
					     "dev",   "direct",	     "indirect", "declared" };

	if (!flags)
		return;
	json_key(w, "flags");
	json_array(w);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (flags >> i & 1)
			json_cstr(w, names[i]);
	json_close(w);
}

static void put_package(const struct printer *p, struct json_writer *w, size_t at)
{
	const struct package *k = &p->report->packages.at[at];

	json_member_str(w, "package", k->name);
	json_member_str(w, "version", k->version);
	json_member_cstr(w, "type", package_type_purl(k->type));
	put_text(w, "arch", k->arch);
	put_text(w, "module", k->module);
	put_text(w, "source", k->source_name);
	put_text(w, "source_version", k->source_version);
	put_flags(w, k->flags);
	put_text(w, "db", k->db);
	put_text(w, "path", k->path);
	if (k->line > 0)
		json_member_u64(w, "line", k->line);
}

static void put_distribution(const struct printer *p, struct json_writer *w, size_t at)
{
	const struct distribution *d = &p->report->distributions.at[at];
	struct slice scope = SLICE_EMPTY;

	json_member_str(w, "distribution", d->did);
	put_text(w, "id_like", d->id_like);
	put_text(w, "name", d->name);
	put_text(w, "version", d->version);
	put_text(w, "version_id", d->version_id);
	put_text(w, "codename", d->version_code_name);
	put_text(w, "pretty_name", d->pretty_name);
	put_text(w, "cpe", d->cpe);
	put_text(w, "variant_id", d->variant_id);
	if (distribution_scope(d, p->arena, &scope))
		json_member_str(w, "scope", scope);
	put_text(w, "path", d->path);
}

static void put_repository(const struct printer *p, struct json_writer *w, size_t at)
{
	const struct layer_repository *r = &p->report->repositories.at[at];

	json_member_str(w, "repository", r->name);
	put_text(w, "key", r->key);
	put_text(w, "uri", r->uri);
	put_text(w, "cpe", r->cpe);
	put_text(w, "package", r->package);
	put_text(w, "path", r->path);
}

static void put_owned(const struct printer *p, struct json_writer *w, size_t at)
{
	json_member_str(w, "owned", p->report->owned.at[at].path);
	put_text(w, "db", p->report->owned.at[at].db);
}

static void put_diag(const struct printer *p, struct json_writer *w, size_t at)
{
	const struct layer_diag *d = &p->report->diags.at[at];

	json_member_cstr(w, "diag", diag_name(d->code));
	put_text(w, "where", d->where);
	if (d->offset != ERR_NO_OFFSET)
		json_member_u64(w, "offset", d->offset);
	put_text(w, "text", d->text);
}

static void put_file(const struct printer *p, struct json_writer *w, size_t at)
{
	json_member_str(w, "file", p->report->files.at[at].path);
	put_text(w, "alias", p->report->files.at[at].alias);
	json_member_bool(w, "read", p->report->files.at[at].read);
}

static int by_path(const void *left, const void *right)
{
	const struct line *a = left, *b = right;
	int c = slice_cmp(a->path, b->path);

	return c != 0 ? c : (a->at > b->at) - (a->at < b->at);
}

/* Directories are read in no order, so lines are put in one. */
static enum status put_group(const struct printer *p, struct line *lines, size_t n,
			     void (*put)(const struct printer *p, struct json_writer *w, size_t at))
{
	struct json_writer w;

	if (n > 1)
		qsort(lines, n, sizeof(*lines), by_path);
	for (size_t i = 0; i < n; i++) {
		if (p->lines_max > 0 && n > p->lines_max && i == SHOWN) {
			buf_printf(p->out, "{\"left_out\":%zu}\n", n - 2 * SHOWN);
			i = n - SHOWN;
		}
		json_writer_init(&w, p->out, 0);
		json_object(&w);
		put(p, &w, lines[i].at);
		json_close(&w);
		TRY(json_writer_end(&w, p->err));
		buf_add_byte(p->out, '\n');
	}
	return buf_check(p->out, "lines of records", p->err);
}

#define PUT_LIST(list, member, put)                                                                                    \
	do {                                                                                                           \
		struct line *lines_ = arena_array(p->arena, p->report->list.len + 1, sizeof(*lines_));                 \
		size_t n_ = 0;                                                                                         \
		if (!lines_)                                                                                           \
			return err_nomem(p->err, "lines of records");                                                  \
		for (size_t i_ = 0; i_ < p->report->list.len; i_++)                                                    \
			lines_[n_++] = (struct line){ p->report->list.at[i_].member, i_ };                             \
		TRY(put_group(p, lines_, n_, put));                                                                    \
	} while (0)

static enum status put_files(const struct printer *p)
{
	struct line *lines = arena_array(p->arena, p->report->files.len + 1, sizeof(*lines));
	size_t n = 0;

	if (!lines)
		return err_nomem(p->err, "lines of records");
	for (size_t i = 0; i < p->report->files.len; i++)
		if (slice_eq(p->report->files.at[i].detector, slice_cstr(p->detector->name)))
			lines[n++] = (struct line){ p->report->files.at[i].path, i };
	return put_group(p, lines, n, put_file);
}

static enum status put_report(const struct printer *p)
{
	PUT_LIST(packages, path, put_package);
	PUT_LIST(distributions, path, put_distribution);
	PUT_LIST(repositories, path, put_repository);
	PUT_LIST(owned, db, put_owned);
	PUT_LIST(diags, where, put_diag);
	return put_files(p);
}

static bool reads_documents(const struct detector *d)
{
	for (const struct path_rule *rule = d->rules; rule->text; rule++)
		if (rule->match == PATH_DOCUMENT)
			return true;
	return false;
}

/* A directory that holds nothing but "document" stands for a target that is one (sbom:FILE). */
static int open_input(const struct detector *d, const char *directory, struct image_layer *layer)
{
	char path[4096];
	struct stat sb;

	snprintf(path, sizeof(path), "%s/document", directory);
	layer->fd = reads_documents(d) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (layer->fd >= 0 && fstat(layer->fd, &sb) == 0) {
		layer->place = LAYER_FD;
		layer->document = true;
		layer->len = (uint64_t)sb.st_size;
		return layer->fd;
	}
	layer->fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return layer->fd;
}

enum status detector_print(const struct detector *d, const char *directory, const struct limits *limits,
			   size_t lines_max, struct buf *out, struct err *err)
{
	const struct detector *const list[] = { d, &wants_all };
	struct image_layer layer = { .place = LAYER_DIRECTORY, .name = SLICE("test") };
	struct scan_job job = { .layer = &layer, .limits = limits };
	struct arena arena = ARENA_INIT((size_t)1 << 30), scratch = ARENA_INIT((size_t)1 << 30);
	struct layer_report report;
	struct rules *rules;
	enum status st;

	if (open_input(d, directory, &layer) < 0)
		return err_errno(err, "%s", directory);
	st = rules_compile(list, ARRAY_LEN(list), &rules, err);
	if (st == STATUS_OK) {
		job.rules = rules;
		st = scan_layer(&job, &arena, &report, err);
		if (st == STATUS_OK) {
			struct printer p = { &report, d, lines_max, &scratch, out, err };

			st = put_report(&p);
		}
		rules_free(rules);
	}
	close(layer.fd);
	arena_fini(&arena);
	arena_fini(&scratch);
	return st;
}
