/* SPDX-License-Identifier: Apache-2.0 */
/* sbom_form.c - which form of a bill of materials bytes are, and envelopes around one. */
#include "base/base64.h"
#include "index/package/sbom_impl.h"
#include "text/json.h"

#define ENVELOPES_MAX 4 /* a bundle around an envelope around a statement is 3 */

/* What the members of a document say it is. */
struct members {
	bool cyclonedx, spdx, spdx3, statement;
	struct slice spec_version; /* as written, with its quotation marks */
	struct slice payload, envelope, predicate, data;
};

static bool on_raw(void *ctx, struct slice key, struct slice value)
{
	struct members *m = ctx;

	if (slice_eq(key, SLICE("bomFormat")))
		m->cyclonedx = slice_eq(value, SLICE("\"CycloneDX\""));
	else if (slice_eq(key, SLICE("specVersion")))
		m->spec_version = value;
	else if (slice_eq(key, SLICE("spdxVersion")))
		m->spdx = slice_starts(value, SLICE("\"SPDX-"));
	else if (slice_eq(key, SLICE("@context")))
		m->spdx3 = slice_has(value, SLICE("spdx.org/rdf/3"));
	else if (slice_eq(key, SLICE("_type")))
		m->statement = slice_has(value, SLICE("in-toto.io/Statement"));
	else if (slice_eq(key, SLICE("payload")))
		m->payload = value;
	else if (slice_eq(key, SLICE("dsseEnvelope")))
		m->envelope = value;
	else if (slice_eq(key, SLICE("predicate")))
		m->predicate = value;
	else if (slice_eq(key, SLICE("Data")))
		m->data = value;
	return true;
}

static enum status none(void *ctx, struct slice key, yyjson_val *value, uint64_t offset, struct err *err)
{
	(void)ctx, (void)key, (void)value, (void)offset, (void)err;
	return STATUS_OK;
}

static struct slice skip_mark(struct slice text)
{
	return slice_starts(text, SLICE("\xef\xbb\xbf")) ? slice_from(text, 3) : text;
}

static struct slice skip_blanks(struct slice text)
{
	while (text.len > 0 && is_space(text.ptr[0]))
		text = slice_from(text, 1);
	return text;
}

/* A JSON string's bytes, which may be base64 or a document. */
static enum status unquote(struct slice raw, const struct detect_env *env, struct slice *out, struct err *err)
{
	struct json_doc doc;

	TRY(json_parse_file(raw, env->limits, &doc, err));
	*out = SLICE_EMPTY;
	if (!arena_copy(env->arena, json_str(doc.root), out)) {
		json_doc_free(&doc);
		return err_nomem(err, "an envelope");
	}
	json_doc_free(&doc);
	return STATUS_OK;
}

static enum status open_payload(struct slice raw, const struct detect_env *env, struct slice *out, struct err *err)
{
	struct slice coded;

	TRY(unquote(raw, env, &coded, err));
	if (!base64_decode(coded, BASE64_LINES, env->arena, out) &&
	    !base64_decode(coded, BASE64_LINES | BASE64_URL, env->arena, out))
		return err_set(err, STATUS_MALFORMED, "the envelope's payload is not base64");
	return STATUS_OK;
}

/* cosign puts some predicates below "Data", as an object or as its text. */
static enum status open_data(struct slice raw, const struct detect_env *env, struct slice *out, struct err *err)
{
	if (!slice_starts(raw, SLICE("\"")))
		*out = raw;
	else
		TRY(unquote(raw, env, out, err));
	return STATUS_OK;
}

/* One level. *out_more: *text is what lies inside. */
static enum status look(struct slice *text, const struct detect_env *env, enum sbom_form *out, bool *out_more,
			struct err *err)
{
	struct members m = { 0 };
	struct json_split sink = { .visit = none, .raw = on_raw, .ctx = &m };
	enum status st = json_split(*text, env->limits, &sink, err);

	*out_more = false;
	if (st == STATUS_NOMEM)
		return st;
	if (m.cyclonedx || m.spdx) {
		/* A frame that is broken is told by who reads it. */
		*out = m.cyclonedx ? SBOM_CYCLONEDX : SBOM_SPDX;
		return STATUS_OK;
	}
	if (m.spdx3)
		return err_set(err, STATUS_UNSUPPORTED,
			       "SPDX 3 (JSON-LD) is not read; give SPDX 2.2 or 2.3, or CycloneDX");
	*out_more = true;
	if (m.envelope.len > 0)
		*text = m.envelope;
	else if (m.payload.len > 0)
		return open_payload(m.payload, env, text, err);
	else if (m.predicate.len > 0 && m.statement)
		*text = m.predicate;
	else if (m.data.len > 0)
		return open_data(m.data, env, text, err);
	else
		*out_more = false;
	return STATUS_OK;
}

/* Documents one a line, as cosign prints attestations: the first that is a bill of materials. */
static enum status look_deep(struct slice text, const struct detect_env *env, struct slice *out_text,
			     enum sbom_form *out, struct err *err)
{
	bool more = true;

	for (int level = 0; level < ENVELOPES_MAX && more; level++) {
		text = skip_blanks(skip_mark(text));
		if (!slice_starts(text, SLICE("{")))
			return STATUS_OK;
		TRY(look(&text, env, out, &more, err));
		*out_text = text;
	}
	return STATUS_OK;
}

static bool is_cyclonedx_xml(struct slice text)
{
	struct slice head = slice_take(text, 4096);

	return slice_has(head, SLICE("cyclonedx.org/schema/bom"));
}

enum status sbom_form(struct slice text, const struct detect_env *env, struct slice *out_text, enum sbom_form *out,
		      struct err *err)
{
	struct slice rest, line = SLICE_EMPTY;

	text = skip_blanks(skip_mark(text));
	*out_text = text;
	*out = SBOM_NONE;
	if (slice_starts(text, SLICE("<"))) {
		*out = is_cyclonedx_xml(text) ? SBOM_CYCLONEDX_XML : SBOM_NONE;
		return STATUS_OK;
	}
	if (!slice_starts(text, SLICE("{"))) {
		/* Comments may come first. */
		rest = slice_take(text, 4096);
		while (slice_line(&rest, &line) && (line.len == 0 || line.ptr[0] == '#'))
			;
		*out = slice_starts(line, SLICE("SPDXVersion:")) ? SBOM_SPDX_TAG : SBOM_NONE;
		return STATUS_OK;
	}
	TRY(look_deep(text, env, out_text, out, err));
	rest = text;
	while (*out == SBOM_NONE && slice_line(&rest, &line)) {
		/* A document of many lines has none that is one. */
		if (!slice_starts(line, SLICE("{")) || !slice_ends(slice_trim(line), SLICE("}")))
			break;
		TRY(look_deep(line, env, out_text, out, err));
	}
	return STATUS_OK;
}
