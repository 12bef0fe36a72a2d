/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - the range test and the rules of each package family (matchers.def). */
#include "match/rules.h"

#include "model/vendor.h"

#include <stdarg.h>
#include <stdio.h>

/* A family's own test before the versions count: false = the row is about another build; why says which. */
typedef bool (*family_rule)(const struct index_report *index, const struct package *p, const struct affected *row,
			    struct verdict_text *why);

PRINTF_LIKE(2, 3)
static void put_words(struct verdict_text *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
}

/* Most rows are judged without words: quoting and formatting would be half of the work. */
#define say(why, ...)                                                                                                  \
	do {                                                                                                           \
		struct verdict_text *why_ = (why);                                                                     \
                                                                                                                       \
		if (why_)                                                                                              \
			put_words(why_, __VA_ARGS__);                                                                  \
	} while (0)

/* More words after those that are there. */
static void add_words(struct verdict_text *why, const char *text)
{
	size_t n = why ? strlen(why->text) : 0;

	if (why && n + 1 < sizeof(why->text))
		snprintf(why->text + n, sizeof(why->text) - n, "; %s", text);
}

static const char *quote(struct err_quote *q, struct slice s)
{
	return err_slice(q, s);
}

/* Is item one of the parts of list, which are joined by '|'? */
static bool in_list(struct slice list, struct slice item)
{
	struct slice part;

	while (slice_word(&list, '|', &part))
		if (slice_eq(part, item))
			return true;
	return false;
}

static bool rule_plain(const struct index_report *index, const struct package *p, const struct affected *row,
		       struct verdict_text *why)
{
	struct err_quote q;

	(void)index;
	if (row->arch.len > 0 && p->arch.len > 0 && !in_list(row->arch, p->arch)) {
		say(why, "the advisory is for another architecture: %s", quote(&q, row->arch));
		return false;
	}
	return true;
}

/* One tag names the builds for all architectures. */
static bool rule_image(const struct index_report *index, const struct package *p, const struct affected *row,
		       struct verdict_text *why)
{
	(void)index;
	(void)p;
	(void)row;
	(void)why;
	return true;
}

/*
 * Builds of one package that are lines of their own: Oracle's userspace Ksplice and FIPS packages have it in their
 * release ("1.1.1k-6.ksplice1.el8", "3.6.16-4.0.1.el8_fips"), and so do its own kernels and what is built of them,
 * among
 * it packages that Red Hat's kernel has, too ("perf" 4.14.35-1902.6.6.el7uek). A fix of one line is none of another.
 */
static const char *build_line(struct slice version)
{
	if (slice_has(version, SLICE(".ksplice")))
		return "Ksplice";
	if (slice_ends(version, SLICE("uek")))
		return "UEK";
	return slice_ends(version, SLICE("_fips")) ? "FIPS" : "usual";
}

/*
 * "4.14.35-2047.el7uek" -> "4.14": which of Oracle's own kernels, that a release has several of, each with its fixes.
 */
static struct slice kernel_line(struct slice version)
{
	struct slice rest;
	size_t at;

	if (!slice_cut(version, ':', NULL, &rest))
		rest = version;
	at = slice_find_byte(rest, '.');
	if (at == SIZE_MAX)
		return rest;
	for (at++; at < rest.len && is_digit(rest.ptr[at]);)
		at++;
	return slice_take(rest, at);
}

static bool same_line(const struct package *p, const struct affected *row, struct verdict_text *why)
{
	const char *installed = build_line(p->version), *fixed;
	struct err_quote a, b;

	if (row->n_ranges == 0 || row->ranges[0].fixed.len == 0 || !slice_starts(row->scope, SLICE("oracle:")))
		return true;
	fixed = build_line(row->ranges[0].fixed);
	if (strcmp(installed, fixed) != 0) {
		say(why, "the fix is for the %s build, installed is the %s one", fixed, installed);
		return false;
	}
	if (strcmp(fixed, "UEK") != 0 ||
	    slice_eq(kernel_line(p->version), kernel_line(row->ranges[0].fixed)))
		return true;
	say(why, "the fix is for the kernel %s, installed is %s", quote(&a, kernel_line(row->ranges[0].fixed)),
	    quote(&b, kernel_line(p->version)));
	return false;
}

/*
 * Canonical's FIPS builds are a line of their own, of sources with that name ("linux-fips") or with it in their version
 * ("1.1.1f-1ubuntu2.fips.22", "3.0.2-0ubuntu1.10+Fips1"): every such version is above those of the archive.
 */
bool rules_is_fips(const struct package *p)
{
	return p->type == PACKAGE_DEB &&
	       (slice_has(p->version, SLICE("fips")) || slice_has(p->version, SLICE("Fips")) ||
		slice_has(p->source_name, SLICE("fips")));
}

static bool rule_deb(const struct index_report *index, const struct package *p, const struct affected *row,
		     struct verdict_text *why)
{
	bool fips, installed;

	if (!rule_plain(index, p, row, why))
		return false;
	if (!slice_starts(row->scope, SLICE("ubuntu:")))
		return true;
	installed = rules_is_fips(p);
	fips = slice_starts(row->module, SLICE(AFFECTED_MODULE_FIPS)) || slice_has(row->package, SLICE("fips"));
	if (fips == installed)
		return true;
	say(why, "the advisory is for %s, installed is %s", fips ? "FIPS builds" : "the archive's build",
	    installed ? "a FIPS build" : "the archive's");
	return false;
}

/*
 * A module stream is a line of versions of its own: fixes of another stream, or of the non-modular build, compare to
 * nothing. A modular fix whose stream the source does not name ("?") cannot be judged and is not reported.
 */
static bool rule_rpm(const struct index_report *index, const struct package *p, const struct affected *row,
		     struct verdict_text *why)
{
	struct err_quote a, b;
	bool noarch = slice_eq(p->arch, SLICE("noarch"));

	if ((!noarch && !rule_plain(index, p, row, why)) || !same_line(p, row, why))
		return false;
	if (slice_eq(row->module, p->module))
		return true;
	if (row->module.len == 0)
		say(why, "the fix is for the non-modular build, installed is module %s", quote(&a, p->module));
	else if (slice_eq(row->module, SLICE("?")))
		say(why, "the fix is for a module stream that the source does not name, installed is %s",
		    p->module.len ? quote(&a, p->module) : "the non-modular build");
	else
		say(why, "the fix is for module %s, installed is %s", quote(&a, row->module),
		    p->module.len ? quote(&b, p->module) : "the non-modular build");
	return false;
}

/* Gentoo's words for architectures; others are the same in images. */
static struct slice gentoo_arch(struct slice arch)
{
	static const struct {
		const char *image, *gentoo;
	} words[] = { { "386", "x86" },
		      { "ppc64le", "ppc64" },
		      { "s390x", "s390" },
		      { "riscv64", "riscv" },
		      { "loong64", "loong" } };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq(arch, slice_cstr(words[i].image)))
			return slice_cstr(words[i].gentoo);
	return arch;
}

/*
 * Slots are lines of versions beside each other. The row has those that it is about joined by '|', or behind a '!'
 * those that it is not about. Where the installed slot is not known, any could be meant.
 */
static bool rule_portage(const struct index_report *index, const struct package *p, const struct affected *row,
			 struct verdict_text *why)
{
	bool others = slice_starts(row->module, SLICE("!"));
	struct err_quote a, b;

	if (row->arch.len > 0 && index->arch.len > 0 && !in_list(row->arch, gentoo_arch(index->arch))) {
		say(why, "the advisory is for another architecture: %s", quote(&a, row->arch));
		return false;
	}
	if (row->module.len == 0 || p->module.len == 0 ||
	    in_list(slice_from(row->module, others ? 1 : 0), p->module) != others)
		return true;
	say(why, "the advisory is for %sslot %s, installed is slot %s", others ? "others than " : "",
	    quote(&a, slice_from(row->module, others ? 1 : 0)), quote(&b, p->module));
	return false;
}

/* "linux/amd64", "windows/", "/arm64": an empty half means any. */
static bool platform_matches(struct slice platform, struct slice os, struct slice arch)
{
	struct slice want_os, want_arch;

	slice_cut(platform, '/', &want_os, &want_arch);
	return (want_os.len == 0 || os.len == 0 || slice_eq(want_os, os)) &&
	       (want_arch.len == 0 || arch.len == 0 || slice_eq(want_arch, arch));
}

/* What the program was built for; where it does not say, what the image is for. */
static bool rule_platform(const struct index_report *index, const struct package *p, const struct affected *row,
		    struct verdict_text *why)
{
	struct slice list = row->platforms, part, os = index->os, arch = index->arch;
	struct err_quote q;

	if (list.len == 0)
		return true;
	if (p->arch.len > 0)
		slice_cut(p->arch, '/', &os, &arch);
	while (slice_word(&list, '|', &part))
		if (platform_matches(part, os, arch))
			return true;
	say(why, "only programs for %s are affected", quote(&q, row->platforms));
	return false;
}

static const family_rule rules[PACKAGE_TYPE_COUNT] = {
#define MATCHER(type, rule, what) [PACKAGE_##type] = rule_##rule,
#include "match/matchers.def"
#undef MATCHER
};

size_t rules_candidates(const struct package *p, struct candidate out[2])
{
	struct slice source = p->source_name.len ? p->source_name : p->name;
	struct slice version = p->source_name.len && p->source_version.len ? p->source_version : p->version;
	size_t n = 0;

	out[n++] = (struct candidate){ source, version, true };
	if (!slice_eq(source, p->name))
		out[n++] = (struct candidate){ p->name, p->version, false };
	return n;
}

struct slice rules_key(const struct package *p, struct slice name, char buf[RULES_KEY_MAX])
{
	if (!package_folds_case(p->type) || name.len > RULES_KEY_MAX)
		return name;
	for (size_t i = 0; i < name.len; i++)
		buf[i] = (char)to_lower(name.ptr[i]);
	return slice_make(buf, name.len);
}

bool rules_same_name(const struct package *p, struct slice name, struct slice row_name)
{
	return package_folds_case(p->type) ? slice_eq_nocase(name, row_name) : slice_eq(name, row_name);
}

bool rules_is_judged(const struct package *p)
{
	return p->type != PACKAGE_NONE && p->version.len > 0;
}

bool rules_has_version(const struct package *p)
{
	/* Where nobody compares such versions that is not the package's fault: coverage says it of the kind. */
	return p->type != PACKAGE_NONE && !(p->flags & PACKAGE_BAD_VERSION) && p->version.len > 0 &&
	       package_version_ok(p->type, p->version);
}

/* rpm does not record the epoch of a source package; where source and binary agree on the rest, it is the binary's. */
static struct slice source_version(const struct package *p)
{
	struct slice rest;

	if (p->source_name.len == 0 || p->source_version.len == 0)
		return p->version;
	if (p->type == PACKAGE_RPM && slice_cut(p->version, ':', NULL, &rest) && slice_eq(rest, p->source_version))
		return p->version;
	return p->source_version;
}

/* What one comparison needs. */
struct question {
	const struct version_scheme *scheme;
	enum vendor vendor;   /* whose row it is, and whose order of versions counts */
	struct slice version; /* installed; the scheme accepts it */
	struct verdict_text *why;
};

static int order(const struct question *q, struct slice a, struct slice b)
{
	return q->vendor == VENDOR_NONE ? q->scheme->compare(a, b) : vendor_compare(q->vendor, q->scheme, a, b);
}

static bool from_start(struct slice introduced)
{
	return introduced.len == 0 || slice_eq(introduced, SLICE("0"));
}

static enum verdict bad_bound(const struct question *q, struct slice bound)
{
	struct err_quote text;

	say(q->why, "the advisory's version %s does not follow the scheme %s", quote(&text, bound), q->scheme->name);
	return VERDICT_BAD_ROW;
}

static enum verdict judge_range(const struct question *q, const struct version_range *r)
{
	const struct version_scheme *scheme = q->scheme;
	struct err_quote a, b;

	if (!from_start(r->introduced)) {
		if (!scheme->valid(r->introduced))
			return bad_bound(q, r->introduced);
		if (order(q, q->version, r->introduced) < 0) {
			say(q->why, "%s < %s, where it was introduced (%s)", quote(&a, q->version),
			    quote(&b, r->introduced), scheme->name);
			return VERDICT_FIXED;
		}
	}
	if (r->fixed.len > 0) {
		bool older;

		if (!scheme->valid(r->fixed))
			return bad_bound(q, r->fixed);
		older = order(q, q->version, r->fixed) < 0;
		say(q->why, "%s %s %s (%s)", quote(&a, q->version), older ? "<" : ">=", quote(&b, r->fixed),
		    scheme->name);
		return older ? VERDICT_AFFECTED : VERDICT_FIXED;
	}
	if (r->last_affected.len > 0) {
		bool upto;

		if (!scheme->valid(r->last_affected))
			return bad_bound(q, r->last_affected);
		upto = order(q, q->version, r->last_affected) <= 0;
		say(q->why, "%s %s %s, the last affected version (%s)", quote(&a, q->version), upto ? "<=" : ">",
		    quote(&b, r->last_affected), scheme->name);
		return upto ? VERDICT_AFFECTED : VERDICT_FIXED;
	}
	say(q->why, "%s: no fixed version is known", quote(&a, q->version));
	return VERDICT_AFFECTED;
}

/* The oldest fix that is newer than what is installed; bounds that cannot be read do not count. */
static struct slice next_fix(const struct question *q, const struct affected *row)
{
	struct slice best = SLICE_EMPTY;

	for (size_t i = 0; i < row->n_ranges; i++) {
		struct slice fixed = row->ranges[i].fixed;

		if (fixed.len > 0 && q->scheme->valid(fixed) && order(q, q->version, fixed) < 0 &&
		    (best.len == 0 || order(q, fixed, best) < 0))
			best = fixed;
	}
	return best;
}

/*
 * The same where the source says which versions were the last affected ones, and apart from that which are good
 * (fixed_version, joined by '|').
 */
static struct slice next_good(const struct question *q, const struct affected *row)
{
	struct slice list = row->fixed_version, one, best = SLICE_EMPTY;

	for (size_t i = 0; i < row->n_ranges; i++)
		if (row->ranges[i].fixed.len > 0)
			return SLICE_EMPTY;
	while (slice_word(&list, '|', &one))
		if (one.len > 0 && q->scheme->valid(one) && order(q, q->version, one) < 0 &&
		    (best.len == 0 || order(q, one, best) < 0))
			best = one;
	return best;
}

/* In these letters: for versions without an order. */
static bool names_version(const struct affected *row, struct slice version)
{
	for (size_t i = 0; i < row->n_versions; i++)
		if (slice_eq(row->versions[i], version))
			return true;
	return false;
}

static bool is_listed(const struct question *q, const struct affected *row)
{
	for (size_t i = 0; i < row->n_versions; i++)
		if (slice_eq(row->versions[i], q->version) || order(q, row->versions[i], q->version) == 0)
			return true;
	return false;
}

static enum verdict judge_versions(const struct question *q, const struct affected *row, struct slice *out_fix)
{
	enum verdict verdict = VERDICT_FIXED;
	struct err_quote text;
	size_t telling = 0;

	if (row->n_ranges == 0 && row->n_versions == 0) {
		say(q->why, "%s: every version is affected, no fix is known", quote(&text, q->version));
		return VERDICT_AFFECTED;
	}
	for (size_t i = 0; i < row->n_ranges; i++) {
		enum verdict one = judge_range(q, &row->ranges[i]);

		if (one == VERDICT_AFFECTED) {
			*out_fix = row->ranges[i].last_affected.len > 0 ? next_good(q, row) : row->ranges[i].fixed;
			return one;
		}
		/* A range that could not be read leaves the whole row open, and is told of. */
		if (verdict != VERDICT_BAD_ROW) {
			verdict = one;
			telling = i;
		}
	}
	if (is_listed(q, row)) {
		say(q->why, "%s is listed as affected", quote(&text, q->version));
		*out_fix = next_fix(q, row);
		return VERDICT_AFFECTED;
	}
	if (row->n_ranges > 0 && telling + 1 < row->n_ranges)
		judge_range(q, &row->ranges[telling]);
	else if (row->n_ranges == 0)
		say(q->why, "%s is not among the affected versions", quote(&text, q->version));
	return verdict;
}

/* A vendor's fix of a language package is about builds of one version. */
static bool is_same_base(const struct package *p, const struct affected *row, struct verdict_text *why)
{
	const struct version_scheme *scheme = scheme_get(row->scheme);
	enum vendor vendor = vendor_of_scope(row->scope, NULL);
	struct vendor_version installed, fixed;
	struct err_quote a, b;

	if (vendor == VENDOR_NONE || !scheme || !vendor_is_per_version(vendor, scheme) || row->n_ranges == 0)
		return true;
	vendor_of_version(scheme, p->version, &installed);
	vendor_of_version(scheme, row->ranges[0].fixed, &fixed);
	if (scheme->compare(installed.base, fixed.base) == 0)
		return true;
	say(why, "the fix is for %s's builds of %s, installed is one of %s", vendor_name(vendor), quote(&a, fixed.base),
	    quote(&b, installed.base));
	return false;
}

/* Everything that is decided before versions are compared; false: it is not, and nothing is filled. */
static bool judge_early(const struct index_report *index, const struct package *p, const struct affected *row,
			bool is_source, bool is_binary, enum verdict *out, struct verdict_text *why)
{
	struct err_quote q;

	if ((row->name_kind == AFFECTED_NAME_SOURCE && !is_source) ||
	    (row->name_kind == AFFECTED_NAME_BINARY && !is_binary)) {
		say(why, "the advisory speaks of the %s package %s",
		    row->name_kind == AFFECTED_NAME_SOURCE ? "source" : "binary", quote(&q, row->package));
		*out = VERDICT_OTHER_NAME;
	} else if (!rules[p->type](index, p, row, why) || !is_same_base(p, row, why)) {
		*out = VERDICT_OTHER_BUILD;
	} else if (row->status == AFFECTED_NO) {
		say(why, "the vendor says: not affected");
		*out = VERDICT_NOT_AFFECTED;
	} else if (row->status == AFFECTED_UNDECIDED) {
		say(why, "the vendor has not decided whether it is affected");
		*out = VERDICT_UNDECIDED;
	} else {
		return false;
	}
	return true;
}

/* What the source says of the fix. A system that has packages of Ubuntu Pro has a contract, and the fix is offered to
 * it. */
static void judge_fix(const struct package *p, const struct affected *row, struct judgement *j,
		      struct verdict_text *why)
{
	if (row->fix_state == FIX_PLAIN)
		return;
	if (row->fix_state == FIX_PRO && (slice_has(j->version, SLICE("esm")) || rules_is_fips(p)))
		return;
	if (fix_state_withheld(row->fix_state))
		j->fix = SLICE_EMPTY;
	add_words(why, fix_state_text(row->fix_state));
}

struct judgement rules_judge(const struct index_report *index, const struct package *p, const struct affected *row,
			     struct slice looked_up, struct verdict_text *why)
{
	struct slice source = p->source_name.len ? p->source_name : p->name;
	bool is_source = slice_eq(looked_up, source), is_binary = slice_eq(looked_up, p->name);
	struct judgement j = { .version = p->version, .fix = SLICE_EMPTY };
	struct question q = { .scheme = scheme_get(row->scheme),
			      .vendor = vendor_of_scope(row->scope, NULL),
			      .why = why };
	struct err_quote text;

	if (is_source && row->name_kind != AFFECTED_NAME_BINARY)
		j.version = source_version(p);
	if (judge_early(index, p, row, is_source, is_binary, &j.verdict, why))
		return j;
	if (!q.scheme)
		q.scheme = package_type_scheme(p->type);
	if (!rules_has_version(p) && names_version(row, j.version)) {
		say(why, "%s is listed as affected", quote(&text, j.version));
		j.verdict = VERDICT_AFFECTED;
		judge_fix(p, row, &j, why);
		return j;
	}
	if (!q.scheme || !q.scheme->valid(j.version) || package_version_moves(p->type, j.version)) {
		say(why, "the installed version %s does not follow the scheme %s", quote(&text, j.version),
		    q.scheme ? q.scheme->name : "of its kind");
		j.verdict = VERDICT_BAD_VERSION;
		return j;
	}
	q.version = j.version;
	j.verdict = judge_versions(&q, row, &j.fix);
	if (j.verdict == VERDICT_AFFECTED && slice_eq(row->module, SLICE(AFFECTED_MODULE_FIPS_ANY))) {
		j.verdict = VERDICT_BAD_ROW;
		add_words(why, "FIPS builds, their updates and previews are lines of their own, and nothing says of "
			       "which line it is");
	} else if (j.verdict == VERDICT_AFFECTED) {
		judge_fix(p, row, &j, why);
	}
	return j;
}
