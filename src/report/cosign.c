/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cosign.c - cosign's vulnerability predicate (https://cosign.sigstore.dev/attestation/vuln/v1): attest with --type
 * vuln.
 *
 * scanner.db names the advisories by the digests of their segments, so that a result can be had again; scanner.result
 * is limpid's own report, with its coverage.
 */
#include "report/json_report.h"
#include "report/subject.h"

/* A name of all segments that were asked, and the oldest day on which one was confirmed. */
static enum status put_database(struct json_writer *w, const struct vulnerability_report *r, struct err *err)
{
	struct buf AUTO(buf_fini) all = BUF_INIT((size_t)1 << 24);
	int64_t oldest = INT64_MAX;
	struct digest digest;

	for (size_t i = 0; i < r->sources.len; i++) {
		struct digest_text text;

		buf_printf(&all, "%.*s %s\n", SLICE_ARG(r->sources.at[i].name),
			   digest_print(&text, &r->sources.at[i].segment));
		oldest = MIN(oldest, r->sources.at[i].updated_s);
	}
	TRY(buf_check(&all, "report", err));
	TRY(digest_of(DIGEST_SHA256, buf_slice(&all), &digest, err));
	json_key(w, "db");
	json_object(w);
	json_member_cstr(w, "uri", "urn:limpid:segments");
	document_digest(w, "version", &digest);
	json_member_time(w, "lastUpdate", oldest == INT64_MAX ? DATE_NONE : oldest);
	json_close(w);
	return STATUS_OK;
}

static enum status write_cosign(struct document *d, const struct vulnerability_report *r,
				const struct report_options *options, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct json_writer *w = &d->w;
	struct slice uri;

	if (!arena_printf(&arena, &uri, "pkg:generic/limpid@%s", options->program_version))
		return err_nomem(err, "report");
	json_object(w);
	json_key(w, "invocation");
	json_object(w);
	json_key(w, "parameters");
	json_array(w);
	json_close(w);
	json_member_str(w, "uri", subject_image(r->index));
	json_member_cstr(w, "event_id", "");
	json_member_cstr(w, "builder.id", "");
	json_close(w);
	json_key(w, "scanner");
	json_object(w);
	json_member_str(w, "uri", uri);
	json_member_cstr(w, "version", options->program_version);
	TRY(put_database(w, r, err));
	json_key(w, "result");
	TRY(json_report_put(d, r, options, err));
	json_close(w);
	json_key(w, "metadata");
	json_object(w);
	json_member_time(w, "scanStartedOn", options->now_s);
	json_member_time(w, "scanFinishedOn", options->now_s);
	json_close(w);
	json_close(w);
	return document_end(d, err);
}

static enum status cosign_vulnerabilities(const struct vulnerability_report *r, const struct report_options *options,
					  const struct report_out *out, struct err *err)
{
	struct document AUTO(document_fini) d;

	document_init(&d, out, 1);
	return write_cosign(&d, r, options, err);
}

const struct report_format report_format_cosign = {
	.name = "cosign",
	.media_type = "application/json",
	.vulnerabilities = cosign_vulnerabilities,
};
