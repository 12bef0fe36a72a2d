/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requirements.c - requirements files of pip: packages pinned with == or ===. Files that one includes (-r) are read
 * with it, so that its line is told.
 *
 * Source: docs/formats/requirements.md (pip, "Requirements File Format"; PEP 508).
 */
#include "index/package/lock.h"

#define FILE_BYTES ((uint64_t)8 << 20)
#define INCLUDES_MAX 64 /* files that one file leads to */

/* requirements.txt, requirements-dev.txt, dev-requirements.txt, requirements.prod.txt, requirements/base.txt. */
static bool is_requirements(struct slice path)
{
	return lock_of_project(path) && (slice_has(path_base(path), SLICE("requirements")) ||
					 slice_eq(path_base(path_dir(path)), SLICE("requirements")));
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX,
	  .text = ".txt",
	  .need = DETECT_WHOLE,
	  .max_bytes = FILE_BYTES,
	  .accept = is_requirements },
	{ .text = NULL },
};

struct pip {
	struct lock lock;
	VEC(struct slice) files; /* paths: the file itself and those that it leads to */
	VEC(uint32_t) from;	 /* line of the file itself that leads there; 0: it is the file */
};

/* Where a name ends (PEP 508). */
static size_t name_length(struct slice s)
{
	size_t n = 0;

	while (n < s.len && (is_alnum(s.ptr[n]) || s.ptr[n] == '-' || s.ptr[n] == '_' || s.ptr[n] == '.'))
		n++;
	return n;
}

/* A version after == up to the next blank, comma, semicolon or bracket; empty for "1.*". */
static struct slice pinned(struct slice s)
{
	size_t n = 0;

	s = slice_trim(s);
	while (n < s.len && !is_space(s.ptr[n]) && !strchr(",;)#\\", s.ptr[n]))
		n++;
	s = slice_take(s, n);
	return slice_has(s, SLICE("*")) ? SLICE_EMPTY : s;
}

/* "name[extra] == 1.0 ; marker --hash=..." */
static enum status on_requirement(struct pip *p, struct slice line, uint32_t number, struct err *err)
{
	size_t n = name_length(line), at;
	struct slice name = slice_take(line, n), rest = slice_trim(slice_from(line, n)), version = SLICE_EMPTY;

	if (n == 0)
		return STATUS_OK; /* a file, an address */
	if (rest.len > 0 && rest.ptr[0] == '[') {
		at = slice_find_byte(rest, ']');
		rest = slice_trim(slice_from(rest, at == SIZE_MAX ? rest.len : at + 1));
	}
	if (rest.len > 0 && rest.ptr[0] == '(')
		rest = slice_trim(slice_from(rest, 1));
	if (slice_starts(rest, SLICE("===")))
		version = pinned(slice_from(rest, 3));
	else if (slice_starts(rest, SLICE("==")))
		version = pinned(slice_from(rest, 2));
	else if (rest.len > 0 && !strchr("<>!~@;#,-", rest.ptr[0]))
		return STATUS_OK; /* no requirement: a path, a sentence */
	if (version.len == 0) {
		lock_vague(&p->lock, number);
		return STATUS_OK;
	}
	if (!package_pypi_name(p->lock.in.env->arena, name, &name))
		return err_nomem(err, "a requirement");
	return lock_add(&p->lock, name, version, 0, number, NULL, err);
}

/* "-r other.txt", "--requirement=other.txt" */
static bool includes(struct slice line, struct slice *file)
{
	static const char *const options[] = { "-r", "--requirement" };

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		struct slice option = slice_cstr(options[i]);

		if (!slice_starts(line, option))
			continue;
		*file = slice_trim(slice_from(line, option.len));
		if (file->len > 0 && file->ptr[0] == '=')
			*file = slice_trim(slice_from(*file, 1));
		return file->len > 0 && slice_find(*file, SLICE("://")) == SIZE_MAX;
	}
	return false;
}

static bool is_there(const struct pip *p, struct slice path)
{
	const struct detect_env *env = p->lock.in.env;
	struct err why = ERR_INIT;
	struct slice bytes;

	/* None of its bytes are asked for, or a file of many includes would be read as many times. */
	return !env->other || env->other(env->ctx, path, 0, &bytes, &why) != STATUS_NOTFOUND;
}

static enum status on_include(struct pip *p, struct slice from, struct slice file, uint32_t number, struct err *err)
{
	struct arena *a = p->lock.in.env->arena;
	struct slice path, *slot;
	uint32_t *line;

	if (!lock_join(a, path_dir(from), file, &path))
		path = file; /* outside of the tree: not there */
	for (size_t i = 0; i < p->files.len; i++)
		if (slice_eq(p->files.at[i], path))
			return STATUS_OK;
	/* One that is read by itself is told by itself. */
	if (p->files.len > 0 && slice_ends(path, SLICE(".txt")) && is_requirements(path) && is_there(p, path))
		return STATUS_OK;
	if (p->files.len > INCLUDES_MAX)
		return err_set(err, STATUS_LIMIT, "it leads to more than %d other files", INCLUDES_MAX);
	slot = VEC_PUSH(&p->files, a);
	line = VEC_PUSH(&p->from, a);
	if (!slot || !line)
		return err_nomem(err, "a requirement");
	*slot = path;
	*line = number;
	return STATUS_OK;
}

/* A physical line, without the backslash by which it goes on in the next. */
static bool physical_line(struct slice *rest, struct slice *line, bool *more)
{
	if (!slice_line(rest, line))
		return false;
	*more = line->len > 0 && line->ptr[line->len - 1] == '\\';
	line->len -= *more;
	return true;
}

/* One logical line; out->ptr NULL at the end. Those of several are joined once, however many there are. */
static enum status logical_line(struct pip *p, struct slice *rest, struct slice *out, uint32_t *number, uint32_t *next,
				struct err *err)
{
	struct slice again = *rest, line;
	uint8_t *joined = NULL;
	bool more = true;
	size_t n = 0;

	*out = SLICE_EMPTY;
	*number = *next;
	while (more && physical_line(rest, &line, &more)) {
		++*next;
		n += line.len;
		out->ptr = line.ptr;
	}
	out->len = n;
	if (*next - *number <= 1)
		return STATUS_OK;
	joined = arena_alloc(p->lock.in.env->arena, n + 1);
	if (!joined)
		return err_nomem(err, "a requirement");
	*out = slice_make(joined, 0);
	for (more = true; more && physical_line(&again, &line, &more); out->len += line.len)
		if (line.len > 0)
			memcpy(joined + out->len, line.ptr, line.len);
	return STATUS_OK;
}

static enum status read_file(struct pip *p, struct slice bytes, struct slice path, uint32_t from, struct err *err)
{
	struct slice rest = bytes, line, file;
	uint32_t number, next = 1;

	if (slice_starts(rest, SLICE("\xef\xbb\xbf")))
		rest = slice_from(rest, 3);
	for (;;) {
		size_t comment;

		TRY(logical_line(p, &rest, &line, &number, &next, err));
		if (!line.ptr)
			return STATUS_OK;
		comment = slice_find(line, SLICE(" #"));
		line = slice_trim(comment == SIZE_MAX ? line : slice_take(line, comment));
		number = from > 0 ? from : number;
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (includes(line, &file))
			TRY(on_include(p, path, file, number, err));
		else if (line.ptr[0] != '-')
			TRY(on_requirement(p, line, number, err));
		else if (slice_starts(line, SLICE("-e")) || slice_starts(line, SLICE("--editable")))
			lock_vague(&p->lock, number);
	}
}

static enum status read_all(struct pip *p, struct err *err)
{
	const struct detect_env *env = p->lock.in.env;

	TRY(on_include(p, p->lock.in.file->path, path_base(p->lock.in.file->path), 0, err));
	TRY(read_file(p, p->lock.in.file->bytes, p->lock.in.file->path, 0, err));
	for (size_t i = 1; i < p->files.len; i++) {
		struct err why = ERR_INIT;
		struct slice bytes;

		if (env->other && env->other(env->ctx, p->files.at[i], FILE_BYTES, &bytes, &why) == STATUS_OK)
			TRY(read_file(p, bytes, p->files.at[i], p->from.at[i], err));
		else
			diag_emit(p->lock.in.out->diags, DIAG_UNSUPPORTED, p->lock.in.file->path, ERR_NO_OFFSET,
				  "line %u: the file that it includes cannot be read", p->from.at[i]);
	}
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct pip p = { .lock = LOCK_INIT(file, env, out, PACKAGE_PYPI, "requirements") };

	if (!slice_is_utf8(file->bytes))
		return err_set(err, STATUS_MALFORMED, "the file is no UTF-8");
	return lock_end(&p.lock, read_all(&p, err), err);
}

const struct detector detector_requirements = {
	.name = "requirements",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
