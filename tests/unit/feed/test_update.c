/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_update.c - update runs over a mirror that the test makes: what is published, kept, held back and survived.
 */
#include "feed/update.h"
#include "io/file.h"
#include "segment/segment.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MAIN_39 "secdb.alpinelinux.org/v3.9/main.json"
#define SOURCE_39 "alpine-main-v3.9-updater"

static struct err err = ERR_INIT;

struct place {
	char root[64], mirror[80], db[80];
	struct update_summary summary;
	char text[1024]; /* of the last FAILED, HELD_BACK or UNCHANGED event */
	uint64_t previous;
	enum update_event_kind die_at; /* kill the process at the n-th event of this kind */
	unsigned die_after;
};

static void check(enum status st)
{
	if (st != STATUS_OK)
		fail_msg("%s: %s", status_text(st), err.msg);
}

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	snprintf(p->root, sizeof(p->root), "/tmp/limpid-update-XXXXXX");
	assert_non_null(mkdtemp(p->root));
	snprintf(p->mirror, sizeof(p->mirror), "%s/mirror", p->root);
	snprintf(p->db, sizeof(p->db), "%s/db", p->root);
	*state = p;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	struct place *p = *state;

	nftw(p->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(p);
	return 0;
}

static void put(const struct place *p, const char *name, const char *text)
{
	char path[512], *slash;
	struct file_writer *w;

	snprintf(path, sizeof(path), "%s/%s", p->mirror, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	check(file_mkdirs(path, &err));
	*slash = '/';
	check(file_writer_open(path, &w, &err));
	check(file_writer_put(w, slice_cstr(text), &err));
	check(file_writer_commit(w, NULL, &err));
}

/* A secdb document with n packages of one fix each. */
static void put_secdb(const struct place *p, const char *name, unsigned n)
{
	struct buf text = BUF_INIT((size_t)16 << 20);

	buf_add_cstr(&text, "{\"distroversion\": \"v3.9\", \"packages\": [");
	for (unsigned i = 0; i < n; i++)
		buf_printf(&text, "%s{\"pkg\": {\"name\": \"p%u\", \"secfixes\": {\"1.0-r0\": [\"CVE-2020-%u\"]}}}",
			   i ? "," : "", i, 10000 + i);
	buf_add_cstr(&text, "]}");
	buf_add_byte(&text, '\0');
	put(p, name, (const char *)text.ptr);
	buf_fini(&text);
}

static void on_event(void *ctx, const struct update_event *e)
{
	struct place *p = ctx;

	if (p->die_after > 0 && e->kind == p->die_at && --p->die_after == 0)
		kill(getpid(), SIGKILL);
	if (e->kind == UPDATE_EVENT_FAILED || e->kind == UPDATE_EVENT_HELD_BACK || e->kind == UPDATE_EVENT_UNCHANGED)
		snprintf(p->text, sizeof(p->text), "%.*s", SLICE_ARG(e->text));
	if (e->kind == UPDATE_EVENT_PUBLISHED || e->kind == UPDATE_EVENT_HELD_BACK)
		p->previous = e->previous_records;
}

static struct store *open_store(const struct place *p)
{
	struct store_options options = { .busy_ms = 1000, .cache_bytes = 1 << 20 };
	struct store *s;

	check(store_open(p->db, &options, &s, &err));
	return s;
}

static void run_with(struct place *p, const char *set, struct update_options *o)
{
	const struct feed *feed = feed_by_name(slice_cstr(set));
	struct store *s = o->download_to.len > 0 ? NULL : open_store(p);

	assert_non_null(feed);
	p->text[0] = '\0';
	o->dir = p->db;
	o->limits = o->limits ? o->limits : &limits_default;
	o->sets = &feed;
	o->n_sets = 1;
	if (o->mirror.len == 0)
		o->mirror = slice_cstr(p->mirror);
	o->event = on_event;
	o->event_ctx = p;
	check(update_run(s, o, &p->summary, &err));
	store_close(s);
}

static void run(struct place *p, const char *set)
{
	struct update_options o = { .accept_shrunk = false };

	run_with(p, set, &o);
}

/* Rows in force of a source; -1 if there is no segment. */
static long rows_of(const struct place *p, const char *source, struct store_source *out_row, struct arena *arena)
{
	char dir[128];
	struct store *s = open_store(p);
	struct segment *segment;
	long rows = -1;

	snprintf(dir, sizeof(dir), "%s/segments", p->db);
	check(store_source_get(s, slice_cstr(source), arena, out_row, &err));
	store_close(s);
	if (out_row->segment.algo != DIGEST_NONE) {
		check(segment_open(dir, &out_row->segment, &segment, &err));
		check(segment_verify(segment, &err));
		rows = (long)segment_get_stats(segment)->rows;
		segment_free(segment);
	}
	return rows;
}

static void check_source(const struct place *p, const char *source, long rows, const char *error)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store_source row;
	long got = rows_of(p, source, &row, &arena);

	if (got != rows)
		fail_msg("%s: %ld rows in force, want %ld", source, got, rows);
	if (error ? !slice_has(row.error, slice_cstr(error)) : row.error.len > 0)
		fail_msg("%s: error \"%.*s\", want %s", source, SLICE_ARG(row.error), error ? error : "none");
	arena_fini(&arena);
}

static void test_publish_and_unchanged(void **state)
{
	struct place *p = *state;
	struct update_options force = { .force = true };

	put_secdb(p, MAIN_39, 10);
	put_secdb(p, "secdb.alpinelinux.org/v3.10/main.json", 3);
	put_secdb(p, "secdb.alpinelinux.org/v3.10/community.json", 4);
	run(p, "alpine");
	assert_int_equal(p->summary.published, 3);
	assert_int_equal(p->summary.failed, 0);
	assert_int_equal(p->summary.records, 17);
	assert_true(p->summary.absent > 0);
	check_source(p, SOURCE_39, 10, NULL);
	run(p, "alpine");
	assert_int_equal(p->summary.published, 0);
	assert_int_equal(p->summary.unchanged, 3);
	assert_int_equal(p->summary.records, 17);
	put_secdb(p, MAIN_39, 11);
	run(p, "alpine");
	assert_int_equal(p->summary.published, 1);
	assert_int_equal(p->previous, 10);
	check_source(p, SOURCE_39, 11, NULL);
	run_with(p, "alpine", &force);
	assert_int_equal(p->summary.published, 3);
}

/* The segment file was lost: unchanged documents are read again. */
static void test_lost_segment(void **state)
{
	struct place *p = *state;
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store_source row;
	struct digest_text t;
	char path[256];

	put_secdb(p, MAIN_39, 5);
	run(p, "alpine");
	assert_int_equal(rows_of(p, SOURCE_39, &row, &arena), 5);
	snprintf(path, sizeof(path), "%s/segments/%s.seg", p->db, digest_print(&t, &row.segment) + strlen("sha256:"));
	assert_int_equal(unlink(path), 0);
	run(p, "alpine");
	assert_int_equal(p->summary.published, 1);
	check_source(p, SOURCE_39, 5, NULL);
	arena_fini(&arena);
}

/* One byte of the segment is another: unchanged documents are read again, the source is whole after that. */
static void test_damaged_segment(void **state)
{
	struct place *p = *state;
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store_source row;
	struct digest_text t;
	char path[256];
	FILE *f;

	put_secdb(p, MAIN_39, 500);
	run(p, "alpine");
	assert_int_equal(rows_of(p, SOURCE_39, &row, &arena), 500);
	snprintf(path, sizeof(path), "%s/segments/%s.seg", p->db, digest_print(&t, &row.segment) + strlen("sha256:"));
	f = fopen(path, "r+b");
	assert_non_null(f);
	assert_int_equal(fseek(f, 2000, SEEK_SET), 0);
	fputc(0xee, f);
	fclose(f);
	run(p, "alpine");
	assert_int_equal(p->summary.published, 1);
	check_source(p, SOURCE_39, 500, NULL);
	run(p, "alpine");
	assert_int_equal(p->summary.unchanged, 1);
	arena_fini(&arena);
}

static void test_shrunk(void **state)
{
	struct place *p = *state;
	struct update_options accept = { .accept_shrunk = true };

	put_secdb(p, MAIN_39, 100);
	run(p, "alpine");
	put_secdb(p, MAIN_39, 80); /* a fifth less is let through */
	run(p, "alpine");
	check_source(p, SOURCE_39, 80, NULL);
	put_secdb(p, MAIN_39, 63);
	run(p, "alpine");
	assert_int_equal(p->summary.held_back, 1);
	assert_int_equal(p->summary.published, 0);
	assert_string_equal(p->text, "63 rows, 80 are in force");
	check_source(p, SOURCE_39, 80, "kept back: 63 rows, 80 are in force");
	run(p, "alpine");
	assert_int_equal(p->summary.held_back, 1);
	check_source(p, SOURCE_39, 80, "kept back");
	run_with(p, "alpine", &accept);
	assert_int_equal(p->summary.published, 1);
	check_source(p, SOURCE_39, 63, NULL);
	put(p, MAIN_39, "{\"distroversion\": \"v3.9\", \"packages\": null}");
	run(p, "alpine");
	assert_int_equal(p->summary.held_back, 1);
	check_source(p, SOURCE_39, 63, "kept back: 0 rows");
	put_secdb(p, MAIN_39, 64); /* and back again */
	run(p, "alpine");
	check_source(p, SOURCE_39, 64, NULL);
}

static void test_broken_documents(void **state)
{
	struct place *p = *state;

	put_secdb(p, MAIN_39, 10);
	put_secdb(p, "secdb.alpinelinux.org/v3.10/main.json", 3);
	run(p, "alpine");
	put(p, MAIN_39, "{\"distroversion\": \"v3.9\", \"packages\": [{\"pkg\": {\"name\": \"p0\", \"secf");
	put_secdb(p, "secdb.alpinelinux.org/v3.10/main.json", 4);
	run(p, "alpine");
	assert_int_equal(p->summary.failed, 1);
	assert_int_equal(p->summary.published, 1); /* the other source is not held up */
	check_source(p, SOURCE_39, 10, "JSON");
	check_source(p, "alpine-main-v3.10-updater", 4, NULL);
	put(p, MAIN_39, "{\"distroversion\": \"v3.9\", \"packages\": [5, 6]}");
	run(p, "alpine");
	check_source(p, SOURCE_39, 10, "none of 2 records could be read");
	put_secdb(p, MAIN_39, 10);
	run(p, "alpine");
	assert_int_equal(p->summary.failed, 0);
	check_source(p, SOURCE_39, 10, NULL);
}

/* A source that was there and is gone is a failure; one that never was is not. */
static void test_gone(void **state)
{
	struct place *p = *state;
	char path[256];

	put_secdb(p, MAIN_39, 10);
	put_secdb(p, "secdb.alpinelinux.org/v3.9/community.json", 2);
	run(p, "alpine");
	snprintf(path, sizeof(path), "%s/secdb.alpinelinux.org/v3.9/community.json", p->mirror);
	assert_int_equal(unlink(path), 0);
	run(p, "alpine");
	assert_int_equal(p->summary.failed, 1);
	check_source(p, "alpine-community-v3.9-updater", 2, "there is no such file");
}

static void test_nothing_at_all(void **state)
{
	struct place *p = *state;

	put(p, "example.org/x", "");
	run(p, "alpine");
	assert_int_equal(p->summary.failed, 1);
	assert_string_equal(p->text, "no document of this feed was found");
	run(p, "osv");
	assert_int_equal(p->summary.failed, 1);
	assert_non_null(strstr(p->text, "ecosystems.txt"));
}

/* The list is gone: what it named before keeps its advisories and says so. */
static void test_list_gone(void **state)
{
	struct place *p = *state;
	char path[256];

	put(p, "osv-vulnerabilities.storage.googleapis.com/ecosystems.txt",
	    "Alpine\nDebian\nGo\nGo:x\nOSS-Fuzz\nPyPI\n");
	put(p, "osv-vulnerabilities.storage.googleapis.com/Go/all.zip",
	    "[{\"id\": \"GO-1\", \"affected\": [{\"package\": {\"ecosystem\": \"Go\", \"name\": \"m\"}, \"ranges\": "
	    "[{\"type\": \"SEMVER\", \"events\": [{\"introduced\": \"0\"}]}]}]}]");
	run(p, "osv");
	assert_int_equal(p->summary.sources,
			 2); /* Alpine and Debian have feeds of their own, OSS-Fuzz is not matched */
	assert_int_equal(p->summary.published, 1);
	assert_int_equal(p->summary.failed, 1); /* PyPI is on the list, but not there */
	check_source(p, "osv/go", 1, NULL);
	check_source(p, "osv/pypi", -1, "there is no such file");
	snprintf(path, sizeof(path), "%s/osv-vulnerabilities.storage.googleapis.com/ecosystems.txt", p->mirror);
	assert_int_equal(unlink(path), 0);
	run(p, "osv");
	assert_int_equal(p->summary.failed, 1);
	check_source(p, "osv/go", 1, "ecosystems.txt");
}

/* Sources asked for by name, and one that there is not. */
static void test_only(void **state)
{
	struct place *p = *state;
	const struct slice one[] = { SLICE("osv/rocky-linux"), SLICE("alpine/x") }, wrong[] = { SLICE("osv/none") };
	struct update_options options = { .only = one, .n_only = 2 };

	put(p, "osv-vulnerabilities.storage.googleapis.com/ecosystems.txt", "Go\nPyPI\nRocky Linux\n");
	put(p, "osv-vulnerabilities.storage.googleapis.com/Rocky Linux/all.zip",
	    "[{\"id\": \"RLSA-1\", \"affected\": [{\"package\": {\"ecosystem\": \"Rocky Linux:8\", \"name\": \"m\"}, "
	    "\"ranges\": [{\"type\": \"ECOSYSTEM\", \"events\": [{\"introduced\": \"0\"}, {\"fixed\": \"1-1\"}]}]}]}]");
	run_with(p, "osv", &options);
	assert_int_equal(p->summary.sources, 1);
	assert_int_equal(p->summary.published, 1);
	check_source(p, "osv/rocky-linux", 1, NULL);
	options = (struct update_options){ .only = wrong, .n_only = 1 };
	run_with(p, "osv", &options);
	assert_int_equal(p->summary.sources, 0);
	assert_int_equal(p->summary.failed, 1);
	assert_non_null(strstr(p->text, "no document"));
}

static void test_too_large(void **state)
{
	struct place *p = *state;
	struct limits small = limits_default;
	struct update_options o = { .limits = &small };

	small.document_bytes = 100;
	put_secdb(p, MAIN_39, 10);
	run_with(p, "alpine", &o);
	assert_int_equal(p->summary.failed, 1);
	assert_non_null(strstr(p->text, "larger than 100 bytes"));
}

/* Two processes: the second one leaves a source that is being updated. */
static void test_locked(void **state)
{
	struct place *p = *state;
	struct store *other;

	put_secdb(p, MAIN_39, 10);
	other = open_store(p);
	check(store_lock(other, SLICE(SOURCE_39), &err));
	run(p, "alpine");
	assert_int_equal(p->summary.published, 0);
	assert_string_equal(p->text, "another process is updating it");
	store_unlock(other, SLICE(SOURCE_39));
	store_close(other);
	run(p, "alpine");
	assert_int_equal(p->summary.published, 1);
}

/* Killed at every event of a run that replaces what is in force: the old set or the new one serves, and the next run
 * ends well. */
static void test_killed(void **state)
{
	static const enum update_event_kind kinds[] = { UPDATE_EVENT_STARTED, UPDATE_EVENT_PROGRESS,
							UPDATE_EVENT_PUBLISHED };
	struct place *p = *state;
	unsigned killed = 0;

	put_secdb(p, MAIN_39, 12000);
	run(p, "alpine");
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		for (unsigned n = 1; n < 6; n++) {
			pid_t child;
			int status;

			put_secdb(p, MAIN_39, 12000 + 10 * (unsigned)k + n);
			child = fork();
			assert_true(child >= 0);
			if (child == 0) {
				p->die_at = kinds[k];
				p->die_after = n;
				run(p, "alpine");
				_exit(0);
			}
			assert_int_equal(waitpid(child, &status, 0), child);
			killed += WIFSIGNALED(status);
			if (WIFSIGNALED(status) && kinds[k] != UPDATE_EVENT_PUBLISHED && !(k == 0 && n > 1)) {
				struct arena arena = ARENA_INIT((size_t)1 << 20);
				struct store_source row;
				long rows = rows_of(p, SOURCE_39, &row, &arena);

				assert_true(rows >= 12000 && rows < 12000 + 10 * (long)k + (long)n);
				arena_fini(&arena);
			}
			run(p, "alpine");
			check_source(p, SOURCE_39, 12000 + 10 * (long)k + (long)n, NULL);
		}
	}
	assert_true(killed >= 6);
}

static void test_download_only(void **state)
{
	struct place *p = *state;
	char to[128], copy[256];
	struct update_options o = { .force = false };
	struct buf want = BUF_INIT((size_t)1 << 20), got = BUF_INIT((size_t)1 << 20);

	snprintf(to, sizeof(to), "%s/copy", p->root);
	put_secdb(p, MAIN_39, 10);
	o.download_to = slice_cstr(to);
	run_with(p, "alpine", &o);
	assert_int_equal(p->summary.published, 1);
	assert_int_equal(p->summary.failed, 0);
	snprintf(copy, sizeof(copy), "%s/%s", p->mirror, MAIN_39);
	check(file_read(copy, &want, &err));
	snprintf(copy, sizeof(copy), "%s/%s", to, MAIN_39);
	check(file_read(copy, &got, &err));
	assert_true(slice_eq(buf_slice(&want), buf_slice(&got)));
	run_with(p, "alpine", &o);
	assert_int_equal(p->summary.published, 0);
	assert_int_equal(p->summary.unchanged, 1);
	/* The copy is a mirror. */
	o = (struct update_options){ .mirror = slice_cstr(to) };
	run_with(p, "alpine", &o);
	check_source(p, SOURCE_39, 10, NULL);
	buf_fini(&want);
	buf_fini(&got);
}

/* ---- a document and lists of what changed since ---- */

#define VEX "security.access.redhat.com/data/csaf/v2/vex/"

/* A document of one CVE that is fixed in one package. */
static void put_vex_text(char *out, size_t size, const char *id, const char *package)
{
	snprintf(out, size,
		 "{\"document\":{\"tracking\":{\"id\":\"%s\"}},\"product_tree\":{\"branches\":[{\"product\":{\"product_"
		 "id\":"
		 "\"r\",\"product_identification_helper\":{\"cpe\":\"cpe:/o:redhat:enterprise_linux:9::baseos\"}}},"
		 "{\"product\":{\"product_id\":\"p\",\"product_identification_helper\":{\"purl\":"
		 "\"pkg:rpm/redhat/%s@1.0-1.el9?arch=x86_64\"}}}],\"relationships\":[{\"category\":"
		 "\"default_component_of\",\"full_product_name\":{\"product_id\":\"r:p\"},\"product_reference\":\"p\","
		 "\"relates_to_product_reference\":\"r\"}]},\"vulnerabilities\":[{\"cve\":\"%s\",\"product_status\":"
		 "{\"fixed\":[\"r:p\"]}}]}",
		 id, package, id);
}

static void put_vex(const struct place *p, const char *path, const char *id, const char *package)
{
	char text[2048], name[256];

	put_vex_text(text, sizeof(text), id, package);
	snprintf(name, sizeof(name), VEX "%s", path);
	put(p, name, text);
}

/* A tar (ustar) of documents: CVE-2024-1 to -5, each about a package of its own, "p1" to "p5". */
static void put_archive(const struct place *p, const char *name)
{
	char path[512], text[2048];
	uint8_t block[512];
	FILE *f;

	put(p, VEX "archive_latest.txt", name);
	snprintf(path, sizeof(path), "%s/" VEX "%s", p->mirror, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	for (unsigned i = 1; i <= 5; i++) {
		char id[32], package[8];
		unsigned sum = 0;

		snprintf(id, sizeof(id), "CVE-2024-%u", i);
		snprintf(package, sizeof(package), "p%u", i);
		put_vex_text(text, sizeof(text), id, package);
		memset(block, 0, sizeof(block));
		snprintf((char *)block, 100, "2024/cve-2024-%u.json", i);
		snprintf((char *)block + 100, 8, "%07o", 0644u);
		snprintf((char *)block + 124, 12, "%011o", (unsigned)strlen(text) & 0777777u);
		block[156] = '0';
		memcpy(block + 257,
		       "ustar\0"
		       "00",
		       8);
		memset(block + 148, ' ', 8);
		for (size_t k = 0; k < sizeof(block); k++)
			sum += block[k];
		snprintf((char *)block + 148, 8, "%06o", sum & 0777777u);
		assert_int_equal(fwrite(block, 1, sizeof(block), f), sizeof(block));
		memset(block, 0, sizeof(block));
		for (size_t at = 0; at < strlen(text); at += sizeof(block)) {
			memset(block, 0, sizeof(block));
			memcpy(block, text + at, MIN(sizeof(block), strlen(text) - at));
			assert_int_equal(fwrite(block, 1, sizeof(block), f), sizeof(block));
		}
	}
	memset(block, 0, sizeof(block));
	assert_int_equal(fwrite(block, 1, sizeof(block), f), sizeof(block));
	assert_int_equal(fwrite(block, 1, sizeof(block), f), sizeof(block));
	assert_int_equal(fclose(f), 0);
}

static void remove_archive(const struct place *p, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/" VEX "archive_latest.txt", p->mirror);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/" VEX "%s", p->mirror, name);
	assert_int_equal(unlink(path), 0);
}

/* Which packages have a fix of the source in force: "p1 p2 ". */
static void packages_of(const struct place *p, char *out, size_t size, struct digest *out_segment)
{
	struct arena arena = ARENA_INIT((size_t)1 << 20);
	struct store_source row;
	struct segment *segment;
	struct segment_rows rows;
	char dir[128];
	size_t n = 0;

	out[0] = '\0';
	rows_of(p, "rhel-vex", &row, &arena);
	*out_segment = row.segment;
	snprintf(dir, sizeof(dir), "%s/segments", p->db);
	check(segment_open(dir, &row.segment, &segment, &err));
	check(segment_scope_rows(segment, SLICE("rhel:cpe:2.3:o:redhat:enterprise_linux:9:*:baseos:*:*:*:*:*"), &rows,
				 &err));
	for (uint32_t i = 0; i < rows.n; i++) {
		struct affected affected;
		uint32_t advisory;
		struct slice id;

		check(segment_row(segment, rows.first + i, &arena, &affected, &advisory, &err));
		check(segment_advisory_id(segment, advisory, &id, &err));
		assert_true(slice_eq(affected.fixed_version, SLICE("0:1.0-1.el9")));
		n += (size_t)snprintf(out + n, size - n, "%.*s:%.*s ", SLICE_ARG(id), SLICE_ARG(affected.package));
	}
	segment_free(segment);
	arena_fini(&arena);
}

static void check_packages(const struct place *p, const char *want, struct digest *out_segment)
{
	char got[512];

	packages_of(p, got, sizeof(got), out_segment);
	assert_string_equal(got, want);
}

#define ARCHIVE "csaf_vex_2024-08-04.tar"

/* The archive is not fetched again for a few changes: it is not even there. What it says otherwise, too, is the same.
 */
static void test_changes_alone(void **state)
{
	struct place *p = *state;
	struct update_options force = { .force = true };
	struct digest whole, changed, same;

	put_archive(p, ARCHIVE);
	put(p, VEX "changes.csv", "\"2024/cve-2024-1.json\",\"2024-08-03T10:00:00+00:00\"\n");
	put(p, VEX "deletions.csv", "");
	run(p, "rhel-vex");
	assert_int_equal(p->summary.published, 1);
	check_packages(p, "CVE-2024-1:p1 CVE-2024-2:p2 CVE-2024-3:p3 CVE-2024-4:p4 CVE-2024-5:p5 ", &whole);

	remove_archive(p, ARCHIVE);
	put(p, VEX "changes.csv",
	    "\"2024/cve-2024-1.json\",\"2024-08-01T10:00:00+00:00\"\n"
	    "\"2024/cve-2024-2.json\",\"2024-08-05T10:00:00+00:00\"\n"
	    "\"2024/cve-2024-6.json\",\"2024-08-05T11:00:00+00:00\"\n");
	put(p, VEX "deletions.csv", "\"2024/cve-2024-3.json\",\"2024-08-05T12:00:00+00:00\"\n");
	put_vex(p, "2024/cve-2024-2.json", "CVE-2024-2", "q2");
	put_vex(p, "2024/cve-2024-6.json", "CVE-2024-6", "p6");
	run(p, "rhel-vex");
	assert_int_equal(p->summary.published, 1);
	assert_int_equal(p->summary.records, 5);
	check_packages(p, "CVE-2024-1:p1 CVE-2024-4:p4 CVE-2024-5:p5 CVE-2024-6:p6 CVE-2024-2:q2 ", &changed);
	assert_false(digest_eq(&whole, &changed));

	run(p, "rhel-vex");
	assert_int_equal(p->summary.unchanged, 1);
	check_packages(p, "CVE-2024-1:p1 CVE-2024-4:p4 CVE-2024-5:p5 CVE-2024-6:p6 CVE-2024-2:q2 ", &same);
	assert_true(digest_eq(&same, &changed));

	/* The whole gives the same. */
	put_archive(p, ARCHIVE);
	run_with(p, "rhel-vex", &force);
	assert_int_equal(p->summary.published, 1);
	check_packages(p, "CVE-2024-1:p1 CVE-2024-4:p4 CVE-2024-5:p5 CVE-2024-6:p6 CVE-2024-2:q2 ", &same);
}

/* A document that the list names and nobody has, a list that is gone: the whole is needed, and read if it is there. */
static void test_changes_not_enough(void **state)
{
	struct place *p = *state;
	struct digest segment;
	char path[512];

	put_archive(p, ARCHIVE);
	put(p, VEX "changes.csv", "\"2024/cve-2024-1.json\",\"2024-08-03T10:00:00+00:00\"\n");
	run(p, "rhel-vex");
	assert_int_equal(p->summary.published, 1);
	put(p, VEX "changes.csv", "\"2024/cve-2024-2.json\",\"2024-08-05T10:00:00+00:00\"\n");
	remove_archive(p, ARCHIVE);
	run(p, "rhel-vex");
	assert_int_equal(p->summary.published, 0);
	check_packages(p, "CVE-2024-1:p1 CVE-2024-2:p2 CVE-2024-3:p3 CVE-2024-4:p4 CVE-2024-5:p5 ", &segment);
	/* As soon as it is there, it is enough again. */
	put_vex(p, "2024/cve-2024-2.json", "CVE-2024-2", "q2");
	run(p, "rhel-vex");
	assert_int_equal(p->summary.published, 1);
	check_packages(p, "CVE-2024-1:p1 CVE-2024-3:p3 CVE-2024-4:p4 CVE-2024-5:p5 CVE-2024-2:q2 ", &segment);
	snprintf(path, sizeof(path), "%s/" VEX "changes.csv", p->mirror);
	assert_int_equal(unlink(path), 0);
	put_archive(p, "csaf_vex_2024-08-06.tar");
	run(p, "rhel-vex");
	assert_int_equal(p->summary.published, 1);
	check_packages(p, "CVE-2024-1:p1 CVE-2024-2:p2 CVE-2024-3:p3 CVE-2024-4:p4 CVE-2024-5:p5 ", &segment);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_publish_and_unchanged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lost_segment, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damaged_segment, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shrunk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_broken_documents, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_at_all, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_list_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_large, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_locked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_download_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_changes_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_changes_not_enough, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
