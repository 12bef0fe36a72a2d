/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sbom_impl.h - what the readers of bills of materials share: a component as a document says it, and what becomes of
 * it.
 *
 * A document is walked twice: first for the system it is of, which may stand at its end, then for the packages. Nothing
 * of it is held but the component at hand.
 */
#ifndef LIMPID_INDEX_PACKAGE_SBOM_IMPL_H
#define LIMPID_INDEX_PACKAGE_SBOM_IMPL_H

#include "base/map.h"
#include "index/detector.h"
#include "index/told.h"

enum sbom_form { SBOM_NONE, SBOM_CYCLONEDX, SBOM_CYCLONEDX_XML, SBOM_SPDX, SBOM_SPDX_TAG };

/* Borrowed from the reader; "" where the document says nothing. */
struct sbom_component {
	struct slice kind; /* as CycloneDX has it: "library", "operating-system"... */
	struct slice id;   /* of SPDX */
	struct slice group, name, version, purl, cpe;
	struct slice description;	     /* of a system: its name for people */
	struct slice arch;		     /* of what is no system's package: "linux/amd64" */
	struct slice path;		     /* file of the image */
	struct slice source, source_version; /* source package; the version may be in three parts */
	struct slice source_release, source_epoch;
	struct slice source_rpm;		/* "bash-5.1.8-6.el9.src.rpm" */
	struct slice module;			/* "nodejs:18:8090020..." */
	struct slice system_id, system_version; /* ID and VERSION_ID of an operating system */
	struct slice stands_for;		/* what a component that is no package stands for: a lock file */
	struct slice owned, guessed, declared;	/* "true" */
};

/* What relations say of an SPDX id. */
#define SBOM_ID_OWNED 1u   /* its files belong to another package */
#define SBOM_ID_SUBJECT 2u /* it is what the document describes */

#define SBOM_KINDS_MAX 32 /* kinds of packages that are not known, told one by one */

/* Something that many components lack: counted, and told with the first of them. */
struct sbom_gap {
	struct slice what, example; /* of the walk's arena */
	uint64_t n;
};

/* The walk of one document. */
struct sbom {
	const struct detect_file *file;
	const struct detect_env *env;
	const struct detect_sink *out;
	bool document;	      /* the target itself; else a file found in an image */
	bool choosing;	      /* the first walk */
	struct arena arena;   /* of what lives as long as the walk */
	struct arena scratch; /* of one component */
	struct told told;
	struct distribution system; /* did "" while none is known */
	bool system_is_component;   /* the document names it, not only its packages */
	struct map ids;		    /* of SPDX: id -> SBOM_ID_... */
	struct sbom_gap nameless, foreign, bad;
	struct sbom_gap repositories; /* of GitHub, which may be no actions */
	struct sbom_gap unknown[SBOM_KINDS_MAX];
	size_t n_unknown;
	uint64_t components, packages;
};

/*
 * What the bytes are. Envelopes (DSSE, in-toto, a bundle of sigstore) are opened: *out_text is the document inside, in
 * the arena if it had to be decoded. STATUS_MALFORMED: it claims to be one and cannot be read; STATUS_UNSUPPORTED: one
 * that is known and not read (SPDX 3). SBOM_NONE: it claims nothing.
 */
enum status sbom_form(struct slice text, const struct detect_env *env, struct slice *out_text, enum sbom_form *out,
		      struct err *err) NODISCARD;

/*
 * The packages of a document, whatever its form, as declared by the file (a document of an image, or a program that
 * has one inside). *form says what it is; of SBOM_NONE nothing becomes.
 */
enum status sbom_read(const struct detect_file *file, struct slice bytes, const struct detect_env *env,
		      const struct detect_sink *out, bool document, enum sbom_form *form, struct err *err) NODISCARD;
/* One component, in either walk. */
enum status sbom_take(struct sbom *s, const struct sbom_component *c, struct err *err) NODISCARD;
/* After the second walk: the system, and all that was lacking. */
enum status sbom_end(struct sbom *s, struct err *err) NODISCARD;
/* The next property of a component; those that nobody here knows are passed over. */
void sbom_property(struct sbom_component *c, struct slice name, struct slice value);

/* sbom_purl.c: what a component's package URL says of it; false: told as a gap, or none at all. */
enum status sbom_package(struct sbom *s, const struct sbom_component *c, struct package *out, bool *out_is_one,
			 struct err *err) NODISCARD;
/* The system that the package URL is of; did "" if it says nothing. */
enum status sbom_system_of(struct sbom *s, const struct sbom_component *c, struct distribution *out,
			   struct err *err) NODISCARD;
/* ID of os-release for what scanners and package URLs call a system ("redhat" is rhel). */
struct slice sbom_system_id(struct slice name);
/* "12 (bookworm)", "edge", "focal" into the fields of os-release. */
void sbom_system_version(struct slice text, struct distribution *d);
/* Count a component that cannot be looked up. */
void sbom_lacks(struct sbom *s, struct sbom_gap *gap, struct slice what, struct slice example);

/* json_split.raw of a walk into one list: members of the document itself, which have keys, are passed over. */
bool sbom_is_member(void *ctx, struct slice key, struct slice value);

/* The walks of the forms. A document that breaks off is STATUS_MALFORMED; what was taken before stands. */
enum status sbom_cyclonedx(struct sbom *s, struct slice json, struct err *err) NODISCARD;
enum status sbom_cyclonedx_xml(struct sbom *s, struct slice xml, struct err *err) NODISCARD;
enum status sbom_spdx(struct sbom *s, struct slice json, struct err *err) NODISCARD;
enum status sbom_spdx_tag(struct sbom *s, struct slice text, struct err *err) NODISCARD;
/* sourceInfo of an SPDX package, as Trivy, Syft and limpid write it. */
void sbom_source_info(struct sbom_component *c, struct slice info);
/* Words of a comment that limpid wrote: "limpid:owned". */
void sbom_comment(struct sbom_component *c, struct slice comment);
/* PrimaryPackagePurpose as CycloneDX has it; Trivy's older ones are known by their ids. */
struct slice sbom_purpose(struct slice purpose, struct slice id);

#endif
