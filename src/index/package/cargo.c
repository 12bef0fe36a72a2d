/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cargo.c - crates of Rust programs, from the list that cargo-auditable puts into them: JSON, packed by zlib, in the
 * section .dep-v0 of ELF, PE and Mach-O.
 *
 * Any file may be a program. Its table of sections tells whether there is such a list; if so, the file is asked for
 * again, whole. Source: docs/formats/cargo.md (cargo-auditable, PARSING.md).
 */
#include "index/package/exe.h"
#include "index/package/installed.h"
#include "io/zlib.h"
#include "text/json.h"

#define LIST_BYTES ((size_t)16 << 20) /* unpacked; 1000 crates have 100 KB */
#define CRATES_MAX 100000

static const struct path_rule rules[] = {
	{ .match = PATH_ANY_FILE, .text = "", .need = DETECT_RANGES },
	{ .text = NULL },
};

static bool read_headers(const struct exe_pieces *p, struct exe *out)
{
	return exe_read(p, SLICE(".dep-v0"), SLICE(".dep-v0"), out);
}

static size_t plan(struct slice head, uint64_t size, uint32_t mode, struct byte_range *out)
{
	struct exe_pieces p = { .size = size };
	struct exe e;
	size_t n = 0;

	(void)mode;
	exe_add_piece(&p, 0, head);
	if (!read_headers(&p, &e))
		return 0;
	if (e.section.size > 0)
		out[n++] = (struct byte_range){ e.section.offset, MIN(e.section.size, LIST_BYTES) };
	for (size_t i = 0; i < e.n_wanted && n < DETECT_RANGES_MAX; i++)
		out[n++] = (struct byte_range){ e.wanted[i].offset, e.wanted[i].len };
	return n;
}

/* {"name", "version", "source": "crates.io" | "git" | "local" | ..., "kind": "runtime" | "build", "root": true}. */
static enum status emit(struct installed *in, yyjson_val *crate, struct err *err)
{
	if (slice_eq(json_get_str(crate, "kind"), SLICE("build")))
		return STATUS_OK; /* it made the program, and is not in it */
	return installed_emit(in, json_get_str(crate, "name"), json_get_str(crate, "version"),
			      json_get_bool(crate, "root") ? PACKAGE_MAIN_MODULE : 0, err);
}

static enum status read_list(struct installed *in, struct slice text, struct err *err)
{
	struct err why = ERR_INIT;
	yyjson_val *list, *crate;
	yyjson_arr_iter it;
	struct json_doc doc;
	enum status st = json_parse(text, in->env->limits, &doc, &why);
	size_t n = 0;

	if (st != STATUS_OK)
		return installed_refuse(in, ERR_NO_OFFSET, why.msg);
	list = json_get(doc.root, "packages");
	if (!yyjson_is_arr(list)) {
		installed_refuse(in, ERR_NO_OFFSET, "the list of cargo-auditable has no packages");
	} else {
		yyjson_arr_iter_init(list, &it);
		while (st == STATUS_OK && n++ < CRATES_MAX && (crate = yyjson_arr_iter_next(&it)) != NULL)
			st = emit(in, crate, err);
		if (n > CRATES_MAX)
			installed_refuse(in, ERR_NO_OFFSET, "more than 100000 crates: the rest was not read");
	}
	json_doc_free(&doc);
	installed_end(in);
	return st;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_CARGO, "cargo", TOLD_NONE };
	struct buf AUTO(buf_fini) text = BUF_INIT(LIST_BYTES);
	struct exe_pieces p = { .size = file->size };
	struct err why = ERR_INIT;
	struct slice packed;
	struct exe e;

	exe_add_piece(&p, 0, file->second_pass ? file->bytes : file->head);
	for (size_t i = 0; i < file->n_ranges && !file->second_pass; i++)
		exe_add_piece(&p, file->ranges[i].offset, file->range_bytes[i]);
	if (!read_headers(&p, &e))
		return STATUS_OK;
	if (e.section.size == 0) /* not there, or its name is not at hand yet */
		return e.sections_known || e.n_wanted == 0 || file->second_pass ? STATUS_OK : out->again(out->ctx, err);
	if (!exe_bytes(&p, e.section.offset, e.section.size, &packed))
		return file->second_pass ? STATUS_OK : out->again(out->ctx, err);
	if (zlib_unpack(packed, &text, &why) != STATUS_OK)
		return installed_refuse(&in, ERR_NO_OFFSET, why.msg);
	return read_list(&in, buf_slice(&text), err);
}

const struct detector detector_cargo = {
	.name = "cargo",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.plan = plan,
	.parse = parse,
};
