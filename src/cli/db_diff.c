/* SPDX-License-Identifier: Apache-2.0 */
/* db_diff.c - limpid db diff and history: what changed in the database, and when. */
#include "cli/db.h"

#include "carry/compare.h"
#include "io/file.h"
#include "text/json_writer.h"
#include "text/terminal.h"

#include <sys/stat.h>
#include <unistd.h>

static const char *const words[] = { "added", "removed", "changed" };
static const char signs[] = "+-~";

/* ---- from a word of the command line to a state ---- */

static enum status open_store(const char *dir, struct store **out, struct err *err)
{
	const struct store_options options = { .read_only = true,
					       .busy_ms = 5000,
					       .cache_bytes = limits_default.cache_bytes };
	enum status st = store_open(dir, &options, out, err);

	return st == STATUS_NOTFOUND ? err_set(err, STATUS_NOTFOUND, "%s holds no database", dir) : st;
}

static enum status of_folder(const char *dir, int64_t at_s, const char *ref, struct carry_state *out, struct err *err)
{
	char segments[4200];
	struct store *store;
	enum status st;

	if (!cli_segment_dir(dir, segments, sizeof(segments)))
		return err_set(err, STATUS_INVALID, "the path of the data folder is too long");
	TRY(open_store(dir, &store, err));
	st = ref ? carry_state_of_operation(store, segments, slice_cstr(ref), out, err)
		 : carry_state_of_store(store, segments, at_s, out, err);
	store_close(store);
	return st;
}

/* Segments that did not travel are looked for in the data folder. */
static enum status of_bundle(const char *path, const char *data_dir, struct carry_state *out, struct err *err)
{
	const char *places[CLI_TEMP_DIRS];
	char scratch[4096] = "", base[4200] = "", real[4096];
	struct source *in = NULL;
	int AUTO(close_fd) fd = -1;
	enum status st;

	cli_temp_dirs(places);
	for (size_t i = 0; places[i]; i++) {
		snprintf(scratch, sizeof(scratch), "%s/limpid-diff-XXXXXX", places[i]);
		if (mkdtemp(scratch))
			break;
		scratch[0] = '\0';
	}
	if (!scratch[0])
		return err_errno(err, "no folder for what %s unpacks to", path);
	/* What does not travel is found by a link in the scratch folder, so that its name must hold everywhere. */
	if (cli_segment_dir(data_dir, base, sizeof(base)) && realpath(base, real))
		snprintf(base, sizeof(base), "%.4096s", real);
	st = db_open_unpacked(path, &fd, &in, err);
	if (st == STATUS_OK)
		st = carry_state_of_bundle(in, scratch, base, &limits_default, out, err);
	source_free(in);
	(void)rmdir(scratch);
	return st == STATUS_OK ? st : err_wrap(err, "%s", path);
}

/* "6f0d1c4e-5d8e-4b1c-9a55-2f3a6b7c8d9e" */
static bool is_reference(const char *word)
{
	if (strlen(word) != 36)
		return false;
	for (size_t i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? word[i] != '-' : !strchr("0123456789abcdef", word[i]))
			return false;
	return true;
}

static enum status open_state(const char *word, const char *dir, struct carry_state *out, struct err *err)
{
	struct stat st;
	struct err_quote q;
	int64_t at_s;

	if (is_reference(word))
		return of_folder(dir, DATE_NONE, word, out, err);
	if (strcmp(word, "now") == 0)
		return of_folder(dir, DATE_NONE, NULL, out, err);
	if (cli_moment(word, &at_s))
		return of_folder(dir, at_s, NULL, out, err);
	if (stat(word, &st) != 0)
		return err_errno(err, "%s is no folder or bundle, no reference of an update operation and no date",
				 err_slice(&q, slice_cstr(word)));
	return S_ISDIR(st.st_mode) ? of_folder(word, DATE_NONE, NULL, out, err) : of_bundle(word, dir, out, err);
}

/* ---- what is told ---- */

struct diff {
	const struct options *options;
	const struct report_out *out;
	struct json_writer *json; /* NULL: for people */
	size_t sources, of[3];
};

static enum status put(struct diff *d, struct buf *text, struct err *err)
{
	TRY(buf_check(text, "a comparison", err));
	TRY(d->out->write(d->out->ctx, buf_slice(text), err));
	text->len = 0;
	return STATUS_OK;
}

static enum status for_people(struct diff *d, const struct carry_difference *c, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)64 << 20);

	terminal_put(&text, c->source);
	buf_add_cstr(&text, c->only_before ? " (gone):" : c->only_after ? " (new):" : ":");
	for (size_t i = 0; i < 3; i++)
		if (c->of[i].n > 0)
			buf_printf(&text, " %zu %s", c->of[i].n, words[i]);
	buf_add_byte(&text, '\n');
	/* Of a source that is new or gone as a whole its name says it. */
	for (size_t i = 0; i < 3 && !c->only_before && !c->only_after; i++) {
		for (size_t k = 0; k < c->of[i].n; k++) {
			buf_printf(&text, "  %c ", signs[i]);
			terminal_put(&text, c->of[i].ids[k]);
			buf_add_byte(&text, '\n');
		}
	}
	return put(d, &text, err);
}

static void as_json(struct json_writer *w, const struct carry_difference *c)
{
	json_object(w);
	json_member_str(w, "source", c->source);
	json_member_str(w, "set", c->feed);
	if (c->only_before || c->only_after)
		json_member_cstr(w, "only", c->only_before ? "before" : "after");
	for (size_t i = 0; i < 3; i++) {
		json_key(w, words[i]);
		json_array(w);
		for (size_t k = 0; k < c->of[i].n; k++)
			json_string(w, c->of[i].ids[k]);
		json_close(w);
	}
	json_close(w);
}

static enum status on_source(void *ctx, const struct carry_difference *c, struct err *err)
{
	struct diff *d = ctx;

	d->sources++;
	for (size_t i = 0; i < 3; i++)
		d->of[i] += c->of[i].n;
	if (!d->json)
		return for_people(d, c, err);
	as_json(d->json, c);
	return STATUS_OK;
}

static enum status compare_json(struct diff *d, const struct carry_state *a, const struct carry_state *b,
				struct err *err)
{
	const struct carry_difference_sink sink = { on_source, d };
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)1 << 30);
	struct json_writer w;
	size_t same;

	json_writer_init(&w, &text, 1);
	d->json = &w;
	json_object(&w);
	json_member_cstr(&w, "before", d->options->args[1]);
	json_member_cstr(&w, "after", d->options->n_args > 2 ? d->options->args[2] : "now");
	json_key(&w, "sources");
	json_array(&w);
	TRY(carry_compare(a, b, &sink, &same, err));
	json_close(&w);
	json_member_u64(&w, "same", same);
	for (size_t i = 0; i < 3; i++)
		json_member_u64(&w, words[i], d->of[i]);
	json_close(&w);
	TRY(json_writer_end(&w, err));
	buf_add_byte(&text, '\n');
	return put(d, &text, err);
}

static enum status compare_text(struct diff *d, const struct carry_state *a, const struct carry_state *b,
				struct err *err)
{
	const struct carry_difference_sink sink = { on_source, d };
	struct buf AUTO(buf_fini) text = BUF_INIT(4096);
	size_t same;

	TRY(carry_compare(a, b, &sink, &same, err));
	buf_printf(&text, "%zu sources differ, %zu are the same: %zu added, %zu removed, %zu changed\n", d->sources,
		   same, d->of[0], d->of[1], d->of[2]);
	return put(d, &text, err);
}

static enum status compare(const struct options *o, const char *dir, const struct report_out *out, bool json,
			   struct err *err)
{
	struct diff d = { .options = o, .out = out };
	struct carry_state a, b;
	enum status st;

	TRY(open_state(o->args[1], dir, &a, err));
	st = open_state(o->n_args > 2 ? o->args[2] : "now", dir, &b, err);
	if (st == STATUS_OK) {
		st = (json ? compare_json : compare_text)(&d, &a, &b, err);
		carry_state_close(&b);
	}
	carry_state_close(&a);
	return st;
}

int db_diff(const struct options *o, const char *dir)
{
	bool json = o->n_formats == 1 && strcmp(o->formats[0], "json") == 0;
	struct cli_output output;
	struct err err = ERR_INIT;
	enum status st;

	if (o->n_formats > 1 || (o->n_formats == 1 && !json && strcmp(o->formats[0], "table") != 0)) {
		cli_error("limpid db diff writes a table, or --format json");
		return EXIT_USAGE;
	}
	if (cli_output_open(NULL, &output, &err) != STATUS_OK)
		return cli_failed(&err);
	st = compare(o, dir, &output.out, json, &err);
	if (st == STATUS_OK)
		st = cli_output_close(&output, &err);
	else
		cli_output_abort(&output);
	return st == STATUS_OK ? EXIT_DONE : cli_failed(&err);
}

/* ---- limpid db history ---- */

static enum status history(const char *dir, struct slice source, size_t *out_n, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)256 << 20);
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)64 << 20);
	struct store_operation *ops;
	struct store *store;
	struct date_text date;
	enum status st;

	TRY(open_store(dir, &store, err));
	st = store_operations(store, source, SIZE_MAX >> 1, &arena, &ops, out_n, err);
	store_close(store);
	if (st != STATUS_OK)
		return st;
	for (size_t i = 0; i < *out_n; i++) {
		buf_printf(&text, "%s  %s  ", date_print(&date, ops[i].date_s), ops[i].ref);
		terminal_put(&text, ops[i].source);
		buf_add_byte(&text, '\n');
	}
	TRY(buf_check(&text, "update operations", err));
	fwrite(text.ptr, 1, text.len, stdout);
	return STATUS_OK;
}

int db_history(const struct options *o, const char *dir)
{
	struct slice source = o->n_args > 1 ? slice_cstr(o->args[1]) : SLICE_EMPTY;
	struct err err = ERR_INIT;
	struct err_quote q;
	size_t n;

	if (history(dir, source, &n, &err) != STATUS_OK)
		return cli_failed(&err);
	if (n == 0 && source.len > 0) {
		cli_error("there is no update operation of \"%s\"", err_slice(&q, source));
		return EXIT_UNREADABLE;
	}
	return EXIT_DONE;
}
