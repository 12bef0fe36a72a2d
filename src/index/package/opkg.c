/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opkg.c - packages of OpenWrt, Yocto and others that use opkg: its status file, or what a package left where there is
 * none; with the files that belong to them.
 *
 * Source: docs/formats/opkg.md.
 */
#include "index/package/installed.h"
#include "text/stanza.h"

#define LIST_BYTES ((uint64_t)64 << 20)

static bool is_control(struct slice path)
{
	return slice_ends(path, SLICE(".control"));
}

static bool is_list(struct slice path)
{
	return slice_ends(path, SLICE(".list"));
}

#define OF_FOLDER(folder)                                                                                              \
	{ .match = PATH_EXACT, .text = folder "status", .need = DETECT_WHOLE },                                        \
		{ .match = PATH_CHILD,                                                                                 \
		  .text = folder "info/",                                                                              \
		  .need = DETECT_WHOLE,                                                                                \
		  .max_bytes = LIST_BYTES,                                                                             \
		  .accept = is_control },                                                                              \
	{                                                                                                              \
		.match = PATH_CHILD, .text = folder "info/", .need = DETECT_WHOLE, .max_bytes = LIST_BYTES,            \
		.accept = is_list                                                                                      \
	}

static const struct path_rule rules[] = {
	OF_FOLDER("usr/lib/opkg/"),
	OF_FOLDER("var/lib/opkg/"),
	OF_FOLDER("opt/lib/opkg/"),
	{ .text = NULL },
};

struct entry {
	struct slice name, version, arch, status, source;
};

static void on_bad(void *ctx, size_t offset, struct slice line)
{
	struct told *told = ctx;
	struct err_quote q;

	told_emit(told, DIAG_RECORD, offset, "a line that is no field: \"%s\"", err_slice(&q, line));
}

static void take_field(struct entry *e, const struct stanza_field *f)
{
	static const struct {
		const char *name;
		size_t at;
	} fields[] = {
		{ "Package", offsetof(struct entry, name) },	  { "Version", offsetof(struct entry, version) },
		{ "Architecture", offsetof(struct entry, arch) }, { "Status", offsetof(struct entry, status) },
		{ "SourceName", offsetof(struct entry, source) },
	};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (slice_eq_nocase(f->name, slice_cstr(fields[i].name)))
			*(struct slice *)(void *)((uint8_t *)e + fields[i].at) = f->value;
}

/*
 * "install user installed", "deinstall ok not-installed"; control files have none. What is unpacked and still has to be
 * configured, as in trees that were filled from outside, is there, and opkg lists it.
 */
static bool is_installed(struct slice status)
{
	struct slice word;

	return status.len == 0 || (slice_rcut(status, ' ', NULL, &word) &&
				   (slice_eq(word, SLICE("installed")) || slice_eq(word, SLICE("unpacked"))));
}

static enum status emit(const struct detect_file *file, const struct entry *e, struct told *told, size_t offset,
			const struct detect_sink *out, struct err *err)
{
	/* Status and control files are of one database: what both tell counts once. */
	struct slice dir = path_dir(file->path);
	struct package p = { .type = PACKAGE_OPKG,
			     .name = e->name,
			     .version = e->version,
			     .db = is_control(file->path) ? path_dir(dir) : dir,
			     .path = file->path,
			     .detector = SLICE("opkg") };
	struct err_quote q;

	if (!is_installed(e->status))
		return STATUS_OK;
	if (!installed_is_text(e->name) || !installed_is_text(e->version)) {
		told_emit(told, DIAG_RECORD, offset, "package \"%s\" has no %s that could be read",
			  err_slice(&q, e->name), installed_is_text(e->name) ? "version" : "name");
		return STATUS_OK;
	}
	if (installed_is_text(e->arch))
		p.arch = e->arch;
	if (installed_is_text(e->source)) {
		p.source_name = e->source;
		p.source_version = e->version;
	}
	if (!package_version_ok(p.type, p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	return out->package(out->ctx, &p, err);
}

static enum status read_stanzas(const struct detect_file *file, const struct detect_sink *out, struct err *err)
{
	struct told told = { .diags = out->diags, .where = file->path };
	struct stanza_reader r = { .in = file->bytes, .bad = on_bad, .ctx = &told };
	struct stanza_field f;
	size_t offset;

	while (stanza_next(&r, &offset)) {
		struct entry e = { .name = SLICE_EMPTY };
		bool any = false;

		while (stanza_field(&r, &f)) {
			take_field(&e, &f);
			any = true;
		}
		if (any)
			TRY(emit(file, &e, &told, offset, out, err));
	}
	told_end(&told);
	return STATUS_OK;
}

/* A path a line; some versions write the mode behind a tab. */
static enum status read_list(const struct detect_file *file, const struct detect_env *env,
			     const struct detect_sink *out, struct err *err)
{
	struct slice rest = file->bytes, line;
	struct package of = { .db = path_dir(path_dir(file->path)) };

	slice_rcut(path_base(file->path), '.', &of.name, NULL);
	TRY(out->list(out->ctx, &of, err));
	while (slice_line(&rest, &line)) {
		slice_cut(line, '\t', &line, NULL);
		if (line.len > 0 && line.len <= env->limits->path_bytes)
			TRY(out->owned(out->ctx, line, err));
	}
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	return is_list(file->path) ? read_list(file, env, out, err) : read_stanzas(file, out, err);
}

const struct detector detector_opkg = {
	.name = "opkg",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
