/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go_mod.c - go.mod: required modules, with what replaces them; and go.sum beside it, where go.mod is older than
 * Go 1.17 and does not name all of them.
 *
 * Source: docs/formats/go-mod.md (Go Modules Reference, "go.mod files").
 */
#include "base/buf.h"
#include "index/package/lock.h"

static bool is_read(struct slice path)
{
	return lock_of_project(path) && !slice_starts(path, SLICE("testdata/")) &&
	       !slice_has(path, SLICE("/testdata/"));
}

static const struct path_rule rules[] = {
	{ .match = PATH_NAME, .text = "go.mod", .need = DETECT_WHOLE, .max_bytes = LOCK_BYTES, .accept = is_read },
	{ .text = NULL },
};

struct replacement {
	struct slice name, version;  /* version "": any */
	struct slice by, by_version; /* by_version "": a folder */
	uint32_t line;
};

struct gomod {
	struct lock lock;
	struct arena *arena;
	VEC(struct replacement) replaced;
	struct slice go, toolchain; /* "1.21.3" */
	uint32_t go_line, toolchain_line;
	bool has_module;
};

/* The next word, which may be quoted. */
static struct slice word(struct slice *rest)
{
	struct slice out;
	size_t n = 0;

	*rest = slice_trim(*rest);
	if (rest->len > 0 && (rest->ptr[0] == '"' || rest->ptr[0] == '`')) {
		uint8_t mark = rest->ptr[0];

		slice_cut(slice_from(*rest, 1), mark, &out, rest);
		return out;
	}
	while (n < rest->len && !is_space(rest->ptr[n]))
		n++;
	out = slice_take(*rest, n);
	*rest = slice_from(*rest, n);
	return out;
}

static enum status on_require(struct gomod *g, struct slice rest, bool indirect, uint32_t line, struct err *err)
{
	struct slice name = word(&rest), version = word(&rest);

	return lock_add(&g->lock, name, version, indirect ? PACKAGE_INDIRECT : PACKAGE_DIRECT, line, NULL, err);
}

/* "old [version] => new [version]" */
static enum status on_replace(struct gomod *g, struct slice rest, uint32_t line, struct err *err)
{
	struct replacement *r = VEC_PUSH(&g->replaced, g->arena);
	struct slice w;

	if (!r)
		return err_nomem(err, "go.mod");
	r->name = word(&rest);
	w = word(&rest);
	if (!slice_eq(w, SLICE("=>"))) {
		r->version = w;
		w = word(&rest);
	}
	if (!slice_eq(w, SLICE("=>")))
		return installed_refuse(&g->lock.in, ERR_NO_OFFSET, "a replacement is not OLD => NEW");
	r->by = word(&rest);
	r->by_version = word(&rest);
	r->line = line;
	return STATUS_OK;
}

static enum status on_directive(struct gomod *g, struct slice verb, struct slice rest, bool indirect, uint32_t line,
				struct err *err)
{
	if (slice_eq(verb, SLICE("require")))
		return on_require(g, rest, indirect, line, err);
	if (slice_eq(verb, SLICE("replace")))
		return on_replace(g, rest, line, err);
	if (slice_eq(verb, SLICE("module")))
		g->has_module = true;
	if (slice_eq(verb, SLICE("go"))) {
		g->go = word(&rest);
		g->go_line = line;
	}
	if (slice_eq(verb, SLICE("toolchain"))) {
		g->toolchain = word(&rest);
		g->toolchain_line = line;
	}
	return STATUS_OK; /* exclude, retract, tool ... ask for nothing */
}

static enum status read_lines(struct gomod *g, struct err *err)
{
	struct slice rest = g->lock.in.file->bytes, line, verb = SLICE_EMPTY, first;
	bool block = false;
	uint32_t n = 0;

	while (slice_line(&rest, &line)) {
		size_t comment = slice_find(line, SLICE("//"));
		bool indirect = comment != SIZE_MAX && slice_has(slice_from(line, comment), SLICE("indirect"));

		n++;
		line = slice_trim(comment == SIZE_MAX ? line : slice_take(line, comment));
		if (line.len == 0)
			continue;
		if (block && slice_eq(line, SLICE(")"))) {
			block = false;
			continue;
		}
		if (!block) {
			first = line;
			verb = word(&first);
			line = slice_trim(first);
			/* "require(" needs no blank */
			if (slice_ends(verb, SLICE("("))) {
				verb.len--;
				line = SLICE("(");
			}
			block = slice_eq(line, SLICE("("));
			if (block)
				continue;
		}
		TRY(on_directive(g, verb, line, indirect, n, err));
	}
	if (!g->has_module)
		return err_set(err, STATUS_MALFORMED, "it is no go.mod: it names no module");
	return STATUS_OK;
}

static enum status key_of(struct buf *key, struct slice name, struct slice version, struct err *err)
{
	buf_reset(key);
	buf_add(key, name);
	buf_add_byte(key, ' ');
	buf_add(key, version);
	return buf_check(key, "a module", err);
}

/* The replacement of exactly this version, else the one of any, is what Go takes; of several the last. */
static enum status find_replacement(const struct gomod *g, const struct map *by_key, const struct lock_entry *e,
				    struct buf *key, const struct replacement **out, struct err *err)
{
	uint64_t at;

	*out = NULL;
	TRY(key_of(key, e->name, e->version, err));
	if (!map_get(by_key, buf_slice(key), &at)) {
		TRY(key_of(key, e->name, SLICE_EMPTY, err));
		if (!map_get(by_key, buf_slice(key), &at))
			return STATUS_OK;
	}
	*out = &g->replaced.at[at];
	return STATUS_OK;
}

/* A folder in place of a module is a part of the project. */
static enum status replace_all(struct gomod *g, struct err *err)
{
	struct buf AUTO(buf_fini) key = BUF_INIT(LOCK_BYTES);
	struct map AUTO(map_fini) by_key = MAP_INIT;
	const struct replacement *by;
	struct slice kept;

	for (size_t i = 0; i < g->replaced.len; i++) {
		TRY(key_of(&key, g->replaced.at[i].name, g->replaced.at[i].version, err));
		if (!arena_copy(g->arena, buf_slice(&key), &kept) || !map_put(&by_key, kept, i))
			return err_nomem(err, "go.mod");
	}
	for (size_t i = 0; i < g->lock.entries.len && g->replaced.len > 0; i++) {
		struct lock_entry *e = &g->lock.entries.at[i];

		TRY(find_replacement(g, &by_key, e, &key, &by, err));
		if (!by)
			continue;
		e->name = by->by_version.len > 0 ? by->by : SLICE_EMPTY;
		e->version = by->by_version;
		e->line = by->line;
	}
	return STATUS_OK;
}

/* "1.9" < "1.17" */
static uint64_t minor_of(struct slice go)
{
	struct slice rest, minor;
	uint64_t n;

	slice_cut(go, '.', NULL, &rest);
	slice_cut(rest, '.', &minor, NULL);
	return slice_starts(go, SLICE("1.")) && slice_to_u64(minor, &n) ? n : UINT64_MAX;
}

/* Of several versions of a module the highest is used, says minimal version selection. */
static enum status add_sums(struct gomod *g, struct slice bytes, struct err *err)
{
	const struct version_scheme *scheme = package_type_scheme(PACKAGE_GO);
	struct slice line, name, version, id;
	size_t at, n_required = g->lock.entries.len;

	while (slice_line(&bytes, &line)) {
		name = word(&line);
		version = word(&line);
		if (name.len == 0 || version.len == 0 || slice_ends(version, SLICE("/go.mod")))
			continue;
		if (!arena_copy(g->arena, name, &id))
			return err_nomem(err, "go.sum");
		at = lock_find(&g->lock, id);
		if (at == LOCK_NONE) {
			TRY(lock_add(&g->lock, name, version, PACKAGE_INDIRECT, 0, &at, err));
			TRY(lock_name(&g->lock, id, at, err));
		} else if (at >= n_required && scheme->compare(version, g->lock.entries.at[at].version) > 0) {
			g->lock.entries.at[at].version = version;
		}
	}
	return STATUS_OK;
}

/* From 1.21 on the go command uses no older release than go.mod says; before, the line was about the language. */
static enum status add_release(struct gomod *g, struct err *err)
{
	struct slice version = g->toolchain;
	uint32_t line = g->toolchain_line;

	if (slice_starts(version, SLICE("go"))) {
		slice_cut(slice_from(version, 2), '-', &version, NULL);
	} else {
		version = minor_of(g->go) >= 21 && minor_of(g->go) != UINT64_MAX ? g->go : SLICE_EMPTY;
		line = g->go_line;
	}
	if (version.len == 0)
		return STATUS_OK;
	return lock_add(&g->lock, SLICE("stdlib"), version, PACKAGE_STDLIB | PACKAGE_GUESSED, line, NULL, err);
}

static enum status read_all(struct gomod *g, struct err *err)
{
	struct slice sums;

	TRY(read_lines(g, err));
	for (size_t i = 0; i < g->lock.entries.len; i++)
		TRY(lock_name(&g->lock, g->lock.entries.at[i].name, i, err));
	if (minor_of(g->go) < 17 || g->go.len == 0)
		if (lock_beside(&g->lock, "go.sum", LOCK_BYTES, &sums))
			TRY(add_sums(g, sums, err));
	TRY(replace_all(g, err));
	return add_release(g, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct gomod g = { .lock = LOCK_INIT(file, env, out, PACKAGE_GO, "go-mod"), .arena = env->arena };

	return lock_end(&g.lock, read_all(&g, err), err);
}

const struct detector detector_go_mod = {
	.name = "go_mod",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
