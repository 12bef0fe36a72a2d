/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snap.c - snaps, and the Debian packages that they were built with.
 *
 * Read line by line, as snapcraft writes these files: the scan loads no library for YAML.
 * Source: docs/formats/snap.md.
 */
#include "index/package/installed.h"

#define YAML_BYTES ((uint64_t)4 << 20)
#define PACKAGES_YAML "usr/share/snappy/dpkg.yaml"
#define PACKAGES_LIST "usr/share/snappy/dpkg.list"
#define MANIFEST "snap/manifest.yaml"
#define META "meta/snap.yaml"

/* snap/NAME/REVISION/: where a snap is mounted, or was unpacked to. */
static struct slice root_of(struct slice path)
{
	struct slice rest = path, first, name, revision;

	if (slice_cut(rest, '/', &first, &rest) && slice_eq(first, SLICE("snap")) &&
	    slice_cut(rest, '/', &name, &rest) && slice_cut(rest, '/', &revision, &rest) && name.len > 0)
		return slice_take(path, (size_t)(rest.ptr - path.ptr));
	return SLICE_EMPTY;
}

static bool is_of_snap(struct slice path)
{
	struct slice inside = slice_from(path, root_of(path).len);

	return inside.len < path.len && (slice_eq(inside, SLICE(META)) || slice_eq(inside, SLICE(MANIFEST)) ||
					 slice_eq(inside, SLICE(PACKAGES_YAML)));
}

/* A snap, or the base of some, that is unpacked at the root. Not by exact paths: without a package such a file is no
 * empty database of the system's. */
static bool is_of_root(struct slice path)
{
	return slice_eq(path, SLICE(META)) || slice_eq(path, SLICE(MANIFEST)) || slice_eq(path, SLICE(PACKAGES_YAML)) ||
	       slice_eq(path, SLICE(PACKAGES_LIST));
}

#define FILES_OF(folder)                                                                                               \
	{                                                                                                              \
		.match = PATH_CHILD, .text = folder, .need = DETECT_WHOLE, .max_bytes = YAML_BYTES,                    \
		.accept = is_of_root                                                                                   \
	}

#define FILE_OF_SNAP(name)                                                                                             \
	{                                                                                                              \
		.match = PATH_SUFFIX, .text = "/" name, .need = DETECT_WHOLE, .max_bytes = YAML_BYTES,                 \
		.accept = is_of_snap                                                                                   \
	}

static const struct path_rule rules[] = {
	FILES_OF("meta/"),  FILES_OF("snap/"),	    FILES_OF("usr/share/snappy/"),
	FILE_OF_SNAP(META), FILE_OF_SNAP(MANIFEST), FILE_OF_SNAP(PACKAGES_YAML),
	{ .text = NULL },
};

/* A scalar without quotation marks and without the comment behind it. */
static struct slice unquoted(struct slice s)
{
	struct slice rest;
	size_t end;

	s = slice_trim(s);
	if (s.len > 0 && (s.ptr[0] == '\'' || s.ptr[0] == '"')) {
		rest = slice_from(s, 1);
		end = slice_find_byte(rest, s.ptr[0]);
		return end == SIZE_MAX ? s : slice_take(rest, end);
	}
	for (end = 0; end < s.len; end++)
		if (s.ptr[end] == '#' && (end == 0 || is_space(s.ptr[end - 1])))
			break;
	return slice_trim(slice_take(s, end));
}

/* "NAME[:ARCH]=VERSION" */
static enum status emit_deb(struct installed *in, struct slice name, struct slice version, struct slice arch,
			    struct err *err)
{
	struct package p = { .type = PACKAGE_DEB,
			     .version = version,
			     .arch = arch,
			     .db = in->file->path,
			     .path = in->file->path,
			     .detector = SLICE("snap") };

	if (slice_cut(name, ':', &p.name, &arch) && p.arch.len == 0)
		p.arch = arch;
	if (!installed_is_text(p.name) || !installed_is_text(version) || (p.arch.len > 0 && !installed_is_text(p.arch)))
		return installed_refuse(in, ERR_NO_OFFSET, "a package that it was built with has no name or version");
	if (!package_version_ok(p.type, p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	/* It is the snap's, whose release is another one than the image's. */
	if (root_of(in->file->path).len > 0)
		p.flags |= PACKAGE_OWNED;
	return in->out->package(in->out->ctx, &p, err);
}

struct snap {
	struct slice name, version, arch;
	struct slice list; /* the key whose items come */
	bool has_list;	   /* of packages that it was built with; it may be empty */
};

static enum status take_item(struct installed *in, struct snap *snap, struct slice item, struct err *err)
{
	struct slice name, version;

	item = unquoted(item);
	if (slice_eq(snap->list, SLICE("architectures")) && snap->arch.len == 0)
		snap->arch = item;
	if (!slice_eq(snap->list, SLICE("primed-stage-packages")) && !slice_eq(snap->list, SLICE("packages")))
		return STATUS_OK;
	if (!slice_cut(item, '=', &name, &version))
		return installed_refuse(in, ERR_NO_OFFSET, "a package that it was built with has no version");
	return emit_deb(in, name, version, SLICE_EMPTY, err);
}

/* A list in one line. */
static enum status take_flow(struct installed *in, struct snap *snap, struct slice value, struct err *err)
{
	struct slice list = slice_from(value, 1), item;

	if (!slice_ends(list, SLICE("]")))
		return STATUS_OK; /* over several lines: no snapcraft writes it */
	list = slice_take(list, list.len - 1);
	while (slice_word(&list, ',', &item))
		if (slice_trim(item).len > 0)
			TRY(take_item(in, snap, item, err));
	return STATUS_OK;
}

static enum status take_line(struct installed *in, struct snap *snap, struct slice line, struct err *err)
{
	struct slice bare = slice_trim(line), key, value;

	if (bare.len == 0 || bare.ptr[0] == '#')
		return STATUS_OK;
	if (slice_starts(bare, SLICE("- ")))
		return take_item(in, snap, slice_from(bare, 2), err);
	if (is_space(line.ptr[0]) || !slice_cut(line, ':', &key, &value))
		return STATUS_OK;
	snap->list = key;
	snap->has_list |= slice_eq(key, SLICE("packages"));
	if (slice_eq(key, SLICE("name")))
		snap->name = unquoted(value);
	else if (slice_eq(key, SLICE("version")))
		snap->version = unquoted(value);
	else if (slice_starts(unquoted(value), SLICE("["))) /* [first, second] */
		return take_flow(in, snap, unquoted(value), err);
	return STATUS_OK;
}

/* What the snap itself is called: of one database, whichever of its files says it. */
static enum status emit_snap(struct installed *in, const struct snap *snap, struct err *err)
{
	struct slice root = root_of(in->file->path);
	struct package p = { .type = PACKAGE_SNAP,
			     .name = snap->name,
			     .version = snap->version,
			     .path = in->file->path,
			     .detector = SLICE("snap") };

	if (!installed_is_text(p.name) || !installed_is_text(p.version))
		return installed_refuse(in, ERR_NO_OFFSET, "it has no name or no version");
	if (installed_is_text(snap->arch))
		p.arch = snap->arch;
	if (!arena_printf(in->env->arena, &p.db, "snap:%.*s", SLICE_ARG(root)))
		return err_nomem(err, "a package");
	return in->out->package(in->out->ctx, &p, err);
}

static enum status read_yaml(struct installed *in, struct err *err)
{
	struct slice rest = in->file->bytes, line;
	struct snap snap = { .name = SLICE_EMPTY };

	if (!slice_is_utf8(rest))
		return installed_refuse(in, ERR_NO_OFFSET, "it is no text");
	while (slice_line(&rest, &line))
		if (line.len > 0)
			TRY(take_line(in, &snap, line, err));
	if (!slice_ends(in->file->path, SLICE(PACKAGES_YAML)))
		return emit_snap(in, &snap, err);
	return snap.has_list ? STATUS_OK : installed_refuse(in, ERR_NO_OFFSET, "it has no list of packages");
}

/* What `dpkg -l` printed: "ii  adduser  3.118ubuntu2  all  add and remove users" */
static enum status read_list(struct installed *in, struct err *err)
{
	struct slice rest = in->file->bytes, line;

	while (slice_line(&rest, &line)) {
		struct slice words[4] = { SLICE_EMPTY };
		size_t n = 0;

		if (!slice_starts(line, SLICE("ii ")))
			continue;
		line = slice_from(line, 3);
		while (n < ARRAY_LEN(words) && slice_word(&line, ' ', &words[n]))
			n += words[n].len > 0;
		TRY(emit_deb(in, words[0], words[1], words[2], err));
	}
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_SNAP, "snap", TOLD_NONE };
	enum status st = slice_eq(file->path, SLICE(PACKAGES_LIST)) ? read_list(&in, err) : read_yaml(&in, err);

	installed_end(&in);
	return st;
}

const struct detector detector_snap = {
	.name = "snap",
	.version = "4",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
