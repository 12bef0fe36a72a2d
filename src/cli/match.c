/* SPDX-License-Identifier: Apache-2.0 */
/* match.c - limpid match: what limpid scan says, of index reports that were saved. */
#include "cli/cli.h"

#include "io/file.h"
#include "model/clair_index.h"

#include <sys/mman.h>
#include <unistd.h>

/*
 * Forms of bills of materials and of envelopes around one say what they are in their heads; an index report of Clair's
 * does not speak of them there. What the document really is, a worker finds out.
 */
static bool is_bill_of_materials(struct slice text)
{
	static const char *const marks[] = { "\"bomFormat\"",	"\"spdxVersion\"",
					     "SPDXVersion:",	"cyclonedx.org/schema/bom",
					     "\"payloadType\"", "in-toto.io/Statement",
					     "\"dsseEnvelope\"" };
	struct slice head = slice_take(text, 4096);

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (slice_has(head, slice_cstr(marks[i])))
			return !slice_has(head, SLICE("\"manifest_hash\""));
	return false;
}

/* The bytes are those that were read already: what standard input had is gone. */
static enum status read_bill(const struct options *o, const struct cli_folder *folder, struct slice text,
			     struct arena *arena, struct index_report *out, struct err *err)
{
	struct slice target;
	enum status st;
	int fd = memfd_create("limpid", MFD_CLOEXEC);

	if (fd < 0)
		return err_errno(err, "a bill of materials");
	st = STATUS_OK;
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
	return st;
}

/* A saved index report, or a bill of materials. What it is called stays, if it says so. */
enum status cli_read_saved(const struct options *o, const struct cli_folder *folder, struct slice target,
			   struct arena *arena, struct index_report *out, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(limits_default.index_bytes);
	const char *path = arena_cstr(arena, target);
	enum status st;

	if (!path)
		return err_nomem(err, "index report");
	TRY(slice_eq(target, SLICE("-")) ? cli_read_standard_input(&text, "an index report", err)
					 : file_read(path, &text, err));
	if (is_bill_of_materials(buf_slice(&text))) {
		st = read_bill(o, folder, buf_slice(&text), arena, out, err);
		out->target = target;
	} else {
		st = clair_index_parse(buf_slice(&text), &limits_default, arena, out, err);
	}
	if (st != STATUS_OK)
		return err_wrap(err, "%s", path);
	if (out->target.len == 0)
		out->target = target;
	return STATUS_OK;
}

int command_match(int argc, char **argv)
{
	struct options o;
	char data_dir[4096];

	if (!options_parse('m', argc, argv, &o))
		return EXIT_USAGE;
	if (o.n_args == 0) {
		cli_error("usage: limpid match [options] FILE...; see: limpid help match");
		return EXIT_USAGE;
	}
	if (!cli_data_dir(&o, data_dir, sizeof(data_dir)))
		return EXIT_USAGE;
	/* Nothing is read from the cache of layers, and nothing put there. */
	o.value[OPTION_no_cache] = "";
	return cli_scan(&o, cli_read_saved, data_dir, o.args, o.n_args);
}
