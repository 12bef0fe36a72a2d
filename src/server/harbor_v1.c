/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harbor_v1.c - Harbor's pluggable scanner API at /harbor/api/v1/: what the scanner can do, scans, their reports.
 *
 * Harbor gives each request 5 seconds, follows no redirect, and takes 404 for "ask again": a scan is taken at once, a
 * report is made when it is asked for, and kept.
 */
#include "base/date.h"
#include "config/config.h"
#include "report/report.h"
#include "server/handler.h"
#include "server/harbor.h"
#include "service/indexer.h"
#include "service/matcher.h"
#include "text/json.h"
#include "text/json_writer.h"

#include <stdio.h>

#define METADATA_TYPE "application/vnd.scanner.adapter.metadata+json; version=1.1"
#define RESPONSE_TYPE "application/vnd.scanner.adapter.scan.response+json; version=1.1"
#define ERROR_TYPE "application/vnd.scanner.adapter.error+json; version=1.0"
#define REPORT_TYPE "application/vnd.security.vulnerability.report; version=1.1"
#define OLD_REPORT_TYPE "application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0"
#define RAW_REPORT_TYPE "application/vnd.scanner.adapter.vuln.report.raw"
#define SBOM_REPORT_TYPE "application/vnd.security.sbom.report+json; version=1.0"
#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define SPDX_TYPE "application/spdx+json"
#define CYCLONEDX_TYPE "application/vnd.cyclonedx+json"

/* Seconds until Harbor asks again; it reads the number as a signed byte. */
#define REFRESH_S "2"
#define TRIES 3

static enum status put_error(struct response *resp, int code, const char *message)
{
	struct json_writer w;
	struct err err = ERR_INIT;

	response_clear_body(resp);
	json_writer_init(&w, &resp->body, 0);
	json_object(&w);
	json_key(&w, "error");
	json_object(&w);
	json_member_cstr(&w, "message", message);
	json_close(&w);
	json_close(&w);
	resp->code = code;
	response_content_type(resp, ERROR_TYPE);
	return json_writer_end(&w, &err) == STATUS_OK ? STATUS_OK : response_error(resp, code, "%s", message);
}

/* ---- metadata ---- */

static void put_texts(struct json_writer *w, const char *key, const char *const *texts, size_t n)
{
	json_key(w, key);
	json_array(w);
	for (size_t i = 0; i < n; i++)
		json_cstr(w, texts[i]);
	json_close(w);
}

static void put_capability(struct json_writer *w, const char *type, const char *const *produces, size_t n)
{
	static const char *const consumes[] = { OCI_MANIFEST, DOCKER_MANIFEST };

	json_object(w);
	json_member_cstr(w, "type", type);
	put_texts(w, "consumes_mime_types", consumes, ARRAY_LEN(consumes));
	put_texts(w, "produces_mime_types", produces, n);
	if (strcmp(type, "sbom") == 0) {
		static const char *const media[] = { SPDX_TYPE, CYCLONEDX_TYPE };

		json_key(w, "additional_attributes");
		json_object(w);
		put_texts(w, "sbom_media_types", media, ARRAY_LEN(media));
		json_close(w);
	}
	json_close(w);
}

static void put_scanner(struct json_writer *w, const char *version)
{
	json_key(w, "scanner");
	json_object(w);
	json_member_cstr(w, "name", "limpid");
	json_member_cstr(w, "vendor", "limpid");
	json_member_cstr(w, "version", version);
	json_close(w);
}

static void put_properties(struct json_writer *w, struct matcher *m)
{
	struct matcher_state state;
	struct date_text text;

	matcher_state(m, &state);
	json_key(w, "properties");
	json_object(w);
	json_member_cstr(w, "harbor.scanner-adapter/scanner-type", "os-package-vulnerability");
	if (state.newest_s != DATE_NONE)
		json_member_cstr(w, "harbor.scanner-adapter/vulnerability-database-updated-at",
				 date_print(&text, state.newest_s));
	json_close(w);
}

enum status harbor_metadata(struct server_context *ctx, const struct request *req, struct response *resp,
			    struct err *err)
{
	static const char *const reports[] = { REPORT_TYPE, OLD_REPORT_TYPE, RAW_REPORT_TYPE };
	static const char *const sboms[] = { SBOM_REPORT_TYPE };
	struct json_writer w;

	(void)req;
	json_writer_init(&w, &resp->body, 0);
	json_object(&w);
	put_scanner(&w, ctx->version);
	json_key(&w, "capabilities");
	json_array(&w);
	put_capability(&w, "vulnerability", reports, ARRAY_LEN(reports));
	put_capability(&w, "sbom", sboms, ARRAY_LEN(sboms));
	json_close(&w);
	put_properties(&w, ctx->matcher);
	json_close(&w);
	response_content_type(resp, METADATA_TYPE);
	return json_writer_end(&w, err);
}

/* ---- scan ---- */

static bool is_web(struct slice url)
{
	return slice_starts(url, SLICE("http://")) || slice_starts(url, SLICE("https://"));
}

/* A name as registries have them: nothing in it may lead elsewhere in a URL. */
static bool is_repository(struct slice name)
{
	if (name.len == 0 || name.len > 255 || slice_find(name, SLICE("..")) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!is_alnum(name.ptr[i]) && !strchr("/._-", name.ptr[i]))
			return false;
	return true;
}

/* NULL, or what is wrong. */
static const char *read_scan(yyjson_val *root, struct arena *arena, struct harbor_scan *out, struct err *err)
{
	yyjson_val *registry = json_get(root, "registry"), *artifact = json_get(root, "artifact");
	struct slice url = json_get_str(registry, "url"), mime = json_get_str(artifact, "mime_type");
	struct harbor_artifact *a = &out->artifact;

	while (url.len > 0 && url.ptr[url.len - 1] == '/')
		url.len--;
	if (!is_web(url))
		return "registry.url is no http:// or https:// URL";
	if (!is_repository(json_get_str(artifact, "repository")))
		return "artifact.repository is no name of a repository";
	if (digest_read(json_get_str(artifact, "digest"), &a->digest, err) != STATUS_OK)
		return "artifact.digest is no digest";
	if (mime.len > 0 && !slice_eq(mime, SLICE(OCI_MANIFEST)) && !slice_eq(mime, SLICE(DOCKER_MANIFEST)))
		return "artifact.mime_type is none that metadata says to be consumed";
	if (json_get_str(artifact, "tag").len > 128)
		return "artifact.tag is longer than a tag may be";
	out->authorization = json_get_str(registry, "authorization");
	for (size_t i = 0; i < out->authorization.len; i++)
		if (out->authorization.ptr[i] < 0x20 || out->authorization.ptr[i] == 0x7f)
			return "registry.authorization has a control character";
	if (!arena_copy(arena, url, &out->registry) || !arena_copy(arena, out->authorization, &out->authorization) ||
	    !arena_copy(arena, json_get_str(artifact, "repository"), &a->repository) ||
	    !arena_copy(arena, json_get_str(artifact, "tag"), &a->tag) ||
	    !arena_copy(arena, mime.len > 0 ? mime : SLICE(OCI_MANIFEST), &a->mime_type))
		return "out of memory";
	return NULL;
}

enum status harbor_scan_post(struct server_context *ctx, const struct request *req, struct response *resp,
			     struct err *err)
{
	struct json_doc AUTO(json_doc_free) doc = { NULL, NULL };
	struct buf AUTO(buf_fini) id = BUF_INIT(4096);
	struct harbor_scan scan = { .registry = SLICE_EMPTY };
	struct json_writer w;
	const char *wrong;
	enum status st;

	if (!ctx->harbor)
		return put_error(resp, 501, "this process has no indexer");
	if (json_parse(req->body, &limits_default, &doc, err) != STATUS_OK)
		return put_error(resp, 400, err->msg);
	wrong = read_scan(doc.root, req->arena, &scan, err);
	if (wrong)
		return put_error(resp, 422, wrong);
	st = harbor_begin(ctx->harbor, &scan, err);
	if (st == STATUS_LIMIT) {
		response_header(resp, "Retry-After", SLICE("30"));
		return put_error(resp, 503, err->msg);
	}
	TRY(st);
	TRY(harbor_id_print(&scan.artifact, &id, err));
	json_writer_init(&w, &resp->body, 0);
	json_object(&w);
	json_member_str(&w, "id", buf_slice(&id));
	json_close(&w);
	resp->code = 202;
	response_content_type(resp, RESPONSE_TYPE);
	return json_writer_end(&w, err);
}

/* ---- reports ---- */

struct wanted {
	const struct harbor_artifact *artifact;
	const char *type;		    /* as it goes out */
	const struct report_format *format; /* the document, or what is in it */
	const char *sbom;		    /* media type of an SBOM; NULL: a report of vulnerabilities */
	const char *version;		    /* limpid's */
	struct slice image;		    /* "host/repository:tag" */
};

static enum status to_buf(void *ctx, struct slice bytes, struct err *err)
{
	buf_add(ctx, bytes);
	return buf_check(ctx, "a report", err);
}

static void put_artifact(struct json_writer *w, const struct harbor_artifact *a)
{
	struct digest_text digest;

	json_key(w, "artifact");
	json_object(w);
	json_member_str(w, "repository", a->repository);
	json_member_cstr(w, "digest", digest_print(&digest, &a->digest));
	json_member_str(w, "tag", a->tag);
	json_member_str(w, "mime_type", a->mime_type);
	json_close(w);
}

static enum status write_sbom(const struct wanted *wanted, const struct index_report *index,
			      const struct report_options *options, struct buf *out, struct err *err)
{
	struct buf AUTO(buf_fini) sbom = BUF_INIT(SIZE_MAX);
	struct report_out to = { .write = to_buf, .ctx = &sbom };
	struct date_text date;
	struct json_writer w;

	TRY(wanted->format->index(index, options, &to, err));
	json_writer_init(&w, out, 0);
	json_object(&w);
	json_member_cstr(&w, "generated_at", date_print(&date, options->now_s));
	put_artifact(&w, wanted->artifact);
	put_scanner(&w, options->program_version);
	json_key(&w, "vendor_attributes");
	json_object(&w);
	json_member_bool(&w, "complete", index->complete);
	json_close(&w);
	json_member_cstr(&w, "media_type", wanted->sbom);
	json_key(&w, "sbom");
	json_raw(&w, slice_trim(buf_slice(&sbom)));
	json_close(&w);
	TRY(json_writer_end(&w, err));
	return buf_check(out, "a report", err);
}

/* The index report does not know what the registry calls the image. */
static enum status write_report(void *ctx, const struct vulnerability_report *r, struct buf *out, struct err *err)
{
	const struct wanted *wanted = ctx;
	struct index_report index = *r->index;
	struct vulnerability_report report = *r;
	struct report_out to = { .write = to_buf, .ctx = out };
	struct report_options options = { .now_s = date_now(),
					  .fail_on = SEVERITY_COUNT,
					  .program_version = wanted->version };

	index.image_name = wanted->image;
	index.manifest = wanted->artifact->digest;
	report.index = &index;
	if (wanted->sbom)
		return write_sbom(wanted, &index, &options, out, err);
	return wanted->format->vulnerabilities(&report, &options, &to, err);
}

/* 0, or the code and the message that the client gets. */
static int choose(const struct request *req, struct wanted *out, const char **message)
{
	struct slice accept = SLICE(REPORT_TYPE), sbom = SLICE_EMPTY;

	request_header(req, "Accept", 0, &accept);
	out->format = &report_format_harbor;
	out->type = REPORT_TYPE;
	if (slice_find(accept, SLICE("vnd.security.sbom.report")) != SIZE_MAX) {
		request_query(req, "sbom_media_type", &sbom);
		out->type = SBOM_REPORT_TYPE;
		out->sbom = slice_eq(sbom, SLICE(SPDX_TYPE))	    ? SPDX_TYPE
			    : slice_eq(sbom, SLICE(CYCLONEDX_TYPE)) ? CYCLONEDX_TYPE
								    : NULL;
		out->format = out->sbom && out->sbom[12] == 's' ? &report_format_spdx : &report_format_cyclonedx;
		*message = "sbom_media_type must be " SPDX_TYPE " or " CYCLONEDX_TYPE;
		return out->sbom ? 0 : 400;
	}
	if (slice_find(accept, SLICE("vnd.security.vulnerability.report")) != SIZE_MAX ||
	    slice_find(accept, SLICE("*/*")) != SIZE_MAX)
		return 0;
	*message = "there is no report of the type that is asked for";
	if (slice_find(accept, SLICE("vuln.report.harbor+json")) != SIZE_MAX)
		out->type = OLD_REPORT_TYPE;
	else if (slice_find(accept, SLICE("vuln.report.raw")) != SIZE_MAX)
		out->type = RAW_REPORT_TYPE, out->format = &report_format_json;
	else
		return 501;
	return 0;
}

static enum status make_report(struct server_context *ctx, struct wanted *wanted, struct arena *arena,
			       struct report_body **out, struct err *err)
{
	struct matcher_form form = { .write = write_report, .ctx = wanted };
	const struct harbor_artifact *a = wanted->artifact;
	enum status st = STATUS_CONFLICT;

	if (!arena_printf(arena, &wanted->image, "%.*s%s%.*s", SLICE_ARG(a->repository), a->tag.len > 0 ? ":" : "",
			  SLICE_ARG(a->tag)) ||
	    !arena_printf(arena, &form.name, "harbor %s %s %.*s", wanted->type, wanted->sbom ? wanted->sbom : "",
			  SLICE_ARG(wanted->image)))
		return err_nomem(err, "a report");
	for (int i = 0; i < TRIES && st == STATUS_CONFLICT; i++) {
		struct matcher_request r;

		TRY(matcher_request(ctx->matcher, &a->digest, arena, &r, err));
		st = matcher_report_as(&r, &form, arena, out, err);
		matcher_request_fini(&r);
	}
	return st;
}

static void release(void *body)
{
	report_body_unref(body);
}

static enum status put_wait(struct response *resp, const struct request *req)
{
	resp->code = 302;
	response_header(resp, "Location", req->path);
	response_header(resp, "Refresh-After", SLICE(REFRESH_S));
	return STATUS_OK;
}

/* The index report tells of a run that failed; one that is not there, that nobody knows of the scan any more. */
static enum status put_absent(struct server_context *ctx, const struct digest *image, const struct request *req,
			      struct response *resp)
{
	struct err err = ERR_INIT;
	struct report_body *body;
	struct json_doc AUTO(json_doc_free) doc = { NULL, NULL };
	struct slice why;
	char text[400];

	if (indexer_get(ctx->indexer, image, &body, &err) != STATUS_OK)
		return put_error(resp, 404, "no such scan is known here; ask for it again");
	if (json_parse(body->bytes, &limits_default, &doc, &err) != STATUS_OK)
		doc = (struct json_doc){ NULL, NULL };
	why = json_get_str(doc.root, "err");
	snprintf(text, sizeof(text), "the image could not be indexed: %.*s", SLICE_ARG(slice_take(why, 300)));
	report_body_unref(body);
	return why.len > 0 ? put_error(resp, 500, text) : put_wait(resp, req);
}

/* "/harbor/api/v1/scan/<id>/report" */
static bool id_of(const struct request *req, struct arena *arena, struct harbor_artifact *out)
{
	struct slice rest = slice_from(req->path, sizeof("/harbor/api/v1/scan/") - 1), id, last;

	return slice_cut(rest, '/', &id, &last) && slice_eq(last, SLICE("report")) && harbor_id_parse(id, arena, out);
}

enum status harbor_report_get(struct server_context *ctx, const struct request *req, struct response *resp,
			      struct err *err)
{
	struct harbor_artifact artifact;
	struct wanted wanted = { .artifact = &artifact, .version = ctx->version };
	struct report_body *body;
	const char *message = "";
	struct slice why;
	char text[400];
	enum status st;
	int code;

	if (!ctx->harbor)
		return put_error(resp, 501, "this process has no indexer");
	if (!id_of(req, req->arena, &artifact))
		return put_error(resp, 404, "no such scan is known here");
	code = choose(req, &wanted, &message);
	if (code)
		return put_error(resp, code, message);
	switch (harbor_look(ctx->harbor, &artifact.digest, req->arena, &why)) {
	case HARBOR_AT_WORK:
		return put_wait(resp, req);
	case HARBOR_FAILED:
		snprintf(text, sizeof(text), "%.*s", SLICE_ARG(why));
		return put_error(resp, 500, text);
	case HARBOR_UNKNOWN:
		break;
	}
	/* Before the first update there is nothing to match with: better late than an empty report. */
	if (!wanted.sbom && !matcher_ready(ctx->matcher))
		return put_wait(resp, req);
	st = make_report(ctx, &wanted, req->arena, &body, err);
	if (st == STATUS_NOTFOUND)
		return put_absent(ctx, &artifact.digest, req, resp);
	TRY(st);
	response_content_type(resp, wanted.type);
	response_shared(resp, body->bytes, release, body);
	return STATUS_OK;
}
