/* SPDX-License-Identifier: Apache-2.0 */
/* policy_impl.h - rules, and the products that they speak of. Private to policy/. */
#ifndef LIMPID_POLICY_POLICY_IMPL_H
#define LIMPID_POLICY_POLICY_IMPL_H

#include "base/map.h"
#include "policy/policy.h"
#include "text/json.h"
#include "text/purl.h"

enum policy_status {
#define POLICY_STATUS(id, name, takes_back) POLICY_##id,
#include "policy/statuses.def"
#undef POLICY_STATUS
	POLICY_STATUS_COUNT
};
const char *policy_status_name(enum policy_status s);
bool policy_status_by_name(struct slice name, enum policy_status *out);

/* One name of a product: a package URL, a CPE, or the reference of an image. */
struct policy_name {
	struct slice text;
	const struct purl *purl; /* NULL: it is none */
	/* Not NULL: only packages of one of these versions are meant; "1.2", "vers:npm/>=1.0|<1.2". */
	const struct slice *versions;
	size_t n_versions;
};

typedef VEC(struct policy_name) policy_names;

struct policy_part {
	policy_names names; /* any of them */
};

struct policy_product {
	policy_names names;	       /* any of them */
	VEC(struct digest) images;     /* manifests, if not empty: one of them as well */
	VEC(struct policy_part) parts; /* not empty: only these inside the product are meant */
};

typedef VEC(struct policy_product) policy_products;

struct policy_rule {
	enum suppressed_by by; /* IGNORE or VEX */
	enum policy_status status;
	struct slice where; /* "ignore.yaml line 3", "vex.json statement 2" */
	struct slice reason, justification;
	int64_t said_s;	   /* DATE_NONE: it is not said when */
	int64_t expires_s; /* DATE_NONE: never */
	/* of an ignore file: all that are given */
	struct slice package, path; /* patterns */
	const struct purl *purl;    /* in place of package */
	policy_products products;   /* of a VEX document: any of them */
	bool used;
};

/* An id's rules are a list. */
struct policy_link {
	size_t rule, next; /* next: SIZE_MAX ends it */
};

struct policy {
	struct arena arena;
	VEC(struct policy_rule) rules;
	VEC(struct policy_link) links;
	struct map ids;			/* in upper case; "" are rules for every id -> number of its first link */
	VEC(struct json_doc) documents; /* owned: rules of VEX documents borrow their texts */
	bool only_fixed, kev;
	struct slice only_fixed_scopes; /* borrowed; what they begin with */
	double min_epss; /* negative: not asked */
};

/* A rule for these ids, to be filled. NULL when memory is short. */
struct policy_rule *policy_rule_new(struct policy *p, const struct slice *ids, size_t n, struct err *err) NODISCARD;
/* Text becomes a name; "" is none. Texts are borrowed. */
enum status policy_name_add(struct policy *p, policy_names *names, struct slice text, struct err *err) NODISCARD;
/* A digest that a product has: "sha-256", "SHA256" ... and hex; unknown algorithms are left out. */
enum status policy_digest_add(struct policy *p, struct policy_product *product, struct slice algorithm,
			      struct slice hex, struct err *err) NODISCARD;

/* One report's packages by their package URLs. */
struct policy_subject {
	const struct index_report *index;
	struct arena *arena;	   /* borrowed */
	const struct purl **purls; /* per package; NULL: not asked for yet */
};
enum status policy_product_matches(const struct policy_product *p, struct policy_subject *s, size_t package, bool *out,
				   struct err *err) NODISCARD;
/* How closely a product that matches means a package of the image: the more, the later here. */
enum policy_detail {
	POLICY_DETAIL_IMAGE,   /* the image, whatever is in it */
	POLICY_DETAIL_PACKAGE, /* a package of any version */
	POLICY_DETAIL_VERSION, /* of these versions */
	POLICY_DETAIL_PART,    /* a package of this product */
};
enum policy_detail policy_product_detail(const struct policy_product *p);
enum status policy_purl_matches(const struct purl *p, struct policy_subject *s, size_t package, bool *out,
				struct err *err) NODISCARD;
/* Does an installed version lie in a version or range of the package's scheme? What cannot be read holds nothing. */
bool policy_version_holds(enum package_type type, struct slice version, struct slice said);
/* From now on the names that follow the first n of the list are of these versions only. */
void policy_names_limit(policy_names *names, size_t n, const struct slice *versions, size_t n_versions);
/* '*' any run of bytes, '?' one byte. */
bool policy_glob(struct slice pattern, struct slice text);

/* Parsers of documents whose kind is known. */
enum status policy_read_openvex(struct policy *p, struct slice name, yyjson_val *root, struct err *err) NODISCARD;
enum status policy_read_csaf(struct policy *p, struct slice name, yyjson_val *root, struct err *err) NODISCARD;
enum status policy_read_cyclonedx(struct policy *p, struct slice name, yyjson_val *root, struct err *err) NODISCARD;
/* A date of a document that has to be one; absent: DATE_NONE. */
enum status policy_read_date(yyjson_val *obj, const char *key, int64_t *out, struct err *err) NODISCARD;

#endif
