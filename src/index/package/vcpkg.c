/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcpkg.c - C and C++ packages of vcpkg: its status file, and the document that each package has beside its licence.
 *
 * Source: docs/formats/vcpkg.md.
 */
#include "index/package/installed.h"
#include "text/json.h"
#include "text/stanza.h"

#define DOCUMENT_BYTES ((uint64_t)16 << 20) /* one port's; real ones have some 10 KB */

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX, .text = "/vcpkg/status", .need = DETECT_WHOLE },
	{ .match = PATH_NAME, .text = "vcpkg.spdx.json", .need = DETECT_WHOLE, .max_bytes = DOCUMENT_BYTES },
	{ .text = NULL },
};

struct port {
	struct slice name, version, revision, triplet, status, feature;
};

/* root: the folder with a folder for each triplet, whichever file says it: what several say counts once. */
static enum status emit(struct installed *in, const struct port *port, struct slice root, struct err *err)
{
	struct package p = { .type = PACKAGE_VCPKG,
			     .name = port->name,
			     .version = port->version,
			     .path = in->file->path,
			     .detector = SLICE("vcpkg") };

	if (!installed_is_text(p.name) || !installed_is_text(p.version))
		return installed_refuse(in, ERR_NO_OFFSET, "it has no name or no version");
	if (installed_is_text(port->triplet))
		p.arch = port->triplet;
	/* As vcpkg itself tells it; 0 is not told. */
	if (installed_is_text(port->revision) && !slice_eq(port->revision, SLICE("0")) &&
	    !arena_printf(in->env->arena, &p.version, "%.*s#%.*s", SLICE_ARG(port->version), SLICE_ARG(port->revision)))
		return err_nomem(err, "a package");
	if (!arena_printf(in->env->arena, &p.db, "vcpkg:%.*s", SLICE_ARG(root)))
		return err_nomem(err, "a package");
	return in->out->package(in->out->ctx, &p, err);
}

/* ---- status ---- */

static void on_bad(void *ctx, size_t offset, struct slice line)
{
	struct told *told = ctx;
	struct err_quote q;

	told_emit(told, DIAG_RECORD, offset, "a line that is no field: \"%s\"", err_slice(&q, line));
}

static void take_field(struct port *port, const struct stanza_field *f)
{
	static const struct {
		const char *name;
		size_t at;
	} fields[] = {
		{ "Package", offsetof(struct port, name) },	     { "Version", offsetof(struct port, version) },
		{ "Port-Version", offsetof(struct port, revision) }, { "Architecture", offsetof(struct port, triplet) },
		{ "Status", offsetof(struct port, status) },	     { "Feature", offsetof(struct port, feature) },
	};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (slice_eq(f->name, slice_cstr(fields[i].name)))
			*(struct slice *)(void *)((uint8_t *)port + fields[i].at) = f->value;
}

/* "install ok installed"; a feature of a package has a paragraph of its own. */
static bool is_installed(const struct port *port)
{
	struct slice word;

	return port->feature.len == 0 && slice_rcut(port->status, ' ', NULL, &word) &&
	       slice_eq(word, SLICE("installed"));
}

static enum status read_status(struct installed *in, struct err *err)
{
	struct stanza_reader r = { .in = in->file->bytes, .bad = on_bad, .ctx = &in->told };
	struct slice root = path_dir(path_dir(in->file->path));
	struct stanza_field f;
	size_t offset;

	while (stanza_next(&r, &offset)) {
		struct port port = { .name = SLICE_EMPTY };

		while (stanza_field(&r, &f))
			take_field(&port, &f);
		if (port.name.len == 0)
			TRY(installed_refuse(in, offset, "a paragraph has no name"));
		else if (is_installed(&port))
			TRY(emit(in, &port, root, err));
	}
	return STATUS_OK;
}

/* ---- TRIPLET/share/PORT/vcpkg.spdx.json ---- */

static yyjson_val *package_of(yyjson_val *list, struct slice id)
{
	yyjson_arr_iter it;
	yyjson_val *one;

	yyjson_arr_iter_init(list, &it);
	while (yyjson_is_arr(list) && (one = yyjson_arr_iter_next(&it)) != NULL)
		if (slice_eq(json_get_str(one, "SPDXID"), id))
			return one;
	return NULL;
}

static enum status read_document(struct installed *in, struct err *err)
{
	struct slice prefix = path_dir(path_dir(path_dir(in->file->path)));
	struct err why = ERR_INIT;
	struct json_doc doc;
	struct port port;
	yyjson_val *list, *said;
	enum status st = json_parse_file(in->file->bytes, in->env->limits, &doc, &why);

	if (st != STATUS_OK)
		return installed_refuse(in, why.offset, why.msg);
	list = json_get(doc.root, "packages");
	said = package_of(list, SLICE("SPDXRef-port"));
	/* The revision is part of it, as of "1.3.1#2". */
	port = (struct port){ .name = json_get_str(said, "name"), .version = json_get_str(said, "versionInfo") };
	slice_cut(json_get_str(package_of(list, SLICE("SPDXRef-binary")), "name"), ':', NULL, &port.triplet);
	/* Elsewhere than where vcpkg put it, it is of the folder that it lies in. */
	if (port.triplet.len > 0 && slice_eq(path_base(prefix), port.triplet))
		prefix = path_dir(prefix);
	st = emit(in, &port, prefix, err);
	json_doc_free(&doc);
	return st;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_VCPKG, "vcpkg", { .diags = out->diags, .where = file->path } };
	enum status st = slice_ends(file->path, SLICE(".json")) ? read_document(&in, err) : read_status(&in, err);

	installed_end(&in);
	return st;
}

const struct detector detector_vcpkg = {
	.name = "vcpkg",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
