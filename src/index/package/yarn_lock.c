/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yarn_lock.c - yarn.lock of Yarn 1 (a format of its own) and of the later ones (YAML of a fixed shape). One reader of
 * lines takes both: entries begin in the first column, their members are indented.
 *
 * Source: docs/formats/yarn-lock.md.
 */
#include "index/package/lock.h"
#include "text/json.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "yarn.lock",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

/* What an entry asks for. */
struct yarn_ask {
	size_t from;
	struct slice name, range;
};

struct yarn {
	struct lock lock;
	VEC(struct yarn_ask) asks;
	struct slice patterns; /* of the entry at hand: what stands before its colon */
	struct slice version, resolution;
	VEC(struct yarn_ask) pending; /* of the entry at hand */
	uint32_t line, entry_line;
	bool in_list; /* below "dependencies:" or "optionalDependencies:" of the entry */
};

static struct slice unquoted(struct slice s)
{
	s = slice_trim(s);
	return s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"' ? slice_make(s.ptr + 1, s.len - 2) : s;
}

/* A folder of the project, or a link to one: not a package that somebody published. */
static bool is_local(struct slice range)
{
	return slice_starts(range, SLICE("workspace:")) || slice_starts(range, SLICE("link:")) ||
	       slice_starts(range, SLICE("portal:")) || slice_starts(range, SLICE("file:"));
}

/* Name of an entry: of its resolution, or of its first pattern ("b@npm:a@1" is a). */
static bool entry_name(const struct yarn *y, struct slice *name)
{
	struct slice first, range, inner;

	if (y->resolution.len > 0) {
		lock_cut_at(y->resolution, name, &range);
		return !is_local(range);
	}
	slice_cut(y->patterns, ',', &first, NULL);
	first = slice_trim(first);
	if (first.len > 0 && first.ptr[0] == '"')
		first = slice_from(first, 1);
	if (first.len > 0 && first.ptr[first.len - 1] == '"')
		first.len--;
	lock_cut_at(first, name, &range);
	if (slice_starts(range, SLICE("npm:"))) {
		inner = slice_from(range, 4);
		if (inner.len > 1 && slice_find_byte(slice_from(inner, 1), '@') != SIZE_MAX)
			lock_cut_at(inner, name, &range);
	}
	return !is_local(range);
}

static enum status end_entry(struct yarn *y, struct err *err)
{
	struct slice name, rest = y->patterns, one;
	size_t at = LOCK_NONE;

	if (y->patterns.len > 0 && !slice_eq(y->patterns, SLICE("__metadata")) && entry_name(y, &name))
		TRY(lock_add(&y->lock, name, y->version, 0, y->entry_line, &at, err));
	while (at != LOCK_NONE && slice_word(&rest, ',', &one)) {
		one = slice_trim(one);
		/* Yarn 1 quotes each pattern, the later ones all of them. */
		if (one.len > 0 && one.ptr[0] == '"')
			one = slice_from(one, 1);
		if (one.len > 0 && one.ptr[one.len - 1] == '"')
			one.len--;
		TRY(lock_name(&y->lock, one, at, err));
	}
	for (size_t i = 0; i < y->pending.len && at != LOCK_NONE; i++) {
		struct yarn_ask *ask = VEC_PUSH(&y->asks, y->lock.in.env->arena);

		if (!ask)
			return err_nomem(err, "a lock file");
		*ask = y->pending.at[i];
		ask->from = at;
	}
	y->pending.len = 0;
	y->patterns = y->version = y->resolution = SLICE_EMPTY;
	y->in_list = false;
	return STATUS_OK;
}

/* `name "value"` of Yarn 1, `name: value` of the later ones; names may be quoted. */
static bool member(struct slice line, struct slice *name, struct slice *value)
{
	struct slice s = slice_trim(line);
	size_t end = 0;

	if (s.len > 0 && s.ptr[0] == '"') {
		end = slice_find_byte(slice_from(s, 1), '"');
		if (end == SIZE_MAX)
			return false;
		*name = slice_make(s.ptr + 1, end);
		s = slice_from(s, end + 2);
	} else {
		while (end < s.len && s.ptr[end] != ' ' && s.ptr[end] != ':')
			end++;
		*name = slice_take(s, end);
		s = slice_from(s, end);
	}
	if (s.len > 0 && s.ptr[0] == ':')
		s = slice_from(s, 1);
	*value = unquoted(s);
	return name->len > 0;
}

static enum status on_member(struct yarn *y, struct slice line, size_t indent, struct err *err)
{
	struct slice name, value;
	struct yarn_ask *ask;

	if (!member(line, &name, &value))
		return STATUS_OK;
	if (indent > 2) {
		if (!y->in_list)
			return STATUS_OK;
		ask = VEC_PUSH(&y->pending, y->lock.in.env->arena);
		if (!ask)
			return err_nomem(err, "a lock file");
		*ask = (struct yarn_ask){ LOCK_NONE, name, value };
		return STATUS_OK;
	}
	y->in_list = slice_eq(name, SLICE("dependencies")) || slice_eq(name, SLICE("optionalDependencies"));
	if (slice_eq(name, SLICE("version")))
		y->version = value;
	else if (slice_eq(name, SLICE("resolution")))
		y->resolution = value;
	return STATUS_OK;
}

static enum status read_lines(struct yarn *y, struct err *err)
{
	struct slice rest = y->lock.in.file->bytes, line;

	while (slice_line(&rest, &line)) {
		size_t indent = 0;

		y->line++;
		while (indent < line.len && line.ptr[indent] == ' ')
			indent++;
		if (indent == line.len || line.ptr[indent] == '#')
			continue;
		if (indent > 0) {
			TRY(on_member(y, line, indent, err));
			continue;
		}
		TRY(end_entry(y, err));
		line = slice_trim(line);
		if (line.len == 0) /* white space other than blanks */
			continue;
		if (line.ptr[line.len - 1] != ':')
			return err_set(err, STATUS_MALFORMED, "line %u: expected an entry of yarn.lock", y->line);
		y->patterns = unquoted(slice_take(line, line.len - 1));
		y->entry_line = y->line;
	}
	return end_entry(y, err);
}

/* "name@range", or with the protocol that later ones put before a range. */
static size_t find(struct yarn *y, struct slice name, struct slice range)
{
	struct arena *a = y->lock.in.env->arena;
	struct slice id;
	size_t at;

	if (!arena_printf(a, &id, "%.*s@%.*s", SLICE_ARG(name), SLICE_ARG(range)))
		return LOCK_NONE;
	at = lock_find(&y->lock, id);
	if (at != LOCK_NONE || !arena_printf(a, &id, "%.*s@npm:%.*s", SLICE_ARG(name), SLICE_ARG(range)))
		return at;
	return lock_find(&y->lock, id);
}

static void add_roots(struct yarn *y, yyjson_val *list, enum lock_reach why)
{
	yyjson_obj_iter it;
	yyjson_val *name;

	yyjson_obj_iter_init(list, &it);
	while ((name = yyjson_obj_iter_next(&it)) != NULL)
		lock_root(&y->lock, find(y, json_str(name), json_str(yyjson_obj_iter_get_val(name))), why);
}

/* package.json beside it says who asks. What its workspaces ask for stands elsewhere: then nobody is of development
 * only. */
static enum status mark(struct yarn *y, struct err *err)
{
	struct err why = ERR_INIT;
	struct json_doc doc;
	struct slice bytes;
	bool alone;

	if (!lock_beside(&y->lock, "package.json", LOCK_BESIDE_BYTES, &bytes) ||
	    json_parse_file(bytes, y->lock.in.env->limits, &doc, &why) != STATUS_OK)
		return STATUS_OK;
	for (size_t i = 0; i < y->asks.len; i++) {
		const struct yarn_ask *ask = &y->asks.at[i];
		enum status st = lock_ask(&y->lock, ask->from, find(y, ask->name, ask->range), err);

		if (st != STATUS_OK) {
			json_doc_free(&doc);
			return st;
		}
	}
	add_roots(y, json_get(doc.root, "dependencies"), LOCK_USE);
	add_roots(y, json_get(doc.root, "optionalDependencies"), LOCK_USE);
	add_roots(y, json_get(doc.root, "devDependencies"), LOCK_DEV);
	alone = json_get(doc.root, "workspaces") == NULL;
	json_doc_free(&doc);
	return lock_reach(&y->lock, alone, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct yarn y = { .lock = LOCK_INIT(file, env, out, PACKAGE_NPM, "yarn-lock") };
	enum status st = read_lines(&y, err);

	if (st == STATUS_OK)
		st = mark(&y, err);
	return lock_end(&y.lock, st, err);
}

const struct detector detector_yarn_lock = {
	.name = "yarn_lock",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
