/* SPDX-License-Identifier: Apache-2.0 */
/* db_status.c - limpid db status: what is in the data folder, how old it is, and what is wrong with it. */
#include "cli/db.h"

#include "text/json_writer.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

/* A length of time for people: "5 min", "3 h", "12 days". */
static void span(char out[32], int64_t s)
{
	if (s < 2 * 3600)
		snprintf(out, 32, "%lld min", (long long)((s + 30) / 60));
	else if (s < 2 * 86400)
		snprintf(out, 32, "%lld h", (long long)((s + 1800) / 3600));
	else
		snprintf(out, 32, "%lld days", (long long)((s + 43200) / 86400));
}

static const char *ago(char out[48], int64_t then_s)
{
	char text[32];

	if (then_s == DATE_NONE)
		return "never";
	span(text, MAX(date_now() - then_s, 0));
	snprintf(out, 48, "%s ago", text);
	return out;
}

static const char *due(char out[48], int64_t next_s)
{
	int64_t left;
	char text[32];

	if (next_s == DATE_NONE)
		return "-";
	left = next_s - date_now();
	if (left <= 0)
		return "now";
	span(text, left);
	snprintf(out, 48, "in %s", text);
	return out;
}

const char *db_size(char out[32], uint64_t bytes)
{
	if (bytes < 1000000)
		snprintf(out, 32, "%llu kB", (unsigned long long)((bytes + 999) / 1000));
	else
		snprintf(out, 32, "%.1f MB", (double)bytes / 1e6);
	return out;
}

/* What is to be said of one source, in words and for programs. */
struct row {
	const struct store_source *s;
	uint64_t records, bytes;
	const char *state;  /* ok, failed, held-back, damaged, absent */
	struct err damage; /* of a segment that is damaged */
};

struct totals {
	uint64_t records, bytes;
	size_t bad;
};

/* As they were counted when it was published: advisories, or what is said of CVEs. */
static uint64_t records_of(const struct store_source *s, const struct segment *seg)
{
	const struct segment_stats *stats = segment_get_stats(seg);

	return s->kind == STORE_ENRICHMENT ? stats->rows : stats->advisories;
}

static const char *state_of(const struct store_source *s, const struct err *damage)
{
	if (s->segment.algo == DIGEST_NONE && s->error.len == 0)
		return "absent";
	if (damage->code != STATUS_OK)
		return "damaged";
	if (s->held_back.len > 0)
		return "held-back";
	return s->error.len > 0 ? "failed" : "ok";
}

static struct row look_at(const struct db_folder *f, const struct store_source *s, struct totals *t)
{
	struct row r = { .s = s, .records = s->records, .damage = ERR_INIT };
	struct segment *seg = NULL;

	if (s->segment.algo != DIGEST_NONE &&
	    segment_open_of(f->segments, &s->segment, s->name, &seg, &r.damage) == STATUS_OK) {
		r.bytes = segment_get_stats(seg)->bytes;
		r.records = records_of(s, seg);
		t->records += r.records;
		t->bytes += r.bytes;
	}
	segment_free(seg);
	r.state = state_of(s, &r.damage);
	t->bad += s->error.len > 0 || r.damage.code != STATUS_OK;
	return r;
}

/* ---- for people ---- */

static void print_state(const struct row *r)
{
	const struct store_source *s = r->s;

	if (strcmp(r->state, "absent") == 0)
		puts("nothing of it is kept from then");
	else if (r->damage.code != STATUS_OK)
		printf("damaged, not asked: %s; run: limpid update\n", r->damage.msg);
	else if (s->held_back.len > 0)
		printf("%.*s; limpid update --accept publishes it\n", SLICE_ARG(s->error));
	else if (s->error.len > 0)
		printf("last run failed: %.*s\n", SLICE_ARG(s->error));
	else
		puts("ok");
}

static void print_row(const struct row *r)
{
	char updated[48], changed[48], next[48], bytes[32] = "-";
	const struct store_source *s = r->s;

	if (r->bytes > 0)
		db_size(bytes, r->bytes);
	printf("%-34.*s %8llu %8s %12s %12s %9s  ", SLICE_ARG(s->name), (unsigned long long)r->records, bytes,
	       ago(updated, s->last_success_s), ago(changed, s->last_change_s), due(next, s->next_s));
	print_state(r);
}

/* Bytes of every file in the folder of segments. */
static uint64_t folder_bytes(const char *dir)
{
	DIR *d = opendir(dir);
	uint64_t bytes = 0;
	struct stat st;

	for (struct dirent *e; d && (e = readdir(d)) != NULL;)
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			bytes += (uint64_t)st.st_size;
	if (d)
		closedir(d);
	return bytes;
}

/* What a service keeps here; nothing where none has run. */
static enum status print_service(const struct db_folder *f, struct err *err)
{
	struct store_size sizes[STORE_SIZES];
	char bytes[32];
	size_t n;

	TRY(store_sizes(f->store, sizes, &n, err));
	for (size_t i = 0; i < n; i++)
		if (sizes[i].rows > 0 && !sizes[i].of_sources)
			printf("%-24s %10llu in %s\n", sizes[i].name, (unsigned long long)sizes[i].rows,
			       sizes[i].bytes ? db_size(bytes, sizes[i].bytes) : "an unknown size");
	return STATUS_OK;
}

static enum status as_table(struct db_folder *f, struct totals *t, const struct store_cache_stats *cache,
			    struct err *err)
{
	char in_force[32], others[32], layers[32];
	uint64_t all = folder_bytes(f->segments);

	printf("%-34s %8s %8s %12s %12s %9s  %s\n", "SOURCE", "RECORDS", "SIZE", "UPDATED", "CHANGED", "NEXT", "STATE");
	for (size_t i = 0; i < f->n; i++) {
		struct row r = look_at(f, &f->sources[i], t);

		print_row(&r);
	}
	printf("\n%zu sources, %llu records in %s; %s of older segments; %llu cached layers and %llu images in %s\n",
	       f->n, (unsigned long long)t->records, db_size(in_force, t->bytes),
	       db_size(others, all > t->bytes ? all - t->bytes : 0), (unsigned long long)cache->layers,
	       (unsigned long long)cache->images, db_size(layers, cache->bytes));
	return print_service(f, err);
}

/* ---- for programs ---- */

static void json_row(struct json_writer *w, const struct row *r)
{
	const struct store_source *s = r->s;
	struct digest_text digest;

	json_object(w);
	json_member_str(w, "source", s->name);
	json_member_str(w, "set", s->feed);
	json_member_cstr(w, "kind", s->kind == STORE_ENRICHMENT ? "enrichment" : "vulnerability");
	json_member_str(w, "url", s->url);
	json_member_cstr(w, "state", r->state);
	if (r->damage.code != STATUS_OK)
		json_member_cstr(w, "error", r->damage.msg);
	else
		json_member_str(w, "error", s->error);
	json_member_u64(w, "records", r->records);
	json_member_u64(w, "bytes", r->bytes);
	json_member_cstr(w, "segment",
			 s->segment.algo == DIGEST_NONE ? "" : digest_print(&digest, &s->segment));
	json_member_time(w, "attempted", s->last_attempt_s);
	json_member_time(w, "updated", s->last_success_s);
	json_member_time(w, "changed", s->last_change_s);
	json_member_time(w, "next", s->next_s);
	json_close(w);
}

static enum status as_json(struct db_folder *f, struct totals *t, const struct store_cache_stats *cache,
			   struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)64 << 20);
	uint64_t all = folder_bytes(f->segments);
	struct json_writer w;

	json_writer_init(&w, &text, 1);
	json_object(&w);
	json_member_time(&w, "created", date_now());
	json_key(&w, "sources");
	json_array(&w);
	for (size_t i = 0; i < f->n; i++) {
		struct row r = look_at(f, &f->sources[i], t);

		json_row(&w, &r);
	}
	json_close(&w);
	json_member_u64(&w, "records", t->records);
	json_member_u64(&w, "bytes", t->bytes);
	json_member_u64(&w, "older_bytes", all > t->bytes ? all - t->bytes : 0);
	json_key(&w, "cache");
	json_object(&w);
	json_member_u64(&w, "layers", cache->layers);
	json_member_u64(&w, "images", cache->images);
	json_member_u64(&w, "bytes", cache->bytes);
	json_close(&w);
	json_close(&w);
	TRY(json_writer_end(&w, err));
	TRY(buf_check(&text, "the state of the data folder", err));
	fwrite(text.ptr, 1, text.len, stdout);
	putchar('\n');
	return STATUS_OK;
}

enum status db_status(struct db_folder *f, int *out_exit, struct err *err)
{
	const struct options *o = f->options;
	bool json = o->n_formats == 1 && strcmp(o->formats[0], "json") == 0;
	struct store_cache_stats cache;
	struct totals t = { 0 };

	if (o->n_formats > 1 || (o->n_formats == 1 && !json && strcmp(o->formats[0], "table") != 0)) {
		cli_error("db status writes a table, or --format json");
		*out_exit = EXIT_USAGE;
		return STATUS_OK;
	}
	TRY(store_cache_stats(f->store, &cache, err));
	TRY((json ? as_json : as_table)(f, &t, &cache, err));
	if (t.bad > 0)
		*out_exit = EXIT_UNREADABLE;
	return STATUS_OK;
}
