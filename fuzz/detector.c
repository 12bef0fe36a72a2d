/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detector.c - a file handed to one detector (-DFUZZ_DETECTOR=name, one program per row of detectors.def).
 *
 * The input is offered to every rule of the detector: whole, as head and ranges, a second time where it asks for that,
 * and, where a rule has a companion, once more with the end of the input as companion (its length are the last four
 * bytes). Invariants: every text of a record is readable and every package has a name and a type; the same records,
 * diagnostics and status when it is repeated; STATUS_BUG never; errors are told, with offsets inside the file.
 *
 * Files beside it: an input with a line "=== PATH" is several files. What comes before the first such line is handed to
 * the detector as one of a tree, and what follows each is the file PATH of that tree, which env->other() gives; PATH is
 * as seen from the folder of the first ("go.sum", "../pom.xml"), or "*": whatever is asked for and is not named.
 */
#include "index/detector.h"
#include "index/package/lock.h"

#include <stdio.h>
#include <stdlib.h>

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define DETECTOR JOIN(detector_, FUZZ_DETECTOR)

#define BESIDE_MAX 16 /* files of a tree beside the first; more are none */
#define ASKED_MAX 4096 /* files that one call may ask for: each costs a copy */
#define TREE "srv/app/" /* where the first lies: parents of its folder can be asked for */

struct seen {
	uint64_t records, diags, again, sum;
	uint64_t size; /* offsets lie below it */
};

/* The tree that a call may ask for files of. */
struct tree {
	struct slice path[BESIDE_MAX], bytes[BESIDE_MAX];
	size_t n;
	struct slice dir; /* of the file that is being parsed */
	void *copies[ASKED_MAX];
	size_t n_copies;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void add(struct seen *s, struct slice text)
{
	s->sum = slice_hash(text, s->sum);
}

static enum status on_package(void *ctx, const struct package *p, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	if (p->name.len == 0 || p->type <= PACKAGE_NONE || p->type >= PACKAGE_TYPE_COUNT || p->path.len == 0)
		abort();
	s->records++;
	s->sum += p->flags;
	add(s, p->name);
	add(s, p->version);
	add(s, p->arch);
	add(s, p->module);
	add(s, p->source_name);
	add(s, p->source_version);
	add(s, p->db);
	add(s, p->path);
	add(s, p->detector);
	return STATUS_OK;
}

static enum status on_distribution(void *ctx, const struct distribution *d, struct err *err)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct seen *s = ctx;
	struct slice scope;

	(void)err;
	s->records++;
	add(s, d->did);
	add(s, d->id_like);
	add(s, d->name);
	add(s, d->version);
	add(s, d->version_id);
	add(s, d->version_code_name);
	add(s, d->pretty_name);
	add(s, d->cpe);
	add(s, d->variant_id);
	add(s, d->path);
	if (distribution_scope(d, &arena, &scope))
		add(s, scope);
	arena_fini(&arena);
	return STATUS_OK;
}

static enum status on_repository(void *ctx, const struct layer_repository *r, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	s->records++;
	add(s, r->name);
	add(s, r->key);
	add(s, r->uri);
	add(s, r->cpe);
	add(s, r->path);
	return STATUS_OK;
}

static enum status on_owned(void *ctx, struct slice path, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	s->records++;
	add(s, path);
	return STATUS_OK;
}

static enum status on_again(void *ctx, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	s->again++;
	return STATUS_OK;
}

static void tell(void *ctx, const struct diag *d)
{
	struct seen *s = ctx;

	if (d->text.len == 0 || d->code >= DIAG_COUNT || (d->offset != ERR_NO_OFFSET && d->offset > s->size))
		abort();
	s->diags++;
	add(s, d->where);
	add(s, d->text);
}

/* A path that the rule wants: accept() may ask for parents of a certain name. */
static bool path_for(const struct path_rule *rule, char *buf, size_t size)
{
	static const char *const parents[] = {
		"",
		"a",
		"usr/lib/python3/dist-packages/a-1.0",
		"node_modules/a",
		"extensions/a.b-1.0.0",
		"specifications/a",
		"conda-meta/a",
		"php/.registry/a",
		"var/lib/pacman/local/a-1",
		"var/db/pkg/a/a-1",
		"wp-content/plugins/a/a",
		"wp-content/themes/a",
		"lib/luarocks/rocks-5.4/a/1/a",
		"var/lib/ghc/package.conf.d/a",
		"lib/a/ebin/a",
		".julia/packages/a/abcde",
		".opam-switch/packages/a.1",
		".pub-cache/hosted/pub.dev/a-1",
		"perl/.meta/a-1",
		"var/db/xbps",
		"var/guix/db",
		"var/db/pkg",
		"var/lib/eopkg/package/a",
		"Cellar/a/1",
		"Cellar/a/1/.brew/a",
		"snap/a/1",
		"opt/bitnami/a/.spdx-a",
		"pylock",
		"requirements",
		".github/workflows/a",
		"gradle/dependency-locks/a",
		"var/lib/yum/yumdb/a/0123456789abcdef0123456789abcdef01234567-a-1-1-noarch/",
	};
	static const char *const children[] = {
		"base-files",
		"base-files.list",
		"base-files.md5sums",
		"x",
		"a.json",
		"a.control",
		"a.list",
		"Dockerfile-a-1-1",
		"0123456789abcdfghijklmnpqrsvwxyz-a-1",
		"labels.json",
		"snap.yaml",
		"manifest.yaml",
		"dpkg.yaml",
		".bitnami_components.json",
	};

	if (rule->match == PATH_DOCUMENT) {
		snprintf(buf, size, "sbom");
		return true;
	}
	if (rule->match == PATH_EXACT) {
		snprintf(buf, size, "%s", rule->text);
		return true;
	}
	for (size_t i = 0; i < (rule->match == PATH_CHILD ? ARRAY_LEN(children) : ARRAY_LEN(parents)); i++) {
		snprintf(buf, size, "%s%s", rule->match == PATH_CHILD ? rule->text : parents[i],
			 rule->match == PATH_CHILD	? children[i]
			 : rule->match == PATH_ANY_FILE ? "usr/bin/program"
							: rule->text);
		if (!rule->accept || rule->accept(slice_cstr(buf)))
			return true;
	}
	return false;
}

static enum status on_list(void *ctx, const struct package *of, struct err *err)
{
	struct seen *s = ctx;

	(void)err;
	s->records++;
	add(s, of->db);
	add(s, of->path);
	add(s, of->name);
	add(s, of->version);
	add(s, of->arch);
	return STATUS_OK;
}

/* Copies of exactly the size, so that a sanitizer sees a read past the end of a range. */
static void *copy_of(struct slice *bytes)
{
	uint8_t *copy = malloc(bytes->len);

	if (bytes->len > 0 && !copy)
		exit(2);
	if (bytes->len > 0)
		memcpy(copy, bytes->ptr, bytes->len);
	bytes->ptr = copy;
	return copy;
}

/* Which of the tree's files is asked for; SIZE_MAX: none. */
static size_t find_in(const struct tree *tree, struct slice asked)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct slice plain, one;
	size_t any = SIZE_MAX, found = SIZE_MAX;

	if (lock_join(&arena, SLICE_EMPTY, asked, &plain) && plain.len > 0) {
		for (size_t i = 0; i < tree->n && found == SIZE_MAX; i++) {
			if (slice_eq(tree->path[i], SLICE("*")))
				any = i;
			else if (lock_join(&arena, tree->dir, tree->path[i], &one) && slice_eq(one, plain))
				found = i;
		}
	}
	arena_fini(&arena);
	return found == SIZE_MAX ? any : found;
}

static enum status on_other(void *ctx, struct slice path, uint64_t max, struct slice *out, struct err *err)
{
	struct tree *tree = ctx;
	size_t at = find_in(tree, path);

	if (at == SIZE_MAX)
		return err_set(err, STATUS_NOTFOUND, "there is no such file");
	if (tree->bytes[at].len > max)
		return err_set(err, STATUS_LIMIT, "the file is too large");
	if (tree->n_copies == ASKED_MAX)
		abort();
	*out = tree->bytes[at];
	tree->copies[tree->n_copies++] = copy_of(out);
	return STATUS_OK;
}

static enum status call(const struct detect_file *file, struct tree *tree, struct seen *s)
{
	struct limits limits = limits_default;
	struct arena arena = ARENA_INIT((size_t)256 << 20);
	struct diag_sink diags = { tell, s };
	struct detect_sink sink = { on_package, on_distribution, on_repository, on_owned,
				    on_list,	on_owned,	 on_again,	&diags,	  s };
	struct detect_env env = { .limits = &limits, .lists = true, .arena = &arena };
	struct err err = ERR_INIT;
	enum status st;

	if (tree) {
		tree->dir = path_dir(file->path);
		env.other = on_other;
		env.ctx = tree;
	}
	st = DETECTOR.parse(file, &env, &sink, &err);
	s->sum = s->sum * 31 + (uint64_t)st;
	if (st == STATUS_BUG || (st != STATUS_OK && err.msg[0] == '\0'))
		abort();
	if (st != STATUS_OK && err.offset != ERR_NO_OFFSET && err.offset > s->size)
		abort();
	arena_fini(&arena);
	while (tree && tree->n_copies > 0)
		free(tree->copies[--tree->n_copies]);
	return st;
}

static void parse_ranges(struct detect_file *file, struct slice bytes, struct seen *s)
{
	void *copies[DETECT_RANGES_MAX + 1];

	file->head = slice_take(bytes, DETECT_HEAD_BYTES);
	copies[DETECT_RANGES_MAX] = copy_of(&file->head);
	file->n_ranges = DETECTOR.plan(file->head, bytes.len, file->mode, file->ranges);
	if (file->n_ranges > DETECT_RANGES_MAX)
		abort();
	for (size_t i = 0; i < file->n_ranges; i++) {
		struct byte_range r = file->ranges[i];

		file->range_bytes[i] = r.offset > bytes.len ? SLICE_EMPTY
							    : slice_take(slice_from(bytes, (size_t)r.offset),
									 r.len > bytes.len ? bytes.len : (size_t)r.len);
		copies[i] = copy_of(&file->range_bytes[i]);
	}
	if (file->n_ranges > 0)
		call(file, NULL, s);
	for (size_t i = 0; i < file->n_ranges; i++)
		free(copies[i]);
	free(copies[DETECT_RANGES_MAX]);
	if (s->again > 0) {
		*file = (struct detect_file){ .path = file->path,
					      .rule = file->rule,
					      .size = file->size,
					      .mode = file->mode,
					      .bytes = bytes,
					      .second_pass = true };
		call(file, NULL, s);
	}
}

static void parse(const struct path_rule *rule, struct slice bytes, const struct slice *companion, struct tree *tree,
		  struct seen *s)
{
	struct detect_file file = { .rule = rule, .size = bytes.len, .mode = 0755 };
	char path[256], *plain = path + strlen(TREE);
	void *copy;

	memcpy(path, TREE, strlen(TREE));
	if (!path_for(rule, plain, sizeof(path) - strlen(TREE)))
		abort();
	s->size = bytes.len;
	file.path = slice_cstr(plain);
	if (tree && (rule->match == PATH_NAME || rule->match == PATH_SUFFIX) &&
	    (!rule->accept || rule->accept(slice_cstr(path))))
		file.path = slice_cstr(path);
	copy = copy_of(&bytes);
	if (companion)
		file.companion = *companion;
	if (rule->need == DETECT_RANGES)
		parse_ranges(&file, bytes, s);
	else {
		if (rule->need == DETECT_WHOLE)
			file.bytes = bytes;
		call(&file, tree, s);
	}
	free(copy);
}

static void parse_twice(const struct path_rule *rule, struct slice bytes, const struct slice *companion,
			struct tree *tree)
{
	struct seen first = { .size = 0 }, second = { .size = 0 };

	parse(rule, bytes, companion, tree, &first);
	parse(rule, bytes, companion, tree, &second);
	if (first.records != second.records || first.diags != second.diags || first.again != second.again ||
	    first.sum != second.sum)
		abort();
}

/* A rule that no path fits is never fuzzed: a defect of path_for(). */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char path[256];

	(void)argc;
	(void)argv;
	for (const struct path_rule *rule = DETECTOR.rules; rule->text; rule++) {
		if (!path_for(rule, path, sizeof(path))) {
			fprintf(stderr, "%s: no path is known that the rule %s wants\n", DETECTOR.name, rule->text);
			return 1;
		}
	}
	return 0;
}

/* The files of an input; out_first is the one that is parsed. False if there is but one. */
static bool cut_files(struct slice input, struct slice *out_first, struct tree *tree)
{
	const struct slice mark = SLICE("\n=== ");
	size_t at = slice_find(input, mark);

	if (at == SIZE_MAX)
		return false;
	*out_first = slice_take(input, at + 1);
	for (tree->n = 0; at != SIZE_MAX && tree->n < BESIDE_MAX; tree->n++) {
		struct slice line;

		input = slice_from(input, at + mark.len);
		if (!slice_cut(input, '\n', &line, &input))
			break;
		at = slice_find(input, mark);
		tree->path[tree->n] = line;
		tree->bytes[tree->n] = at == SIZE_MAX ? input : slice_take(input, at + 1);
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tree tree;
	struct slice first;
	bool several = cut_files(slice_make(data, size), &first, &tree);

	for (const struct path_rule *rule = DETECTOR.rules; rule->text; rule++) {
		struct slice all = slice_make(data, size), companion;
		uint32_t n = 0;

		if (several)
			parse_twice(rule, first, NULL, &tree);
		parse_twice(rule, all, NULL, NULL);
		if (!rule->companion || size < sizeof(n))
			continue;
		memcpy(&n, data + size - sizeof(n), sizeof(n));
		all.len -= sizeof(n);
		n = n > all.len ? (uint32_t)all.len : n;
		companion = slice_from(all, all.len - n);
		all.len -= n;
		parse_twice(rule, all, &companion, NULL);
	}
	return 0;
}
