/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - log lines, through a ring of bytes, by a thread. */
#include "server/log.h"

#include "base/buf.h"
#include "text/json_writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define RING ((size_t)1 << 20)
#define LINE_BYTES ((size_t)16 << 10)

struct log {
	pthread_mutex_t lock;
	pthread_cond_t more;
	pthread_t thread;
	bool have_thread, ending;
	uint8_t *ring;
	size_t at, len; /* of what waits */
	int fd;
	bool text;
	atomic_int level;
	_Atomic uint64_t lost;
	uint64_t lost_told;
};

static const char *const level_names[] = { "DEBUG", "INFO", "WARN", "ERROR", "ERROR+4", "ERROR+8" };

/* True if the descriptor took something, or can be written to again. */
static bool write_some(struct log *l, struct slice bytes, size_t *wrote)
{
	ssize_t n = write(l->fd, bytes.ptr, bytes.len);

	*wrote = 0;
	if (n >= 0) {
		*wrote = (size_t)n;
		return true;
	}
	if (errno == EINTR)
		return true;
	if (errno == EAGAIN) {
		struct pollfd p = { .fd = l->fd, .events = POLLOUT };

		poll(&p, 1, 200);
		return true;
	}
	return false; /* nobody will ever read this */
}

static void *write_all(void *arg)
{
	struct log *l = arg;

	pthread_setname_np(pthread_self(), "log");
	pthread_mutex_lock(&l->lock);
	for (;;) {
		struct slice piece;
		size_t wrote;
		bool ok;

		while (l->len == 0 && !l->ending)
			pthread_cond_wait(&l->more, &l->lock);
		if (l->len == 0)
			break;
		piece = slice_make(l->ring + l->at, MIN(l->len, RING - l->at));
		pthread_mutex_unlock(&l->lock);
		ok = write_some(l, piece, &wrote);
		pthread_mutex_lock(&l->lock);
		if (!ok)
			wrote = piece.len;
		l->at = (l->at + wrote) % RING;
		l->len -= wrote;
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

struct log *log_new(int fd, enum log_level level, bool text)
{
	struct log *l = calloc(1, sizeof(*l));
	sigset_t all, old;

	if (!l)
		return NULL;
	l->ring = malloc(RING);
	if (!l->ring) {
		free(l);
		return NULL;
	}
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->more, NULL);
	l->fd = fd;
	l->text = text;
	atomic_init(&l->level, (int)level);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	l->have_thread = pthread_create(&l->thread, NULL, write_all, l) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return l;
}

void log_free(struct log *l)
{
	struct timespec until;

	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	l->ending = true;
	pthread_cond_signal(&l->more);
	pthread_mutex_unlock(&l->lock);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 2;
	/* A reader that takes nothing must not keep the process: the memory is left to the end then. */
	if (l->have_thread && pthread_timedjoin_np(l->thread, NULL, &until) != 0)
		return;
	pthread_cond_destroy(&l->more);
	pthread_mutex_destroy(&l->lock);
	free(l->ring);
	free(l);
}

void log_set_level(struct log *l, enum log_level level)
{
	if (l)
		atomic_store(&l->level, (int)level);
}

bool log_wants(const struct log *l, enum log_level level)
{
	return l && (int)level >= atomic_load_explicit(&l->level, memory_order_relaxed);
}

uint64_t log_lost(const struct log *l)
{
	return l ? atomic_load(&l->lost) : 0;
}

static void put(struct log *l, struct slice bytes)
{
	size_t to = (l->at + l->len) % RING, first = MIN(bytes.len, RING - to);

	memcpy(l->ring + to, bytes.ptr, first);
	memcpy(l->ring, bytes.ptr + first, bytes.len - first);
	l->len += bytes.len;
}

static void append(struct log *l, struct slice line)
{
	char told[128];
	uint64_t lost;
	int n = 0;

	pthread_mutex_lock(&l->lock);
	lost = atomic_load(&l->lost);
	if (lost != l->lost_told)
		n = snprintf(told, sizeof(told),
			     "{\"level\":\"WARN\",\"msg\":\"%llu log lines were lost: nobody read them\"}\n",
			     (unsigned long long)(lost - l->lost_told));
	if (line.len + (size_t)n > RING - l->len || !l->have_thread) {
		atomic_fetch_add(&l->lost, 1);
	} else {
		if (n > 0)
			put(l, slice_make(told, (size_t)n));
		l->lost_told = lost;
		put(l, line);
		pthread_cond_signal(&l->more);
	}
	pthread_mutex_unlock(&l->lock);
}

/* RFC 3339 with microseconds. */
static void print_time(char out[40])
{
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(out, 40, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, 40 - n, ".%06ldZ", now.tv_nsec / 1000);
}

static void write_json(struct buf *b, const char *time, enum log_level level, const char *message,
		       const struct log_field *fields, size_t n)
{
	struct json_writer w;

	json_writer_init(&w, b, 0);
	json_object(&w);
	json_member_cstr(&w, "time", time);
	json_member_cstr(&w, "level", level_names[level]);
	json_member_cstr(&w, "msg", message);
	for (size_t i = 0; i < n; i++) {
		json_key(&w, fields[i].name);
		if (fields[i].kind == LOG_STR)
			json_string(&w, slice_take(fields[i].str, 2048));
		else if (fields[i].kind == LOG_INT)
			json_i64(&w, fields[i].n);
		else
			json_double(&w, (double)(fields[i].n / 1000) / 1e6);
	}
	json_close(&w);
}

static void put_word(struct buf *b, struct slice s)
{
	s = slice_take(s, 2048);
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
			buf_printf(b, "\\x%02x", s.ptr[i]);
		else
			buf_add_byte(b, s.ptr[i]);
	}
}

static void write_text(struct buf *b, const char *time, enum log_level level, const char *message,
		       const struct log_field *fields, size_t n)
{
	buf_printf(b, "%s %-5s ", time, level_names[level]);
	put_word(b, slice_cstr(message));
	for (size_t i = 0; i < n; i++) {
		buf_printf(b, " %s=", fields[i].name);
		if (fields[i].kind == LOG_STR)
			put_word(b, fields[i].str);
		else if (fields[i].kind == LOG_INT)
			buf_printf(b, "%lld", (long long)fields[i].n);
		else
			buf_printf(b, "%.6f", (double)fields[i].n / 1e9);
	}
}

void log_line(struct log *l, enum log_level level, const char *message, const struct log_field *fields, size_t n)
{
	struct buf b = BUF_INIT(LINE_BYTES);
	char time[40];

	if (!log_wants(l, level))
		return;
	print_time(time);
	if (l->text)
		write_text(&b, time, level, message, fields, n);
	else
		write_json(&b, time, level, message, fields, n);
	buf_add_byte(&b, '\n');
	if (b.failed == STATUS_OK)
		append(l, buf_slice(&b));
	else
		atomic_fetch_add(&l->lost, 1);
	buf_fini(&b);
}

void log_printf(struct log *l, enum log_level level, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (!log_wants(l, level))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_line(l, level, text, NULL, 0);
}
