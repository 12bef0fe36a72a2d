/* SPDX-License-Identifier: Apache-2.0 */
/* systemd.c - the protocol of sd_notify(3) and sd_listen_fds(3), without the library. */
#include "cli/systemd.h"

#include "base/slice.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_FD 3

void systemd_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t n = path ? strlen(path) : 0;
	int fd;

	if (n == 0 || n >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0) {
		/* The manager is gone; there is nobody to tell. */
	}
	close(fd);
}

int systemd_socket(const char *name, unsigned nth)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	struct slice rest = slice_cstr(names), one;
	uint64_t p, n;

	if (!pid || !count || !slice_to_u64(slice_cstr(pid), &p) || p != (uint64_t)getpid() ||
	    !slice_to_u64(slice_cstr(count), &n) || n > 64)
		return -1;
	for (unsigned i = 0; i < n; i++) {
		bool named = names && slice_word(&rest, ':', &one);

		if (named ? slice_eq(one, slice_cstr(name)) : i == nth) {
			fcntl(FIRST_FD + (int)i, F_SETFD, FD_CLOEXEC);
			return FIRST_FD + (int)i;
		}
	}
	return -1;
}
