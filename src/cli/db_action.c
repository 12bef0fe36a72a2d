/* SPDX-License-Identifier: Apache-2.0 */
/* db_action.c - clair-action's database, to and from a data folder; for limpid db and for clair-action. */
#include "cli/db.h"

#include "base/map.h"
#include "io/encoder.h"
#include "io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "SQLite format 3"
#define PIECE ((size_t)256 << 10)

enum status db_open_unpacked(const char *path, int *fd, struct source **out, struct err *err)
{
	struct source *packed;
	enum codec_id codec;

	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return err_errno(err, "%s", path);
	packed = source_from_pipe(*fd);
	if (!packed)
		return err_nomem(err, "a file");
	return codec_open(packed, &limits_default, &codec, out, err);
}

bool db_is_action(const char *path)
{
	uint8_t head[sizeof(HEAD)];
	struct source *in = NULL;
	struct err ignored = ERR_INIT;
	int AUTO(close_fd) fd = -1;
	bool is = strcmp(path, "-") != 0 && db_open_unpacked(path, &fd, &in, &ignored) == STATUS_OK &&
		  source_read_full(in, head, sizeof(head), &ignored) == STATUS_OK &&
		  memcmp(head, HEAD, sizeof(head)) == 0;

	source_free(in);
	return is;
}

/* SQLite wants a file with a name: one for the time of the work. */
struct scratch {
	char path[4200]; /* "" while there is none */
	int fd;
};

static void scratch_end(struct scratch *s)
{
	if (s->path[0]) {
		(void)unlink(s->path);
		close(s->fd);
	}
}

static enum status scratch_begin(struct scratch *s, struct err *err)
{
	const char *places[CLI_TEMP_DIRS];

	cli_temp_dirs(places);
	for (size_t i = 0; places[i]; i++) {
		snprintf(s->path, sizeof(s->path), "%.4000s/limpid-action-XXXXXX", places[i]);
		s->fd = mkostemp(s->path, O_CLOEXEC);
		if (s->fd >= 0)
			return STATUS_OK;
	}
	s->path[0] = '\0';
	return err_errno(err, "no place for a temporary file");
}

/* ---- export ---- */

static enum status to_output(void *ctx, struct slice bytes, struct err *err)
{
	const struct report_out *out = ctx;

	return out->write(out->ctx, bytes, err);
}

static enum status copy_out(const struct scratch *s, struct report_out *to, enum codec_id codec, struct err *err)
{
	const struct encoder_out out = { to_output, to };
	struct encoder *encoder;
	struct file_map map;
	enum status st;

	TRY(file_map_open(s->path, &map, err));
	st = encoder_open(codec, &out, &encoder, err);
	for (struct slice left = map.bytes; st == STATUS_OK && left.len > 0;
	     left = slice_from(left, MIN(left.len, PIECE)))
		st = encoder_put(encoder, slice_take(left, PIECE), err);
	if (st == STATUS_OK)
		st = encoder_finish(encoder, err);
	encoder_free(encoder);
	file_map_close(&map);
	return st;
}

enum status db_export_action(struct store *store, const char *dir, const char *path, struct carry_summary *out,
			     struct err *err)
{
	const struct carry_options options = { .dir = dir, .limits = &limits_default };
	struct scratch AUTO(scratch_end) s = { .path = "" };
	struct cli_output output;
	enum status st;

	TRY(scratch_begin(&s, err));
	TRY(carry_action_export(store, &options, s.path, out, err));
	TRY(cli_output_open(path, &output, err));
	st = copy_out(&s, &output.out, db_codec_of(path), err);
	if (st == STATUS_OK)
		return cli_output_close(&output, err);
	cli_output_abort(&output);
	return st;
}

/* ---- import ---- */

static enum status unpack(const char *path, struct scratch *s, struct err *err)
{
	struct source *in = NULL;
	int AUTO(close_fd) fd = -1;
	uint8_t *piece = malloc(PIECE);
	enum status st = piece ? db_open_unpacked(path, &fd, &in, err) : err_nomem(err, "a file");
	size_t n = 1;

	while (st == STATUS_OK && n > 0) {
		st = source_read(in, piece, PIECE, &n, err);
		if (st == STATUS_OK && n > 0)
			st = file_write_all(s->fd, slice_make(piece, n), err);
	}
	source_free(in);
	free(piece);
	return st;
}

static bool is_plain(const char *path)
{
	char head[sizeof(HEAD)] = "";
	int AUTO(close_fd) fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, head, sizeof(head)) == (ssize_t)sizeof(head) &&
	       memcmp(head, HEAD, sizeof(head)) == 0;
}

enum status db_import_action(struct store *store, const char *path, const struct carry_options *options,
			     struct carry_summary *out, struct err *err)
{
	struct scratch AUTO(scratch_end) s = { .path = "" };
	bool plain = is_plain(path);
	struct stat st;

	if (stat(path, &st) != 0)
		return err_errno(err, "%s", path);
	if (!plain) {
		TRY(scratch_begin(&s, err));
		TRY(unpack(path, &s, err));
	}
	if (carry_action_import(store, plain ? path : s.path, st.st_mtime, options, out, err) != STATUS_OK)
		return err_wrap(err, "%s", path);
	return STATUS_OK;
}

/* ---- a data folder that stands for such a file ---- */

#define STAMP SLICE("clair-action")
#define POLL_US 100000u

/* Which file, and in what state. */
static enum status stamp(const char *path, char out[128], char folder[4200], struct err *err)
{
	char real[4096], data[4096];
	struct stat st;

	if (!realpath(path, real) || stat(real, &st) != 0)
		return err_errno(err, "%s", path);
	if (!cli_data_dir_default(data, sizeof(data)))
		return err_set(err, STATUS_INVALID, "no folder for what %s holds: set $LIMPID_HOME", path);
	snprintf(out, 128, "%llu %lld.%09ld %llu", (unsigned long long)st.st_size, (long long)st.st_mtim.tv_sec,
		 st.st_mtim.tv_nsec, (unsigned long long)st.st_ino);
	if ((size_t)snprintf(folder, 4200, "%s/clair-action/%016llx", data,
			     (unsigned long long)slice_hash(slice_cstr(real), 0)) >= 4200)
		return err_set(err, STATUS_INVALID, "the path of the data folder is too long");
	return STATUS_OK;
}

static bool is_current(struct store *store, const char *text)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 16);
	struct store_document said;
	struct err none = ERR_INIT;

	return store_document_get(store, STORE_DOCUMENT_SETTING, STAMP, &arena, &said, &none) == STATUS_OK &&
	       slice_eq(said.body, slice_cstr(text));
}

/* Updaters that the file has. */
struct told {
	struct map names;
	struct arena arena;
	bool failed; /* memory is short */
};

static void told_fini(struct told *t)
{
	map_fini(&t->names);
	arena_fini(&t->arena);
}

static void on_event(void *ctx, const struct carry_event *e)
{
	struct told *t = ctx;
	struct slice name;

	if (e->kind != CARRY_DIAG)
		t->failed |= !arena_copy(&t->arena, e->source, &name) || !map_put(&t->names, name, 1);
}

/* What the file has no more is not in force any more. */
static enum status drop_others(struct store *store, struct told *told, struct err *err)
{
	struct store_source *sources;
	char ref[37];
	uint64_t ignored;
	size_t n;

	if (told->failed)
		return err_nomem(err, "updaters");
	TRY(store_sources(store, &told->arena, &sources, &n, err));
	for (size_t i = 0; i < n; i++) {
		if (map_get(&told->names, sources[i].name, &ignored) || sources[i].segment.algo == DIGEST_NONE)
			continue;
		sources[i].segment = (struct digest){ .algo = DIGEST_NONE };
		sources[i].records = 0;
		TRY(store_publish(store, &sources[i], ref, err));
	}
	return STATUS_OK;
}

static enum status refresh(struct store *store, const char *path, const char *folder, const char *text, struct err *err)
{
	struct told AUTO(told_fini) told = { .arena = ARENA_INIT((size_t)64 << 20) };
	const struct carry_options options = {
		.dir = folder, .limits = &limits_default, .accept = true, .event = on_event, .event_ctx = &told
	};
	const struct cli_retention one = { .keep = 1 };
	struct carry_summary s = { 0 };
	struct cli_collected gone;
	struct err ignored = ERR_INIT; /* what cannot be deleted now is deleted later */

	TRY(db_import_action(store, path, &options, &s, err));
	if (s.failed > 0)
		return err_set(err, STATUS_MALFORMED, "%s: %zu of %zu updaters could not be read", path, s.failed,
			       s.sources);
	TRY(drop_others(store, &told, err));
	(void)!cli_collect(store, folder, &one, 0, &gone, &ignored);
	return store_document_put(store, STORE_DOCUMENT_SETTING, STAMP, SLICE_EMPTY, slice_cstr(text), err);
}

enum status db_folder_of_action(const char *path, char folder[4200], struct err *err)
{
	const struct store_options options = { .busy_ms = 30000, .cache_bytes = limits_default.cache_bytes };
	struct store *store = NULL;
	char text[128];
	enum status st;

	TRY(stamp(path, text, folder, err));
	TRY(db_make_folder(folder, err));
	TRY(store_open(folder, &options, &store, err));
	/* Who comes while it is being read waits for it. */
	while ((st = is_current(store, text) || text[0] == '0' ? STATUS_OK : store_lock(store, STAMP, err)) ==
	       STATUS_CONFLICT)
		usleep(POLL_US);
	/* An empty file is one that is to be made. */
	if (st == STATUS_OK && text[0] != '0' && !is_current(store, text))
		st = refresh(store, path, folder, text, err);
	store_close(store);
	return st;
}

enum status db_action_of_folder(const char *path, const char *folder, struct err *err)
{
	const struct store_options options = { .busy_ms = 30000, .cache_bytes = limits_default.cache_bytes };
	struct carry_summary s = { 0 };
	struct store *store = NULL;
	char text[128], same[4200];
	enum status st;

	TRY(store_open(folder, &options, &store, err));
	st = db_export_action(store, folder, path, &s, err);
	if (st == STATUS_OK)
		st = stamp(path, text, same, err);
	if (st == STATUS_OK)
		st = store_document_put(store, STORE_DOCUMENT_SETTING, STAMP, SLICE_EMPTY, slice_cstr(text), err);
	store_close(store);
	return st;
}
