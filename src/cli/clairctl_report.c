/* SPDX-License-Identifier: Apache-2.0 */
/* clairctl_report.c - clairctl manifest and clairctl report: images of registries, indexed by a server. */
#include "cli/clairctl.h"

#include "cli/client_image.h"
#include "client/clairctl.h"

#include <time.h>

#define OUTPUT_BYTES ((size_t)1 << 30)
#define POLLS 300u

/* References are of registries, as there; what says its transport, or is written as a path, is read here and pushed. */
static enum status open_image(struct clairctl *c, const char *name, struct client_image *out, struct err *err)
{
	struct slice target = slice_cstr(name), text;
	bool here = target.len > 0 && (target.ptr[0] == '/' || target.ptr[0] == '.');

	*out = (struct client_image){ .image = NULL };
	clairctl_log(c, CLAIRCTL_DEBUG, "fetching", "ref", name);
	if (!here && !client_has_transport(target)) {
		if (!arena_printf(&c->arena, &text, "docker://%.*s", SLICE_ARG(target)))
			return err_nomem(err, "a reference");
		target = text;
	}
	return client_image_open(&c->options, target, client_value(&c->flags, "platform"), out, err);
}

/* ---- manifest ---- */

static enum status print_manifest(struct clairctl *c, const char *name, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(OUTPUT_BYTES);
	struct client_image image;
	enum status st = open_image(c, name, &image, err);

	if (st == STATUS_OK)
		st = client_manifest_located(&image, &text, err);
	client_image_free(&image);
	if (st == STATUS_OK)
		fwrite(text.ptr, 1, text.len, stdout);
	return st;
}

int clairctl_manifest(struct clairctl *c)
{
	struct err err = ERR_INIT;

	if (c->flags.n_args == 0)
		return clairctl_fail(c, "missing needed arguments");
	for (size_t i = 0; i < c->flags.n_args; i++)
		if (print_manifest(c, c->flags.args[i], &err) != STATUS_OK)
			return clairctl_fail(c, err.msg);
	return 0;
}

/* ---- report ---- */

enum format { TEXT, JSON, XML };

struct reporting {
	struct clairctl *c;
	struct service *service;
	enum format format;
	struct buf suites; /* of XML, which is one document */
	bool limpid;
	size_t failed;
};

static void said(void *ctx, const char *text)
{
	clairctl_log(ctx, CLAIRCTL_DEBUG, text, NULL, NULL);
}

static enum status wait_for_index(struct reporting *r, const struct digest *manifest, struct err *err)
{
	struct service_indexed seen = { .finished = false };

	for (unsigned i = 0; i < POLLS && !seen.finished; i++) {
		nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
		TRY(service_index_known(r->service, manifest, "", &seen, err));
	}
	return seen.finished ? STATUS_OK : err_set(err, STATUS_TIMEOUT, "the image was not indexed within %u s", POLLS);
}

/* Layers of a registry are fetched there by the server; others are pushed, which only limpid-serve takes. */
static enum status make_manifest(struct reporting *r, const struct client_image *image, struct buf *out,
				 struct err *err)
{
	enum status st = client_manifest_located(image, out, err);

	if (st != STATUS_UNSUPPORTED)
		return st;
	st = client_push(image, r->service, said, r->c, err);
	if (st == STATUS_UNSUPPORTED)
		return err_set(err, STATUS_UNSUPPORTED,
			       "the server takes no layers: only images of registries can be reported on with it");
	return st == STATUS_OK ? client_manifest(image, SLICE_EMPTY, out, err) : st;
}

static enum status index_image(struct reporting *r, const struct client_image *image, struct err *err)
{
	struct buf AUTO(buf_fini) manifest = BUF_INIT((size_t)16 << 20);
	struct service_indexed seen;

	TRY(service_index_known(r->service, &image->manifest, "", &seen, err));
	if (seen.code == 200 && client_switch(&r->c->flags, "novel")) {
		clairctl_log(r->c, CLAIRCTL_DEBUG, "manifest already known, skipping upload", NULL, NULL);
		return STATUS_OK;
	}
	TRY(make_manifest(r, image, &manifest, err));
	TRY(service_index(r->service, buf_slice(&manifest), &seen, err));
	return seen.finished ? STATUS_OK : wait_for_index(r, &image->manifest, err);
}

static enum status put(struct reporting *r, const struct clairctl_result *result, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(OUTPUT_BYTES);

	if (r->format == XML)
		return clairctl_testsuite(result, &r->suites, err);
	if (r->format == JSON)
		buf_add(&text, slice_trim(result->report));
	else
		TRY(clairctl_text(result, &text, err));
	TRY(buf_check(&text, "a report", err));
	fwrite(text.ptr, 1, text.len, stdout);
	fflush(stdout);
	return STATUS_OK;
}

/* What cannot be indexed ends the command, or with -k this image; what has no report has a place in the output. */
static enum status report_one(struct reporting *r, const char *name, struct err *err)
{
	struct clairctl_result result = { .name = slice_cstr(name) };
	struct client_image image;
	struct digest_text digest;
	struct err why = ERR_INIT;
	enum status st = open_image(r->c, name, &image, err);

	if (st == STATUS_OK)
		st = index_image(r, &image, err);
	if (st == STATUS_OK) {
		result.digest = slice_cstr(digest_print(&digest, &image.manifest));
		if (service_report(r->service, &image.manifest, &result.report, &why) != STATUS_OK) {
			result.report = SLICE_EMPTY;
			result.error = slice_cstr(why.msg);
			r->failed++;
		}
		st = put(r, &result, err);
	}
	client_image_free(&image);
	return st;
}

static enum status report_all(struct reporting *r, struct err *err)
{
	const struct client_flags *f = &r->c->flags;
	bool keep_going = client_switch(f, "keep-going") && f->n_args > 1;

	for (size_t i = 0; i < f->n_args; i++) {
		struct clairctl_result failed = { .name = slice_cstr(f->args[i]) };
		struct err why = ERR_INIT;
		enum status st = report_one(r, f->args[i], &why);

		if (st == STATUS_OK)
			continue;
		if (!keep_going) {
			*err = why;
			return st;
		}
		failed.error = slice_cstr(why.msg);
		r->failed++;
		TRY(put(r, &failed, err));
	}
	return STATUS_OK;
}

static bool parse_format(const char *text, enum format *out)
{
	static const char *const names[] = { "text", "json", "xml" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(text, names[i]) == 0) {
			*out = (enum format)i;
			return true;
		}
	return false;
}

int clairctl_report(struct clairctl *c)
{
	struct reporting r = { .c = c, .suites = BUF_INIT(OUTPUT_BYTES) };
	struct err err = ERR_INIT;
	struct err_quote q;
	enum status st;

	if (!parse_format(client_value(&c->flags, "out"), &r.format)) {
		printf("Incorrect Usage: invalid value \"%s\" for flag -o: it is text, json or xml\n",
		       err_slice(&q, slice_cstr(client_value(&c->flags, "out"))));
		return 0;
	}
	if (c->flags.n_args == 0)
		return clairctl_fail(c, "missing needed arguments");
	st = clairctl_service(c, &r.service, &err);
	if (st == STATUS_OK)
		st = report_all(&r, &err);
	service_free(r.service);
	if (st == STATUS_OK && r.format == XML)
		printf("<testsuites>%.*s</testsuites>", (int)r.suites.len,
		       r.suites.len ? (const char *)r.suites.ptr : "");
	buf_fini(&r.suites);
	if (st != STATUS_OK)
		return clairctl_fail(c, err.msg);
	return r.failed > 0 ? clairctl_fail(c, "some images have no report") : 0;
}
