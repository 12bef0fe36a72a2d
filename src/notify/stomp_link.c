/* SPDX-License-Identifier: Apache-2.0 */
/* stomp_link.c - connecting, heart-beats, receipts, and a broker's errors in words. */
#include "notify/stomp_link.h"

#include "base/date.h"

#include <stdio.h>

#define BEAT_MS 30000 /* what we offer and would like */
#define NS_OF_MS UINT64_C(1000000)

void stomp_link_init(struct stomp_link *l, const struct deliverer *d)
{
	*l = (struct stomp_link){
		.d = d,
		.stream = STREAM_CLOSED,
		.peer = "the broker",
		.in = BUF_INIT(STOMP_FRAME_BYTES + 65536),
		.out = BUF_INIT(d->setup.config->limpid.limits.message_bytes + 65536),
		.arena = ARENA_INIT(STOMP_FRAME_BYTES * 2),
	};
}

void stomp_link_fini(struct stomp_link *l)
{
	stomp_link_close(l);
	buf_fini(&l->in);
	buf_fini(&l->out);
	arena_fini(&l->arena);
}

static enum status failed(struct stomp_link *l, struct err *err)
{
	l->broken = true;
	if (err->code == STATUS_CANCELLED)
		return err->code;
	return err_wrap(err, "%s", l->peer);
}

/* ---- what the broker says ---- */

/* The header `message`, and what the body adds to it. */
static enum status told_error(struct stomp_link *l, const struct stomp_frame *f, bool at_login, struct err *err)
{
	struct slice parts[2] = { slice_trim(stomp_header_get(f, "message")), slice_trim(f->body) };
	char text[300];
	size_t at = 0;

	for (size_t i = 0; i < 2; i++) {
		struct slice part = parts[i];

		if (part.len == 0 || (i > 0 && slice_has(parts[0], part)))
			continue;
		if (at > 0 && at + 3 < sizeof(text)) {
			text[at++] = ':';
			text[at++] = ' ';
		}
		for (size_t k = 0; k < part.len && k < 140 && at + 1 < sizeof(text); k++)
			text[at++] = (char)(part.ptr[k] < ' ' || part.ptr[k] >= 0x7f ? ' ' : part.ptr[k]);
	}
	text[at] = '\0';
	l->broken = true;
	return err_set(err, at_login ? STATUS_AUTH : STATUS_REMOTE, "%s says: %s", l->peer, at ? text : "ERROR");
}

/* The first whole frame that was read; command is empty if there is none. */
static enum status next_frame(struct stomp_link *l, struct stomp_frame *out, size_t *out_used, struct err *err)
{
	arena_reset(&l->arena);
	if (stomp_parse(buf_slice(&l->in), l->version, &l->arena, out, out_used, err) != STATUS_OK) {
		err->code = STATUS_REMOTE;
		err_wrap(err, "no STOMP");
		return failed(l, err);
	}
	return STATUS_OK;
}

static void drop(struct stomp_link *l, size_t used)
{
	if (used == 0)
		return;
	memmove(l->in.ptr, l->in.ptr + used, l->in.len - used);
	l->in.len -= used;
}

/* More bytes, or STATUS_TIMEOUT. */
static enum status hear(struct stomp_link *l, uint64_t until, struct err *err)
{
	uint8_t *room = buf_reserve(&l->in, 16384);
	size_t n = 0;

	if (!room) {
		err_set(err, STATUS_LIMIT, "a frame of more than %zu bytes", STOMP_FRAME_BYTES);
		return failed(l, err);
	}
	if (stream_read(&l->stream, room, 16384, &n, until, err) != STATUS_OK)
		return err->code == STATUS_TIMEOUT ? STATUS_TIMEOUT : failed(l, err);
	l->in.len += n;
	l->heard_ns = date_monotonic_ns();
	return STATUS_OK;
}

static enum status beat(struct stomp_link *l, struct err *err)
{
	uint64_t now = date_monotonic_ns();

	if (l->beat_ns == 0 || now < l->sent_ns + l->beat_ns)
		return STATUS_OK;
	l->sent_ns = now;
	if (stream_write(&l->stream, SLICE("\n"), deliverer_until(deliverer_own(l->d)->timeout), err) != STATUS_OK)
		return failed(l, err);
	return STATUS_OK;
}

/* Receipts and errors among the frames that were read. */
static enum status take_frames(struct stomp_link *l, struct err *err)
{
	for (;;) {
		struct stomp_frame f;
		uint64_t number;
		size_t used;

		TRY(next_frame(l, &f, &used, err));
		if (slice_eq(f.command, SLICE("ERROR")))
			return told_error(l, &f, false, err);
		if (slice_eq(f.command, SLICE("RECEIPT")) &&
		    slice_to_u64(stomp_header_get(&f, "receipt-id"), &number) && number <= l->asked)
			l->answered++;
		drop(l, used);
		if (f.command.len == 0)
			return STATUS_OK;
	}
}

enum status stomp_link_wait(struct stomp_link *l, uint64_t open, struct err *err)
{
	uint64_t until = deliverer_until(deliverer_own(l->d)->timeout), answered = l->answered;

	TRY(take_frames(l, err));
	while (l->asked - l->answered > open) {
		uint64_t now = date_monotonic_ns(), due = until;
		enum status st;

		TRY(beat(l, err));
		if (l->beat_ns > 0)
			due = MIN(due, l->sent_ns + l->beat_ns);
		st = hear(l, due, err);
		if (st == STATUS_TIMEOUT && now >= until)
			return failed(l, err);
		if (st != STATUS_OK && st != STATUS_TIMEOUT)
			return st;
		TRY(take_frames(l, err));
		if (l->answered != answered) { /* the next answer has its own time */
			answered = l->answered;
			until = deliverer_until(deliverer_own(l->d)->timeout);
		}
	}
	return STATUS_OK;
}

enum status stomp_link_listen(struct stomp_link *l, struct err *err)
{
	enum status st;

	do {
		TRY(take_frames(l, err));
		st = hear(l, 0, err);
	} while (st == STATUS_OK);
	return st == STATUS_TIMEOUT ? STATUS_OK : st;
}

bool stomp_link_is_alive(struct stomp_link *l)
{
	struct err err = ERR_INIT;

	if (!l->open || l->broken || stomp_link_listen(l, &err) != STATUS_OK)
		return false;
	return l->their_beat_ns == 0 || date_monotonic_ns() - l->heard_ns < 2 * l->their_beat_ns;
}

/* ---- what we say ---- */

void stomp_link_begin(struct stomp_link *l, struct stomp_writer *w, const char *command)
{
	buf_reset(&l->out);
	stomp_begin(w, &l->out, l->version, command);
}

enum status stomp_link_send(struct stomp_link *l, struct stomp_writer *w, bool receipt, struct slice body,
			    struct err *err)
{
	char number[24];

	if (receipt) {
		snprintf(number, sizeof(number), "%llu", (unsigned long long)++l->asked);
		stomp_add(w, "receipt", slice_cstr(number));
	}
	TRY(stomp_end(w, body, err));
	l->sent_ns = date_monotonic_ns();
	if (stream_write(&l->stream, buf_slice(&l->out), deliverer_until(deliverer_own(l->d)->timeout), err) !=
	    STATUS_OK) {
		/* The broker may have said why it went. */
		struct err said = ERR_INIT;

		if (err->code == STATUS_IO && hear(l, 0, &said) == STATUS_OK && take_frames(l, &said) != STATUS_OK)
			*err = said;
		else
			return failed(l, err);
		return err->code;
	}
	return STATUS_OK;
}

/* "10000,20000": theirs, and what they would like of us. */
static void agree(struct stomp_link *l, struct slice beats)
{
	struct slice send, want;
	uint64_t can = 0, wanted = 0;

	slice_cut(beats, ',', &send, &want);
	(void)slice_to_u64(slice_trim(send), &can);
	(void)slice_to_u64(slice_trim(want), &wanted);
	l->their_beat_ns = can ? MAX(MIN(can, 86400000), BEAT_MS) * NS_OF_MS : 0;
	/* A little before they would begin to wonder. */
	l->beat_ns = wanted ? MAX(MIN(wanted, 86400000), BEAT_MS) * NS_OF_MS * 3 / 4 : 0;
}

static enum status take_connected(struct stomp_link *l, const struct stomp_frame *f, struct err *err)
{
	struct slice version = stomp_header_get(f, "version");

	if (slice_eq(f->command, SLICE("ERROR")))
		return told_error(l, f, true, err);
	if (!slice_eq(f->command, SLICE("CONNECTED"))) {
		err_set(err, STATUS_REMOTE, "no STOMP: it does not answer CONNECT");
		return failed(l, err);
	}
	if (slice_eq(version, SLICE("1.2")))
		l->version = STOMP_1_2;
	else if (slice_eq(version, SLICE("1.1")))
		l->version = STOMP_1_1;
	else
		l->version = STOMP_1_0; /* which has no such header */
	agree(l, stomp_header_get(f, "heart-beat"));
	return STATUS_OK;
}

static enum status log_in(struct stomp_link *l, const struct config_stomp *set, struct slice vhost, struct err *err)
{
	uint64_t until = deliverer_until(deliverer_own(l->d)->connect_timeout);
	struct stomp_frame f = { .n_headers = 0 };
	struct stomp_writer w;
	size_t used = 0;
	char beats[32];

	snprintf(beats, sizeof(beats), "%d,%d", BEAT_MS, BEAT_MS);
	stomp_link_begin(l, &w, "CONNECT");
	stomp_add(&w, "accept-version", SLICE("1.0,1.1,1.2"));
	stomp_add(&w, "host", vhost);
	stomp_add(&w, "heart-beat", slice_cstr(beats));
	if (set->user_present) {
		stomp_add(&w, "login", set->login);
		stomp_add(&w, "passcode", set->passcode);
	}
	TRY(stomp_link_send(l, &w, false, SLICE_EMPTY, err));
	/* It has the passcode in it. */
	explicit_bzero(l->out.ptr, l->out.len);
	for (;;) {
		TRY(next_frame(l, &f, &used, err));
		if (f.command.len > 0)
			break;
		drop(l, used);
		if (hear(l, until, err) != STATUS_OK)
			return err->code == STATUS_TIMEOUT ? failed(l, err) : err->code;
	}
	TRY(take_connected(l, &f, err));
	drop(l, used);
	return STATUS_OK;
}

enum status stomp_link_open(struct stomp_link *l, const struct config_stomp *set, struct slice vhost, struct slice uri,
			    struct err *err)
{
	struct slice host, port;
	char name[260], number[16];
	enum status st;

	slice_rcut(uri, ':', &host, &port);
	if (host.len > 1 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = slice_make(host.ptr + 1, host.len - 2);
	snprintf(name, sizeof(name), "%.*s", SLICE_ARG(host));
	snprintf(number, sizeof(number), "%.*s", SLICE_ARG(port));
	snprintf(l->peer, sizeof(l->peer), "%s://%.*s", set->tls.present ? "stomp+ssl" : "stomp", SLICE_ARG(uri));
	l->broken = false;
	l->asked = l->answered = 0;
	l->beat_ns = l->their_beat_ns = 0;
	l->version = STOMP_1_2;
	buf_reset(&l->in);
	if (stream_open(&l->stream, l->d, name, number, set->tls.present ? &set->tls : NULL, err) != STATUS_OK)
		return failed(l, err);
	l->open = true;
	st = log_in(l, set, vhost.len > 0 ? vhost : slice_cstr(name), err);
	if (st != STATUS_OK)
		stomp_link_close(l);
	return st;
}

void stomp_link_close(struct stomp_link *l)
{
	struct err ignored = ERR_INIT;
	struct stomp_writer w;

	if (l->open && !l->broken && l->asked == l->answered) {
		stomp_link_begin(l, &w, "DISCONNECT");
		if (stomp_link_send(l, &w, false, SLICE_EMPTY, &ignored) != STATUS_OK)
			l->broken = true; /* it need not hear it */
	}
	stream_close(&l->stream);
	l->open = false;
}
