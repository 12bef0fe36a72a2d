/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graalvm.c - libraries of Java in programs that GraalVM's native-image made, from the bill of materials that it puts
 * into them: CycloneDX, packed by gzip, at the symbol sbom.
 *
 * Any file may be a program. A section tells those of native-image; such a file is asked for again, whole.
 * Source: docs/formats/graalvm.md.
 */
#include "index/package/exe.h"
#include "index/package/sbom_impl.h"
#include "io/zlib.h"

#define SBOM_BYTES ((size_t)64 << 20) /* unpacked; real ones have some 100 KB */

static const struct path_rule rules[] = {
	{ .match = PATH_ANY_FILE, .text = "", .need = DETECT_RANGES },
	{ .text = NULL },
};

/* Others than ELF lie in no image. */
static bool read_headers(const struct exe_pieces *p, struct exe *out)
{
	struct slice head = exe_bytes_from(p, 0, 64);
	bool is64, big;

	return exe_elf_head(head, &is64, &big) && exe_read(p, SLICE(".svm_heap"), SLICE_EMPTY, 0, out);
}

static size_t plan(struct slice head, uint64_t size, uint32_t mode, struct byte_range *out)
{
	struct exe_pieces p = { .size = size };
	struct exe e;
	size_t n = 0;

	(void)mode;
	exe_add_piece(&p, 0, head);
	if (!read_headers(&p, &e))
		return 0;
	if (e.section.size > 0)
		exe_plan(out, &n, e.section.offset, 1);
	exe_plan_wanted(out, &n, &e);
	return n;
}

static enum status refuse(const struct detect_file *file, const struct detect_sink *out, enum diag_code code,
			  const char *why)
{
	diag_emit(out->diags, code, file->path, ERR_NO_OFFSET,
		  "a program of GraalVM, whose Java libraries are not known: %s", why);
	return STATUS_OK;
}

/* The packed document; else why it cannot be had. */
static const char *find_sbom(const struct exe_pieces *p, const struct exe *e, struct slice *packed, bool *none)
{
	static const char *const names[] = { "sbom", "sbom_length", "__svm_version_info" };
	uint64_t values[ARRAY_LEN(names)], at, left, length_at;
	struct slice length;

	*none = !exe_symbols(p, names, ARRAY_LEN(names), values) || values[0] == 0 || values[1] == 0 || values[2] == 0;
	if (*none)
		return "it has no bill of materials";
	if (!exe_locate(e, values[1], &length_at, &left) || left < 8 || !exe_bytes(p, length_at, 8, &length))
		return "the length of its bill of materials is not in the file";
	if (!exe_locate(e, values[0], &at, &left) || exe_number(length, 0, 8, e->big_endian) > left ||
	    !exe_bytes(p, at, exe_number(length, 0, 8, e->big_endian), packed))
		return "its bill of materials is not in the file";
	return NULL;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(SBOM_BYTES);
	struct exe_pieces p = exe_pieces_of(file);
	enum sbom_form form = SBOM_NONE;
	struct err why = ERR_INIT;
	struct slice packed;
	const char *lost;
	enum status st;
	bool none;
	struct exe e;

	if (!read_headers(&p, &e) ||
	    (e.section.size == 0 && (file->second_pass || e.sections_known || e.n_wanted == 0)))
		return STATUS_OK;
	if (!file->second_pass)
		return out->again(out->ctx, err);
	lost = find_sbom(&p, &e, &packed, &none);
	if (lost)
		return refuse(file, out, none ? DIAG_UNSUPPORTED : DIAG_RECORD, lost);
	st = gzip_unpack(packed, &text, &why);
	if (st == STATUS_OK)
		st = sbom_read(file, buf_slice(&text), env, out, false, &form, &why);
	if (st == STATUS_NOMEM) {
		*err = why;
		return st;
	}
	if (st != STATUS_OK)
		return refuse(file, out, DIAG_RECORD, why.msg);
	return form != SBOM_NONE ? STATUS_OK : refuse(file, out, DIAG_RECORD, "it is of no form that is known");
}

const struct detector detector_graalvm = {
	.name = "graalvm",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.plan = plan,
	.parse = parse,
};
