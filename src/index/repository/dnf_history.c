/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dnf_history.c - the repositories that packages were installed from, as dnf keeps them in its history.
 *
 * Source: docs/formats/dnf-history.md.
 */
#include "base/map.h"
#include "index/repository/origin.h"
#include "index/sqlite_file.h"
#include "index/told.h"

#define HISTORY_BYTES ((uint64_t)64 << 20) /* real ones have some 100 KB; old servers some MB */
#define ROW_BYTES ((size_t)1 << 20)	   /* real ones stay below 200 bytes, but the output of scripts is kept, too */
#define LOST_MAX 1000u

#define HISTORY(path)                                                                                                  \
	{                                                                                                              \
		.match = PATH_EXACT, .text = path, .need = DETECT_WHOLE, .max_bytes = HISTORY_BYTES,                   \
		.companion = "-wal"                                                                                    \
	}

static const struct path_rule rules[] = {
	HISTORY("usr/lib/sysimage/libdnf5/transaction_history.sqlite"),
	HISTORY("var/lib/dnf/history.sqlite"),
	{ .text = NULL },
};

enum table { REPO, TRANS_ITEM, RPM, PKG_NAME, ARCH, ACTION, N_TABLES };
static const char *const table_names[N_TABLES] = { "repo", "trans_item", "rpm", "pkg_name", "arch",
						   "trans_item_action" };

/* The last time that an item came onto the system. */
struct coming {
	int64_t trans_item, repo;
};

#define COLUMNS_MAX 6

struct history {
	const struct detect_file *file;
	const struct detect_sink *out;
	struct arena *arena;
	struct told told;
	struct sqlite_file db;
	struct sqlite_file_table tables[N_TABLES];
	bool dnf5;
	size_t places[COLUMNS_MAX]; /* of the columns wanted of the table at hand */
	struct map *texts;	    /* the one being filled: id -> slice */
	struct map repos, names, arches;
	struct map actions; /* of dnf5: ids of those that bring an item */
	struct map items;   /* id -> the last coming */
	unsigned lost;
	bool failed; /* what is found cannot be taken */
};

static enum status nomem(struct err *err)
{
	return err_nomem(err, "dnf history");
}

/* ---- what is lost ---- */

static enum status on_lost(void *ctx, bool part, uint64_t offset, const struct err *why, struct err *err)
{
	struct history *h = ctx;

	(void)part;
	if (why->code == STATUS_NOMEM) {
		*err = *why;
		return err->code;
	}
	told_emit(&h->told, why->code == STATUS_NOTFOUND ? DIAG_TRUNCATED : DIAG_RECORD, offset, "%s", why->msg);
	if (++h->lost >= LOST_MAX)
		return err_set(err, STATUS_LIMIT, "%u damaged rows: the rest was not read", LOST_MAX);
	return STATUS_OK;
}

/* ---- rows ---- */

/* Where the columns of a table are; false if one is missing. */
static bool find_columns(struct history *h, enum table t, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		h->places[i] = sqlite_file_place(h->tables[t].sql, names[i]);
		if (h->places[i] == SIZE_MAX)
			return false;
	}
	return true;
}

/* The n columns that were found, in the order of their names. Absent ones are NULL, as in rows older than they. */
static void take_columns(const struct history *h, struct sqlite_file_row *row, struct sqlite_file_value *out, size_t n)
{
	struct sqlite_file_value v;

	for (size_t i = 0; i < n; i++)
		out[i] = (struct sqlite_file_value){ .kind = SQLITE_FILE_NULL };
	for (size_t place = 0; sqlite_file_column(row, &v); place++)
		for (size_t i = 0; i < n; i++)
			if (h->places[i] == place)
				out[i] = v;
}

static int64_t id_of(const struct sqlite_file_row *row, const struct sqlite_file_value *v)
{
	return v->kind == SQLITE_FILE_INTEGER ? v->number : row->id;
}

static uint64_t *slot_of(struct history *h, struct map *map, int64_t id, bool *is_new)
{
	struct slice key;
	uint64_t unused;

	*is_new = false;
	if (map_get(map, slice_make(&id, sizeof(id)), &unused))
		return map_slot(map, slice_make(&id, sizeof(id)), is_new);
	return arena_copy(h->arena, slice_make(&id, sizeof(id)), &key) ? map_slot(map, key, is_new) : NULL;
}

static void *find(const struct map *map, int64_t id)
{
	uint64_t at;

	return map_get(map, slice_make(&id, sizeof(id)), &at) ? (void *)(uintptr_t)at : NULL;
}

/* Tables of an id and a text. */
static enum status on_text(void *ctx, struct sqlite_file_row *row, struct err *err)
{
	struct history *h = ctx;
	struct sqlite_file_value v[2];
	struct slice *text = arena_alloc(h->arena, sizeof(*text));
	uint64_t *slot;
	bool is_new;

	take_columns(h, row, v, ARRAY_LEN(v));
	if (v[1].kind != SQLITE_FILE_TEXT || v[1].bytes.len > ORIGIN_TEXT_BYTES)
		return STATUS_OK;
	slot = slot_of(h, h->texts, id_of(row, &v[0]), &is_new);
	if (!text || !slot || !arena_copy(h->arena, v[1].bytes, text))
		return nomem(err);
	*slot = (uint64_t)(uintptr_t)text;
	return STATUS_OK;
}

/* The actions by which an item comes; by the others it goes, or stays and is asked for by someone else. */
static bool brings(const struct history *h, int64_t action)
{
	static const char *const names[] = { "Install", "Upgrade", "Downgrade", "Reinstall" };
	const struct slice *name;

	/* install, downgrade, obsolete, upgrade, reinstall */
	if (!h->dnf5)
		return action == 1 || action == 2 || action == 4 || action == 6 || action == 9;
	name = find(&h->actions, action);
	for (size_t i = 0; name && i < ARRAY_LEN(names); i++)
		if (slice_eq(*name, slice_cstr(names[i])))
			return true;
	return false;
}

static enum status on_trans_item(void *ctx, struct sqlite_file_row *row, struct err *err)
{
	struct history *h = ctx;
	struct sqlite_file_value v[4];
	struct coming *coming;
	uint64_t *slot;
	int64_t id;
	bool is_new;

	take_columns(h, row, v, ARRAY_LEN(v));
	id = id_of(row, &v[0]);
	if (v[1].kind != SQLITE_FILE_INTEGER || v[2].kind != SQLITE_FILE_INTEGER || !brings(h, v[3].number))
		return STATUS_OK;
	slot = slot_of(h, &h->items, v[1].number, &is_new);
	if (!slot)
		return nomem(err);
	coming = is_new ? arena_alloc(h->arena, sizeof(*coming)) : (struct coming *)(uintptr_t)*slot;
	if (!coming)
		return nomem(err);
	if (is_new || id > coming->trans_item)
		*coming = (struct coming){ id, v[2].number };
	*slot = (uint64_t)(uintptr_t)coming;
	return STATUS_OK;
}

/* A text of the rpm table, or of the table that an id in it leads to. */
static struct slice text_of(const struct history *h, const struct map *texts, const struct sqlite_file_value *v)
{
	const struct slice *found;

	if (!h->dnf5 || !texts)
		return v->kind == SQLITE_FILE_TEXT && v->bytes.len <= ORIGIN_TEXT_BYTES ? v->bytes : SLICE_EMPTY;
	found = v->kind == SQLITE_FILE_INTEGER ? find(texts, v->number) : NULL;
	return found ? *found : SLICE_EMPTY;
}

static enum status on_rpm(void *ctx, struct sqlite_file_row *row, struct err *err)
{
	struct history *h = ctx;
	struct slice name, version, release, arch, package;
	const struct coming *coming;
	const struct slice *repository;
	struct sqlite_file_value v[5];
	enum status st;

	take_columns(h, row, v, ARRAY_LEN(v));
	name = text_of(h, &h->names, &v[1]);
	version = text_of(h, NULL, &v[2]);
	release = text_of(h, NULL, &v[3]);
	arch = text_of(h, &h->arches, &v[4]);
	coming = v[0].kind == SQLITE_FILE_INTEGER ? find(&h->items, v[0].number) : NULL;
	repository = coming ? find(&h->repos, coming->repo) : NULL;
	if (!repository || !origin_is_known(*repository) || name.len == 0 || version.len == 0)
		return STATUS_OK;
	if (!arena_printf(h->arena, &package, "%.*s-%.*s-%.*s.%.*s", SLICE_ARG(name), SLICE_ARG(version),
			  SLICE_ARG(release), SLICE_ARG(arch)))
		return nomem(err);
	st = origin_emit(h->file, h->out, package, *repository, err);
	h->failed = st != STATUS_OK;
	return st;
}

/* ---- tables ---- */

static enum status missing(enum table t, struct err *err)
{
	return err_set(err, STATUS_MALFORMED, "table %s is not as dnf makes it", table_names[t]);
}

static enum status read_texts(struct history *h, enum table t, const char *column, struct map *into, struct err *err)
{
	const char *const columns[] = { "id", column };

	if (h->tables[t].root == 0 || !find_columns(h, t, columns, ARRAY_LEN(columns)))
		return missing(t, err);
	h->texts = into;
	return sqlite_file_walk(&h->db, &h->tables[t], on_text, h, err);
}

static enum status read_items(struct history *h, struct err *err)
{
	const char *const columns[] = { "id", "item_id", "repo_id", h->dnf5 ? "action_id" : "action" };

	if (h->tables[TRANS_ITEM].root == 0 || !find_columns(h, TRANS_ITEM, columns, ARRAY_LEN(columns)))
		return missing(TRANS_ITEM, err);
	return sqlite_file_walk(&h->db, &h->tables[TRANS_ITEM], on_trans_item, h, err);
}

static enum status read_rpms(struct history *h, struct err *err)
{
	const char *const columns[] = { "item_id", h->dnf5 ? "name_id" : "name", "version", "release",
					h->dnf5 ? "arch_id" : "arch" };

	if (h->tables[RPM].root == 0 || !find_columns(h, RPM, columns, ARRAY_LEN(columns)))
		return missing(RPM, err);
	return sqlite_file_walk(&h->db, &h->tables[RPM], on_rpm, h, err);
}

static enum status read_history(struct history *h, struct err *err)
{
	TRY(sqlite_file_open(&h->db, err));
	TRY(sqlite_file_tables(&h->db, table_names, N_TABLES, h->tables, err));
	h->dnf5 = h->tables[ACTION].root != 0;
	TRY(read_texts(h, REPO, "repoid", &h->repos, err));
	if (h->dnf5) {
		TRY(read_texts(h, ACTION, "name", &h->actions, err));
		TRY(read_texts(h, PKG_NAME, "name", &h->names, err));
		TRY(read_texts(h, ARCH, "name", &h->arches, err));
	}
	TRY(read_items(h, err));
	return read_rpms(h, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct history h = { .file = file,
			     .out = out,
			     .arena = env->arena,
			     .told = { .diags = out->diags },
			     .repos = MAP_INIT,
			     .names = MAP_INIT,
			     .arches = MAP_INIT,
			     .actions = MAP_INIT,
			     .items = MAP_INIT };
	struct err why = ERR_INIT;
	enum status st;

	if (file->bytes.len == 0)
		return STATUS_OK; /* made, never written to */
	h.db = (struct sqlite_file){ .file = file->bytes,
				.log = file->companion,
				.arena = env->arena,
				.told = &h.told,
				.row_bytes = ROW_BYTES,
				.lost = on_lost,
				.ctx = &h };
	st = read_history(&h, &why);
	if (st == STATUS_NOMEM || h.failed) {
		*err = why;
	} else if (st != STATUS_OK) { /* the packages are there all the same */
		told_emit(&h.told, DIAG_RECORD, why.offset,
			  "dnf's history cannot be read, so which repositories packages are from is not known: %s",
			  why.msg);
		st = STATUS_OK;
	}
	told_end(&h.told);
	sqlite_file_close(&h.db);
	map_fini(&h.repos);
	map_fini(&h.names);
	map_fini(&h.arches);
	map_fini(&h.actions);
	map_fini(&h.items);
	return st;
}

const struct detector detector_dnf_history = {
	.name = "dnf_history",
	.version = "1",
	.kind = DETECTOR_REPOSITORY,
	.rules = rules,
	.parse = parse,
};
