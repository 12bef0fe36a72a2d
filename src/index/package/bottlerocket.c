/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bottlerocket.c - packages of Bottlerocket: the inventory of applications that its images bring, since they have no
 * package manager.
 *
 * Source: docs/formats/bottlerocket.md.
 */
#include "index/package/installed.h"
#include "text/json.h"

#define INVENTORY_BYTES ((uint64_t)16 << 20)

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX,
	  .text = "/usr/share/bottlerocket/application-inventory.json",
	  .need = DETECT_WHOLE,
	  .max_bytes = INVENTORY_BYTES },
	{ .match = PATH_EXACT,
	  .text = "usr/share/bottlerocket/application-inventory.json",
	  .need = DETECT_WHOLE,
	  .max_bytes = INVENTORY_BYTES },
	{ .text = NULL },
};

/* Epoch (unless 0), version and release are one version, as rpm has them. */
static bool make_version(yyjson_val *v, struct arena *arena, struct slice *out)
{
	struct slice epoch = json_get_str(v, "Epoch"), version = json_get_str(v, "Version"),
		     release = json_get_str(v, "Release");
	bool has_epoch = epoch.len > 0 && !slice_eq(epoch, SLICE("0"));

	return arena_printf(arena, out, "%.*s%s%.*s%s%.*s", SLICE_ARG(has_epoch ? epoch : SLICE_EMPTY),
			    has_epoch ? ":" : "", SLICE_ARG(version), release.len > 0 ? "-" : "", SLICE_ARG(release));
}

static enum status take(struct installed *in, yyjson_val *v, struct err *err)
{
	struct package p = { .type = PACKAGE_BOTTLEROCKET,
			     .name = json_get_str(v, "Name"),
			     .arch = json_get_str(v, "Architecture"),
			     .db = in->file->path,
			     .path = in->file->path,
			     .detector = SLICE("bottlerocket") };

	if (!installed_is_text(p.name) || !installed_is_text(json_get_str(v, "Version")))
		return installed_refuse(in, ERR_NO_OFFSET, "an application has no name or no version");
	if (!make_version(v, in->env->arena, &p.version))
		return err_nomem(err, "a package");
	if (!installed_is_text(p.version))
		return installed_refuse(in, ERR_NO_OFFSET, "the version of an application is no text");
	if (!installed_is_text(p.arch))
		p.arch = SLICE_EMPTY;
	if (!package_version_ok(p.type, p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	return in->out->package(in->out->ctx, &p, err);
}

static enum status take_all(struct installed *in, yyjson_val *root, struct err *err)
{
	yyjson_val *list = json_get(root, "Content"), *v;
	size_t i, n;

	if (!yyjson_is_arr(list))
		return installed_refuse(in, ERR_NO_OFFSET, "the inventory has no list \"Content\"");
	yyjson_arr_foreach(list, i, n, v) TRY(take(in, v, err));
	installed_end(in);
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_BOTTLEROCKET, "bottlerocket", TOLD_NONE };
	struct err why = ERR_INIT;
	struct json_doc doc;
	enum status st = json_parse_file(file->bytes, env->limits, &doc, &why);

	if (st != STATUS_OK)
		return installed_refuse(&in, why.offset, why.msg);
	st = take_all(&in, doc.root, err);
	json_doc_free(&doc);
	return st;
}

const struct detector detector_bottlerocket = {
	.name = "bottlerocket",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
