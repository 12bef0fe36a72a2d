/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peers.c - connections that are idle or too slow are ended, by one thread that looks at all of them every half second.
 *
 * libmicrohttpd ends connections that are silent; one that sends a byte now and then would stay for ever. Here a
 * request's headers have a time, its body and the answer a rate.
 */
#include "server/http_impl.h"

#include "base/date.h"
#include "server/metrics.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

/* What the watcher needs to ask all of them at once. */
struct watch {
	struct pollfd *fds;
	struct peer **peers;
	size_t cap;
};

#define SECOND UINT64_C(1000000000)
/* Bytes a second that a body, and an answer, must make once patience_s have passed. */
#define SLOWEST 1024
#define SLOWEST_READER 16384

void peer_added(struct http_server *s, struct peer *p)
{
	pthread_mutex_lock(&s->lock);
	p->next = s->peers;
	p->link = &s->peers;
	if (s->peers)
		s->peers->link = &p->next;
	s->peers = p;
	s->n_peers++;
	pthread_mutex_unlock(&s->lock);
}

void peer_removed(struct http_server *s, struct peer *p)
{
	pthread_mutex_lock(&s->lock);
	*p->link = p->next;
	if (p->next)
		p->next->link = p->link;
	s->n_peers--;
	pthread_mutex_unlock(&s->lock);
}

void peer_enter(struct peer *p, enum peer_phase phase, uint64_t bytes)
{
	if (phase == PEER_WAITING)
		atomic_store_explicit(&p->got, peer_received(p->fd), memory_order_relaxed);
	atomic_store_explicit(&p->bytes, bytes, memory_order_relaxed);
	atomic_store_explicit(&p->since_ns, date_monotonic_ns(), memory_order_relaxed);
	atomic_store_explicit(&p->phase, (int)phase, memory_order_release);
}

/* Nothing of an answer has been sent: one can be, outside of libmicrohttpd, on a plain connection. */
static void say_timeout(const struct http_server *s, const struct peer *p)
{
	static const char text[] =
		"HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nConnection: close\r\n"
		"Content-Length: 73\r\n\r\n"
		"{\"code\":\"internal-error\",\"message\":\"the request did not arrive in time\"}\n";

	if (!s->options.tls && send(p->fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
}

static void end_peer(struct http_server *s, struct peer *p, const char *reason, bool tell)
{
	if (tell)
		say_timeout(s, p);
	p->closing = true;
	shutdown(p->fd, SHUT_RDWR);
	metric_add(s->ctx->metrics, METRIC_limpid_http_closed, (const char *const[]){ reason }, 1);
}

static void look_at(struct http_server *s, struct peer *p, uint64_t now)
{
	uint64_t since = atomic_load_explicit(&p->since_ns, memory_order_relaxed);
	uint64_t bytes = atomic_load_explicit(&p->bytes, memory_order_relaxed);
	uint64_t age = now > since ? now - since : 0, patience = s->options.patience_s * SECOND;

	switch (atomic_load_explicit(&p->phase, memory_order_acquire)) {
	case PEER_WAITING:
		if (age < MIN(s->options.idle_s * SECOND, patience) && !atomic_load(&s->quiet))
			return;
		if (peer_received(p->fd) > atomic_load_explicit(&p->got, memory_order_relaxed)) {
			if (age > patience)
				end_peer(s, p, "slow headers", true);
		} else if (age > s->options.idle_s * SECOND || atomic_load(&s->quiet)) {
			end_peer(s, p, "idle", false);
		}
		return;
	case PEER_BODY:
		if (age < patience)
			return;
		if (bytes < SLOWEST * s->options.patience_s) {
			end_peer(s, p, "slow body", true);
			return;
		}
		atomic_store_explicit(&p->bytes, 0, memory_order_relaxed);
		atomic_store_explicit(&p->since_ns, now, memory_order_relaxed);
		return;
	case PEER_SENDING:
		if (age > patience + bytes / SLOWEST_READER * SECOND)
			end_peer(s, p, "slow reader", false);
		return;
	default:
		return;
	}
}

/*
 * A client that hung up right behind its last bytes: libmicrohttpd 0.9.75 takes a short read for the end of what is
 * there and, since its epoll is edge-triggered, never learns of the end of the connection. Told twice, so that a
 * request which is being taken up is not meant.
 */
static void look_for_hung_up(struct http_server *s, struct watch *w)
{
	size_t n = 0;

	if (w->cap < s->n_peers) {
		size_t cap = s->n_peers + s->n_peers / 2;
		struct pollfd *fds = realloc(w->fds, cap * sizeof(*fds));
		struct peer **peers;

		if (fds)
			w->fds = fds;
		peers = realloc(w->peers, cap * sizeof(struct peer *));
		if (peers)
			w->peers = peers;
		if (!fds || !peers)
			return;
		w->cap = cap;
	}
	for (struct peer *p = s->peers; p; p = p->next) {
		int phase = atomic_load_explicit(&p->phase, memory_order_acquire);

		if (!p->closing && (phase == PEER_WAITING || phase == PEER_BODY)) {
			w->fds[n] = (struct pollfd){ .fd = p->fd, .events = POLLRDHUP };
			w->peers[n++] = p;
		} else {
			p->hung_up = 0;
		}
	}
	if (n == 0 || poll(w->fds, (nfds_t)n, 0) <= 0)
		return;
	for (size_t i = 0; i < n; i++) {
		uint64_t since = atomic_load_explicit(&w->peers[i]->since_ns, memory_order_relaxed);
		int unread = 0;

		if (!(w->fds[i].revents & (POLLRDHUP | POLLHUP)) || ioctl(w->peers[i]->fd, FIONREAD, &unread) != 0 ||
		    unread > 0)
			continue;
		if (w->peers[i]->hung_up == since)
			end_peer(s, w->peers[i], "hung up", false);
		w->peers[i]->hung_up = since;
	}
}

static void *watch(void *arg)
{
	struct http_server *s = arg;
	struct watch w = { NULL, NULL, 0 };

	pthread_setname_np(pthread_self(), "peers");
	pthread_mutex_lock(&s->lock);
	while (!s->ending) {
		struct timespec until;
		uint64_t now = date_monotonic_ns();

		for (struct peer *p = s->peers; p; p = p->next) {
			if (!p->closing)
				look_at(s, p, now);
		}
		look_for_hung_up(s, &w);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += atomic_load(&s->quiet) ? 50000000 : 500000000;
		if (until.tv_nsec >= (long)SECOND) {
			until.tv_sec++;
			until.tv_nsec -= (long)SECOND;
		}
		pthread_cond_timedwait(&s->tick, &s->lock, &until);
	}
	pthread_mutex_unlock(&s->lock);
	free(w.fds);
	free(w.peers);
	return NULL;
}

bool peers_watch(struct http_server *s)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	s->have_watcher = pthread_create(&s->watcher, NULL, watch, s) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return s->have_watcher;
}

void peers_unwatch(struct http_server *s)
{
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	pthread_cond_broadcast(&s->tick);
	pthread_mutex_unlock(&s->lock);
	if (s->have_watcher)
		pthread_join(s->watcher, NULL);
	s->have_watcher = false;
}
