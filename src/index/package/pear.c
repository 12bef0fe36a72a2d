/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pear.c - PHP packages of PEAR and PECL: .registry/NAME.reg and .registry/.channel.CHANNEL/NAME.reg, arrays as
 * serialize() of PHP writes them.
 *
 * Source: docs/formats/pear.md.
 */
#include "index/package/installed.h"

#define REGISTRY_BYTES ((uint64_t)16 << 20) /* lists of files; PEAR's own has 60 KB */
#define DEPTH_MAX 64			    /* of arrays; real ones have 8 */
#define DIGITS_MAX 24
#define PEAR_CHANNEL "pear.php.net"

static bool is_registry(struct slice path)
{
	return slice_has(path, SLICE("/.registry/"));
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX,
	  .text = ".reg",
	  .need = DETECT_WHOLE,
	  .max_bytes = REGISTRY_BYTES,
	  .accept = is_registry },
	{ .text = NULL },
};

/* ---- serialize() ---- */

/* One value; of an array only its beginning, and END where one ends. */
enum kind { VALUE_NONE, VALUE_STRING, VALUE_ARRAY, VALUE_END, VALUE_OTHER };

struct reader {
	struct slice in;
	size_t at;
};

/* The digits before the byte `end`, which is passed over. */
static bool read_number(struct reader *r, uint8_t end, uint64_t *out)
{
	struct slice digits, rest;

	if (!slice_cut(slice_take(slice_from(r->in, r->at), DIGITS_MAX), end, &digits, &rest) ||
	    !slice_to_u64(digits, out))
		return false;
	r->at += digits.len + 1;
	return true;
}

static bool skip(struct reader *r, const char *text)
{
	if (!slice_starts(slice_from(r->in, r->at), slice_cstr(text)))
		return false;
	r->at += strlen(text);
	return true;
}

static enum kind read_value(struct reader *r, struct slice *out)
{
	struct slice rest = slice_from(r->in, r->at), value;
	uint64_t n;

	*out = SLICE_EMPTY;
	if (skip(r, "}"))
		return VALUE_END;
	if (skip(r, "N;"))
		return VALUE_OTHER;
	if (skip(r, "s:")) {
		if (!read_number(r, ':', &n) || !skip(r, "\"") || n > r->in.len - r->at)
			return VALUE_NONE;
		*out = slice_take(slice_from(r->in, r->at), (size_t)n);
		r->at += (size_t)n;
		return skip(r, "\";") ? VALUE_STRING : VALUE_NONE;
	}
	if (skip(r, "a:"))
		return read_number(r, ':', &n) && skip(r, "{") ? VALUE_ARRAY : VALUE_NONE;
	if (rest.len > 2 && rest.ptr[1] == ':' && strchr("ibd", rest.ptr[0]) && slice_cut(rest, ';', &value, &rest)) {
		r->at = r->in.len - rest.len;
		return VALUE_OTHER;
	}
	return VALUE_NONE; /* objects are in none that PEAR writes */
}

/* ---- the package ---- */

struct pear {
	struct slice name, channel, version;
};

/* A text at the top, or the release in the array of versions at the top. */
static void take(struct pear *p, size_t depth, const struct slice *keys, struct slice value)
{
	if (depth == 1 && (slice_eq(keys[0], SLICE("name")) || slice_eq(keys[0], SLICE("package")))) {
		if (p->name.len == 0)
			p->name = value;
	} else if (depth == 1 && slice_eq(keys[0], SLICE("channel"))) {
		p->channel = value;
	} else if (depth == 1 && slice_eq(keys[0], SLICE("version"))) {
		p->version = value; /* package.xml 1.0 */
	} else if (depth == 2 && slice_eq(keys[0], SLICE("version")) && slice_eq(keys[1], SLICE("release"))) {
		p->version = value;
	}
}

/* Walk the array. False: it is none, or breaks off at r->at. */
static bool walk(struct reader *r, struct pear *out)
{
	struct slice keys[2] = { SLICE_EMPTY, SLICE_EMPTY }, value;
	bool is_key[DEPTH_MAX];
	size_t depth = 0;

	do {
		enum kind kind = read_value(r, &value);

		if (kind == VALUE_NONE || (depth == 0 && kind != VALUE_ARRAY))
			return false;
		if (kind == VALUE_END) {
			if (!is_key[--depth])
				return false;
			continue;
		}
		if (depth > 0 && is_key[depth - 1]) {
			is_key[depth - 1] = false;
			if (kind == VALUE_ARRAY)
				return false;
			if (depth <= ARRAY_LEN(keys))
				keys[depth - 1] = value;
			continue;
		}
		if (depth > 0)
			is_key[depth - 1] = true;
		if (kind == VALUE_ARRAY) {
			if (depth >= DEPTH_MAX)
				return false;
			is_key[depth++] = true;
		} else if (kind == VALUE_STRING) {
			take(out, depth, keys, value);
		}
	} while (depth > 0);
	return true;
}

static enum status emit(struct installed *in, const struct pear *pear, struct err *err)
{
	struct arena *a = in->env->arena;
	struct package p = { .type = PACKAGE_PEAR,
			     .version = pear->version,
			     .path = in->file->path,
			     .detector = SLICE("pear") };

	if (!arena_printf(a, &p.name, "%.*s/%.*s", SLICE_ARG(pear->channel), SLICE_ARG(pear->name)) ||
	    !arena_printf(a, &p.db, "pear:%.*s", SLICE_ARG(in->file->path)) ||
	    !package_pear_source(a, p.name, &p.source_name))
		return err_nomem(err, "PEAR package");
	if (!package_version_ok(PACKAGE_PEAR, p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	if (p.source_name.len > 0)
		p.source_version = p.version;
	return in->out->package(in->out->ctx, &p, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_PEAR, "pear", TOLD_NONE };
	struct reader r = { .in = file->bytes };
	struct pear p = { .channel = SLICE(PEAR_CHANNEL) }; /* the only one that package.xml 1.0 knew */

	if (!walk(&r, &p))
		return installed_refuse(&in, r.at, "its array breaks off, or is none");
	if (!installed_is_text(p.name) || !installed_is_text(p.channel))
		return installed_refuse(&in, ERR_NO_OFFSET, "there is no name or channel, or it is no text");
	if (!installed_is_text(p.version))
		return installed_refuse(&in, ERR_NO_OFFSET, "there is no version, or it is no text");
	return emit(&in, &p, err);
}

const struct detector detector_pear = {
	.name = "pear",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
