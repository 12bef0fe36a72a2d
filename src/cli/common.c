/* SPDX-License-Identifier: Apache-2.0 */
/* common.c - messages, the data folder and progress of all commands. */
#include "cli/cli.h"

#include "text/terminal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

void cli_put_escaped(struct slice text, FILE *out)
{
	while (text.len > 0) {
		size_t n = terminal_harmless(text);

		if (n > 0)
			fwrite(text.ptr, 1, n, out);
		else
			fprintf(out, "\\x%02x", text.ptr[0]);
		text = slice_from(text, n ? n : 1);
	}
}

PRINTF_LIKE(1, 0)
static void say(const char *fmt, va_list ap)
{
	char text[2048];
	bool cut = vsnprintf(text, sizeof(text), fmt, ap) >= (int)sizeof(text);

	fputs("limpid: ", stderr);
	cli_put_escaped(slice_cstr(text), stderr);
	fputs(cut ? "...\n" : "\n", stderr);
}

void cli_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void cli_note(const struct options *o, const char *fmt, ...)
{
	va_list ap;

	if (option_given(o, OPTION_quiet))
		return;
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void cli_error_choice(const char *what, const char *given, struct buf *names)
{
	struct err_quote q;

	cli_error("%s \"%s\"; there are:%.*s", what, err_slice(&q, slice_cstr(given)), SLICE_ARG(buf_slice(names)));
	buf_fini(names);
}

int cli_failed(const struct err *err)
{
	cli_error("%s", err->msg);
	return err->code == STATUS_INVALID ? EXIT_USAGE : EXIT_UNREADABLE;
}

bool cli_data_dir_default(char *out, size_t size)
{
	const char *home = getenv("LIMPID_HOME"), *xdg = getenv("XDG_DATA_HOME"), *user = getenv("HOME");
	int n = -1;

	if (home && home[0])
		n = snprintf(out, size, "%s", home);
	else if (xdg && xdg[0] == '/')
		n = snprintf(out, size, "%s/limpid", xdg);
	else if (user && user[0])
		n = snprintf(out, size, "%s/.local/share/limpid", user);
	return n > 0 && (size_t)n < size;
}

bool cli_data_dir(const struct options *o, char *out, size_t size)
{
	int n;

	if (!option_given(o, OPTION_db)) {
		if (cli_data_dir_default(out, size))
			return true;
	} else {
		n = snprintf(out, size, "%s", o->value[OPTION_db]);
		if (n > 0 && (size_t)n < size)
			return true;
	}
	cli_error("no data folder: give --db DIR, or set LIMPID_HOME or HOME");
	return false;
}

bool cli_segment_dir(const char *data_dir, char *out, size_t size)
{
	int n = snprintf(out, size, "%s/segments", data_dir);

	return n > 0 && (size_t)n < size;
}

bool cli_find(const char *const *places, size_t n, char *out, size_t size)
{
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[len > 0 ? len : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < n; i++) {
		bool absolute = places[i][0] == '/';
		int wrote = snprintf(out, size, "%s%s%s", absolute ? "" : self, absolute ? "" : "/", places[i]);

		if ((absolute || slash) && wrote > 0 && (size_t)wrote < size && access(out, F_OK) == 0)
			return true;
	}
	return false;
}

void cli_progress_init(struct cli_progress *p, const struct options *o)
{
	p->on = isatty(STDERR_FILENO) && !option_given(o, OPTION_quiet) && !option_given(o, OPTION_no_progress);
	p->started_ns = date_monotonic_ns();
	p->shown_ns = 0;
}

void cli_progress_show(struct cli_progress *p, const char *fmt, ...)
{
	uint64_t now = date_monotonic_ns();
	char text[256];
	va_list ap;

	if (!p->on || (p->shown_ns && now - p->shown_ns < 100000000))
		return;
	p->shown_ns = now;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "\r\033[K%.120s", text);
	fflush(stderr);
}

void cli_progress_clear(struct cli_progress *p)
{
	if (p->on && p->shown_ns)
		fputs("\r\033[K", stderr);
	p->shown_ns = 0;
}

enum status cli_read_standard_input(struct buf *out, const char *what, struct err *err)
{
	for (;;) {
		uint8_t *room = buf_reserve(out, 65536);
		ssize_t n = room ? read(STDIN_FILENO, room, 65536) : 0;

		if (n < 0)
			return err_errno(err, "standard input");
		if (n == 0)
			return buf_check(out, what, err);
		out->len += (size_t)n;
	}
}
