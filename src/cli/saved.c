/* SPDX-License-Identifier: Apache-2.0 */
/*
 * saved.c - files that are no images: reports that were saved, of limpid and of Clair, and bills of materials. What a
 * file is, its bytes say, not its name.
 */
#include "cli/cli.h"

#include "io/file.h"
#include "report/saved.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool cli_is_document(const char *target)
{
	char head[64];
	ssize_t n;
	struct stat st;
	struct slice text;
	int fd;

	if (strcmp(target, "-") == 0)
		return true;
	fd = open(target, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	n = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, head, sizeof(head)) : 0;
	close(fd);
	text = slice_trim(slice_make(head, n > 0 ? (size_t)n : 0));
	return text.len > 0 && (text.ptr[0] == '{' || text.ptr[0] == '[');
}

/* Nothing could be read of it: why. */
static bool is_nothing(const struct index_report *r, struct slice *out_why)
{
	for (size_t i = 0; i < r->diags.len && r->packages.len == 0; i++) {
		*out_why = r->diags.at[i].diag.text;
		if (diag_severity(r->diags.at[i].diag.code) == DIAG_SEVERITY_ERROR)
			return true;
	}
	return false;
}

/* A worker reads it. The bytes are those that were read already: what standard input had is gone. */
static enum status read_bill(const struct options *o, const struct cli_folder *folder, struct slice text,
			     struct arena *arena, struct index_report *out, struct err *err)
{
	struct slice target, why;
	struct err_quote q;
	enum status st = STATUS_OK;
	int fd = memfd_create("limpid", MFD_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "a bill of materials");
	while (text.len > 0 && st == STATUS_OK) {
		ssize_t n = write(fd, text.ptr, text.len);

		if (n < 0)
			st = err_errno(err, "a bill of materials");
		else
			text = slice_from(text, (size_t)n);
	}
	if (st == STATUS_OK && !arena_printf(arena, &target, "sbom:/proc/self/fd/%d", fd))
		st = err_nomem(err, "a bill of materials");
	if (st == STATUS_OK)
		st = cli_index(o, folder, target, arena, out, err);
	close(fd);
	if (st == STATUS_OK && is_nothing(out, &why))
		st = err_set(err, STATUS_MALFORMED,
			     "it is no report of limpid or Clair, and as a bill of materials: %s", err_slice(&q, why));
	return st;
}

enum status cli_read_document(const struct options *o, const struct cli_folder *folder, struct slice text,
			      struct arena *arena, struct index_report *out, struct err *err)
{
	if (saved_is_report(text, &limits_default))
		return saved_packages(text, &limits_default, arena, out, err);
	TRY(read_bill(o, folder, text, arena, out, err));
	out->target = SLICE_EMPTY;
	return STATUS_OK;
}

/* What it is called stays, if it says so. */
enum status cli_read_saved(const struct options *o, const struct cli_folder *folder, struct slice target,
			   struct arena *arena, struct index_report *out, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(limits_default.index_bytes);
	const char *path = arena_cstr(arena, target);
	enum status st;

	if (!path)
		return err_nomem(err, "a report");
	TRY(slice_eq(target, SLICE("-")) ? cli_read_standard_input(&text, "a report", err)
					 : file_read(path, &text, err));
	st = cli_read_document(o, folder, buf_slice(&text), arena, out, err);
	if (st != STATUS_OK)
		return err_wrap(err, "%s", path);
	if (out->target.len == 0)
		out->target = target;
	return STATUS_OK;
}
