/* SPDX-License-Identifier: Apache-2.0 */
/* turn.c - turns as locks on a byte each of a shared file. */
#include "io/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void lock(int fd, enum turn which, short type)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)which, .l_len = 1 };

	while (fd >= 0 && fcntl(fd, F_SETLKW, &range) < 0 && errno == EINTR)
		continue;
}

void turn_take(int fd, enum turn which)
{
	lock(fd, which, F_WRLCK);
}

void turn_give(int fd, enum turn which)
{
	lock(fd, which, F_UNLCK);
}
