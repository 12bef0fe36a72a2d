/* SPDX-License-Identifier: Apache-2.0 */
/* process.c - the process itself: its standard descriptors, signals, and whether what it printed arrived. */
#include "cli/cli.h"

#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/*
 * Where a standard descriptor is closed, the next file opened would get its number, and what is printed would go into
 * that file. In its place stands one that refuses: what is printed there fails, as it would have.
 */
static void occupy_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", (fd == 0 ? O_WRONLY : O_RDONLY) | O_NOCTTY);
}

void cli_begin(void)
{
	occupy_standard_descriptors();
	/* A reader that goes away (| head), and a file that may not grow, are errors to tell, as a full disk is. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

int cli_end(int result)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return result;
	cli_error("cannot write to standard output%s%s", errno ? ": " : "", errno ? strerror(errno) : "");
	return EXIT_UNREADABLE;
}

/* ---- a signal while --output has a name and is not whole ---- */

static char temporary[4200];
static volatile sig_atomic_t owner;

/* Workers inherit the handler, and what it deletes is not theirs. */
static void on_signal(int number)
{
	if (owner == getpid())
		unlink(temporary);
	signal(number, SIG_DFL);
	raise(number);
}

void cli_output_guard(const struct file_writer *w)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	const char *name = w ? file_writer_temporary(w) : NULL;
	struct sigaction action = { .sa_handler = on_signal }, before;

	owner = 0;
	if (!name || (size_t)snprintf(temporary, sizeof(temporary), "%s", name) >= sizeof(temporary))
		return;
	owner = getpid();
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (sigaction(ends[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(ends[i], &action, NULL);
}
