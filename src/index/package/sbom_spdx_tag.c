/* SPDX-License-Identifier: Apache-2.0 */
/* sbom_spdx_tag.c - SPDX 2.2 and 2.3 as tag-value: lines "Tag: value", values of several lines in <text>. */
#include "index/package/sbom_impl.h"

struct reader {
	struct sbom *s;
	struct sbom_component c;
	struct slice purpose;
	bool in_package;
	uint64_t offset; /* of the line at hand */
};

static enum status end_package(struct reader *r, struct err *err)
{
	struct sbom_component *c = &r->c;

	if (!r->in_package)
		return STATUS_OK;
	r->in_package = false;
	c->kind = sbom_purpose(r->purpose, c->id);
	return sbom_take(r->s, c, err);
}

/* "PACKAGE-MANAGER purl pkg:..." */
static void read_reference(struct sbom_component *c, struct slice value)
{
	struct slice type, locator;

	if (!slice_cut(value, ' ', NULL, &value) || !slice_cut(slice_trim(value), ' ', &type, &locator))
		return;
	locator = slice_trim(locator);
	if (slice_eq(type, SLICE("purl")) && c->purl.len == 0)
		c->purl = locator;
	else if (slice_eq(type, SLICE("cpe23Type")) && c->cpe.len == 0)
		c->cpe = locator;
}

/* "SPDXRef-DOCUMENT DESCRIBES SPDXRef-x"; ids lie in the document, which outlives the walk. */
static enum status read_relation(struct reader *r, struct slice value, struct err *err)
{
	struct slice how, to;
	uint64_t *slot;
	bool is_new;

	if (!r->s->choosing || !slice_cut(value, ' ', NULL, &value) || !slice_cut(slice_trim(value), ' ', &how, &to) ||
	    !slice_eq(how, SLICE("DESCRIBES")))
		return STATUS_OK;
	slot = map_slot(&r->s->ids, slice_trim(to), &is_new);
	if (!slot)
		return err_nomem(err, "a bill of materials");
	*slot |= SBOM_ID_SUBJECT;
	return STATUS_OK;
}

static enum status read_tag(struct reader *r, struct slice tag, struct slice value, struct err *err)
{
	struct sbom_component *c = &r->c;
	struct {
		const char *tag;
		struct slice *place;
	} fields[] = { { "SPDXID", &c->id },
		       { "PackageVersion", &c->version },
		       { "PackageSummary", &c->description },
		       { "PrimaryPackagePurpose", &r->purpose } };

	if (slice_eq(tag, SLICE("PackageName"))) {
		TRY(end_package(r, err));
		*c = (struct sbom_component){ .name = value };
		r->purpose = SLICE_EMPTY;
		r->in_package = true;
		return STATUS_OK;
	}
	/* Files and snippets have an SPDXID, too. */
	if (slice_eq(tag, SLICE("FileName")) || slice_eq(tag, SLICE("SnippetSPDXID")) ||
	    slice_eq(tag, SLICE("LicenseID")))
		return end_package(r, err);
	if (slice_eq(tag, SLICE("Relationship")))
		return read_relation(r, value, err);
	if (!r->in_package)
		return STATUS_OK;
	if (slice_eq(tag, SLICE("ExternalRef")))
		read_reference(c, value);
	else if (slice_eq(tag, SLICE("PackageSourceInfo")))
		sbom_source_info(c, value);
	else if (slice_eq(tag, SLICE("PackageComment")))
		sbom_comment(c, value);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (slice_eq(tag, slice_cstr(fields[i].tag)))
			*fields[i].place = value;
	return STATUS_OK;
}

/* The rest of a <text> that does not end on its line. */
static bool take_text(struct slice all, struct slice *rest, struct slice value, struct slice *out)
{
	struct slice from = slice_from(all, (size_t)(value.ptr - all.ptr) + strlen("<text>"));
	size_t end = slice_find(from, SLICE("</text>")), used = all.len - rest->len, after;

	if (end == SIZE_MAX)
		return false;
	*out = slice_trim(slice_take(from, end));
	after = (size_t)(from.ptr - all.ptr) + end + strlen("</text>");
	if (after > used)
		*rest = slice_from(all, after);
	return true;
}

enum status sbom_spdx_tag(struct sbom *s, struct slice text, struct err *err)
{
	struct reader r = { .s = s };
	struct slice rest = text, line, tag, value;

	while (slice_line(&rest, &line)) {
		r.offset = (uint64_t)(line.ptr - text.ptr);
		if (line.len == 0 || line.ptr[0] == '#' || !slice_cut(line, ':', &tag, &value))
			continue;
		value = slice_trim(value);
		if (slice_starts(value, SLICE("<text>")) && !take_text(text, &rest, value, &value))
			return err_at(err, STATUS_MALFORMED, r.offset, "a <text> without an end");
		TRY(read_tag(&r, slice_trim(tag), value, err));
	}
	return end_package(&r, err);
}
