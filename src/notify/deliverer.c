/* SPDX-License-Identifier: Apache-2.0 */
/* deliverer.c - the table of ways to deliver, and what they share. */
#include "notify/deliverer_impl.h"

#include "base/date.h"
#include "text/json_writer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#define STEP_MS 200 /* a stop is noticed so late */

static const struct deliverer_class *const classes[] = {
#define DELIVERER(id, what) &deliverer_##id,
#include "notify/deliverers.def"
#undef DELIVERER
};
/* As the table says them: a class does not repeat its text. */
static const struct {
	const char *name, *text;
} rows[] = {
#define DELIVERER(id, what) { #id, what },
#include "notify/deliverers.def"
#undef DELIVERER
};

const char *deliverer_wanted(const struct config *config, size_t index)
{
	for (size_t i = 0; i < ARRAY_LEN(classes); i++)
		if (!classes[i]->is_aside && classes[i]->is_wanted(config) && index-- == 0)
			return rows[i].name;
	return NULL;
}

const char *deliverer_text(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].text;
	return NULL;
}

enum status deliverer_open(const struct deliverer_setup *setup, const char *name, struct deliverer **out,
			   struct err *err)
{
	struct deliverer *d;
	size_t at = 0;

	if (!name)
		name = deliverer_wanted(setup->config, 0);
	if (!name)
		return err_set(err, STATUS_NOTFOUND, "the settings ask for no way to deliver notifications");
	while (at < ARRAY_LEN(rows) && strcmp(rows[at].name, name) != 0)
		at++;
	if (at == ARRAY_LEN(rows))
		return err_set(err, STATUS_INVALID, "there is no deliverer \"%.40s\"", name);
	if (!classes[at]->is_wanted(setup->config))
		return err_set(err, STATUS_INVALID, "the settings say nothing about deliverer %s", name);
	d = calloc(1, sizeof(*d));
	if (!d)
		return err_nomem(err, "a deliverer");
	d->class = classes[at];
	d->name = rows[at].name;
	d->setup = *setup;
	if (!d->setup.user_agent)
		d->setup.user_agent = "limpid";
	if (d->class->open(d, &d->self, err) != STATUS_OK) {
		free(d);
		return err_wrap(err, "%s", name);
	}
	*out = d;
	return STATUS_OK;
}

void deliverer_close(struct deliverer *d)
{
	if (!d)
		return;
	d->class->close(d->self);
	free(d);
}

const char *deliverer_name(const struct deliverer *d)
{
	return d->name;
}

bool deliverer_is_direct(const struct deliverer *d)
{
	return d->class->is_direct(d->setup.config);
}

/*
 * A write to a peer that has gone raises SIGPIPE, one over a limit of the process SIGXFSZ. Both are blocked in this
 * thread for the length of a call, and what came meanwhile is taken away: it is nobody's matter but ours.
 */
struct signal_guard {
	sigset_t ours, before;
};

static void guard_begin(struct signal_guard *g)
{
	static const int numbers[] = { SIGPIPE, SIGXFSZ };
	sigset_t pending;

	sigpending(&pending);
	sigemptyset(&g->ours);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		if (sigismember(&pending, numbers[i]) != 1) /* else it is somebody else's */
			sigaddset(&g->ours, numbers[i]);
	pthread_sigmask(SIG_BLOCK, &g->ours, &g->before);
}

static void guard_end(struct signal_guard *g)
{
	static const struct timespec at_once = { 0 };

	while (sigtimedwait(&g->ours, NULL, &at_once) > 0 || errno == EINTR)
		;
	pthread_sigmask(SIG_SETMASK, &g->before, NULL);
}

void deliverer_rest(struct deliverer *d)
{
	struct signal_guard guard;

	if (!d->class->rest)
		return;
	guard_begin(&guard);
	d->class->rest(d->self);
	guard_end(&guard);
}

enum delivery deliverer_send(struct deliverer *d, const struct delivery_message *m, struct delivery_result *out,
			     struct err *err)
{
	struct signal_guard guard;
	enum delivery result;

	memset(out, 0, sizeof(*out));
	if (deliverer_stopped(d)) {
		(void)deliverer_cancelled(err);
		return DELIVERY_AGAIN;
	}
	guard_begin(&guard);
	result = d->class->send(d->self, m, out, err);
	guard_end(&guard);
	return result;
}

/* ---- shared ---- */

bool deliverer_stopped(const struct deliverer *d)
{
	return d->setup.stop && atomic_load(d->setup.stop);
}

int64_t deliverer_now(const struct deliverer *d)
{
	return d->setup.now ? d->setup.now(d->setup.now_ctx) : date_now();
}

enum status deliverer_cancelled(struct err *err)
{
	return err_set(err, STATUS_CANCELLED, "the service ends");
}

enum status deliverer_rewind(const struct delivery_message *m, struct err *err)
{
	return m->rewind(m->ctx, err);
}

enum status deliverer_callback_body(struct slice callback, struct slice id, struct buf *out, struct err *err)
{
	struct buf url = BUF_INIT(65536);
	struct json_writer w;
	enum status st;

	buf_add(&url, callback);
	buf_add(&url, id);
	st = buf_check(&url, "a callback", err);
	if (st == STATUS_OK) {
		json_writer_init(&w, out, 0);
		w.html_escape = true;
		json_object(&w);
		json_member_str(&w, "callback", buf_slice(&url));
		json_member_str(&w, "notification_id", id);
		json_close(&w);
		st = json_writer_end(&w, err);
	}
	buf_fini(&url);
	return st;
}

uint64_t deliverer_until(int64_t duration_ns)
{
	return date_monotonic_ns() + (uint64_t)MAX(duration_ns, 0);
}

enum status deliverer_wait(const struct deliverer *d, int fd, short events, uint64_t until_ns, struct err *err)
{
	for (;;) {
		struct pollfd p[2] = { { .fd = fd, .events = events }, { .fd = d->setup.stop_fd, .events = POLLIN } };
		uint64_t now = date_monotonic_ns();
		int left = now >= until_ns ? 0 : (int)MIN((until_ns - now) / 1000000 + 1, STEP_MS), n;

		if (deliverer_stopped(d))
			return deliverer_cancelled(err);
		n = poll(p, d->setup.stop_fd > 0 ? 2 : 1, left);
		if (n > 0 && p[0].revents != 0)
			return STATUS_OK;
		if (n > 0)
			continue;
		if (n < 0 && errno != EINTR)
			return err_errno(err, "poll");
		if (left == 0)
			return err_set(err, STATUS_TIMEOUT, "no answer in time");
	}
}
