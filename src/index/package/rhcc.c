/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rhcc.c - images of Red Hat's container catalogue as packages: what an image itself and the images that it was made
 * from are called.
 *
 * Source: docs/formats/rhcc.md.
 */
#include "base/date.h"
#include "index/package/dockerfile_labels.h"
#include "index/package/installed.h"
#include "text/cpe.h"
#include "text/json.h"

#include <stdio.h>

#define FILE_BYTES ((uint64_t)1 << 20) /* Dockerfiles and labels have some KB */

static size_t dashes(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.ptr[i] == '-';
	return n;
}

/* "Dockerfile-quay-quay-rhel8-v3.5.6-4": name, version and release; Clair wants as many hyphens. */
static bool is_dockerfile(struct slice path)
{
	struct slice base = path_base(path);

	return slice_starts(base, SLICE("Dockerfile-")) && dashes(base) > 1;
}

static bool is_labels(struct slice path)
{
	return slice_eq(path_base(path), SLICE("labels.json"));
}

/* Not by exact paths: a file without an image in it is no empty database of the system's. */
static const struct path_rule rules[] = {
	{ .match = PATH_CHILD,
	  .text = "root/buildinfo/",
	  .need = DETECT_WHOLE,
	  .max_bytes = FILE_BYTES,
	  .accept = is_dockerfile },
	{ .match = PATH_CHILD,
	  .text = "root/buildinfo/",
	  .need = DETECT_WHOLE,
	  .max_bytes = FILE_BYTES,
	  .accept = is_labels },
	{ .match = PATH_CHILD,
	  .text = "usr/share/buildinfo/",
	  .need = DETECT_WHOLE,
	  .max_bytes = FILE_BYTES,
	  .accept = is_labels },
	{ .text = NULL },
};

/* An image, under the name of its repository; source: what was built. */
static enum status emit(const struct detect_file *file, const struct detect_sink *out, struct slice name,
			struct slice version, struct slice arch, struct slice source, struct err *err)
{
	struct package p = { .type = PACKAGE_OCI,
			     .name = name,
			     .version = version,
			     .arch = arch,
			     .source_name = source,
			     .source_version = version,
			     .db = file->path,
			     .path = file->path,
			     .detector = SLICE("rhcc") };

	if (!package_version_ok(p.type, p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	return out->package(out->ctx, &p, err);
}

static bool is_text(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
			return false;
	return s.len > 0 && s.len <= INSTALLED_TEXT_MAX;
}

/* ---- Dockerfile-NAME-VERSION-RELEASE ---- */

static enum status read_dockerfile(const struct detect_file *file, const struct detect_env *env,
				   const struct detect_sink *out, struct err *err)
{
	static const char *const names[] = { "name", "architecture", "com.redhat.component" };
	struct slice labels[ARRAY_LEN(names)], version, release, name;
	const struct layer_repository catalogue = { .name = SLICE("Red Hat Container Catalog"),
						    .key = SLICE(REPOSITORY_CONTAINERS),
						    .path = file->path };

	if (!slice_rcut(path_base(file->path), '-', &name, &release) || !slice_rcut(name, '-', &name, &version))
		return STATUS_OK;
	version.len += 1 + release.len; /* they lie in one path */
	TRY(dockerfile_labels(file->bytes, names, ARRAY_LEN(names), env->arena, labels, err));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (is_text(labels[i]))
			continue;
		diag_emit(out->diags, DIAG_FIELD, file->path, ERR_NO_OFFSET,
			  "the image that this Dockerfile made is not known: there is no label \"%s\"", names[i]);
		return STATUS_OK;
	}
	TRY(out->repository(out->ctx, &catalogue, err));
	return emit(file, out, labels[0], version, labels[1], labels[2], err);
}

/* ---- labels.json ---- */

/* Some images have values in two pairs of quotation marks. */
static struct slice label(yyjson_val *root, const char *name)
{
	struct slice s = json_get_str(root, name);

	return s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"' ? slice_take(slice_from(s, 1), s.len - 2) : s;
}

static enum status read_cpe(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			    struct slice text, struct err *err)
{
	struct buf AUTO(buf_fini) name = BUF_INIT(4096);
	struct layer_repository r = { .key = SLICE(REPOSITORY_CONTAINERS), .path = file->path };
	struct err why = ERR_INIT;
	struct err_quote q;
	struct cpe cpe;

	if (text.len == 0)
		return STATUS_OK;
	if (cpe_parse(text, env->arena, &cpe, &why) == STATUS_OK)
		cpe_print(&cpe, &name);
	if (name.len == 0 || name.failed != STATUS_OK) {
		diag_emit(out->diags, DIAG_FIELD, file->path, ERR_NO_OFFSET, "\"%s\" is no CPE name",
			  err_slice(&q, text));
		return STATUS_OK;
	}
	r.name = r.cpe = buf_slice(&name);
	return out->repository(out->ctx, &r, err);
}

static enum status take_labels(const struct detect_file *file, const struct detect_env *env,
			       const struct detect_sink *out, yyjson_val *root, struct err *err)
{
	struct slice name = label(root, "name"), arch = label(root, "architecture");
	int64_t created_s = 0;
	char version[32];

	TRY(read_cpe(file, env, out, label(root, "cpe"), err));
	if (!is_text(name) || !is_text(arch) ||
	    !date_parse(label(root, "org.opencontainers.image.created"), &created_s) || created_s <= 0) {
		diag_emit(out->diags, DIAG_FIELD, file->path, ERR_NO_OFFSET,
			  "the image is not known: its labels lack a name, an architecture or a moment of creation");
		return STATUS_OK;
	}
	snprintf(version, sizeof(version), "%lld", (long long)created_s);
	return emit(file, out, name, slice_cstr(version), arch, name, err);
}

static enum status read_labels(const struct detect_file *file, const struct detect_env *env,
			       const struct detect_sink *out, struct err *err)
{
	struct err why = ERR_INIT;
	struct json_doc doc;
	enum status st = json_parse_file(file->bytes, env->limits, &doc, &why);

	if (st != STATUS_OK) {
		diag_emit(out->diags, DIAG_RECORD, file->path, why.offset, "the image is not known: %s", why.msg);
		return STATUS_OK;
	}
	st = take_labels(file, env, out, doc.root, err);
	json_doc_free(&doc);
	return st;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	return slice_ends(file->path, SLICE("labels.json")) ? read_labels(file, env, out, err)
							    : read_dockerfile(file, env, out, err);
}

const struct detector detector_rhcc = {
	.name = "rhcc",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
