/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cargo.c - crates of Rust programs, from the list that cargo-auditable puts into them: JSON, packed by zlib, in the
 * section .dep-v0 of ELF, PE and Mach-O.
 *
 * Any file may be a program. Its table of sections tells whether there is such a list; if so, the file is asked for
 * again, whole. Source: docs/formats/cargo.md (cargo-auditable, PARSING.md).
 */
#include "base/map.h"
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

static bool read_headers(const struct exe_pieces *p, unsigned machine, struct exe *out)
{
	return exe_read(p, SLICE(".dep-v0"), SLICE(".dep-v0"), machine, out);
}

static size_t plan(struct slice head, uint64_t size, uint32_t mode, struct byte_range *out)
{
	struct exe_pieces p = { .size = size };
	struct exe e;
	size_t n = 0;

	(void)mode;
	exe_add_piece(&p, 0, head);
	for (unsigned machine = 0; machine < exe_machines(&p); machine++) {
		if (!read_headers(&p, machine, &e))
			continue;
		if (e.section.size > 0)
			exe_plan(out, &n, e.section.offset, MIN(e.section.size, LIST_BYTES));
		exe_plan_wanted(out, &n, &e);
	}
	return n;
}

/* The lists of a file: one, or one for each machine that it is for. A crate of several is told once. */
struct lists {
	struct installed in;
	struct exe_pieces p;
	unsigned n;
	struct slice packed[EXE_MACHINES_MAX];
	size_t n_packed;
	struct map known; /* crates that were told; owned */
};

/* {"name", "version", "source": "crates.io" | "git" | "local" | ..., "kind": "runtime" | "build", "root": true}. */
static enum status emit(struct lists *l, yyjson_val *crate, struct err *err)
{
	struct slice name = json_get_str(crate, "name"), version = json_get_str(crate, "version"), key;
	bool is_new = true;

	if (slice_eq(json_get_str(crate, "kind"), SLICE("build")))
		return STATUS_OK; /* it made the program, and is not in it */
	if (l->n > 1 &&
	    (!arena_printf(l->in.env->arena, &key, "%.*s%c%.*s", SLICE_ARG(name), '\n', SLICE_ARG(version)) ||
	     !map_slot(&l->known, key, &is_new)))
		return err_nomem(err, "a program for several machines");
	if (!is_new)
		return STATUS_OK;
	return installed_emit(&l->in, name, version, json_get_bool(crate, "root") ? PACKAGE_MAIN_MODULE : 0, err);
}

static enum status read_list(struct lists *l, struct slice text, struct err *err)
{
	struct err why = ERR_INIT;
	yyjson_val *list, *crate;
	yyjson_arr_iter it;
	struct json_doc doc;
	enum status st = json_parse_file(text, l->in.env->limits, &doc, &why);
	size_t n = 0;

	if (st != STATUS_OK)
		return installed_refuse(&l->in, ERR_NO_OFFSET, why.msg);
	list = json_get(doc.root, "packages");
	if (!yyjson_is_arr(list)) {
		installed_refuse(&l->in, ERR_NO_OFFSET, "the list of cargo-auditable has no packages");
	} else {
		yyjson_arr_iter_init(list, &it);
		while (st == STATUS_OK && n++ < CRATES_MAX && (crate = yyjson_arr_iter_next(&it)) != NULL)
			st = emit(l, crate, err);
		if (n > CRATES_MAX)
			installed_refuse(&l->in, ERR_NO_OFFSET, "more than 100000 crates: the rest was not read");
	}
	json_doc_free(&doc);
		return st;
}

/* *absent: bytes are needed that are not at hand. */
static void find_lists(struct lists *l, bool *absent)
{
	struct exe e;

	*absent = false;
	l->n = exe_machines(&l->p);
	for (unsigned machine = 0; machine < l->n; machine++) {
		if (!read_headers(&l->p, machine, &e))
			continue;
		if (e.section.size == 0) /* not there, or its name is not at hand yet */
			*absent |= !e.sections_known && e.n_wanted > 0;
		else if (exe_bytes(&l->p, e.section.offset, e.section.size, &l->packed[l->n_packed]))
			l->n_packed++;
		else
			*absent = true;
	}
}

static enum status read_packed(struct lists *l, struct slice packed, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(LIST_BYTES);
	struct err why = ERR_INIT;

	if (zlib_unpack(packed, &text, &why) != STATUS_OK)
		return installed_refuse(&l->in, ERR_NO_OFFSET, why.msg);
	return read_list(l, buf_slice(&text), err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lists l = { .in = { file, env, out, PACKAGE_CARGO, "cargo", TOLD_NONE },
			   .p = exe_pieces_of(file),
			   .known = MAP_INIT };
	enum status st = STATUS_OK;
	bool absent;

	find_lists(&l, &absent);
	if (absent && !file->second_pass)
		return out->again(out->ctx, err);
	for (size_t i = 0; i < l.n_packed && st == STATUS_OK; i++)
		st = read_packed(&l, l.packed[i], err);
	installed_end(&l.in);
	map_fini(&l.known);
	return st;
}

const struct detector detector_cargo = {
	.name = "cargo",
	.version = "3",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.plan = plan,
	.parse = parse,
};
