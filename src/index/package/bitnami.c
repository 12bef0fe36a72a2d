/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bitnami.c - components of Bitnami's images: the SPDX document beside each, or the list of all.
 *
 * Source: docs/formats/bitnami.md.
 */
#include "index/package/installed.h"
#include "text/json.h"
#include "text/purl.h"

#define DOCUMENT_BYTES ((uint64_t)32 << 20)
#define LIST "opt/bitnami/.bitnami_components.json"

static bool is_spdx(struct slice path)
{
	return slice_starts(path, SLICE("opt/bitnami/")) && slice_starts(path_base(path), SLICE(".spdx-"));
}

static bool is_list(struct slice path)
{
	return slice_eq(path, SLICE(LIST));
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX, .text = ".spdx", .need = DETECT_WHOLE, .max_bytes = DOCUMENT_BYTES, .accept = is_spdx },
	{ .match = PATH_CHILD,
	  .text = "opt/bitnami/",
	  .need = DETECT_WHOLE,
	  .max_bytes = DOCUMENT_BYTES,
	  .accept = is_list },
	{ .text = NULL },
};

/* Documents and the list are of one database: what both tell counts once. */
static enum status emit(struct installed *in, struct slice name, struct slice version, struct slice arch,
			struct err *err)
{
	struct package p = { .type = PACKAGE_BITNAMI,
			     .name = name,
			     .version = version,
			     .arch = arch,
			     .db = SLICE("bitnami:opt/bitnami"),
			     .path = in->file->path,
			     .detector = SLICE("bitnami") };

	if (!installed_is_text(name) || !installed_is_text(version))
		return installed_refuse(in, ERR_NO_OFFSET, "there is no name, no version, or it is no text");
	if (!installed_is_text(arch))
		p.arch = SLICE_EMPTY;
	if (!package_version_ok(p.type, p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	return in->out->package(in->out->ctx, &p, err);
}

/* "pkg:bitnami/redis@7.4.0-0?arch=arm64&distro=debian-12"; packages of other kinds are other detectors'. */
static enum status take_purl(struct installed *in, struct slice text, struct err *err)
{
	struct err why = ERR_INIT;
	struct slice arch = SLICE_EMPTY;
	struct purl purl;

	if (!slice_starts(text, SLICE("pkg:bitnami/")))
		return STATUS_OK;
	if (purl_parse(text, in->env->arena, &purl, &why) != STATUS_OK)
		return installed_refuse(in, ERR_NO_OFFSET, why.msg);
	for (size_t i = 0; i < purl.n_qualifiers; i++)
		if (slice_eq(purl.qualifiers[i].key, SLICE("arch")))
			arch = purl.qualifiers[i].value;
	return emit(in, purl.name, purl.version, arch, err);
}

static enum status take_package(struct installed *in, yyjson_val *package, struct err *err)
{
	yyjson_val *refs = json_get(package, "externalRefs"), *ref;
	size_t i, n;

	yyjson_arr_foreach(refs, i, n, ref)
	{
		if (slice_eq(json_get_str(ref, "referenceType"), SLICE("purl")))
			TRY(take_purl(in, json_get_str(ref, "referenceLocator"), err));
	}
	return STATUS_OK;
}

static enum status take_document(struct installed *in, yyjson_val *root, struct err *err)
{
	yyjson_val *packages = json_get(root, "packages"), *package;
	size_t i, n;

	if (!yyjson_is_arr(packages))
		return installed_refuse(in, ERR_NO_OFFSET, "it is no SPDX document with packages");
	yyjson_arr_foreach(packages, i, n, package) TRY(take_package(in, package, err));
	return STATUS_OK;
}

/* {"redis": {"arch": "amd64", "distro": "debian-12", "type": "NAMI", "version": "7.4.0-0"}} */
static enum status take_list(struct installed *in, yyjson_val *root, struct err *err)
{
	yyjson_obj_iter it;
	yyjson_val *k;

	if (!yyjson_obj_iter_init(root, &it))
		return installed_refuse(in, ERR_NO_OFFSET, "it is no list of components");
	while ((k = yyjson_obj_iter_next(&it))) {
		yyjson_val *v = yyjson_obj_iter_get_val(k);

		TRY(emit(in, json_str(k), json_get_str(v, "version"), json_get_str(v, "arch"), err));
	}
	return STATUS_OK;
}

static enum status read_json(struct installed *in, struct err *err)
{
	struct err why = ERR_INIT;
	struct json_doc doc;
	enum status st = json_parse_file(in->file->bytes, in->env->limits, &doc, &why);

	if (st != STATUS_OK)
		return installed_refuse(in, why.offset, why.msg);
	st = slice_eq(in->file->path, SLICE(LIST)) ? take_list(in, doc.root, err) : take_document(in, doc.root, err);
	json_doc_free(&doc);
	return st;
}

/* Tags and values: "ExternalRef: PACKAGE-MANAGER purl pkg:bitnami/redis@7.4.1-0?arch=arm64" */
static enum status read_tags(struct installed *in, struct err *err)
{
	struct slice rest = in->file->bytes, line, value;

	while (slice_line(&rest, &line))
		if (slice_starts(line, SLICE("ExternalRef:")) && slice_rcut(slice_trim(line), ' ', NULL, &value))
			TRY(take_purl(in, value, err));
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_BITNAMI, "bitnami", TOLD_NONE };
	enum status st = slice_starts(slice_trim(file->bytes), SLICE("SPDXVersion:")) ? read_tags(&in, err)
										      : read_json(&in, err);

	installed_end(&in);
	return st;
}

const struct detector detector_bitnami = {
	.name = "bitnami",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
