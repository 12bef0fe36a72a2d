/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deliver.c - a deliverer without the service: for tests and measurements of deliverers alone.
 *
 * usage: deliver CONFIG [NAME] [NOW]     (NAME: of deliverers.def; NOW: Unix seconds instead of the clock)
 *
 * Reads commands from standard input, a JSON object a line, and answers each with one:
 *   {"id": "UUID", "entries": [{...}, ...]}            send these
 *   {"id": "UUID", "made": N, "bytes": B, "times": T}  send N made entries of B bytes, T times
 *   {"rest": true}
 * SIGTERM stops what waits, and what comes after it.
 */
#include "base/buf.h"
#include "base/date.h"
#include "notify/deliverer.h"
#include "text/json.h"
#include "text/json_writer.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static _Atomic bool stop;

static void on_term(int number)
{
	(void)number;
	atomic_store(&stop, true);
}

struct entries {
	yyjson_val *array; /* NULL: made */
	size_t at, made, bytes;
	char *text; /* owned; the one given out */
};

static enum status next(void *ctx, struct slice *out, struct err *err)
{
	struct entries *e = ctx;
	size_t n = e->array ? yyjson_arr_size(e->array) : e->made;

	free(e->text);
	e->text = NULL;
	*out = SLICE_EMPTY;
	if (e->at == n)
		return STATUS_OK;
	if (e->array)
		e->text = yyjson_val_write(yyjson_arr_get(e->array, e->at), 0, NULL);
	else if (asprintf(&e->text, "{\"id\":\"%zu\",\"text\":\"%0*d\"}", e->at, (int)e->bytes, 0) < 0)
		e->text = NULL;
	if (!e->text)
		return err_nomem(err, "an entry");
	e->at++;
	*out = slice_cstr(e->text);
	return STATUS_OK;
}

static enum status rewind_entries(void *ctx, struct err *err)
{
	(void)err;
	((struct entries *)ctx)->at = 0;
	return STATUS_OK;
}

static int64_t fixed_now(void *ctx)
{
	return *(int64_t *)ctx;
}

static void answer(enum delivery result, const struct delivery_result *r, uint64_t ns, const struct err *err)
{
	static const char *const names[] = { "done", "again", "never" };
	struct buf AUTO(buf_fini) out = BUF_INIT(1 << 20);
	struct err ignored = ERR_INIT;
	struct rusage usage;
	struct json_writer w;

	getrusage(RUSAGE_SELF, &usage);
	json_writer_init(&w, &out, 0);
	json_object(&w);
	json_member_cstr(&w, "result", names[result]);
	json_member_cstr(&w, "status", result == DELIVERY_DONE ? "ok" : status_text(err->code));
	json_member_cstr(&w, "text", result == DELIVERY_DONE ? "" : err->msg);
	json_member_str(&w, "peer", r->peer);
	json_member_u64(&w, "messages", r->messages);
	json_member_u64(&w, "retry_after", (uint64_t)r->retry_after_s);
	json_member_u64(&w, "ms", ns / 1000000);
	json_member_u64(&w, "peak_kib", (uint64_t)usage.ru_maxrss);
	json_close(&w);
	if (json_writer_end(&w, &ignored) == STATUS_OK)
		printf("%.*s\n", (int)out.len, (char *)out.ptr);
	fflush(stdout);
}

static void command(struct deliverer *d, yyjson_val *c)
{
	struct entries e = { .array = json_get(c, "entries") };
	struct delivery_message m = { .id = json_get_str(c, "id"), .next = next, .rewind = rewind_entries, .ctx = &e };
	uint64_t made = 0, bytes = 1, times = 1, began = date_monotonic_ns();
	struct delivery_result r = { .messages = 0 };
	enum delivery result = DELIVERY_DONE;
	struct err err = ERR_INIT;

	if (json_get_bool(c, "rest")) {
		deliverer_rest(d);
	} else {
		(void)json_get_u64(c, "made", &made);
		(void)json_get_u64(c, "bytes", &bytes);
		(void)json_get_u64(c, "times", &times);
		e.made = made;
		e.bytes = bytes;
		for (uint64_t i = 0; i < times && result == DELIVERY_DONE; i++)
			result = deliverer_send(d, &m, &r, &err);
	}
	answer(result, &r, date_monotonic_ns() - began, &err);
	free(e.text);
}

static enum status open_it(int argc, char **argv, struct config *config, struct deliverer **out, struct err *err)
{
	static int64_t now;
	struct config_request request = { .path = argv[1], .mode = CONFIG_COMBO };
	struct deliverer_setup setup = { .config = config, .user_agent = "limpid/test", .stop = &stop };

	TRY(config_load(&request, config, err));
	if (argc > 3) {
		now = strtoll(argv[3], NULL, 10);
		setup.now = fixed_now;
		setup.now_ctx = &now;
	}
	return deliverer_open(&setup, argc > 2 && argv[2][0] ? argv[2] : NULL, out, err);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_term };
	struct config config = { .n_problems = 0 };
	struct deliverer *d = NULL;
	struct err err = ERR_INIT;
	size_t size = 0;
	char *line = NULL;

	if (argc < 2)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	if (open_it(argc, argv, &config, &d, &err) != STATUS_OK) {
		fprintf(stderr, "deliver: %s\n", err.msg);
		config_fini(&config);
		return 1;
	}
	while (getline(&line, &size, stdin) > 0) {
		struct json_doc doc;

		if (json_parse(slice_cstr(line), &limits_default, &doc, &err) != STATUS_OK) {
			fprintf(stderr, "deliver: %s\n", err.msg);
			break;
		}
		command(d, doc.root);
		json_doc_free(&doc);
	}
	free(line);
	deliverer_close(d);
	config_fini(&config);
	return 0;
}
