/* SPDX-License-Identifier: Apache-2.0 */
/*
 * python.c - installed Python distributions: the header block of METADATA (wheels) and PKG-INFO (eggs), the name of a
 * zipped egg; direct_url.json: where one is from that no index gave.
 *
 * Source: docs/formats/python.md (PyPA "Core metadata specifications", "Recording installed projects", "Direct URL Data
 * Structure", PEP 503).
 */
#include "index/package/installed.h"
#include "text/json.h"
#include "text/stanza.h"

/* The header block comes first; what makes such files large is a long description after it. */
#define METADATA_BYTES ((uint64_t)16 << 20)
#define ORIGIN_BYTES ((uint64_t)64 << 10) /* of direct_url.json; pip's have 200 */
#define VALUE_BYTES 4096u /* of a name or version; longer ones are refused */

/* Does the name of the directory or file before the suffix say anything? ".egg-info" alone is hidden, not a package. */
static bool is_named(struct slice path)
{
	struct slice base = path_base(path);

	if (slice_ends(path, SLICE("/METADATA")) || slice_ends(path, SLICE("/PKG-INFO")))
		base = path_base(path_dir(path));
	return base.len > 0 && base.ptr[0] != '.';
}

static bool is_in_named(struct slice path)
{
	struct slice base = path_base(path_dir(path));

	return base.len > 0 && base.ptr[0] != '.';
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX,
	  .text = ".dist-info/METADATA",
	  .need = DETECT_WHOLE,
	  .max_bytes = METADATA_BYTES,
	  .accept = is_named },
	{ .match = PATH_SUFFIX,
	  .text = ".egg-info/PKG-INFO",
	  .need = DETECT_WHOLE,
	  .max_bytes = METADATA_BYTES,
	  .accept = is_named },
	{ .match = PATH_SUFFIX,
	  .text = ".egg-info",
	  .need = DETECT_WHOLE,
	  .max_bytes = METADATA_BYTES,
	  .accept = is_named },
	{ .match = PATH_SUFFIX,
	  .text = ".dist-info/direct_url.json",
	  .need = DETECT_WHOLE,
	  .max_bytes = ORIGIN_BYTES },
	{ .match = PATH_SUFFIX,
	  .text = ".dist-info/RECORD",
	  .need = DETECT_WHOLE,
	  .max_bytes = METADATA_BYTES,
	  .accept = is_in_named,
	  .list = true },
	{ .match = PATH_SUFFIX,
	  .text = ".egg-info/installed-files.txt",
	  .need = DETECT_WHOLE,
	  .max_bytes = METADATA_BYTES,
	  .accept = is_in_named,
	  .list = true },
	{ .match = PATH_SUFFIX, .text = ".egg/EGG-INFO/PKG-INFO", .need = DETECT_WHOLE, .max_bytes = METADATA_BYTES },
	{ .match = PATH_SUFFIX, .text = ".egg", .need = DETECT_RANGES, .accept = is_named },
	{ .text = NULL },
};

/* ---- the header block ---- */

/* What comes before the first empty line. A line of blanks only continues a value, as RFC 822 has it. */
static struct slice header_block(struct slice in)
{
	struct slice rest = in, line;

	for (;;) {
		size_t at = in.len - rest.len;

		if (!slice_line(&rest, &line) || line.len == 0)
			return slice_take(in, at);
	}
}

/* The value; one that begins on the second line is taken from there. */
static struct slice value_of(const struct stanza_field *f)
{
	struct slice rest = f->folded, line;

	if (f->value.len > 0 || !slice_line(&rest, &line))
		return f->value;
	return slice_trim(line);
}

struct header {
	struct slice name, version; /* the first of each counts, as for email.message */
	uint64_t name_offset, version_offset;
	bool has_name, has_version;
};

static void read_header(struct slice block, struct header *out)
{
	struct stanza_reader r = { .in = block };
	struct stanza_field f;
	size_t offset;

	memset(out, 0, sizeof(*out));
	while (stanza_next(&r, &offset)) {
		while (stanza_field(&r, &f)) {
			if (!out->has_name && slice_eq_nocase(f.name, SLICE("Name"))) {
				out->name = value_of(&f);
				out->name_offset = f.offset;
				out->has_name = true;
			} else if (!out->has_version && slice_eq_nocase(f.name, SLICE("Version"))) {
				out->version = value_of(&f);
				out->version_offset = f.offset;
				out->has_version = true;
			}
		}
	}
}

/* ---- names ---- */

static bool is_printable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
			return false;
	return s.len > 0;
}

/* What a tool writes that was not told: setuptools of old. */
static bool is_unknown(struct slice s)
{
	return s.len == 0 || slice_eq(s, SLICE("UNKNOWN"));
}

/* Clair's package_db: where the distribution is installed. */
static bool place_of(struct arena *a, struct slice path, struct slice *out)
{
	struct slice dir = path_dir(path);

	if (!slice_ends(path, SLICE(".egg-info")) && !slice_ends(path, SLICE(".egg")))
		dir = path_dir(dir);
	if (dir.len == 0)
		dir = SLICE(".");
	return arena_printf(a, out, "python:%.*s", SLICE_ARG(dir));
}

/* ---- detector ---- */

static enum status refuse(const struct detect_file *file, const struct detect_sink *out, uint64_t offset,
			  const char *what)
{
	diag_emit(out->diags, DIAG_RECORD, file->path, offset, "a Python distribution is not known: %s", what);
	return STATUS_OK;
}

static enum status emit(const struct detect_file *file, const struct header *h, const struct detect_env *env,
			const struct detect_sink *out, struct err *err)
{
	struct package p = { .type = PACKAGE_PYPI, .path = file->path, .detector = SLICE("python") };

	if (!h->has_name || is_unknown(h->name))
		return refuse(file, out, h->has_name ? h->name_offset : ERR_NO_OFFSET, "it has no name");
	if (h->name.len > VALUE_BYTES || h->version.len > VALUE_BYTES)
		return refuse(file, out, h->name_offset, "its name or version is longer than 4096 bytes");
	if (!slice_is_utf8(h->name) || !slice_is_utf8(h->version))
		return refuse(file, out, h->name_offset, "its name or version is not UTF-8");
	if (!package_pypi_name(env->arena, h->name, &p.name))
		return err_nomem(err, "python package");
	if (p.name.len == 0)
		return refuse(file, out, h->name_offset, "its name is without a letter or digit");
	if (!h->has_version || is_unknown(h->version))
		return refuse(file, out, h->has_version ? h->version_offset : ERR_NO_OFFSET, "it has no version");
	p.version = h->version;
	if (!is_printable(p.version) || !package_type_scheme(PACKAGE_PYPI)->valid(p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	if (!place_of(env->arena, file->path, &p.db))
		return err_nomem(err, "python package");
	return out->package(out->ctx, &p, err);
}

/* ---- zipped eggs ---- */

/* A zip, and not a model of a game, which has the same extension. */
static size_t plan(struct slice head, uint64_t size, uint32_t mode, struct byte_range *out)
{
	(void)size;
	(void)mode;
	if (!slice_starts(head, SLICE("PK\3\4")))
		return 0;
	out[0] = (struct byte_range){ 0, 4 };
	return 1;
}

/*
 * NAME-VERSION[-pyX.Y[-PLATFORM]].egg, hyphens of name and version written as underscores: setuptools itself takes both
 * from there, without opening the zip.
 */
static void read_egg_name(struct slice path, struct header *out)
{
	struct slice base = path_base(path), rest;

	memset(out, 0, sizeof(*out));
	base.len -= strlen(".egg");
	slice_cut(base, '-', &out->name, &rest);
	slice_cut(rest, '-', &out->version, NULL);
	out->has_name = out->name.len > 0;
	out->has_version = out->version.len > 0;
	out->name_offset = out->version_offset = ERR_NO_OFFSET;
}

/* ---- direct_url.json ---- */

static bool is_word(struct slice s, const char *more)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t b = s.ptr[i];

		if (!(b >= '0' && b <= '9') && !(b >= 'a' && b <= 'z') && !(b >= 'A' && b <= 'Z') && !strchr(more, b))
			return false;
	}
	return s.len > 0 && s.len <= VALUE_BYTES && slice_find_byte(s, 0) == SIZE_MAX;
}

/* "host", "host:22", "[::1]:22": what has a colon elsewhere may be a user and a password that somebody cut. */
static bool is_host(struct slice s)
{
	struct slice host = s, port = SLICE_EMPTY, address;

	if (slice_rcut(s, ':', &host, &port) && slice_find_byte(port, ']') != SIZE_MAX) {
		host = s;
		port = SLICE_EMPTY;
	}
	for (size_t i = 0; i < port.len; i++)
		if (port.ptr[i] < '0' || port.ptr[i] > '9')
			return false;
	if (slice_starts(host, SLICE("[")) && slice_ends(host, SLICE("]"))) {
		address = slice_take(slice_from(host, 1), host.len - 2);
		return is_word(address, ":.%");
	}
	return is_word(host, "-._");
}

/*
 * The URL without what may be secret: users and passwords, but for the user git that PEP 610 allows; the query and the
 * fragment. False: it is none, or nobody can tell what of it is secret.
 */
static bool clean_url(struct arena *a, struct slice url, struct slice *out, bool *ok)
{
	struct slice scheme, rest, authority, user, host;
	size_t at = slice_find(url, SLICE("://")), n = 0;

	*ok = true;
	if (at == SIZE_MAX || !installed_is_text(url))
		return false;
	scheme = slice_take(url, at);
	rest = slice_from(url, at + 3);
	slice_cut(rest, '#', &rest, NULL);
	slice_cut(rest, '?', &rest, NULL);
	while (n < rest.len && rest.ptr[n] != '/')
		n++;
	authority = slice_take(rest, n);
	rest = slice_from(rest, n);
	if (!slice_rcut(authority, '@', &user, &host)) {
		user = SLICE_EMPTY;
		host = authority;
	}
	if (!is_word(scheme, "+-.") || (host.len == 0 ? !slice_eq(scheme, SLICE("file")) : !is_host(host)))
		return false;
	*ok = arena_printf(a, out, "%.*s://%s%.*s%.*s", SLICE_ARG(scheme), slice_eq(user, SLICE("git")) ? "git@" : "",
			   SLICE_ARG(host), SLICE_ARG(rest));
	return true;
}

/* What it is from: version control with its commit, an archive, a directory. False: it does not say. */
static bool read_origin(struct arena *a, yyjson_val *root, struct layer_repository *out, bool *ok)
{
	yyjson_val *vcs = json_get(root, "vcs_info");
	struct slice url, commit;

	if (!clean_url(a, json_get_str(root, "url"), &url, ok) || !*ok)
		return false;
	out->uri = url;
	if (yyjson_is_obj(vcs)) {
		out->name = json_get_str(vcs, "vcs");
		commit = json_get_str(vcs, "commit_id");
		if (!is_word(out->name, "-") || !is_word(commit, "-._:@"))
			return false;
		*ok = arena_printf(a, &out->uri, "%.*s+%.*s@%.*s", SLICE_ARG(out->name), SLICE_ARG(url),
				   SLICE_ARG(commit));
		return true;
	}
	if (yyjson_is_obj(json_get(root, "archive_info")))
		out->name = SLICE("archive");
	else if (yyjson_is_obj(json_get(root, "dir_info")))
		out->name = json_get_bool(json_get(root, "dir_info"), "editable") ? SLICE("editable") :
										    SLICE("directory");
	return out->name.len > 0;
}

static enum status parse_origin(const struct detect_file *file, const struct detect_env *env,
				const struct detect_sink *out, struct err *err)
{
	struct layer_repository r = { .key = SLICE(REPOSITORY_DIRECT_URL) };
	struct err why = ERR_INIT;
	enum status st = STATUS_OK;
	struct json_doc doc;
	bool known, ok = true;

	if (json_parse_file(file->bytes, env->limits, &doc, &why) != STATUS_OK) {
		diag_emit(out->diags, DIAG_RECORD, file->path, ERR_NO_OFFSET, "the origin is not known: %s", why.msg);
		return STATUS_OK;
	}
	known = read_origin(env->arena, doc.root, &r, &ok);
	if (!ok)
		st = err_nomem(err, "python package");
	else if (known)
		st = out->repository(out->ctx, &r, err);
	else
		diag_emit(out->diags, DIAG_RECORD, file->path, ERR_NO_OFFSET,
			  "the origin is not known: it says no URL, or not what is there");
	json_doc_free(&doc);
	return st;
}

/* ---- lists of files ---- */

/* The first field of a line of CSV: in quotation marks, where each of its own stands twice, if it has a comma. */
static bool first_field(struct arena *a, struct slice line, struct slice *out)
{
	uint8_t *text;
	size_t n = 0;

	if (!slice_starts(line, SLICE("\""))) {
		slice_cut(line, ',', out, NULL);
		return true;
	}
	text = arena_alloc(a, line.len);
	if (!text)
		return false;
	for (size_t i = 1; i < line.len; i++) {
		if (line.ptr[i] == '"' && (++i >= line.len || line.ptr[i] != '"'))
			break;
		text[n++] = line.ptr[i];
	}
	*out = slice_make(text, n);
	return true;
}

/*
 * RECORD names paths as seen from the folder that has the dist-info, installed-files.txt from the egg-info itself;
 * ".." leads to programs, absolute paths are as they are.
 */
static enum status read_list(const struct detect_file *file, const struct detect_env *env,
			     const struct detect_sink *out, struct err *err)
{
	bool record = slice_ends(file->path, SLICE("/RECORD"));
	struct slice info = path_dir(file->path), from = record ? path_dir(info) : info, rest = file->bytes, line, path;
	struct package of = { .type = PACKAGE_PYPI };
	bool ok = arena_printf(env->arena, &of.path, "%.*s/%s", SLICE_ARG(info), record ? "METADATA" : "PKG-INFO");

	if (ok)
		TRY(out->list(out->ctx, &of, err));
	while (ok && slice_line(&rest, &line)) {
		path = line;
		ok = !record || first_field(env->arena, line, &path);
		if (!ok || path.len == 0 || path.len > env->limits->path_bytes)
			continue;
		if (path.ptr[0] != '/' && from.len > 0)
			ok = arena_printf(env->arena, &path, "%.*s/%.*s", SLICE_ARG(from), SLICE_ARG(path));
		if (ok)
			TRY(out->listed(out->ctx, path, err));
	}
	return ok ? STATUS_OK : err_nomem(err, "a list of files");
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct header h;

	if (file->rule->list)
		return read_list(file, env, out, err);
	if (slice_ends(file->path, SLICE("/direct_url.json")))
		return parse_origin(file, env, out, err);
	if (slice_ends(file->path, SLICE(".egg")))
		read_egg_name(file->path, &h);
	else
		read_header(header_block(file->bytes), &h);
	return emit(file, &h, env, out, err);
}

const struct detector detector_python = {
	.name = "python",
	.version = "3",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.plan = plan,
	.parse = parse,
};
