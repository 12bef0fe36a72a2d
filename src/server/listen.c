/* SPDX-License-Identifier: Apache-2.0 */
/* listen.c - sockets to listen on. */
#include "server/http_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024

void http_socket_name(int fd, char *name, size_t size)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	char host[64], port[16];

	snprintf(name, size, "?");
	if (getsockname(fd, (struct sockaddr *)&a, &len) == 0 &&
	    getnameinfo((struct sockaddr *)&a, len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(name, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static int try_listen(const struct addrinfo *a)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, zero = 0;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* ":6060" is every address of both families, as in Go. */
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

int http_listen(const char *address, char *name, size_t size, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *all = NULL;
	struct slice host, port;
	char h[256], p[16];
	int fd = -1, rc;

	if (!slice_rcut(slice_cstr(address), ':', &host, &port) || host.len >= sizeof(h) || port.len >= sizeof(p)) {
		err_set(err, STATUS_INVALID, "%s is no address to listen on: host:port is wanted", address);
		return -1;
	}
	if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = slice_make(host.ptr + 1, host.len - 2);
	snprintf(h, sizeof(h), "%.*s", SLICE_ARG(host));
	snprintf(p, sizeof(p), "%.*s", SLICE_ARG(port));
	/* Without a host IPv6 comes first, which takes IPv4 as well; where there is no IPv6 the next one does. */
	if (host.len == 0) {
		hints.ai_family = AF_INET6;
		rc = getaddrinfo(NULL, p, &hints, &all);
		if (rc == 0)
			fd = try_listen(all);
		if (all)
			freeaddrinfo(all);
		all = NULL;
		hints.ai_family = AF_INET;
	}
	rc = fd >= 0 ? 0 : getaddrinfo(host.len > 0 ? h : NULL, p, &hints, &all);
	for (const struct addrinfo *a = all; rc == 0 && fd < 0 && a; a = a->ai_next)
		fd = try_listen(a);
	if (rc != 0)
		err_set(err, STATUS_INVALID, "%s is no address to listen on: %s", address, gai_strerror(rc));
	else if (fd < 0)
		err_errno(err, "cannot listen on %s", address);
	if (all)
		freeaddrinfo(all);
	if (fd >= 0)
		http_socket_name(fd, name, size);
	return fd;
}

uint64_t peer_received(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
	    len < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(info.tcpi_bytes_received))
		return 0;
	return info.tcpi_bytes_received;
}
