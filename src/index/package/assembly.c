/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assembly.c - assemblies of .NET that no NAME.deps.json speaks of, by their version resource.
 *
 * What a resource says is for people: such packages are marked as guessed. Of those that deps.json lists, the dotnet
 * detector says that they are its packages'. Source: docs/formats/assembly.md.
 */
#include "index/package/installed.h"
#include "index/package/pe_version.h"

/* Of the section of resources: that of an assembly has 1 KB, unless the program has pictures. */
#define RESOURCE_BYTES ((uint64_t)256 << 10)

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX, .text = ".dll", .need = DETECT_RANGES },
	{ .match = PATH_SUFFIX, .text = ".exe", .need = DETECT_RANGES },
	{ .match = PATH_SUFFIX, .text = ".DLL", .need = DETECT_RANGES },
	{ .match = PATH_SUFFIX, .text = ".EXE", .need = DETECT_RANGES },
	{ .text = NULL },
};

static bool read_headers(const struct exe_pieces *p, struct exe *out)
{
	struct slice magic;

	return exe_bytes(p, 0, 2, &magic) && slice_eq(magic, SLICE("MZ")) &&
	       exe_read(p, SLICE(".rsrc"), SLICE(".rsrc"), 0, out);
}

static size_t plan(struct slice head, uint64_t size, uint32_t mode, struct byte_range *out)
{
	struct exe_pieces p = { .size = size };
	struct exe e;
	size_t n = 0;

	(void)mode;
	exe_add_piece(&p, 0, head);
	if (!read_headers(&p, &e) || (e.clr.size == 0 && e.n_wanted == 0))
		return 0;
	if (e.resources.size > 0)
		exe_plan(out, &n, e.resources.offset, MIN(e.resources.size, RESOURCE_BYTES));
	exe_plan_wanted(out, &n, &e);
	if (n == 0)
		exe_plan(out, &n, 0, 1); /* to say that it says nothing */
	return n;
}

/* ---- versions ---- */

static bool has_digit(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (is_digit(s.ptr[i]))
			return true;
	return false;
}

/* "1.2.3 built by somebody": the words up to the last before one without a digit. */
static struct slice clean_version(struct slice s)
{
	struct slice rest = s, word;
	size_t n = 0;

	while (slice_word(&rest, ' ', &word)) {
		if (has_digit(slice_take(s, n)) && !has_digit(word))
			break;
		n = (size_t)(word.ptr - s.ptr) + word.len;
	}
	return slice_take(s, n);
}

static size_t count_dots(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += (s.ptr[i] == '.' || s.ptr[i] == ',') && (i == 0 || (s.ptr[i - 1] != '.' && s.ptr[i - 1] != ','));
	return n;
}

static size_t numbers_of(struct slice version)
{
	struct slice numbers;
	size_t n = 1;

	slice_cut(version, '+', &numbers, NULL);
	slice_cut(numbers, '-', &numbers, NULL);
	for (size_t i = 0; i < numbers.len; i++)
		n += numbers.ptr[i] == '.';
	return n;
}

/* Up to the second dot. */
static struct slice two_numbers(struct slice version)
{
	size_t dots = 0, i = 0;

	while (i < version.len && (is_digit(version.ptr[i]) || (version.ptr[i] == '.' && ++dots < 2)))
		i++;
	return slice_take(version, i);
}

static bool is_microsoft(const struct pe_version *v)
{
	const struct slice texts[] = { v->company, v->product_name };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		for (size_t at = 0; at + strlen("microsoft") <= texts[i].len; at++)
			if (slice_eq_nocase(slice_take(slice_from(texts[i], at), strlen("microsoft")),
					    SLICE("microsoft")))
				return true;
	return false;
}

/*
 * The higher one of the two versions; of those that are the same, the longer one. Microsoft's file versions count
 * builds: with the first two numbers of the product's version, that one counts.
 */
static struct slice version_of(const struct pe_version *v)
{
	const struct version_scheme *scheme = package_type_scheme(PACKAGE_NUGET);
	struct slice product = clean_version(v->product_version), file = clean_version(v->file_version), before;
	int order;

	if (scheme->valid(product) && !scheme->valid(file))
		return product;
	if (scheme->valid(product) && scheme->valid(file)) {
		if (is_microsoft(v) && slice_eq(two_numbers(product), two_numbers(file)) &&
		    numbers_of(product) >= 2 && numbers_of(product) < numbers_of(file)) {
			slice_cut(product, '+', &before, NULL);
			return before;
		}
		order = scheme->compare(product, file);
		if (order != 0)
			return order > 0 ? product : file;
	}
	if (has_digit(product) && count_dots(product) >= count_dots(file))
		return product;
	if (has_digit(file) && count_dots(file) > 0)
		return file;
	return has_digit(product) || !has_digit(file) ? product : file;
}

/* ---- names ---- */

/* "Some.Library (net8.0)" is for a framework. */
static struct slice without_framework(struct slice name)
{
	struct slice before, inside;

	if (name.len == 0 || name.ptr[name.len - 1] != ')' || !slice_rcut(name, '(', &before, &inside) ||
	    !slice_starts(inside, SLICE("net")) || inside.len < 5 || !is_digit(inside.ptr[inside.len - 2]))
		return name;
	return slice_trim(before);
}

/* Without the ending of a program. */
static struct slice stem(struct slice name)
{
	static const char *const endings[] = { ".dll", ".exe" };

	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (name.len > 4 && slice_eq_nocase(slice_from(name, name.len - 4), slice_cstr(endings[i])))
			return slice_take(name, name.len - 4);
	return name;
}

static struct slice name_of(const struct pe_version *v, struct slice path)
{
	const struct slice others[] = { v->product_name, v->description, v->internal_name, v->original_name };
	const struct slice microsoft[] = { v->description, v->internal_name, v->original_name, v->product_name };
	const struct slice *texts = is_microsoft(v) ? microsoft : others;

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (texts[i].len > 0)
			return without_framework(texts[i]);
	return stem(path_base(path));
}

/* ---- records ---- */

/* The shared framework is one package, of which one file is sure to be there. */
static bool is_framework(struct slice path, struct slice *version)
{
	struct slice dir = path_dir(path);

	*version = path_base(dir);
	return slice_eq(path_base(path_dir(dir)), SLICE("Microsoft.NETCore.App")) && has_digit(*version) &&
	       package_version_ok(PACKAGE_NUGET, *version);
}

/* Libraries are published under the names of their files, mostly, whatever their makers call the product. */
static enum status emit(struct installed *in, const struct pe_version *v, struct err *err)
{
	struct slice path = in->file->path, name = name_of(v, path), version = version_of(v), framework, file;

	if (is_framework(path, &framework))
		return slice_eq(path_base(path), SLICE("System.Private.CoreLib.dll")) ?
			       installed_emit(in, SLICE("Microsoft.NETCore.App"), framework, PACKAGE_GUESSED, err) :
			       STATUS_OK;
	if (version.len == 0)
		return installed_refuse(in, ERR_NO_OFFSET, "an assembly of .NET says no version");
	file = stem(v->original_name.len > 0 ? v->original_name : path_base(path));
	return installed_emit_from(in, name, version, file, PACKAGE_GUESSED, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_NUGET, "assembly", TOLD_NONE };
	struct exe_pieces p = exe_pieces_of(file);
	struct pe_version v;
	struct exe e;

	if (!read_headers(&p, &e))
		return STATUS_OK;
	if (e.n_wanted > 0)
		return file->second_pass ? STATUS_OK : out->again(out->ctx, err);
	if (e.clr.size == 0)
		return STATUS_OK;
	switch (pe_version_find(&p, &e, env->arena, &v)) {
	case PE_VERSION_FOUND:
		return emit(&in, &v, err);
	case PE_VERSION_NONE:
		return emit(&in, &v, err);
	case PE_VERSION_ABSENT:
		return file->second_pass ? STATUS_OK : out->again(out->ctx, err);
	case PE_VERSION_DAMAGED:
		return installed_refuse(&in, ERR_NO_OFFSET, "the version resource of an assembly cannot be read");
	case PE_VERSION_NOMEM:
		break;
	}
	return err_nomem(err, "a version resource");
}

const struct detector detector_assembly = {
	.name = "assembly",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.plan = plan,
	.parse = parse,
};
