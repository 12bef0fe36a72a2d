/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spdx_write.c - SPDX 2.3 in both forms: the image contains its packages; advisories are external references of
 * category SECURITY.
 *
 * What was not looked up stands in the document's comment.
 */
#include "report/spdx_write.h"

#include "report/document.h"
#include "report/subject.h"
#include "text/terminal.h"

#include <stdio.h>

struct spdx {
	bool tags;
	struct document doc; /* tag-value uses its buffer only */
	const struct index_report *index;
	const struct vulnerability_report *report; /* NULL: packages only */
	const struct report_options *options;
	struct hit *hits;
	size_t n_hits, at;	     /* at: first hit of the next package */
	struct arena arena, scratch; /* scratch: of one entry */
};

/*
 * Comments of several lines stand in <text>, which cannot hold its own end; all else is of one line.
 */
static void put_tag(struct spdx *s, const char *tag, struct slice value)
{
	struct buf *b = &s->doc.buf;
	struct slice line;
	bool comment = strstr(tag, "Comment") || strcmp(tag, "PackageSourceInfo") == 0;
	bool several = comment && (slice_find_byte(value, '\n') != SIZE_MAX || slice_find_byte(value, '<') != SIZE_MAX);

	buf_printf(b, "%s: %s", tag, several ? "<text>" : "");
	for (bool first = true; slice_line(&value, &line); first = false) {
		if (!first)
			buf_add_byte(b, several ? '\n' : ' ');
		for (size_t end; several && (end = slice_find(line, SLICE("</text>"))) != SIZE_MAX;) {
			terminal_put(b, slice_take(line, end));
			buf_add_cstr(b, "&lt;");
			line = slice_from(line, end + 1);
		}
		terminal_put(b, line);
	}
	buf_add_cstr(b, several ? "</text>\n" : "\n");
}

static void field(struct spdx *s, const char *member, const char *tag, struct slice value)
{
	if (s->tags)
		put_tag(s, tag, value);
	else
		json_member_str(&s->doc.w, member, value);
}

static void begin(struct spdx *s, const char *list)
{
	if (s->tags)
		return;
	json_key(&s->doc.w, list);
	json_array(&s->doc.w);
}

static void item(struct spdx *s)
{
	if (s->tags)
		buf_add_byte(&s->doc.buf, '\n');
	else
		json_object(&s->doc.w);
}

static void end(struct spdx *s)
{
	if (!s->tags)
		json_close(&s->doc.w);
}

static enum status flush(struct spdx *s, struct err *err)
{
	arena_reset(&s->scratch);
	return document_flush(&s->doc, err);
}

/* "" cannot be: fields that must be there say that nothing is said. */
static struct slice or_none(struct slice value)
{
	return value.len > 0 ? value : SLICE("NOASSERTION");
}

/* ---- the document ---- */

static enum status comment(struct spdx *s, struct buf *out, struct err *err)
{
	struct slice text;

	if (s->report) {
		TRY(subject_verdict(s->report, &s->scratch, &text, err));
		buf_add(out, text);
		for (size_t i = 0; i < s->report->coverage.len; i++) {
			TRY(subject_coverage(&s->report->coverage.at[i], &s->scratch, &text, err));
			buf_printf(out, "\n%s%.*s",
				   coverage_is_gap(s->report->coverage.at[i].code) ? "not looked up: " : "",
				   SLICE_ARG(text));
		}
	}
	for (size_t i = 0; i < s->index->diags.len; i++) {
		const struct layer_diag *d = &s->index->diags.at[i].diag;

		if (diag_severity(d->code) >= DIAG_SEVERITY_WARNING)
			buf_printf(out, "%snot read: %.*s%s%.*s", out->len > 0 ? "\n" : "", SLICE_ARG(d->where),
				   d->where.len ? ": " : "", SLICE_ARG(d->text));
	}
	return buf_check(out, "report", err);
}

static enum status put_namespace(struct spdx *s, struct err *err)
{
	struct subject_name uuid;
	struct slice text;

	TRY(subject_identity(s->index, s->options->now_s, &s->scratch, &text, err));
	TRY(subject_uuid(text, &uuid, err));
	if (!arena_printf(&s->scratch, &text, "https://spdx.org/spdxdocs/limpid-%s", uuid.text))
		return err_nomem(err, "report");
	field(s, "documentNamespace", "DocumentNamespace", text);
	return STATUS_OK;
}

static enum status put_head(struct spdx *s, struct err *err)
{
	struct buf AUTO(buf_fini) about = BUF_INIT((size_t)1 << 24);
	struct date_text date;
	struct slice creator;

	TRY(comment(s, &about, err));
	if (!s->tags)
		json_object(&s->doc.w);
	field(s, "spdxVersion", "SPDXVersion", SLICE("SPDX-2.3"));
	field(s, "dataLicense", "DataLicense", SLICE("CC0-1.0"));
	field(s, "SPDXID", "SPDXID", SLICE("SPDXRef-DOCUMENT"));
	field(s, "name", "DocumentName", or_none(subject_image(s->index)));
	TRY(put_namespace(s, err));
	if (about.len > 0)
		field(s, "comment", "DocumentComment", buf_slice(&about));
	if (!arena_printf(&s->scratch, &creator, "Tool: limpid-%s", s->options->program_version))
		return err_nomem(err, "report");
	if (s->tags) {
		put_tag(s, "Creator", creator);
		put_tag(s, "Created", slice_cstr(date_print(&date, s->options->now_s)));
		return STATUS_OK;
	}
	json_key(&s->doc.w, "creationInfo");
	json_object(&s->doc.w);
	json_key(&s->doc.w, "creators");
	json_array(&s->doc.w);
	json_string(&s->doc.w, creator);
	json_close(&s->doc.w);
	json_member_cstr(&s->doc.w, "created", date_print(&date, s->options->now_s));
	json_close(&s->doc.w);
	return STATUS_OK;
}

/* ---- packages ---- */

static enum status put_external(struct spdx *s, const char *category, const char *type, struct slice locator,
				struct slice about, struct err *err)
{
	struct slice line;

	if (!s->tags) {
		json_object(&s->doc.w);
		json_member_cstr(&s->doc.w, "referenceCategory", category);
		json_member_cstr(&s->doc.w, "referenceType", type);
		json_member_str(&s->doc.w, "referenceLocator", locator);
		if (about.len > 0)
			json_member_str(&s->doc.w, "comment", about);
		json_close(&s->doc.w);
		return STATUS_OK;
	}
	if (!arena_printf(&s->scratch, &line, "%s %s %.*s", category, type, SLICE_ARG(locator)))
		return err_nomem(err, "report");
	put_tag(s, "ExternalRef", line);
	if (about.len > 0)
		put_tag(s, "ExternalRefComment", about);
	return STATUS_OK;
}

/* Text of one line: a comment of a reference stands on one. */
static enum status put_hit(struct spdx *s, const struct hit *h, struct err *err)
{
	struct buf AUTO(buf_fini) url = BUF_INIT((size_t)1 << 16);
	struct slice about, title = hit_title(h);

	subject_id_url(h->line.id, &url);
	if (url.len == 0)
		buf_add(&url, hit_url(h));
	/* A locator has to be a URL: an id that nobody has a page of is one without an address. */
	if (url.len == 0) {
		buf_add_cstr(&url, "https://osv.dev/list?q=");
		for (size_t i = 0; i < h->line.id.len; i++)
			buf_printf(&url, is_alnum(h->line.id.ptr[i]) ? "%c" : "%%%02X", h->line.id.ptr[i]);
	}
	TRY(buf_check(&url, "report", err));
	if (!arena_printf(&s->scratch, &about, "%.*s (%s), %s%.*s%s%.*s", SLICE_ARG(h->line.id),
			  severity_name(h->line.severity), h->line.fix.len > 0 ? "fixed in " : "no fix is known",
			  SLICE_ARG(h->line.fix), title.len > 0 ? ": " : "", SLICE_ARG(title)))
		return err_nomem(err, "report");
	return put_external(s, "SECURITY", "advisory", buf_slice(&url), about, err);
}

static void put_licences(struct spdx *s)
{
	field(s, "downloadLocation", "PackageDownloadLocation", SLICE("NOASSERTION"));
	if (s->tags)
		put_tag(s, "FilesAnalyzed", SLICE("false"));
	else
		json_member_bool(&s->doc.w, "filesAnalyzed", false);
	field(s, "licenseConcluded", "PackageLicenseConcluded", SLICE("NOASSERTION"));
	field(s, "licenseDeclared", "PackageLicenseDeclared", SLICE("NOASSERTION"));
	field(s, "copyrightText", "PackageCopyrightText", SLICE("NOASSERTION"));
}

static enum status put_image(struct spdx *s, struct err *err)
{
	struct digest_text digest;
	struct slice purl;

	TRY(subject_image_purl(s->index, &s->scratch, &purl, err));
	item(s);
	field(s, "name", "PackageName", or_none(subject_image(s->index)));
	field(s, "SPDXID", "SPDXID", SLICE("SPDXRef-Image"));
	if (s->index->manifest.algo != DIGEST_NONE)
		field(s, "versionInfo", "PackageVersion", slice_cstr(digest_print(&digest, &s->index->manifest)));
	field(s, "primaryPackagePurpose", "PrimaryPackagePurpose", SLICE("CONTAINER"));
	put_licences(s);
	if (purl.len > 0) {
		begin(s, "externalRefs");
		TRY(put_external(s, "PACKAGE-MANAGER", "purl", purl, SLICE_EMPTY, err));
		end(s);
	}
	end(s);
	return flush(s, err);
}

static void system_id(size_t i, char *out, size_t size)
{
	snprintf(out, size, "SPDXRef-OperatingSystem-%zu", i + 1);
}

static enum status put_system(struct spdx *s, size_t i, struct err *err)
{
	const struct distribution *d = &s->index->distributions.at[i];
	char id[48];

	system_id(i, id, sizeof(id));
	item(s);
	field(s, "name", "PackageName", d->did.len > 0 ? d->did : SLICE("unknown"));
	field(s, "SPDXID", "SPDXID", slice_cstr(id));
	if (d->version_id.len > 0)
		field(s, "versionInfo", "PackageVersion", d->version_id);
	field(s, "primaryPackagePurpose", "PrimaryPackagePurpose",
	      s->tags ? SLICE("OPERATING-SYSTEM") : SLICE("OPERATING_SYSTEM"));
	put_licences(s);
	if (d->pretty_name.len > 0)
		field(s, "summary", "PackageSummary", d->pretty_name);
	if (d->cpe.len > 0) {
		begin(s, "externalRefs");
		TRY(put_external(s, "SECURITY", "cpe23Type", d->cpe, SLICE_EMPTY, err));
		end(s);
	}
	end(s);
	return flush(s, err);
}

static void package_id(size_t i, char *out, size_t size)
{
	snprintf(out, size, "SPDXRef-Package-%zu", i + 1);
}

/* What a package URL cannot say, for who reads the packages back. */
static enum status put_marks(struct spdx *s, const struct package *p, struct err *err)
{
	struct slice words;
	bool arch = p->type == PACKAGE_GO && p->arch.len > 0;

	if (!arena_printf(&s->scratch, &words, "%s%s%s%s%.*s", p->flags & PACKAGE_OWNED ? "limpid:owned " : "",
			  p->flags & PACKAGE_GUESSED ? "limpid:guessed " : "",
			  p->flags & PACKAGE_DECLARED ? "limpid:declared " : "", arch ? "limpid:arch=" : "",
			  arch ? (int)MIN(p->arch.len, (size_t)256) : 0, (const char *)p->arch.ptr))
		return err_nomem(err, "report");
	if (words.len > 0)
		field(s, "comment", "PackageComment", slice_trim(words));
	return STATUS_OK;
}

static enum status put_package(struct spdx *s, size_t i, struct err *err)
{
	const struct index_package *p = &s->index->packages.at[i];
	const struct index_layer *l = subject_layer(s->index, i);
	struct digest_text digest;
	struct slice purl, found;
	char id[40];

	package_id(i, id, sizeof(id));
	TRY(subject_purl(s->index, i, &s->scratch, &purl, err));
	if (!arena_printf(&s->scratch, &found, "found in %.*s%s%s", SLICE_ARG(p->package.path), l ? " of layer " : "",
			  l ? digest_print(&digest, subject_layer_digest(l)) : ""))
		return err_nomem(err, "report");
	item(s);
	field(s, "name", "PackageName", or_none(p->package.name));
	field(s, "SPDXID", "SPDXID", slice_cstr(id));
	if (p->package.version.len > 0)
		field(s, "versionInfo", "PackageVersion", p->package.version);
	field(s, "primaryPackagePurpose", "PrimaryPackagePurpose",
	      p->package.flags & PACKAGE_MAIN_MODULE ? SLICE("APPLICATION") : SLICE("LIBRARY"));
	put_licences(s);
	field(s, "sourceInfo", "PackageSourceInfo", found);
	TRY(put_marks(s, &p->package, err));
	begin(s, "externalRefs");
	TRY(put_external(s, "PACKAGE-MANAGER", "purl", purl, SLICE_EMPTY, err));
	for (; s->at < s->n_hits && s->hits[s->at].package == i; s->at++) {
		TRY(put_hit(s, &s->hits[s->at], err));
		TRY(document_flush(&s->doc, err));
	}
	end(s);
	end(s);
	return flush(s, err);
}

static void relate(struct spdx *s, const char *from, const char *how, const char *to)
{
	char line[128];

	if (s->tags) {
		snprintf(line, sizeof(line), "%s %s %s", from, how, to);
		put_tag(s, "Relationship", slice_cstr(line));
		return;
	}
	json_object(&s->doc.w);
	json_member_cstr(&s->doc.w, "spdxElementId", from);
	json_member_cstr(&s->doc.w, "relationshipType", how);
	json_member_cstr(&s->doc.w, "relatedSpdxElement", to);
	json_close(&s->doc.w);
}

static enum status write_document(struct spdx *s, struct err *err)
{
	char id[48];

	if (s->report)
		TRY(hits_make(s->report, &s->arena, &s->hits, &s->n_hits, err));
	TRY(put_head(s, err));
	begin(s, "packages");
	TRY(put_image(s, err));
	for (size_t i = 0; i < s->index->distributions.len; i++)
		TRY(put_system(s, i, err));
	for (size_t i = 0; i < s->index->packages.len; i++)
		TRY(put_package(s, i, err));
	end(s);
	begin(s, "relationships");
	if (s->tags)
		buf_add_byte(&s->doc.buf, '\n');
	relate(s, "SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image");
	for (size_t i = 0; i < s->index->distributions.len; i++) {
		system_id(i, id, sizeof(id));
		relate(s, "SPDXRef-Image", "CONTAINS", id);
	}
	for (size_t i = 0; i < s->index->packages.len; i++) {
		package_id(i, id, sizeof(id));
		relate(s, "SPDXRef-Image", "CONTAINS", id);
		TRY(flush(s, err));
	}
	end(s);
	if (s->tags)
		return document_rest(&s->doc, err);
	json_close(&s->doc.w);
	return document_end(&s->doc, err);
}

static void spdx_fini(struct spdx *s)
{
	document_fini(&s->doc);
	arena_fini(&s->arena);
	arena_fini(&s->scratch);
}

enum status spdx_write(bool tags, const struct index_report *index, const struct vulnerability_report *r,
		       const struct report_options *options, const struct report_out *out, struct err *err)
{
	struct spdx AUTO(spdx_fini) s = { .tags = tags,
					  .index = index,
					  .report = r,
					  .options = options,
					  .arena = ARENA_INIT(SIZE_MAX),
					  .scratch = ARENA_INIT(SIZE_MAX) };

	document_init(&s.doc, out, 1);
	return write_document(&s, err);
}
