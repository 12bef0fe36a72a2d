/* SPDX-License-Identifier: Apache-2.0 */
/* installed.c - what the detectors of installed language packages share. */
#include "index/package/installed.h"

bool installed_is_text(struct slice s)
{
	if (s.len == 0 || s.len > INSTALLED_TEXT_MAX || !slice_is_utf8(s))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
			return false;
	return true;
}

enum status installed_refuse(struct installed *in, uint64_t offset, const char *why)
{
	in->told.diags = in->out->diags;
	in->told.where = in->file->path;
	told_emit(&in->told, DIAG_RECORD, offset, "a package (%s) is not known: %s", package_type_label(in->type), why);
	return STATUS_OK;
}

void installed_end(const struct installed *in)
{
	if (in->told.n > 0)
		told_end(&in->told);
}

/* p: what is known beside the file and the kind. */
static enum status emit(struct installed *in, struct package p, struct err *err)
{
	struct slice name = p.name, version = p.version;

	p.type = in->type;
	p.path = in->file->path;
	p.detector = slice_cstr(in->kind);
	if (!installed_is_text(name))
		return installed_refuse(in, ERR_NO_OFFSET, "there is no name, or it is no text");
	if (!installed_is_text(version))
		return installed_refuse(in, ERR_NO_OFFSET, "there is no version, or it is no text");
	if (!package_version_ok(in->type, version))
		p.flags |= PACKAGE_BAD_VERSION;
	if (!arena_printf(in->env->arena, &p.db, "%s:%.*s", in->kind, SLICE_ARG(in->file->path)))
		return err_nomem(err, "a package");
	return in->out->package(in->out->ctx, &p, err);
}

enum status installed_emit_at(struct installed *in, struct slice name, struct slice version, unsigned flags,
			      uint32_t line, struct err *err)
{
	return emit(in, (struct package){ .name = name, .version = version, .flags = flags, .line = line }, err);
}

enum status installed_emit(struct installed *in, struct slice name, struct slice version, unsigned flags,
			   struct err *err)
{
	return installed_emit_at(in, name, version, flags, 0, err);
}

enum status installed_emit_from(struct installed *in, struct slice name, struct slice version, struct slice source,
				unsigned flags, struct err *err)
{
	struct package p = { .name = name, .version = version, .flags = flags };

	if (installed_is_text(source) && !slice_eq(source, name))
		p.source_name = source;
	return emit(in, p, err);
}

enum status installed_emit_program(struct installed *in, struct slice name, struct slice version, struct slice arch,
				   unsigned flags, struct err *err)
{
	return emit(in, (struct package){ .name = name, .version = version, .arch = arch, .flags = flags }, err);
}

bool installed_quoted(struct slice s, struct slice *out)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t mark = s.ptr[i];

		if (mark != '"' && mark != '\'')
			continue;
		return slice_cut(slice_from(s, i + 1), mark, out, NULL);
	}
	return false;
}

bool installed_split(struct slice s, struct slice *name, struct slice *version)
{
	for (size_t i = s.len; i-- > 1;) {
		if (s.ptr[i] != '-' || i + 1 >= s.len || !is_digit(s.ptr[i + 1]))
			continue;
		*name = slice_take(s, i);
		*version = slice_from(s, i + 1);
		return true;
	}
	*name = s;
	*version = SLICE_EMPTY;
	return false;
}

struct slice installed_dir(struct slice path, unsigned up)
{
	struct slice dir = path_dir(path);

	while (up-- > 0)
		dir = path_dir(dir);
	return path_base(dir);
}
