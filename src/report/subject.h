/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subject.h - what the reports for other programs say of a package, of its flaws and of the image. For report/ and
 * policy/.
 *
 * They have one entry per package and flaw: the records of several sources about one flaw are one hit.
 */
#ifndef LIMPID_REPORT_SUBJECT_H
#define LIMPID_REPORT_SUBJECT_H

#include "report/units.h"

/* One flaw of one installed package. */
struct hit {
	size_t package;	       /* index into index->packages */
	struct unit_line line; /* its findings by id and source, the id to show, the worst severity, the fix */
};

/* By package, then worst first, then by id. Everything lies in the arena or is borrowed from the report. */
enum status hits_make(const struct vulnerability_report *r, struct arena *arena, struct hit **out, size_t *out_n,
		      struct err *err) NODISCARD;

/* The first record's text that is not empty: one line; and the long one, else the short one. */
struct slice hit_title(const struct hit *h);
struct slice hit_description(const struct hit *h);
/* The first http(s) link of its records; "" if there is none. */
struct slice hit_url(const struct hit *h);
/* The page that everybody knows for an id: CVE, GHSA, and what osv.dev has; "" appended for others. */
void subject_id_url(struct slice id, struct buf *out);
bool subject_is_url(struct slice link); /* http or https, without blanks, quotes and control characters */
/* Calls put once for each other id of the flaw, in the order of the records. */
void hit_each_alias(const struct hit *h, void (*put)(void *ctx, struct slice id), void *ctx);
/* Calls put once for each link of its records that is a URL. */
void hit_each_link(const struct hit *h, void (*put)(void *ctx, struct slice link), void *ctx);
/*
 * The first vector that begins with a prefix ("CVSS:3."; "" is version 2) and its score: of its records, else as NVD
 * publishes it. False: there is none.
 */
bool hit_cvss(const struct hit *h, const char *prefix, struct slice *vector, double *score);
/* Only of its records. */
bool hit_told_cvss(const struct hit *h, const char *prefix, struct slice *vector, double *score);
/* As NVD publishes it, by whoever says it; NULL: there is none. */
const struct enrichment_cvss *hit_published(const struct hit *h, const char *prefix, double *score);
/* A number that lies in the range of the severity (9.0 and more: critical): the score of a vector if it does, else a
 * middle. */
double hit_score(const struct hit *h);

/*
 * The package URL: pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl. Namespaces of systems
 * are the ids of os-release; rpm's epoch is a qualifier; a version that nobody can compare is left out of Go's main
 * module.
 */
enum status subject_purl(const struct index_report *r, size_t package, struct arena *arena, struct slice *out,
			 struct err *err) NODISCARD;
/* "example.com:5000/a/b:1@sha256:..." -> "example.com:5000/a/b" and "1"; tag may be NULL. */
void subject_split_reference(struct slice reference, struct slice *repository, struct slice *tag);
/* Of the image: pkg:oci/app@sha256:...?repository_url=example.com/app&tag=1; "" without a manifest or a name. */
enum status subject_image_purl(const struct index_report *r, struct arena *arena, struct slice *out,
			       struct err *err) NODISCARD;
/* The reference inside an archive, else the target as typed. */
static inline struct slice subject_image(const struct index_report *r)
{
	return r->image_name.len > 0 ? r->image_name : r->target;
}
/* "debian 12"; "" without a distribution */
enum status subject_system(const struct index_report *r, struct arena *arena, struct slice *out,
			   struct err *err) NODISCARD;
/* The digest by which people know a layer: as stored, else of its tar. */
static inline const struct digest *subject_layer_digest(const struct index_layer *l)
{
	return l->digest.algo != DIGEST_NONE ? &l->digest : &l->diff_id;
}
/* The layer a package came with; NULL where it is not known. */
const struct index_layer *subject_layer(const struct index_report *r, size_t package);

/* "no-feed debian:13 (12 packages): detail": one item of coverage as a sentence. */
enum status subject_coverage(const struct coverage_item *c, struct arena *arena, struct slice *out,
			     struct err *err) NODISCARD;
/* "COVERAGE IS INCOMPLETE: 2 gaps" or "everything that was found was looked up". */
enum status subject_verdict(const struct vulnerability_report *r, struct arena *arena, struct slice *out,
			    struct err *err) NODISCARD;

/* At most so many bytes, whole characters. */
struct slice subject_cut(struct slice text, size_t bytes);
/* Text of an image or a feed in Markdown: nothing in it marks up, is taken for HTML, a link or somebody's name. */
void subject_markdown(struct slice text, struct buf *out);

/* What names a hit in all scans of an image, whatever the versions and the tag are. */
enum status subject_hit_key(const struct index_report *r, const struct hit *h, struct arena *arena, struct slice *out,
			    struct err *err) NODISCARD;
/* A name for text that is the same whenever the text is: 32 hex digits, or a UUID (version 8). */
struct subject_name {
	char text[40];
};
enum status subject_hex(struct slice text, struct subject_name *out, struct err *err) NODISCARD;
enum status subject_uuid(struct slice text, struct subject_name *out, struct err *err) NODISCARD;
/* What makes a report another one: image, manifest, moment. */
enum status subject_identity(const struct index_report *r, int64_t now_s, struct arena *arena, struct slice *out,
			     struct err *err) NODISCARD;

#endif
