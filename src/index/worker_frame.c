/* SPDX-License-Identifier: Apache-2.0 */
/* worker_frame.c - frames on the worker's pipe: a fixed head of magic, type, job and length, then the payload. */
#include "index/worker.h"

#include "base/cursor.h"

#define MAGIC UINT32_C(0x64706d6c) /* "lmpd" */

static void put_le(uint8_t *out, uint64_t n, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		out[i] = (uint8_t)(n >> (8 * i));
}

void worker_frame_head(uint8_t out[WORKER_FRAME_HEAD], enum worker_frame_type type, uint32_t job, uint64_t len)
{
	put_le(out, MAGIC, 4);
	put_le(out + 4, (uint64_t)type, 2);
	put_le(out + 6, job, 2);
	put_le(out + 8, len, 8);
}

enum status worker_frame_next(struct slice in, uint64_t max, struct worker_frame *out, size_t *out_used,
			      struct err *err)
{
	struct cursor c = cursor_at(in, 0);
	uint32_t magic;
	uint16_t type, job;
	uint64_t len;

	*out_used = 0;
	if (in.len < WORKER_FRAME_HEAD)
		return STATUS_OK;
	if (!cursor_u32le(&c, &magic) || !cursor_u16le(&c, &type) || !cursor_u16le(&c, &job) ||
	    !cursor_u64le(&c, &len) || magic != MAGIC || type < WORKER_FRAME_LEVEL || type > WORKER_FRAME_AGAIN)
		return err_set(err, STATUS_MALFORMED, "the worker's answer is no frame");
	if (len > max)
		return err_set(err, STATUS_LIMIT, "the worker's answer has %llu bytes; at most %llu are taken",
			       (unsigned long long)len, (unsigned long long)max);
	if (!cursor_take(&c, (size_t)len, &out->payload))
		return STATUS_OK;
	out->type = (enum worker_frame_type)type;
	out->job = job;
	*out_used = c.pos;
	return STATUS_OK;
}

enum status worker_level_parse(struct slice payload, struct sandbox_level *out, struct err *err)
{
	if (payload.len != 4)
		return err_set(err, STATUS_MALFORMED, "the worker's sandbox level has %zu bytes", payload.len);
	*out = (struct sandbox_level){ .no_new_privs = payload.ptr[0] == 1,
				       .limits = payload.ptr[1] == 1,
				       .landlock = payload.ptr[2],
				       .filter = payload.ptr[3] == 1 };
	return STATUS_OK;
}

void worker_failed_parse(struct slice payload, struct err *out)
{
	struct cursor c = cursor_at(payload, 0);
	struct err_quote q;
	uint32_t code = 0;

	if (!cursor_u32le(&c, &code) || (int32_t)code >= STATUS_OK || (int32_t)code < STATUS_MISMATCH) {
		err_set(out, STATUS_CRASHED, "the worker failed without saying why");
		return;
	}
	/* The message may quote the image: control bytes are escaped again, long ones cut. */
	if (slice_is_utf8(slice_from(payload, 4)) && payload.len - 4 < sizeof(out->msg)) {
		err_set(out, (enum status)(int32_t)code, "%.*s", SLICE_ARG(slice_from(payload, 4)));
		for (char *p = out->msg; *p; p++)
			if ((unsigned char)*p < 0x20 || *p == 0x7f)
				*p = '?';
		return;
	}
	err_set(out, (enum status)(int32_t)code, "%s", err_slice(&q, slice_from(payload, 4)));
}
