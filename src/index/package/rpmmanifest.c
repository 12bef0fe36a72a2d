/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpmmanifest.c - packages of distroless images of CBL-Mariner and Azure Linux, which have no database of rpm's: the
 * list that was made of it before it was deleted.
 *
 * Source: docs/formats/rpmmanifest.md.
 */
#include "index/package/installed.h"

#define FIELDS 10u

static const struct path_rule rules[] = {
	{ .match = PATH_EXACT, .text = "var/lib/rpmmanifest/container-manifest-2", .need = DETECT_WHOLE },
	{ .text = NULL },
};

static bool is_none(struct slice s)
{
	return s.len == 0 || slice_eq(s, SLICE("(none)"));
}

/* "ca-certificates-3.0.0-8.azl3.src.rpm" */
static void take_source(struct slice file, struct package *p)
{
	struct slice name, release;

	if (!slice_ends(file, SLICE(".src.rpm")))
		return;
	file.len -= strlen(".src.rpm");
	if (!slice_rcut(file, '-', &name, &release) || !slice_rcut(name, '-', &name, NULL) || name.len == 0)
		return;
	p->source_name = name;
	p->source_version = slice_from(file, name.len + 1);
}

/* NAME VERSION-RELEASE INSTALLTIME BUILDTIME VENDOR (none) SIZE ARCH EPOCHNUM SOURCERPM, a tab between each two. */
static bool split(struct slice line, struct slice fields[FIELDS])
{
	size_t n = 0;

	while (n < FIELDS - 1 && slice_cut(line, '\t', &fields[n], &line))
		n++;
	fields[n++] = line;
	return n == FIELDS && slice_find_byte(line, '\t') == SIZE_MAX;
}

static enum status take_line(struct installed *in, struct slice line, size_t offset, struct err *err)
{
	struct slice f[FIELDS];
	struct package p = {
		.type = PACKAGE_RPM, .db = in->file->path, .path = in->file->path, .detector = SLICE("rpmmanifest")
	};
	uint64_t epoch = 0;

	if (!split(line, f))
		return installed_refuse(in, offset, "a line has not ten fields");
	/* Keys that packages are signed with are listed as if they were packages. */
	if (slice_eq(f[0], SLICE("gpg-pubkey")))
		return STATUS_OK;
	p.name = f[0];
	p.version = f[1];
	if (!installed_is_text(p.name) || !installed_is_text(p.version))
		return installed_refuse(in, offset, "a line has no name or no version");
	if (!is_none(f[8]) && !slice_to_u64(f[8], &epoch))
		return installed_refuse(in, offset, "the epoch is no number");
	if (epoch > 0 &&
	    !arena_printf(in->env->arena, &p.version, "%llu:%.*s", (unsigned long long)epoch, SLICE_ARG(f[1])))
		return err_nomem(err, "a package");
	if (!is_none(f[7]) && installed_is_text(f[7]))
		p.arch = f[7];
	if (installed_is_text(f[9]))
		take_source(f[9], &p);
	if (!package_version_ok(p.type, p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	return in->out->package(in->out->ctx, &p, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_RPM, "rpmmanifest", TOLD_NONE };
	struct slice rest = file->bytes, line;

	while (rest.len > 0) {
		size_t offset = file->bytes.len - rest.len;

		slice_line(&rest, &line);
		if (line.len > 0)
			TRY(take_line(&in, line, offset, err));
	}
	if (file->bytes.len > 0 && !slice_ends(file->bytes, SLICE("\n")))
		diag_emit(out->diags, DIAG_RECORD, file->path, file->bytes.len,
			  "no newline at the end: the file may have been cut");
	installed_end(&in);
	return STATUS_OK;
}

const struct detector detector_rpmmanifest = {
	.name = "rpmmanifest",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
