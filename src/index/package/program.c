/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.c - well-known programs that no package manager speaks of, by a text in them (programs.def), and Java
 * runtimes by their release file.
 *
 * What a program says of itself is less certain than what a package manager recorded: such packages are marked as
 * guessed. Source: docs/formats/program.md.
 */
#include "index/package/exe.h"
#include "index/package/installed.h"
#include "index/package/program_text.h"

#define PROGRAM_BYTES ((uint64_t)512 << 20) /* browsers have 250 MB, servers of databases 180 */
#define RELEASE_BYTES ((uint64_t)64 << 10)

/* What PROGRAM_OR says is of the file of the row before. */
static const struct program {
	const char *file, *package, *pattern;
	bool script;
} programs[] = {
#define PROGRAM(file, package, pattern) { file, package, pattern, false },
#define PROGRAM_SCRIPT(file, package, pattern) { file, package, pattern, true },
#define PROGRAM_OR(package, pattern) { NULL, package, pattern, false },
#include "index/package/programs.def"
#undef PROGRAM
#undef PROGRAM_SCRIPT
#undef PROGRAM_OR
};

static const struct path_rule rules[] = {
#define PROGRAM(file, package, pattern)                                                                                \
	{ .match = PATH_GLOB, .text = file, .need = DETECT_WHOLE, .max_bytes = PROGRAM_BYTES },
#define PROGRAM_SCRIPT(file, package, pattern) PROGRAM(file, package, pattern)
#define PROGRAM_OR(package, pattern)
#include "index/package/programs.def"
#undef PROGRAM
#undef PROGRAM_SCRIPT
#undef PROGRAM_OR
	{ .match = PATH_SUFFIX, .text = "/release", .need = DETECT_WHOLE, .max_bytes = RELEASE_BYTES },
	{ .text = NULL },
};

/* ---- a Java runtime ---- */

/* KEY="VALUE" lines; without JAVA_VERSION it is another file of that name. */
static enum status read_release(struct installed *in, struct err *err)
{
	struct slice rest = in->file->bytes, line, version;

	while (slice_line(&rest, &line)) {
		if (!slice_starts(line, SLICE("JAVA_VERSION=")) || !installed_quoted(line, &version))
			continue;
		return installed_emit(in, SLICE("java"), version, 0, err);
	}
	return STATUS_OK;
}

/* ---- programs ---- */

/* An ELF, Mach-O or PE file, or an archive of objects. */
static bool is_program(struct slice bytes)
{
	static const struct slice magics[] = { SLICE_INIT("\177ELF"),		 SLICE_INIT("MZ"),
					       SLICE_INIT("\xcf\xfa\xed\xfe"), SLICE_INIT("\xce\xfa\xed\xfe"),
					       SLICE_INIT("\xca\xfe\xba\xbe"), SLICE_INIT("!<arch>\n") };

	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (slice_starts(bytes, magics[i]))
			return true;
	return false;
}

/* "linux/arm64", as far as the first header tells; "" of others than ELF. */
static struct slice platform_of(struct slice bytes)
{
	static const struct {
		uint64_t machine;
		const char *platform;
	} machines[] = { { 3, "linux/386" },	 { 21, "linux/ppc64" }, { 22, "linux/s390x" }, { 40, "linux/arm" },
			 { 62, "linux/amd64" },	 { 183, "linux/arm64" }, { 243, "linux/riscv64" },
			 { 258, "linux/loong64" } };
	bool is64, big;

	/* 7: the system that its calls are of, 0 or 3 with Linux. */
	if (!exe_elf_head(bytes, &is64, &big) || (bytes.ptr[7] != 0 && bytes.ptr[7] != 3))
		return SLICE_EMPTY;
	for (size_t i = 0; i < ARRAY_LEN(machines); i++)
		if (exe_number(bytes, 18, 2, big) == machines[i].machine)
			return slice_cstr(machines[i].platform);
	return SLICE("linux/");
}

static enum status emit_program(struct installed *in, const char *name, struct slice version, struct err *err)
{
	struct slice platform = SLICE_EMPTY;

	in->type = package_type_of_program(slice_cstr(name));
	if (in->type != PACKAGE_GENERIC) /* some advisories are for single systems */
		platform = platform_of(in->file->bytes);
	return installed_emit_program(in, slice_cstr(name), version, platform, PACKAGE_GUESSED, err);
}

static enum status read_program(struct installed *in, size_t row, struct err *err)
{
	const struct detect_env *env = in->env;
	const struct program_pace pace = { env->forget, env->ctx };
	struct slice version, name = path_base(in->file->path);

	if (!programs[row].script && !is_program(in->file->bytes))
		return STATUS_OK; /* a script, a wrapper */
	for (size_t i = row; i < ARRAY_LEN(programs) && (i == row || !programs[i].file); i++)
		if (program_text_find(programs[i].pattern, in->file->bytes, name, &pace, &version) &&
		    arena_copy(env->arena, version, &version))
			return emit_program(in, programs[i].package, version, err);
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_GENERIC, "program", TOLD_NONE };

	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		if (programs[i].file && strcmp(file->rule->text, programs[i].file) == 0)
			return read_program(&in, i, err);
	return read_release(&in, err);
}

const struct detector detector_program = {
	.name = "program",
	.version = "4",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
