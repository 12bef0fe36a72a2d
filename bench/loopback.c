/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loopback.c - the floor of bench/service: an HTTP answer of a given size to each request, and nothing else.
 *
 * usage: loopback PORT BYTES     One thread, epoll, keep-alive, no parsing but the end of a request's head.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 4096

struct connection {
	size_t matched; /* bytes of "\r\n\r\n" at the end of what came */
	size_t left;	/* of the answer */
};

static struct connection connections[CONNECTIONS];
static char *answer;
static size_t answer_len;

static void make_answer(size_t bytes)
{
	char head[160];
	int n = snprintf(head, sizeof(head),
			 "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nContent-Type: application/json\r\n\r\n", bytes);

	answer_len = (size_t)n + bytes;
	answer = malloc(answer_len);
	if (!answer)
		exit(1);
	memcpy(answer, head, (size_t)n);
	memset(answer + n, 'x', bytes);
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, 1024) != 0) {
		perror("loopback");
		exit(1);
	}
	return fd;
}

static void send_rest(int epoll, int fd)
{
	struct connection *c = &connections[fd];
	struct epoll_event e = { .data.fd = fd };

	while (c->left > 0) {
		ssize_t n = write(fd, answer + answer_len - c->left, c->left);

		if (n < 0)
			break;
		c->left -= (size_t)n;
	}
	e.events = EPOLLIN | (c->left > 0 ? EPOLLOUT : 0u);
	epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &e);
}

static void take(int epoll, int fd)
{
	static const char end[] = "\r\n\r\n";
	struct connection *c = &connections[fd];
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			close(fd);
		return;
	}
	for (ssize_t i = 0; i < n; i++) {
		c->matched = bytes[i] == end[c->matched] ? c->matched + 1 : bytes[i] == '\r';
		if (c->matched == 4) {
			c->matched = 0;
			c->left = answer_len;
		}
	}
	if (c->left > 0)
		send_rest(epoll, fd);
}

static void accept_all(int epoll, int listener)
{
	int fd, one = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

		if (fd >= CONNECTIONS) {
			close(fd);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		connections[fd] = (struct connection){ 0, 0 };
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
	}
}

int main(int argc, char **argv)
{
	struct epoll_event events[256], e = { .events = EPOLLIN };
	int epoll = epoll_create1(0), listener;

	if (argc != 3)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	make_answer((size_t)strtoul(argv[2], NULL, 10));
	listener = listen_on((uint16_t)strtoul(argv[1], NULL, 10));
	e.data.fd = listener;
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
	for (;;) {
		int n = epoll_wait(epoll, events, 256, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				accept_all(epoll, listener);
			else if (events[i].events & EPOLLOUT)
				send_rest(epoll, events[i].data.fd);
			else
				take(epoll, events[i].data.fd);
		}
	}
}
