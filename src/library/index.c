/* SPDX-License-Identifier: Apache-2.0 */
/* index.c - liblimpid-index: the handle, what it holds, reports. include/limpid/index.h says what it means. */
#include "library/index_impl.h"

#include "index/index.h"
#include "library/done.h"
#include "report/report.h"

#include <stdio.h>
#include <stdlib.h>

#define MEMORY_MAX ((size_t)1 << 30)

_Static_assert(LIMPID_INDEX_OWNED == PACKAGE_OWNED && LIMPID_INDEX_MAIN_MODULE == PACKAGE_MAIN_MODULE &&
		       LIMPID_INDEX_STDLIB == PACKAGE_STDLIB && LIMPID_INDEX_BAD_VERSION == PACKAGE_BAD_VERSION &&
		       LIMPID_INDEX_GUESSED == PACKAGE_GUESSED,
	       "flags of the library are those of the model");

struct limpid_index {
	struct arena arena; /* of all below */
	struct index_report report;
	struct limpid_index_package *packages;
	struct limpid_index_layer *layers;
	struct limpid_index_system *systems;
	struct limpid_index_diagnostic *diagnostics;
	const char *manifest;
};

const char *limpid_index_version(void)
{
	return LIMPID_VERSION;
}

_Static_assert(LIMPID_INDEX_OK == 0 && LIMPID_INDEX_IO == 5 && LIMPID_INDEX_CRASHED == 9, "statuses of done.h");

static int done(struct limpid_index_error *error, enum status st, const struct err *err)
{
	if (error)
		error->status = library_done(st, err, LIMPID_INDEX_CRASHED, error->message, sizeof(error->message));
	return library_done(st, err, LIMPID_INDEX_CRASHED, NULL, 0);
}

/* ---- what the caller sees ---- */

/* Bytes that are no UTF-8 become question marks: names of files may be any. */
static bool text(struct arena *a, struct slice in, const char **out)
{
	char *copy = arena_cstr(a, in);

	*out = "";
	if (in.len == 0)
		return true;
	if (!copy)
		return false;
	for (size_t i = 0; i < in.len;) {
		size_t n = utf8_sequence(slice_from(in, i));

		if (n == 0 || in.ptr[i] == 0)
			copy[i] = '?';
		i += n ? n : 1;
	}
	*out = copy;
	return true;
}

static bool put_package(limpid_index *x, size_t i)
{
	const struct index_package *from = &x->report.packages.at[i];
	struct limpid_index_package *to = &x->packages[i];
	struct arena *a = &x->arena;

	to->type = package_type_purl(from->package.type);
	to->flags = from->package.flags & (LIMPID_INDEX_OWNED | LIMPID_INDEX_MAIN_MODULE | LIMPID_INDEX_STDLIB |
					   LIMPID_INDEX_BAD_VERSION | LIMPID_INDEX_GUESSED);
	if (from->package.flags & PACKAGE_DECLARED)
		to->flags |= LIMPID_INDEX_DECLARED;
	to->layer = from->layer < x->report.layers.len ? from->layer : LIMPID_INDEX_NONE;
	to->system = from->distribution < x->report.distributions.len ? from->distribution : LIMPID_INDEX_NONE;
	return text(a, from->package.name, &to->name) && text(a, from->package.version, &to->version) &&
	       text(a, from->package.arch, &to->arch) && text(a, from->package.module, &to->module) &&
	       text(a, from->package.source_name, &to->source_name) &&
	       text(a, from->package.source_version, &to->source_version) && text(a, from->package.path, &to->path);
}

static bool put_layer(limpid_index *x, size_t i)
{
	const struct index_layer *from = &x->report.layers.at[i];
	struct digest_text digest = { "" }, diff_id = { "" };

	if (from->digest.algo != DIGEST_NONE)
		(void)digest_print(&digest, &from->digest);
	if (from->diff_id.algo != DIGEST_NONE)
		(void)digest_print(&diff_id, &from->diff_id);
	x->layers[i].read = from->read;
	return text(&x->arena, slice_cstr(digest.text), &x->layers[i].digest) &&
	       text(&x->arena, slice_cstr(diff_id.text), &x->layers[i].diff_id) &&
	       text(&x->arena, from->created_by, &x->layers[i].created_by);
}

static bool put_system(limpid_index *x, size_t i)
{
	const struct distribution *from = &x->report.distributions.at[i];
	struct limpid_index_system *to = &x->systems[i];

	return text(&x->arena, from->did, &to->id) && text(&x->arena, from->version_id, &to->version_id) &&
	       text(&x->arena, from->version_code_name, &to->version_codename) &&
	       text(&x->arena, from->pretty_name, &to->pretty_name) && text(&x->arena, from->cpe, &to->cpe);
}

static bool put_diagnostic(limpid_index *x, size_t i)
{
	const struct layer_diag *from = &x->report.diags.at[i].diag;

	x->diagnostics[i].code = diag_name(from->code);
	x->diagnostics[i].severity = diag_severity_name(diag_severity(from->code));
	return text(&x->arena, from->where, &x->diagnostics[i].where) &&
	       text(&x->arena, from->text, &x->diagnostics[i].text);
}

/* All texts are made at once: what is looked at later never changes, and needs no lock. */
static enum status put_all(limpid_index *x, struct err *err)
{
	const struct index_report *r = &x->report;
	struct arena *a = &x->arena;
	struct digest_text manifest = { "" };
	bool ok;

	x->packages = arena_array(a, r->packages.len + 1, sizeof(*x->packages));
	x->layers = arena_array(a, r->layers.len + 1, sizeof(*x->layers));
	x->systems = arena_array(a, r->distributions.len + 1, sizeof(*x->systems));
	x->diagnostics = arena_array(a, r->diags.len + 1, sizeof(*x->diagnostics));
	if (r->manifest.algo != DIGEST_NONE)
		(void)digest_print(&manifest, &r->manifest);
	ok = x->packages && x->layers && x->systems && x->diagnostics &&
	     text(a, slice_cstr(manifest.text), &x->manifest);
	for (size_t i = 0; ok && i < r->packages.len; i++)
		ok = put_package(x, i);
	for (size_t i = 0; ok && i < r->layers.len; i++)
		ok = put_layer(x, i);
	for (size_t i = 0; ok && i < r->distributions.len; i++)
		ok = put_system(x, i);
	for (size_t i = 0; ok && i < r->diags.len; i++)
		ok = put_diagnostic(x, i);
	return ok ? STATUS_OK : err_nomem(err, "an index");
}

/* ---- opening ---- */

static bool parse_platform(const char *said, struct image_options *out)
{
	struct slice rest = slice_cstr(said);

	out->platform_given = true;
	if (!slice_cut(rest, '/', &out->platform.os, &rest) || out->platform.os.len == 0)
		return false;
	slice_cut(rest, '/', &out->platform.arch, &out->platform.variant);
	return out->platform.arch.len > 0;
}

static enum status here(const char *target, const struct limpid_index_options *o, limpid_index *x, struct err *err)
{
	const struct diag_sink quiet = { NULL, NULL };
	const char *const temp_dirs[] = { "/var/tmp", "/tmp", NULL };
	struct image_options options = { .limits = &limits_default, .diags = &quiet };
	const struct index_env env = {
		.limits = &limits_default,
		.temp_dirs = temp_dirs,
		.in_process = true,
		.verify_diff_ids = true,
		.lists = o->files != 0,
	};
	struct image *image;
	enum status st;

	if (o->folder)
		return err_set(err, STATUS_INVALID, "a folder is for the program limpid: not in this process");
	if (o->platform && !parse_platform(o->platform, &options))
		return err_set(err, STATUS_INVALID, "the platform is not OS/ARCH or OS/ARCH/VARIANT");
	TRY(image_open(slice_cstr(target), &options, &image, err));
	st = index_image(image, &env, &x->arena, &x->report, err);
	image_free(image);
	return st;
}

static enum status open_as(const char *target, const struct limpid_index_options *options, limpid_index *x,
			   struct err *err)
{
	struct limpid_index_options o = { .size = sizeof(o) };

	if (!target || !target[0])
		return err_set(err, STATUS_INVALID, "no target");
	if (options && (options->size == 0 || options->size > 4096))
		return err_set(err, STATUS_INVALID, "options without their size");
	/* Of an older or newer caller: what both know. */
	if (options)
		memcpy(&o, options, options->size < sizeof(o) ? options->size : sizeof(o));
	if (o.how == LIMPID_INDEX_IN_PROCESS)
		return here(target, &o, x, err);
	if (o.how != LIMPID_INDEX_SANDBOXED)
		return err_set(err, STATUS_INVALID, "there is no such way to read an image");
	return library_index_program(target, &o, &x->arena, &x->report, err);
}

int limpid_index_open(const char *target, const struct limpid_index_options *options, limpid_index **out,
		      struct limpid_index_error *error)
{
	limpid_index *x = calloc(1, sizeof(*x));
	struct err err = ERR_INIT;
	enum status st;

	*out = NULL;
	if (!x)
		return done(error, err_nomem(&err, "an index"), &err);
	x->arena = (struct arena)ARENA_INIT(MEMORY_MAX);
	st = open_as(target, options, x, &err);
	if (st == STATUS_OK)
		st = put_all(x, &err);
	if (st == STATUS_OK)
		*out = x;
	else
		limpid_index_close(x);
	return done(error, st, &err);
}

void limpid_index_close(limpid_index *x)
{
	if (!x)
		return;
	arena_fini(&x->arena);
	free(x);
}

/* ---- looking ---- */

int limpid_index_complete(const limpid_index *x)
{
	return x->report.complete;
}

const char *limpid_index_manifest(const limpid_index *x)
{
	return x->manifest;
}

size_t limpid_index_packages(const limpid_index *x)
{
	return x->report.packages.len;
}

const struct limpid_index_package *limpid_index_package(const limpid_index *x, size_t number)
{
	return number < x->report.packages.len ? &x->packages[number] : NULL;
}

size_t limpid_index_layers(const limpid_index *x)
{
	return x->report.layers.len;
}

const struct limpid_index_layer *limpid_index_layer(const limpid_index *x, size_t number)
{
	return number < x->report.layers.len ? &x->layers[number] : NULL;
}

size_t limpid_index_systems(const limpid_index *x)
{
	return x->report.distributions.len;
}

const struct limpid_index_system *limpid_index_system(const limpid_index *x, size_t number)
{
	return number < x->report.distributions.len ? &x->systems[number] : NULL;
}

size_t limpid_index_diagnostics(const limpid_index *x)
{
	return x->report.diags.len;
}

const struct limpid_index_diagnostic *limpid_index_diagnostic(const limpid_index *x, size_t number)
{
	return number < x->report.diags.len ? &x->diagnostics[number] : NULL;
}

/* ---- files ---- */

struct file_reader {
	struct arena arena; /* scratch of one path */
	limpid_index_file each;
	void *ctx;
};

static enum status hand_out(void *ctx, struct slice path, struct err *err)
{
	struct file_reader *f = ctx;
	const char *said;

	if (!text(&f->arena, path, &said))
		return err_nomem(err, "an index");
	if (f->each(f->ctx, said) != 0)
		return err_set(err, STATUS_CANCELLED, "the callback asked to stop");
	arena_reset(&f->arena);
	return STATUS_OK;
}

int limpid_index_files(const limpid_index *x, size_t package, int *known, limpid_index_file each, void *ctx,
		       struct limpid_index_error *error)
{
	struct file_reader f = { ARENA_INIT(MEMORY_MAX), each, ctx };
	struct err err = ERR_INIT;
	enum status st;

	if (known)
		*known = 0;
	if (package >= x->report.packages.len)
		return done(error, err_set(&err, STATUS_INVALID, "there is no package of that number"), &err);
	if (known)
		*known = x->report.packages.at[package].files_known;
	st = index_files_each(&x->report, package, hand_out, &f, &err);
	arena_fini(&f.arena);
	return done(error, st, &err);
}

/* ---- reports ---- */

struct sink {
	limpid_index_write write;
	void *ctx;
};

static enum status hand_over(void *ctx, struct slice bytes, struct err *err)
{
	const struct sink *s = ctx;

	if (bytes.len > 0 && s->write(s->ctx, (const char *)bytes.ptr, bytes.len) != 0)
		return err_set(err, STATUS_CANCELLED, "the callback asked to stop");
	return STATUS_OK;
}

int limpid_index_report(const limpid_index *x, const char *format, int64_t now, limpid_index_write write, void *ctx,
			struct limpid_index_error *error)
{
	struct sink sink = { write, ctx };
	const struct report_out out = { .write = hand_over, .ctx = &sink };
	struct report_options options = { .now_s = now, .fail_on = SEVERITY_COUNT, .program_version = LIMPID_VERSION };
	const struct report_format *f = report_format_find(slice_cstr(format), &options.version);
	struct err err = ERR_INIT;
	struct err_quote q;

	if (!f || !f->index)
		return done(error,
			    err_set(&err, STATUS_INVALID, "there is no format \"%s\" of packages",
				    err_slice(&q, slice_cstr(format))),
			    &err);
	return done(error, f->index(&x->report, &options, &out, &err), &err);
}
