/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.c - well-known programs that no package manager speaks of, by a text in them (programs.def), and Java
 * runtimes by their release file.
 *
 * What a program says of itself is less certain than what a package manager recorded: such packages are marked as
 * guessed. Source: docs/formats/program.md.
 */
#include "index/package/installed.h"

#define PIECE_BYTES ((size_t)4 << 20) /* searched before what was read is given back */
#define OVERLAP_BYTES 256	      /* longer than any text with its version */
#define VERSION_MAX 64
#define RELEASE_BYTES ((uint64_t)64 << 10)

static const struct program {
	const char *file, *package, *before, *after;
} programs[] = {
#define PROGRAM(file, package, before, after) { file, package, before, after },
#include "index/package/programs.def"
#undef PROGRAM
};

static const struct path_rule rules[] = {
#define PROGRAM(name, package, before, after) { .match = PATH_NAME, .text = name, .need = DETECT_WHOLE },
#include "index/package/programs.def"
#undef PROGRAM
	{ .match = PATH_SUFFIX, .text = "/release", .need = DETECT_WHOLE, .max_bytes = RELEASE_BYTES },
	{ .text = NULL },
};

/* ---- a version in a program's texts ---- */

static size_t version_len(struct slice s)
{
	size_t n = 0;

	while (n < s.len && n < VERSION_MAX && (is_digit(s.ptr[n]) || s.ptr[n] == '.'))
		n++;
	while (n > 0 && s.ptr[n - 1] == '.')
		n--;
	return n;
}

/* Does text stand here? '#': at least one blank, and a digit. */
static bool stands(struct slice at, const char *text)
{
	for (; *text; text++) {
		if (*text == '#') {
			size_t blanks = 0;

			while (blanks < at.len && at.ptr[blanks] == ' ')
				blanks++;
			if (blanks == 0 || blanks >= at.len || !is_digit(at.ptr[blanks]))
				return false;
			at = slice_from(at, blanks + 1);
			continue;
		}
		if (at.len == 0 || at.ptr[0] != (uint8_t)*text)
			return false;
		at = slice_from(at, 1);
	}
	return true;
}

/* The version that s begins with, up to two letters at its end ("1.1.1k") where what follows asks for them. */
static bool take_version(struct slice s, const char *after, struct slice *out)
{
	size_t n = version_len(s);

	if (n == 0 || !is_digit(s.ptr[0]) || slice_find_byte(slice_take(s, n), '.') == SIZE_MAX)
		return false;
	for (size_t letters = 0; letters <= 2; letters++) {
		if (n + letters > s.len || (letters > 0 && !is_lower(s.ptr[n + letters - 1])))
			return false;
		if (stands(slice_from(s, n + letters), after)) {
			*out = slice_take(s, n + letters);
			return true;
		}
	}
	return false;
}

static bool search_before(struct slice piece, struct slice before, const char *after, struct slice *out)
{
	size_t at, from = 0;

	while ((at = slice_find(slice_from(piece, from), before)) != SIZE_MAX) {
		from += at + before.len;
		if (take_version(slice_from(piece, from), after, out))
			return true;
	}
	return false;
}

static bool search_after(struct slice piece, struct slice after, struct slice *out)
{
	size_t at, from = 0;

	while ((at = slice_find(slice_from(piece, from), after)) != SIZE_MAX) {
		size_t end = from + at, begin = end;

		while (begin > 0 && end - begin < VERSION_MAX &&
		       (is_digit(piece.ptr[begin - 1]) || piece.ptr[begin - 1] == '.'))
			begin--;
		*out = slice_make(piece.ptr + begin, end - begin);
		if (begin < end && version_len(*out) == out->len && is_digit(out->ptr[0]))
			return true;
		from = end + after.len;
	}
	return false;
}

static bool search_whole(struct slice piece, struct slice prefix, struct slice *out)
{
	size_t at, from = 0;

	while ((at = slice_find(slice_from(piece, from), prefix)) != SIZE_MAX) {
		struct slice s = slice_from(piece, from + at);
		size_t n = version_len(s);

		if (from + at > 0 && piece.ptr[from + at - 1] == 0 && n > prefix.len && n < s.len && s.ptr[n] == 0) {
			*out = slice_take(s, n);
			return true;
		}
		from += at + prefix.len;
	}
	return false;
}

static bool search_piece(const struct program *p, struct slice piece, struct slice *out)
{
	if (p->before[0] == '\0')
		return search_after(piece, slice_cstr(p->after), out);
	if (p->before[0] == '=')
		return search_whole(piece, slice_cstr(p->before + 1), out);
	return search_before(piece, slice_cstr(p->before), p->after, out);
}

static bool search(const struct program *p, const struct installed *in, struct slice *out)
{
	struct slice all = in->file->bytes;

	for (size_t at = 0; at < all.len; at += PIECE_BYTES) {
		if (search_piece(p, slice_take(slice_from(all, at), PIECE_BYTES + OVERLAP_BYTES), out))
			return true;
		if (in->env->forget)
			in->env->forget(in->env->ctx);
	}
	return false;
}

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

static bool is_program(struct slice bytes)
{
	return slice_starts(bytes, SLICE("\177ELF"));
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_GENERIC, "program", TOLD_NONE };
	struct slice version;

	if (slice_ends(file->path, SLICE("/release")))
		return read_release(&in, err);
	if (!is_program(file->bytes))
		return STATUS_OK; /* a script, a wrapper */
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		if (!slice_eq(path_base(file->path), slice_cstr(programs[i].file)))
			continue;
		if (search(&programs[i], &in, &version) && arena_copy(env->arena, version, &version))
			return installed_emit(&in, slice_cstr(programs[i].package), version, PACKAGE_GUESSED, err);
		break;
	}
	return STATUS_OK;
}

const struct detector detector_program = {
	.name = "program",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
