/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stomp_frame.c - frames of STOMP as a broker sends them; the first byte chooses the version. A frame that was read is
 * written and read again the same.
 */
#include "notify/stomp_frame.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool what)
{
	if (!what)
		abort();
}

static void again(const struct stomp_frame *f, enum stomp_version version)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(8 << 20);
	struct buf AUTO(buf_fini) out = BUF_INIT(8 << 20);
	struct stomp_frame copy;
	struct stomp_writer w;
	struct err err = ERR_INIT;
	char command[32];
	size_t used;

	snprintf(command, sizeof(command), "%.*s", SLICE_ARG(f->command));
	stomp_begin(&w, &out, version, command);
	for (size_t i = 0; i < f->n_headers; i++) {
		char name[256];

		/* Names are C strings there, and the length is the writer's own. */
		if (f->headers[i].name.len >= sizeof(name) ||
		    memchr(f->headers[i].name.ptr, 0, f->headers[i].name.len) ||
		    slice_eq(f->headers[i].name, SLICE("content-length")))
			return;
		memcpy(name, f->headers[i].name.ptr, f->headers[i].name.len);
		name[f->headers[i].name.len] = '\0';
		stomp_add(&w, name, f->headers[i].value);
	}
	if (stomp_end(&w, f->body, &err) != STATUS_OK)
		return;
	need(stomp_parse(buf_slice(&out), version, &arena, &copy, &used, &err) == STATUS_OK);
	need(slice_eq(copy.command, f->command) && slice_eq(copy.body, f->body) && used == out.len);
	need(copy.n_headers == f->n_headers + (f->body.len > 0 ? 1 : 0));
	for (size_t i = 0; i < f->n_headers; i++)
		need(slice_eq(copy.headers[i].name, f->headers[i].name) &&
		     slice_eq(copy.headers[i].value, f->headers[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(8 << 20);
	enum stomp_version version;
	struct slice bytes;

	if (size == 0)
		return 0;
	version = (enum stomp_version)(data[0] % 3);
	bytes = slice_make(data + 1, size - 1);
	while (bytes.len > 0) {
		struct stomp_frame f;
		struct err err = ERR_INIT;
		size_t used = 0;
		enum status st = stomp_parse(bytes, version, &arena, &f, &used, &err);

		need(used <= bytes.len);
		if (st != STATUS_OK) {
			need(err.offset == ERR_NO_OFFSET || err.offset <= bytes.len);
			break;
		}
		if (f.command.len == 0)
			break;
		need(used > 0 &&
		     (f.body.len == 0 || (f.body.ptr >= bytes.ptr && f.body.ptr + f.body.len < bytes.ptr + used)));
		/* CONNECTED is never written by us, and so never read back. */
		if (!slice_eq(f.command, SLICE("CONNECTED")) && !slice_eq(f.command, SLICE("CONNECT")))
			again(&f, version);
		bytes = slice_from(bytes, used);
	}
	return 0;
}
