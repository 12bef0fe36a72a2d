/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor.c - limpid doctor: what keeps limpid from working well on this machine. What needs no network is looked at
 * here; limpid-update, which has one, tries the feeds and prints lines of the same form.
 */
#include "cli/doctor_rows.h"
#include "cli/places.h"

#include "index/sandbox.h"
#include "io/file.h"
#include "match/match.h"
#include "text/json.h"

#include <errno.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define OLD_S MATCH_STALE_S
/* Less is told: a full set of advisories takes a few hundred MB while it is replaced, a large layer's files as much. */
#define ROOM_MB 1024u
#define AUTH_FILE_BYTES ((size_t)1 << 20)

struct doctor {
	const struct options *options;
	struct doctor_counts counts;
};

static uint64_t free_mb(const char *dir)
{
	struct statvfs v;

	return statvfs(dir, &v) == 0 ? (uint64_t)v.f_bavail * v.f_frsize / 1000000 : UINT64_MAX;
}

static void look_at_room(struct doctor *d, const char *area, const char *dir, const char *what)
{
	uint64_t mb = free_mb(dir);

	if (mb == UINT64_MAX || access(dir, W_OK | X_OK) != 0)
		doctor_row(&d->counts, DOCTOR_WARN, area, "%s cannot be written: %s", dir, strerror(errno));
	else
		doctor_row(&d->counts, mb < ROOM_MB ? DOCTOR_WARN : DOCTOR_OK, area, "%s: %s, %llu MB free", dir, what,
			   (unsigned long long)mb);
}

/* ---- the data folder ---- */

static void look_at_source(struct doctor *d, const char *segments, const struct store_source *s, size_t *good)
{
	struct err why = ERR_INIT;
	struct segment *seg = NULL;
	int64_t age_s = s->last_success_s == DATE_NONE ? -1 : MAX(date_now() - s->last_success_s, 0);

	if (s->segment.algo != DIGEST_NONE && segment_open_of(segments, &s->segment, s->name, &seg, &why) != STATUS_OK)
		doctor_row(&d->counts, DOCTOR_FAIL, "advisories", "%.*s is damaged: %s; run: limpid update --set %.*s",
			   SLICE_ARG(s->name), why.msg, SLICE_ARG(s->feed));
	else if (s->held_back.len > 0)
		doctor_row(&d->counts, DOCTOR_WARN, "advisories",
			   "%.*s: %.*s; if that is right, run: limpid update --accept --set %.*s", SLICE_ARG(s->name),
			   SLICE_ARG(s->error), SLICE_ARG(s->feed));
	else if (s->error.len > 0)
		doctor_row(&d->counts, DOCTOR_WARN, "advisories", "%.*s: the last update failed: %.*s",
			   SLICE_ARG(s->name), SLICE_ARG(s->error));
	else if (age_s > (int64_t)OLD_S)
		doctor_row(&d->counts, DOCTOR_WARN, "advisories", "%.*s is %lld days old; run: limpid update",
			   SLICE_ARG(s->name), (long long)(age_s / 86400));
	else
		*good += seg != NULL;
	segment_free(seg);
}

static enum status look_at_sources(struct doctor *d, const char *dir, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)64 << 20);
	struct store_options options = { .read_only = true,
					 .busy_ms = 2000,
					 .cache_bytes = limits_default.cache_bytes };
	struct store_source *sources;
	struct store *store = NULL;
	char segments[4200];
	size_t n = 0, good = 0;
	enum status st;

	if (!cli_segment_dir(dir, segments, sizeof(segments)))
		return err_set(err, STATUS_INVALID, "the path of the data folder is too long");
	TRY(store_open(dir, &options, &store, err));
	st = store_sources(store, &arena, &sources, &n, err);
	for (size_t i = 0; st == STATUS_OK && i < n; i++)
		look_at_source(d, segments, &sources[i], &good);
	store_close(store);
	TRY(st);
	if (n == 0)
		doctor_row(&d->counts, DOCTOR_FAIL, "advisories", "there are none yet; run: limpid update");
	else
		doctor_row(&d->counts, good > 0 ? DOCTOR_OK : DOCTOR_FAIL, "advisories",
			   "%zu of %zu sources are whole and less than %u days old", good, n, OLD_S / 86400);
	return STATUS_OK;
}

static void look_at_folder(struct doctor *d, const char *dir)
{
	struct err err = ERR_INIT;
	enum status st;

	if (access(dir, F_OK) != 0) {
		doctor_row(&d->counts, DOCTOR_FAIL, "data folder",
			   "%s is not there yet; run: limpid update, or limpid db import", dir);
		return;
	}
	look_at_room(d, "data folder", dir, "can be written");
	st = look_at_sources(d, dir, &err);
	if (st == STATUS_NOTFOUND)
		doctor_row(&d->counts, DOCTOR_FAIL, "advisories",
			   "%s holds no database yet; run: limpid update, or limpid db import", dir);
	else if (st != STATUS_OK)
		doctor_row(&d->counts, DOCTOR_FAIL, "advisories", "%s", err.msg);
}

/* ---- reading images ---- */

static void look_at_sandbox(struct doctor *d)
{
	char text[256];
	bool full;

	sandbox_describe(text, sizeof(text), &full);
	doctor_row(&d->counts, full ? DOCTOR_OK : DOCTOR_WARN, "sandbox", "%s%s", text,
		   full ? "" : "; what images contain is read with more rights than it needs");
}

static bool program_in_path(const char *name)
{
	const char *path = getenv("PATH");
	struct slice rest = slice_cstr(path ? path : ""), dir;
	bool more = path != NULL;
	char full[4096];

	while (more) {
		more = slice_cut(rest, ':', &dir, &rest);
		if (snprintf(full, sizeof(full), "%.*s/%s", SLICE_ARG(dir), name) < (int)sizeof(full) &&
		    access(full, X_OK) == 0)
			return true;
	}
	return false;
}

static size_t look_at_helper(struct doctor *d, const char *file, struct slice name)
{
	char program[280];

	if (name.len == 0)
		return 0;
	snprintf(program, sizeof(program), "docker-credential-%.*s", SLICE_ARG(slice_take(name, 200)));
	if (!program_in_path(program))
		doctor_row(&d->counts, DOCTOR_WARN, "credentials", "%s names %s, which is not in PATH", file, program);
	return 1;
}

/* Names of registries and helpers only, never what is behind them. */
static void look_at_auth_file(struct doctor *d, const char *path)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(AUTH_FILE_BYTES);
	struct json_doc AUTO(json_doc_free) doc = { NULL, NULL };
	struct err err = ERR_INIT;
	yyjson_val *key, *value;
	size_t helpers = 0, i, n;
	enum status st;

	if (access(path, F_OK) != 0)
		return;
	st = file_read(path, &text, &err);
	if (st == STATUS_OK)
		st = json_parse(buf_slice(&text), &limits_default, &doc, &err);
	if (st != STATUS_OK) {
		doctor_row(&d->counts, DOCTOR_WARN, "credentials", "%s is of no use: %s", path, err.msg);
		return;
	}
	helpers += look_at_helper(d, path, json_get_str(yyjson_doc_get_root(doc.doc), "credsStore"));
	yyjson_obj_foreach(json_get(yyjson_doc_get_root(doc.doc), "credHelpers"), i, n, key, value) helpers +=
		look_at_helper(d, path, slice_cstr(yyjson_is_str(value) ? yyjson_get_str(value) : ""));
	doctor_row(&d->counts, DOCTOR_OK, "credentials", "%s: %zu registries, %zu helpers", path,
		   yyjson_obj_size(json_get(yyjson_doc_get_root(doc.doc), "auths")), helpers);
}

static void look_at_netrc(struct doctor *d, const char *path)
{
	struct stat st;

	if (!path || stat(path, &st) != 0)
		return;
	if (st.st_mode & 077)
		doctor_row(&d->counts, DOCTOR_WARN, "credentials", "%s may be read by others; run: chmod 600 %s", path,
			   path);
	else
		doctor_row(&d->counts, DOCTOR_OK, "credentials", "%s", path);
}

static void look_at_daemons(struct doctor *d, const char *name, const char *const *hosts)
{
	for (size_t i = 0; hosts[i]; i++) {
		struct slice path = slice_cstr(hosts[i]);

		if (!slice_starts(path, SLICE("unix://"))) {
			doctor_row(&d->counts, DOCTOR_OK, name, "%s is asked", hosts[i]);
			return;
		}
		if (access(hosts[i] + 7, F_OK) != 0)
			continue;
		if (access(hosts[i] + 7, R_OK | W_OK) == 0)
			doctor_row(&d->counts, DOCTOR_OK, name, "%s", hosts[i] + 7);
		else
			doctor_row(&d->counts, DOCTOR_WARN, name, "%s: %s", hosts[i] + 7, strerror(errno));
		return;
	}
	doctor_row(&d->counts, DOCTOR_OK, name, "no daemon listens; archives and registries need none");
}

static void look_at_places(struct doctor *d)
{
	struct cli_places AUTO(cli_places_fini) places;

	cli_places_find(d->options, &places);
	for (size_t i = 0; places.auth_files[i]; i++)
		look_at_auth_file(d, places.auth_files[i]);
	look_at_netrc(d, places.netrc);
	look_at_daemons(d, "docker", places.docker_hosts);
	look_at_daemons(d, "podman", places.podman_hosts);
}

/* ---- the network ---- */

static void look_at_network(struct doctor *d, char **given)
{
	char path[4200];
	int status;
	pid_t pid;

	fflush(stdout);
	if (!cli_find_program("limpid-update", path, sizeof(path)) ||
	    posix_spawn(&pid, path, NULL, NULL, given, environ) != 0 || waitpid(pid, &status, 0) != pid ||
	    !WIFEXITED(status)) {
		doctor_row(&d->counts, DOCTOR_FAIL, "network",
			   "limpid-update could not be run: it is not installed, or broken");
		return;
	}
	d->counts.failed += WEXITSTATUS(status) != EXIT_DONE && WEXITSTATUS(status) != EXIT_INCOMPLETE;
	d->counts.warned += WEXITSTATUS(status) == EXIT_INCOMPLETE;
}

int command_doctor(int argc, char **argv)
{
	char **AUTO(cli_arguments_free) given = cli_copy_arguments(argc, argv);
	struct options o;
	struct doctor d = { .options = &o };
	const char *temp[CLI_TEMP_DIRS];
	char dir[4096];

	if (!options_parse('t', argc, argv, &o))
		return EXIT_USAGE;
	if (o.n_args > 0) {
		cli_error("usage: limpid doctor [options]; see: limpid help doctor");
		return EXIT_USAGE;
	}
	if (!cli_data_dir(&o, dir, sizeof(dir)))
		return EXIT_USAGE;
	look_at_folder(&d, dir);
	look_at_sandbox(&d);
	cli_temp_dirs(temp);
	look_at_room(&d, "temporary", temp[0], "for files too large for memory");
	look_at_places(&d);
	if (!option_given(&o, OPTION_offline) && given)
		look_at_network(&d, given);
	if (d.counts.failed == 0 && d.counts.warned > 0 && !option_given(&o, OPTION_strict))
		return EXIT_DONE;
	return doctor_exit(&d.counts);
}
