/* SPDX-License-Identifier: Apache-2.0 */
/* subject.c - names for packages, images and flaws in the words of others. */
#include "report/subject.h"

#include "text/purl.h"
#include "text/terminal.h"

#include <stdio.h>

#define PURL_BYTES ((size_t)16 << 20) /* a name may have 1 MiB, and each byte of it three in a URL */

/* ---- package URLs ---- */

static bool is_system(enum package_type t)
{
	return t == PACKAGE_DEB || t == PACKAGE_APK || t == PACKAGE_RPM || t == PACKAGE_ALPM || t == PACKAGE_OPKG ||
	       t == PACKAGE_BOTTLEROCKET || t == PACKAGE_FREEBSD;
}

static void qualify(struct purl *p, const char *key, struct slice value)
{
	if (value.len > 0 && p->n_qualifiers < ARRAY_LEN(p->qualifiers))
		p->qualifiers[p->n_qualifiers++] = (struct purl_qualifier){ slice_cstr(key), value };
}

/* "[epoch:]version-release" */
static void take_epoch(struct purl *p)
{
	struct slice epoch, rest;

	if (!slice_cut(p->version, ':', &epoch, &rest))
		return;
	p->version = rest;
	if (!slice_eq(epoch, SLICE("0")))
		qualify(p, "epoch", epoch);
}

static bool upstream_of(const struct package *k, struct arena *arena, struct slice *out)
{
	*out = SLICE_EMPTY;
	/* A rebuilt binary package has another version than its source of the same name. */
	if (k->source_name.len == 0 ||
	    (slice_eq(k->source_name, k->name) &&
	     (k->source_version.len == 0 || slice_eq(k->source_version, k->version))))
		return true;
	*out = k->source_name;
	if (k->source_version.len == 0 || slice_eq(k->source_version, k->version))
		return true;
	return arena_printf(arena, out, "%.*s@%.*s", SLICE_ARG(k->source_name), SLICE_ARG(k->source_version));
}

static enum status system_purl(const struct index_report *r, const struct index_package *k, struct purl *p,
			       struct arena *arena, struct err *err)
{
	const struct distribution *d =
		k->distribution < r->distributions.len ? &r->distributions.at[k->distribution] : NULL;
	struct slice upstream, distro = SLICE_EMPTY;

	if (k->package.type == PACKAGE_RPM || k->package.type == PACKAGE_BOTTLEROCKET)
		take_epoch(p);
	qualify(p, "arch", k->package.arch);
	if (d) {
		/* Syft's have none: the type says it. */
		if (k->package.type != PACKAGE_FREEBSD)
			p->namespace_ = d->did;
		distro = d->did;
		if (d->version_id.len > 0 &&
		    !arena_printf(arena, &distro, "%.*s-%.*s", SLICE_ARG(d->did), SLICE_ARG(d->version_id)))
			return err_nomem(err, "report");
		qualify(p, "distro", distro);
	}
	if (!upstream_of(&k->package, arena, &upstream))
		return err_nomem(err, "report");
	qualify(p, "upstream", upstream);
	if (k->package.module.len > 0)
		qualify(p, k->package.type == PACKAGE_EBUILD ? "slot" : "rpmmod", k->package.module);
	return STATUS_OK;
}

/* An image has no namespace: where it lies is a qualifier, and so is its tag, as its version would be a digest. */
static void oci_purl(const struct package *k, struct purl *p)
{
	p->namespace_ = p->version = SLICE_EMPTY;
	qualify(p, "arch", k->arch);
	if (p->name.len < k->name.len)
		qualify(p, "repository_url", k->name);
	qualify(p, "tag", k->version);
}

/* Of version control, or an archive that others can have: folders and files are of the machine that built the image. */
static void origin_purl(const struct index_report *r, const struct index_package *k, struct purl *p)
{
	const struct layer_repository *o = k->n_repositories > 0 ? &r->repositories.at[k->repository] : NULL;

	if (!o || !slice_eq(o->key, SLICE(REPOSITORY_DIRECT_URL)))
		return;
	if (slice_eq(o->name, SLICE("archive")) && slice_starts(o->uri, SLICE("http")))
		qualify(p, "download_url", o->uri);
	else if (slice_find(o->uri, SLICE("+http")) != SIZE_MAX || slice_find(o->uri, SLICE("+ssh")) != SIZE_MAX)
		qualify(p, "vcs_url", o->uri);
}

enum status subject_purl(const struct index_report *r, size_t package, struct arena *arena, struct slice *out,
			 struct err *err)
{
	const struct index_package *k = &r->packages.at[package];
	struct purl p = { .type = slice_cstr(package_type_in_purl(k->package.type)),
			  .name = k->package.name,
			  .version = k->package.version };
	struct buf AUTO(buf_fini) text = BUF_INIT(PURL_BYTES);
	char separator = k->package.type == PACKAGE_MAVEN ? ':' : k->package.type == PACKAGE_VSCODE ? '.' : '/';

	if (p.type.len == 0)
		p.type = SLICE("generic");
	if (is_system(k->package.type))
		TRY(system_purl(r, k, &p, arena, err));
	else
		slice_rcut(k->package.name, (uint8_t)separator, &p.namespace_, &p.name);
	if (!is_system(k->package.type) && p.name.len == 0) { /* slice_rcut() without a separator */
		p.name = k->package.name;
		p.namespace_ = SLICE_EMPTY;
	}
	if (k->package.type == PACKAGE_OCI)
		oci_purl(&k->package, &p);
	origin_purl(r, k, &p);
	if (k->package.flags & PACKAGE_MAIN_MODULE && k->package.flags & PACKAGE_BAD_VERSION)
		p.version = SLICE_EMPTY;
	purl_print(&p, &text);
	TRY(buf_check(&text, "report", err));
	return arena_copy(arena, buf_slice(&text), out) ? STATUS_OK : err_nomem(err, "report");
}

/* "example.com:5000/a/b:1@sha256:..." -> "example.com:5000/a/b", "1" */
void subject_split_reference(struct slice reference, struct slice *repository, struct slice *tag)
{
	struct slice before, after, none;

	tag = tag ? tag : &none;
	*tag = SLICE_EMPTY;
	slice_cut(reference, '@', repository, NULL);
	if (slice_rcut(*repository, ':', &before, &after) && slice_find_byte(after, '/') == SIZE_MAX) {
		*repository = before;
		*tag = after;
	}
}

enum status subject_image_purl(const struct index_report *r, struct arena *arena, struct slice *out, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(PURL_BYTES);
	struct digest_text digest;
	struct purl p = { .type = SLICE("oci") };
	struct slice repository, tag;

	*out = SLICE_EMPTY;
	subject_split_reference(r->image_name, &repository, &tag);
	p.name = path_base(repository);
	if (p.name.len == 0 || r->manifest.algo == DIGEST_NONE)
		return STATUS_OK;
	p.version = slice_cstr(digest_print(&digest, &r->manifest));
	qualify(&p, "arch", r->arch);
	if (p.name.len < repository.len)
		qualify(&p, "repository_url", repository);
	qualify(&p, "tag", tag);
	purl_print(&p, &text);
	TRY(buf_check(&text, "report", err));
	return arena_copy(arena, buf_slice(&text), out) ? STATUS_OK : err_nomem(err, "report");
}

/* ---- the image ---- */

enum status subject_system(const struct index_report *r, struct arena *arena, struct slice *out, struct err *err)
{
	const struct distribution *d = r->distributions.len > 0 ? &r->distributions.at[0] : NULL;

	*out = SLICE_EMPTY;
	if (!d)
		return STATUS_OK;
	*out = d->did;
	if (d->version_id.len > 0 &&
	    !arena_printf(arena, out, "%.*s %.*s", SLICE_ARG(d->did), SLICE_ARG(d->version_id)))
		return err_nomem(err, "report");
	return STATUS_OK;
}

const struct index_layer *subject_layer(const struct index_report *r, size_t package)
{
	size_t layer = r->packages.at[package].layer;

	return layer < r->layers.len ? &r->layers.at[layer] : NULL;
}

/* ---- texts ---- */
struct slice subject_cut(struct slice text, size_t bytes)
{
	if (text.len <= bytes)
		return text;
	/* Not within a character. */
	while (bytes > 0 && (text.ptr[bytes] & 0xc0) == 0x80)
		bytes--;
	return slice_take(text, bytes);
}

void subject_markdown(struct slice text, struct buf *out)
{
	struct buf AUTO(buf_fini) plain = BUF_INIT((size_t)1 << 22);

	while (text.len > 0) {
		size_t end = slice_find_byte(text, '\n');

		terminal_put(&plain, slice_take(text, end));
		if (end != SIZE_MAX)
			buf_add_byte(&plain, '\n');
		text = slice_from(text, end == SIZE_MAX ? text.len : end + 1);
	}
	for (size_t i = 0; i < plain.len; i++) {
		uint8_t c = plain.ptr[i];

		if (c == '<')
			buf_add_cstr(out, "&lt;");
		else if (c == '&')
			buf_add_cstr(out, "&amp;");
		else if (c == '@')
			buf_add_cstr(out, "&#64;");
		else if (c != '\0' && strchr("\\`*_{}[]()#+!|>~$:", c))
			buf_printf(out, "\\%c", c);
		else
			buf_add_byte(out, c);
	}
}

enum status subject_hit_key(const struct index_report *r, const struct hit *h, struct arena *arena, struct slice *out,
			    struct err *err)
{
	const struct package *p = &r->packages.at[h->package].package;
	struct slice repository;

	subject_split_reference(subject_image(r), &repository, NULL);
	return arena_printf(arena, out, "%.*s|%.*s|%s|%.*s|%.*s|%.*s", SLICE_ARG(repository), SLICE_ARG(h->line.id),
			    package_type_purl(p->type), SLICE_ARG(p->name), SLICE_ARG(p->arch), SLICE_ARG(p->path))
		       ? STATUS_OK
		       : err_nomem(err, "report");
}

/* ---- coverage ---- */

enum status subject_coverage(const struct coverage_item *c, struct arena *arena, struct slice *out, struct err *err)
{
	char packages[48] = "";

	if (c->packages > 0)
		snprintf(packages, sizeof(packages), " (%zu package%s)", c->packages, c->packages == 1 ? "" : "s");
	if (!arena_printf(arena, out, "%s%s%.*s%s: %.*s", coverage_name(c->code), c->scope.len > 0 ? " " : "",
			  SLICE_ARG(c->scope), packages, SLICE_ARG(c->detail)))
		return err_nomem(err, "report");
	return STATUS_OK;
}

enum status subject_verdict(const struct vulnerability_report *r, struct arena *arena, struct slice *out,
			    struct err *err)
{
	size_t gaps = 0;

	for (size_t i = 0; i < r->coverage.len; i++)
		gaps += coverage_is_gap(r->coverage.at[i].code);
	if (r->complete && gaps == 0) {
		*out = SLICE("everything that was found was looked up");
		return STATUS_OK;
	}
	gaps = MAX(gaps, (size_t)1);
	return arena_printf(arena, out, "COVERAGE IS INCOMPLETE (%zu gap%s): this is not a clean bill of health", gaps,
			    gaps == 1 ? "" : "s")
		       ? STATUS_OK
		       : err_nomem(err, "report");
}

/* ---- names ---- */

static enum status hash(struct slice text, struct digest *out, struct err *err)
{
	return digest_of(DIGEST_SHA256, text, out, err);
}

enum status subject_hex(struct slice text, struct subject_name *out, struct err *err)
{
	struct digest d;

	TRY(hash(text, &d, err));
	for (size_t i = 0; i < 16; i++)
		snprintf(out->text + 2 * i, 3, "%02x", d.bytes[i]);
	return STATUS_OK;
}

/* RFC 9562: version 8 is whatever its maker says, here the beginning of a SHA-256. */
enum status subject_uuid(struct slice text, struct subject_name *out, struct err *err)
{
	struct digest d;
	size_t at = 0;

	TRY(hash(text, &d, err));
	d.bytes[6] = (uint8_t)(0x80 | (d.bytes[6] & 0x0f));
	d.bytes[8] = (uint8_t)(0x80 | (d.bytes[8] & 0x3f));
	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out->text[at++] = '-';
		snprintf(out->text + at, 3, "%02x", d.bytes[i]);
		at += 2;
	}
	return STATUS_OK;
}

enum status subject_identity(const struct index_report *r, int64_t now_s, struct arena *arena, struct slice *out,
			     struct err *err)
{
	struct digest_text digest;
	struct date_text date;

	return arena_printf(arena, out, "%.*s|%.*s|%s|%s", SLICE_ARG(r->target), SLICE_ARG(r->image_name),
			    digest_print(&digest, &r->manifest), date_print(&date, now_s))
		       ? STATUS_OK
		       : err_nomem(err, "report");
}
