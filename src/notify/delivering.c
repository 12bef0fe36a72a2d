/* SPDX-License-Identifier: Apache-2.0 */
/* delivering.c - one attempt to deliver, and what becomes of the notification. */
#include "notify/entry.h"
#include "notify/notify_impl.h"

#define PAGE 500u
#define PAGE_MEMORY ((size_t)64 << 20)

/* Entries one after the other, for ways that send them. */
struct reader {
	struct notifier *n;
	const struct store_notification *what;
	struct arena arena;
	struct store_entry_row *rows;
	size_t at, n_rows;
	uint8_t last[STORE_ENTRY_ID];
	bool begun, end;
	struct buf text;
};

static void reader_fini(struct reader *r)
{
	arena_fini(&r->arena);
	buf_fini(&r->text);
}

static enum status rewind_entries(void *ctx, struct err *err)
{
	struct reader *r = ctx;

	(void)err;
	r->at = r->n_rows = 0;
	r->begun = r->end = false;
	return STATUS_OK;
}

static enum status read_page(struct reader *r, struct err *err)
{
	struct store *s;
	enum status st;

	arena_reset(&r->arena);
	TRY(store_pool_take(r->n->options.store, NOTIFY_TAKE_MS, &s, err));
	/* Whoever deleted it meanwhile does not want the rest. */
	st = store_notification_hold(s, r->what, r->n->options.lease_s, err);
	if (st == STATUS_OK)
		st = store_notification_entries(s, r->what->number, r->begun ? r->last : NULL, PAGE, &r->arena,
						&r->rows, &r->n_rows, err);
	store_pool_give(r->n->options.store, s);
	TRY(st);
	r->at = 0;
	r->begun = true;
	r->end = r->n_rows < PAGE;
	if (r->n_rows > 0)
		memcpy(r->last, r->rows[r->n_rows - 1].entry.id, sizeof(r->last));
	return STATUS_OK;
}

static enum status next_entry(void *ctx, struct slice *out, struct err *err)
{
	struct reader *r = ctx;
	struct json_writer w;

	*out = SLICE_EMPTY;
	if (r->at == r->n_rows && r->end)
		return STATUS_OK;
	if (r->at == r->n_rows)
		TRY(read_page(r, err));
	if (r->at == r->n_rows)
		return STATUS_OK;
	buf_reset(&r->text);
	json_writer_init(&w, &r->text, 0);
	w.html_escape = true;
	notify_put_entry(&w, &r->rows[r->at++]);
	TRY(json_writer_end(&w, err));
	*out = buf_slice(&r->text);
	return buf_check(&r->text, "an entry", err);
}

/* ---- what becomes of it ---- */

static enum status with_store(struct notifier *n, struct store **out, struct err *err)
{
	return store_pool_take(n->options.store, NOTIFY_TAKE_MS, out, err);
}

/*
 * It has arrived. Until the store knows it is not sent again by this node, and nothing else is: when the store is away
 * for an hour, this is one delivery, not sixty.
 */
static enum status mark_delivered(struct notifier *n, struct err *err)
{
	struct store *s;
	enum status st;

	TRY(with_store(n, &s, err));
	st = store_notification_end(s, &n->delivered, STORE_NOTIFICATION_DELIVERED, 0, SLICE_EMPTY, err);
	/* Nobody will ask for what was sent itself. */
	if (st == STATUS_OK && n->options.delivery.contained)
		st = store_notification_delete(s, slice_cstr(n->delivered.id), err);
	store_pool_give(n->options.store, s);
	/* It was deleted, or another one had delivered it, too. */
	if (st == STATUS_CONFLICT || st == STATUS_NOTFOUND)
		st = STATUS_OK;
	n->unmarked = st != STATUS_OK;
	return st;
}

static bool is_given_up(const struct notifier *n, const struct store_notification *what, enum delivery result)
{
	return result == DELIVERY_NEVER || (n->options.attempts > 0 && what->attempts >= n->options.attempts) ||
	       notify_now(n) - what->created_s > n->options.max_age_s;
}

static enum status failed(struct notifier *n, const struct store_notification *what, enum delivery result,
			  const struct delivery_result *out, const struct err *why, struct err *err)
{
	bool dead = is_given_up(n, what, result);
	struct notify_event e = { .kind = dead ? NOTIFY_DEAD : NOTIFY_AGAIN,
				  .notification = what,
				  .peer = out->peer,
				  .text = slice_cstr(why->msg),
				  .next_s =
					  notify_now(n) + MAX(notify_pause_s(n, what->attempts), out->retry_after_s) };
	struct store *s;
	enum status st;

	if (why->code == STATUS_CANCELLED)
		e.next_s = notify_now(n);
	notify_peer_ended(n, &n->peer, why->code);
	TRY(with_store(n, &s, err));
	st = store_notification_end(s, what, dead ? STORE_NOTIFICATION_DEAD : STORE_NOTIFICATION_FAILED, e.next_s,
				    e.text, err);
	store_pool_give(n->options.store, s);
	if (st == STATUS_OK && why->code != STATUS_CANCELLED)
		notify_tell(n, &e);
	return st == STATUS_CONFLICT ? STATUS_OK : st;
}

static enum status send(struct notifier *n, const struct store_notification *what, struct err *err)
{
	struct reader AUTO(reader_fini)
		reader = { .n = n, .what = what, .arena = ARENA_INIT(PAGE_MEMORY), .text = BUF_INIT((size_t)64 << 20) };
	struct delivery_message message = {
		.id = slice_cstr(what->id), .next = next_entry, .rewind = rewind_entries, .ctx = &reader
	};
	struct delivery_result out = { .messages = 0 };
	uint64_t began_ns = date_monotonic_ns();
	struct err why = ERR_INIT;
	enum delivery result;
	bool lost;

	notify_hold(n, NOTIFY_SENDER,
		    &(struct notify_held){
			    .n = *what, .stop = n->options.delivery.stop, .stop_fd = n->options.delivery.stop_fd });
	result = n->options.delivery.send(n->options.delivery.ctx, &message, &out, &why);
	lost = notify_let_go(n, NOTIFY_SENDER);
	if (result != DELIVERY_DONE)
		return lost ? STATUS_OK : failed(n, what, result, &out, &why, err);
	n->peer.failures = 0;
	n->delivered = *what;
	n->unmarked = true;
	notify_tell(n, &(struct notify_event){ .kind = NOTIFY_DELIVERED,
					       .notification = what,
					       .n = out.messages,
					       .peer = out.peer,
					       .took_ns = date_monotonic_ns() - began_ns });
	return mark_delivered(n, err);
}

enum status notifier_deliver_one(struct notifier *n, int64_t *out_next_s, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 20);
	struct store_notification what;
	struct store *s;
	enum status st;

	*out_next_s = DATE_NONE;
	if (n->unmarked)
		TRY(mark_delivered(n, err));
	if (notify_peer_rests(n, &n->peer, out_next_s))
		return err_set(err, STATUS_NOTFOUND, "deliveries pause");
	TRY(with_store(n, &s, err));
	st = store_notification_take(s, STORE_NOTIFICATION_DELIVER, n->options.lease_s, atomic_load(&n->node), &arena,
				     &what, out_next_s, err);
	store_pool_give(n->options.store, s);
	TRY(st);
	return send(n, &what, err);
}

/* ---- notices ---- */

static int64_t notice_pause_s(const struct notifier *n, const struct store_notice *what)
{
	unsigned failures = what->failures + 1, round = n->options.notices.attempts;

	return round > 0 && failures % round == 0 ? n->options.notices.again_s : notify_pause_s(n, failures);
}

/* None of a notice has entries of its own. */
static enum status no_entry(void *ctx, struct slice *out, struct err *err)
{
	(void)ctx;
	(void)err;
	*out = SLICE_EMPTY;
	return STATUS_OK;
}

static enum status no_rewind(void *ctx, struct err *err)
{
	(void)ctx;
	(void)err;
	return STATUS_OK;
}

static enum status end_notice(struct notifier *n, const struct store_notice *what, const struct notify_event *e,
			      struct err *err)
{
	struct store *s;
	enum status st;

	TRY(with_store(n, &s, err));
	st = store_notice_end(s, what, e->kind == NOTIFY_DELIVERED, e->next_s, err);
	store_pool_give(n->options.store, s);
	/* It was deleted, or another one has sent it, too. */
	return st == STATUS_CONFLICT ? STATUS_OK : st;
}

static enum status send_notice(struct notifier *n, const struct store_notice *what, struct err *err)
{
	const struct notify_notices *set = &n->options.notices;
	const struct delivery_message message = { .id = slice_cstr(what->id), .next = no_entry, .rewind = no_rewind };
	struct notify_event e = { .kind = NOTIFY_DELIVERED, .notice = what->id };
	struct delivery_result out = { .messages = 0 };
	uint64_t began_ns = date_monotonic_ns();
	struct err why = ERR_INIT;
	bool done, lost;

	notify_hold(
		n, NOTIFY_NOTER,
		&(struct notify_held){ .notice = *what, .stop = set->delivery.stop, .stop_fd = set->delivery.stop_fd });
	done = set->delivery.send(set->delivery.ctx, &message, &out, &why) == DELIVERY_DONE;
	lost = notify_let_go(n, NOTIFY_NOTER);
	notify_peer_ended(n, &n->notices_peer, done ? STATUS_OK : why.code);
	e.peer = out.peer;
	e.next_s = notify_now(n) + set->again_s;
	e.took_ns = date_monotonic_ns() - began_ns;
	if (!done) {
		/* Whoever refuses it today may have been mended tomorrow: it is his until he deletes it. */
		e.kind = NOTIFY_AGAIN;
		e.text = slice_cstr(why.msg);
		e.next_s = notify_now(n) +
			   (why.code == STATUS_CANCELLED ? 0 : MAX(notice_pause_s(n, what), out.retry_after_s));
	}
	if (!lost && why.code != STATUS_CANCELLED)
		notify_tell(n, &e);
	return lost ? STATUS_OK : end_notice(n, what, &e, err);
}

enum status notifier_notice_one(struct notifier *n, int64_t *out_next_s, struct err *err)
{
	struct store_notice what;
	struct store *s;
	enum status st;

	*out_next_s = DATE_NONE;
	if (notify_peer_rests(n, &n->notices_peer, out_next_s))
		return err_set(err, STATUS_NOTFOUND, "notices pause");
	TRY(with_store(n, &s, err));
	st = store_notice_take(s, n->options.lease_s, atomic_load(&n->node), &what, out_next_s, err);
	store_pool_give(n->options.store, s);
	TRY(st);
	return send_notice(n, &what, err);
}
