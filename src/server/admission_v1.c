/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admission_v1.c - what Kubernetes asks before it runs an image: ImagePolicyWebhook (ImageReview) and
 * ValidatingAdmissionWebhook (AdmissionReview). Answered from what is indexed; nothing is fetched, since a cluster
 * waits.
 *
 * An image is looked up by the digest in its reference. One without, one that was never indexed and one of which a part
 * could not be looked up are "unknown": limpid.admission.unknown says what that means.
 */
#include "config/config.h"
#include "server/handler.h"
#include "server/report_json.h"
#include "service/matcher.h"
#include "text/json.h"
#include "text/json_writer.h"

#include <stdio.h>

/* Of one request. Kubernetes' own limit of a request makes more impossible. */
#define IMAGES_MAX 1000
/* Deeper than any workload has its pod: CronJob, Job, pod. */
#define TEMPLATES_MAX 3

struct images {
	struct slice at[IMAGES_MAX]; /* references, of the request's JSON */
	size_t n;
	bool cut; /* there were more */
};

struct verdict {
	bool denied;
	struct buf reasons;	/* why it is denied; "; " between them */
	struct slice *warnings; /* IMAGES_MAX */
	size_t n_warnings;
};

/* ---- which images ---- */

static void add_images(yyjson_val *containers, struct images *out)
{
	yyjson_val *c;
	size_t i, n;

	if (!yyjson_is_arr(containers))
		return;
	yyjson_arr_foreach(containers, i, n, c)
	{
		struct slice image = json_get_str(c, "image");

		if (image.len == 0)
			continue;
		if (out->n == IMAGES_MAX)
			out->cut = true;
		else
			out->at[out->n++] = image;
	}
}

/* The pod of an object: itself, or what its templates lead to. An image volume is an image, too. */
static void find_images(yyjson_val *object, struct images *out)
{
	yyjson_val *spec = json_get(object, "spec"), *volume, *template;
	size_t i, n;

	for (int depth = 0; depth < TEMPLATES_MAX && spec; depth++) {
		add_images(json_get(spec, "containers"), out);
		add_images(json_get(spec, "initContainers"), out);
		add_images(json_get(spec, "ephemeralContainers"), out);
		if (yyjson_is_arr(json_get(spec, "volumes")))
			yyjson_arr_foreach(json_get(spec, "volumes"), i, n, volume)
			{
				struct slice image = json_get_str(json_get(volume, "image"), "reference");

				if (image.len > 0 && out->n < IMAGES_MAX)
					out->at[out->n++] = image;
			}
		template = json_get(spec, "template");
		spec = json_get(template ? template : json_get(spec, "jobTemplate"), "spec");
	}
}

/* ---- what is said of one ---- */

static void deny(struct verdict *v, struct slice image, const char *why)
{
	v->denied = true;
	buf_printf(&v->reasons, "%s%.*s: %s", v->reasons.len ? "; " : "", SLICE_ARG(image), why);
}

static void unknown(const struct config_admission *rules, struct verdict *v, struct slice image, struct arena *arena,
		    const char *why)
{
	if (rules->unknown == CONFIG_UNKNOWN_DENY)
		deny(v, image, why);
	else if (rules->unknown == CONFIG_UNKNOWN_WARN && v->n_warnings < IMAGES_MAX &&
		 arena_printf(arena, &v->warnings[v->n_warnings], "%.*s: %s", SLICE_ARG(image), why))
		v->n_warnings++;
}

static bool digest_of_image(struct slice image, struct digest *out)
{
	struct err ignored = ERR_INIT;
	struct slice name, digest;

	return slice_cut(image, '@', &name, &digest) && digest_read(digest, out, &ignored) == STATUS_OK;
}

static uint64_t at_or_above(const struct report_counts *counts, const struct config_admission *rules)
{
	const uint64_t *by = rules->only_fixed ? counts->fixable_by_severity : counts->by_severity;
	uint64_t n = 0;

	for (size_t s = (size_t)rules->deny_on; s < SEVERITY_COUNT; s++)
		n += by[s];
	return n;
}

static enum status judge(struct server_context *ctx, struct slice image, struct arena *arena, struct verdict *v,
			 struct err *err)
{
	const struct config_admission *rules = &ctx->config->limpid.admission;
	struct report_counts counts;
	struct report_body *body;
	struct digest digest;
	char text[160];
	enum status st;
	uint64_t n;

	if (!digest_of_image(image, &digest)) {
		unknown(rules, v, image, arena, "it is not named by its digest, so it cannot be looked up");
		return STATUS_OK;
	}
	if (!matcher_ready(ctx->matcher)) {
		unknown(rules, v, image, arena, "there are no advisories yet");
		return STATUS_OK;
	}
	st = report_json_get(ctx->matcher, &digest, arena, &body, err);
	if (st == STATUS_NOTFOUND) {
		unknown(rules, v, image, arena, "it has not been indexed");
		return STATUS_OK;
	}
	TRY(st);
	st = report_json_count(body->bytes, &counts, err);
	report_body_unref(body);
	TRY(st);
	n = at_or_above(&counts, rules);
	if (n > 0) {
		snprintf(text, sizeof(text), "%llu %s at or above %s", (unsigned long long)n,
			 rules->only_fixed ? "vulnerabilities with a fix" : "vulnerabilities",
			 severity_name((enum severity)rules->deny_on));
		deny(v, image, text);
	} else if (!counts.complete) {
		unknown(rules, v, image, arena, "a part of it could not be looked up");
	}
	return STATUS_OK;
}

static enum status judge_all(struct server_context *ctx, const struct images *images, struct arena *arena,
			     struct verdict *v, struct err *err)
{
	v->reasons = (struct buf)BUF_INIT((size_t)1 << 20);
	v->warnings = arena_array(arena, IMAGES_MAX, sizeof(*v->warnings));
	if (!v->warnings)
		return err_nomem(err, "warnings");
	for (size_t i = 0; i < images->n; i++) {
		bool again = false;

		for (size_t k = 0; k < i && !again; k++)
			again = slice_eq(images->at[i], images->at[k]);
		if (!again)
			TRY(judge(ctx, images->at[i], arena, v, err));
	}
	if (images->cut)
		deny(v, SLICE("the request"), "it has more images than are looked at");
	return buf_check(&v->reasons, "reasons", err);
}

static void verdict_fini(struct verdict *v)
{
	buf_fini(&v->reasons);
}

/* ---- requests ---- */

static enum status read_review(const struct request *req, const char *kind, struct json_doc *out, struct response *resp,
			       bool *answered)
{
	struct err err = ERR_INIT;

	*answered = true;
	if (json_parse(req->body, &limits_default, out, &err) != STATUS_OK)
		return response_error(resp, 400, "no %s: %s", kind, err.msg);
	if (!slice_eq(json_get_str(out->root, "kind"), slice_cstr(kind)))
		return response_error(resp, 400, "kind is not %s", kind);
	*answered = false;
	return STATUS_OK;
}

static void begin(struct json_writer *w, struct response *resp, yyjson_val *root)
{
	json_writer_init(w, &resp->body, 0);
	json_object(w);
	json_member_str(w, "apiVersion", json_get_str(root, "apiVersion"));
	json_member_str(w, "kind", json_get_str(root, "kind"));
}

enum status admission_image_review(struct server_context *ctx, const struct request *req, struct response *resp,
				   struct err *err)
{
	struct json_doc AUTO(json_doc_free) doc = { NULL, NULL };
	struct images *images = arena_array(req->arena, 1, sizeof(*images));
	struct verdict AUTO(verdict_fini) v = { false };
	struct json_writer w;
	bool answered;

	if (!images)
		return err_nomem(err, "images");
	*images = (struct images){ .n = 0 };
	TRY(read_review(req, "ImageReview", &doc, resp, &answered));
	if (answered)
		return STATUS_OK;
	add_images(json_get(json_get(doc.root, "spec"), "containers"), images);
	TRY(judge_all(ctx, images, req->arena, &v, err));
	begin(&w, resp, doc.root);
	json_key(&w, "status");
	json_object(&w);
	json_member_bool(&w, "allowed", !v.denied);
	if (v.denied)
		json_member_str(&w, "reason", buf_slice(&v.reasons));
	if (v.n_warnings > 0) {
		json_key(&w, "auditAnnotations");
		json_object(&w);
		json_member_str(&w, "unknown", v.warnings[0]);
		json_close(&w);
	}
	json_close(&w);
	json_close(&w);
	response_content_type(resp, "application/json");
	return json_writer_end(&w, err);
}

static void put_response(struct json_writer *w, yyjson_val *request, const struct verdict *v)
{
	json_key(w, "response");
	json_object(w);
	json_member_str(w, "uid", json_get_str(request, "uid"));
	json_member_bool(w, "allowed", !v->denied);
	if (v->denied) {
		json_key(w, "status");
		json_object(w);
		json_member_u64(w, "code", 403);
		json_member_cstr(w, "reason", "Forbidden");
		json_member_str(w, "message", buf_slice(&v->reasons));
		json_close(w);
	}
	if (v->n_warnings > 0) {
		json_key(w, "warnings");
		json_array(w);
		for (size_t i = 0; i < v->n_warnings; i++)
			json_string(w, v->warnings[i]);
		json_close(w);
	}
	json_close(w);
}

enum status admission_review(struct server_context *ctx, const struct request *req, struct response *resp,
			     struct err *err)
{
	struct json_doc AUTO(json_doc_free) doc = { NULL, NULL };
	struct images *images = arena_array(req->arena, 1, sizeof(*images));
	struct verdict AUTO(verdict_fini) v = { false };
	yyjson_val *request;
	struct json_writer w;
	bool answered;

	if (!images)
		return err_nomem(err, "images");
	*images = (struct images){ .n = 0 };
	TRY(read_review(req, "AdmissionReview", &doc, resp, &answered));
	if (answered)
		return STATUS_OK;
	request = json_get(doc.root, "request");
	if (json_get_str(request, "uid").len == 0)
		return response_error(resp, 400, "request.uid is not there");
	find_images(json_get(request, "object"), images);
	TRY(judge_all(ctx, images, req->arena, &v, err));
	begin(&w, resp, doc.root);
	put_response(&w, request, &v);
	json_close(&w);
	response_content_type(resp, "application/json");
	return json_writer_end(&w, err);
}
