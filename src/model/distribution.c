/* SPDX-License-Identifier: Apache-2.0 */
/* distribution.c - the table of distributions and the scope of a release. */
#include "model/distribution.h"

#include "base/date.h"

enum release_rule {
	RELEASE_MAJOR,
	RELEASE_MINOR,
	RELEASE_FULL,
	RELEASE_ROLLING,
	RELEASE_ALPINE,
	RELEASE_DEBIAN,
	RELEASE_AMAZON,
	RELEASE_OPENEULER,
};

struct distro {
	const char *did, *scope, *name;
	enum release_rule rule;
	enum package_type type;
};

static const struct distro distros[] = {
#define DISTRO(did, scope, rule, type, name) { did, scope, name, RELEASE_##rule, PACKAGE_##type },
#include "model/distros.def"
#undef DISTRO
};

static const struct {
	const char *codename, *release;
} debian_releases[] = {
#define DEBIAN_RELEASE(codename, release) { codename, release },
#include "model/debian_releases.def"
#undef DEBIAN_RELEASE
};

static const struct {
	const char *scope, *last_day;
} ends[] = {
#define END_OF_LIFE(scope, last_day) { scope, last_day },
#include "model/end_of_life.def"
#undef END_OF_LIFE
};

static const struct {
	const char *scope, *feed, *last_day;
} extensions[] = {
#define EXTENDED_SUPPORT(scope, feed, last_day) { scope, feed, last_day },
#include "model/extended_support.def"
#undef EXTENDED_SUPPORT
};

const struct distro *distro_by_id(struct slice did)
{
	for (size_t i = 0; i < ARRAY_LEN(distros); i++)
		if (slice_eq_nocase(did, slice_cstr(distros[i].did)))
			return &distros[i];
	return NULL;
}

const struct distro *distro_by_name(struct slice text)
{
	const struct distro *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < ARRAY_LEN(distros); i++) {
		struct slice name = slice_cstr(distros[i].name);

		if (name.len <= longest || !slice_eq_nocase(slice_take(text, name.len), name) ||
		    (text.len > name.len && is_alnum(text.ptr[name.len])))
			continue;
		best = &distros[i];
		longest = name.len;
	}
	return best;
}

const char *distro_id(const struct distro *d)
{
	return d->did;
}

const char *distro_name(const struct distro *d)
{
	return d->name;
}

const char *distro_scope_prefix(const struct distro *d)
{
	return d->scope;
}

enum package_type distro_package_type(const struct distro *d)
{
	return d->type;
}

struct slice debian_release_by_codename(struct slice codename)
{
	for (size_t i = 0; i < ARRAY_LEN(debian_releases); i++)
		if (slice_eq_nocase(codename, slice_cstr(debian_releases[i].codename)))
			return slice_cstr(debian_releases[i].release);
	return SLICE_EMPTY;
}

struct slice debian_codename_by_release(struct slice release)
{
	for (size_t i = 0; i < ARRAY_LEN(debian_releases); i++)
		if (slice_eq(release, slice_cstr(debian_releases[i].release)))
			return slice_cstr(debian_releases[i].codename);
	return SLICE_EMPTY;
}

/* The first n numbers of a dotted version; empty when there are fewer or one is no number. */
static struct slice leading_numbers(struct slice version, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		size_t begin;

		if (i > 0) {
			if (at >= version.len || version.ptr[at] != '.')
				return SLICE_EMPTY;
			at++;
		}
		begin = at;
		while (at < version.len && is_digit(version.ptr[at]))
			at++;
		if (at == begin)
			return SLICE_EMPTY;
	}
	return slice_take(version, at);
}

/* Old Debian and derivatives name the release only in VERSION: "7 (wheezy)", or "trixie/sid". */
static struct slice debian_release(const struct distribution *d)
{
	struct slice release = leading_numbers(d->version_id, 1), name;

	if (release.len > 0)
		return release;
	release = debian_release_by_codename(d->version_code_name);
	if (release.len > 0)
		return release;
	if (slice_cut(d->version, '(', NULL, &name)) {
		slice_cut(name, ')', &name, NULL);
		return debian_release_by_codename(name);
	}
	if (!slice_rcut(d->pretty_name, ' ', NULL, &name))
		return SLICE_EMPTY;
	slice_cut(name, '/', &name, NULL);
	return debian_release_by_codename(name);
}

static struct slice alpine_release(const struct distribution *d)
{
	if (slice_has(d->version_id, SLICE("_alpha")) || slice_has(d->version_id, SLICE("_pre")) ||
	    slice_eq_nocase(d->version_id, SLICE("edge")) || slice_ends(d->pretty_name, SLICE(" edge")))
		return SLICE("edge");
	return leading_numbers(d->version_id, 2);
}

/* Amazon Linux 1 had one set of packages, whatever release an image calls itself: 2018.03 was the last. */
static struct slice amazon_release(const struct distribution *d)
{
	struct slice major = leading_numbers(d->version_id, 1);

	return major.len == 4 && slice_starts(major, SLICE("201")) ? SLICE("2018.03") : major;
}

static struct slice release_of(const struct distro *distro, const struct distribution *d)
{
	switch (distro->rule) {
	case RELEASE_MAJOR:
		return leading_numbers(d->version_id, 1);
	case RELEASE_MINOR:
		return leading_numbers(d->version_id, 2);
	case RELEASE_DEBIAN:
		return debian_release(d);
	case RELEASE_ALPINE:
		return alpine_release(d);
	case RELEASE_AMAZON:
		return amazon_release(d);
	case RELEASE_OPENEULER:
	case RELEASE_FULL:
	case RELEASE_ROLLING:
		break;
	}
	return d->version_id;
}

static bool is_centos_stream(const struct distribution *d)
{
	return slice_eq_nocase(d->did, SLICE("centos")) &&
	       (slice_ends(d->name, SLICE(" Stream")) || slice_starts(d->pretty_name, SLICE("CentOS Stream")));
}

/* VERSION "22.03 (LTS-SP1)" of openEuler -> "22.03-LTS-SP1": its service packs have advisories of their own. */
static bool openeuler_scope(const struct distribution *d, struct arena *arena, struct slice *out)
{
	struct slice rest = d->version;

	if (!slice_starts(rest, d->version_id))
		return arena_printf(arena, out, "openeuler:%.*s", SLICE_ARG(d->version_id));
	rest = slice_trim(slice_from(rest, d->version_id.len));
	if (slice_starts(rest, SLICE("(")) && slice_ends(rest, SLICE(")")))
		rest = slice_take(slice_from(rest, 1), rest.len - 2);
	if (rest.len == 0 || slice_find_byte(rest, ' ') != SIZE_MAX)
		return arena_printf(arena, out, "openeuler:%.*s", SLICE_ARG(d->version_id));
	return arena_printf(arena, out, "openeuler:%.*s-%.*s", SLICE_ARG(d->version_id), SLICE_ARG(rest));
}

bool distribution_scope(const struct distribution *d, struct arena *arena, struct slice *out)
{
	const struct distro *distro = distro_by_id(d->did);
	struct slice release;

	*out = SLICE_EMPTY;
	if (!distro)
		return true;
	if (distro->rule == RELEASE_ROLLING) {
		*out = slice_cstr(distro->scope);
		return true;
	}
	if (distro->rule == RELEASE_OPENEULER && d->version_id.len > 0)
		return openeuler_scope(d, arena, out);
	release = release_of(distro, d);
	if (release.len == 0)
		return true;
	return arena_printf(arena, out, "%s%s:%.*s", distro->scope, is_centos_stream(d) ? "-stream" : "",
			    SLICE_ARG(release));
}

/* The release of "cpe:2.3:o:redhat:enterprise_linux:9:..."; empty for other products: they are of no release. */
static struct slice release_of_cpe(struct slice cpe)
{
	static const char *const want[] = { "cpe", "2.3", "", "redhat", "enterprise_linux" };
	struct slice part;

	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		if (!slice_word(&cpe, ':', &part) || (want[i][0] && !slice_eq(part, slice_cstr(want[i]))))
			return SLICE_EMPTY;
	return slice_word(&cpe, ':', &part) && part.len > 0 && is_digit(part.ptr[0]) ? part : SLICE_EMPTY;
}

bool distribution_of_scope(struct slice scope, struct distribution *out)
{
	struct slice prefix, release;
	bool stream;

	slice_cut(scope, ':', &prefix, &release);
	/* Red Hat's rows are kept by repository. */
	if (slice_starts(release, SLICE("cpe:"))) {
		release = release_of_cpe(release);
		if (release.len == 0)
			return false;
	}
	stream = slice_eq(prefix, SLICE("centos-stream"));
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < ARRAY_LEN(distros); i++) {
		if (!slice_eq(stream ? SLICE("centos") : prefix, slice_cstr(distros[i].scope)))
			continue;
		out->did = slice_cstr(distros[i].did);
		out->name = stream ? SLICE("CentOS Stream") : slice_cstr(distros[i].name);
		out->version_id = release;
		out->version_code_name =
			distros[i].rule == RELEASE_DEBIAN ? debian_codename_by_release(release) : SLICE_EMPTY;
		return true;
	}
	return false;
}

bool distribution_end_of_life(struct slice scope, int64_t *out_s)
{
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (slice_eq(scope, slice_cstr(ends[i].scope)))
			return date_parse(slice_cstr(ends[i].last_day), out_s);
	return false;
}

bool distribution_extended(struct slice scope, struct slice *out_feed, int64_t *out_s)
{
	for (size_t i = 0; i < ARRAY_LEN(extensions); i++) {
		if (!slice_eq(scope, slice_cstr(extensions[i].scope)))
			continue;
		*out_feed = slice_cstr(extensions[i].feed);
		return date_parse(slice_cstr(extensions[i].last_day), out_s);
	}
	return false;
}

size_t distribution_ends_passed(int64_t now_s)
{
	size_t passed = 0;
	int64_t last_s;

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		passed += date_parse(slice_cstr(ends[i].last_day), &last_s) && now_s >= last_s + 86400;
	for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
		passed += date_parse(slice_cstr(extensions[i].last_day), &last_s) && now_s >= last_s + 86400;
	return passed;
}
