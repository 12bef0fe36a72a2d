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

/* ---- signals ---- */

static pid_t owner; /* workers inherit the handlers, and what these are about is not theirs */
static char temporary[CLI_REPORTS][4200]; /* of reports, while they have a name and are not whole; or empty */

static void delete_temporaries(void)
{
	for (size_t i = 0; i < CLI_REPORTS; i++)
		if (temporary[i][0])
			unlink(temporary[i]);
}

static void end_by(int number)
{
	signal(number, SIG_DFL);
	raise(number);
}

static void on_end(int number)
{
	if (owner == getpid())
		delete_temporaries();
	end_by(number);
}

/* A mapped file has become shorter than it was: somebody cut a segment, a disk fails. */
static void on_lost_bytes(int number, siginfo_t *info, void *context)
{
	static const char text[] =
		"limpid: a file of the data folder was cut, or cannot be read, while it was in use\n";

	(void)context;
	if (owner != getpid() || info->si_code != BUS_ADRERR) {
		end_by(number);
		return;
	}
	delete_temporaries();
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(EXIT_UNREADABLE);
}

unsigned cli_output_guard(const struct file_writer *w)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	const char *name = file_writer_temporary(w);
	struct sigaction action = { .sa_handler = on_end }, before;
	unsigned slot = 0;

	while (slot < CLI_REPORTS && temporary[slot][0])
		slot++;
	if (!name || slot == CLI_REPORTS || strlen(name) >= sizeof(temporary[slot]))
		return 0;
	/* Whole before its first byte says that it is there. */
	memcpy(temporary[slot] + 1, name + 1, strlen(name));
	temporary[slot][0] = name[0];
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (sigaction(ends[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(ends[i], &action, NULL);
	return slot + 1;
}

void cli_output_unguard(unsigned guard)
{
	if (guard > 0)
		temporary[guard - 1][0] = '\0';
}

void cli_begin(void)
{
	struct sigaction lost = { .sa_sigaction = on_lost_bytes, .sa_flags = SA_SIGINFO };

	owner = getpid();
	occupy_standard_descriptors();
	/* A reader that goes away (| head), and a file that may not grow, are errors to tell, as a full disk is. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigaction(SIGBUS, &lost, NULL);
}

int cli_end(int result)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return result;
	cli_error("cannot write to standard output%s%s", errno ? ": " : "", errno ? strerror(errno) : "");
	return EXIT_UNREADABLE;
}
