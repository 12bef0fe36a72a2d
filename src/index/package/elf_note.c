/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_note.c - the package of a system that a program or library says it is of: JSON in an ELF note, which
 * distributions' linkers put there.
 *
 * It says something new only of files that no package of the image has: copied from elsewhere. Others are dropped when
 * layers are coalesced. Source: docs/formats/elf-note.md.
 */
#include "index/package/exe.h"
#include "index/package/installed.h"
#include "text/json.h"

#define NOTES_BYTES ((uint64_t)16 << 10) /* of a segment; real ones have some 300 bytes */
#define SEGMENTS_MAX 128
#define SEGMENT_NOTE 4
#define NOTE_PACKAGE 0xcafe1a7eu

static const struct path_rule rules[] = {
	{ .match = PATH_ANY_FILE, .text = "", .need = DETECT_RANGES },
	{ .text = NULL },
};

/* ---- ELF ---- */

struct elf {
	struct slice head;
	bool is64, big;
};

static uint64_t number(const struct elf *e, struct slice s, size_t at, unsigned width)
{
	return exe_number(s, at, width, e->big);
}

static bool open_elf(struct slice head, struct elf *e)
{
	e->head = head;
	return exe_elf_head(head, &e->is64, &e->big);
}

/* The i-th segment of notes among those whose headers are at hand. */
static bool next_notes(const struct elf *e, unsigned *i, struct byte_range *out)
{
	uint64_t at = e->is64 ? number(e, e->head, 32, 8) : number(e, e->head, 28, 4);
	unsigned size = (unsigned)number(e, e->head, e->is64 ? 54 : 42, 2);
	unsigned n = (unsigned)number(e, e->head, e->is64 ? 56 : 44, 2);

	for (; *i < MIN(n, SEGMENTS_MAX) && size >= (e->is64 ? 56 : 32) && at < e->head.len; ++*i) {
		struct slice s = slice_from(e->head, (size_t)at);

		if ((uint64_t)*i * size + size > s.len)
			break;
		s = slice_from(s, (size_t)*i * size);
		if (number(e, s, 0, 4) != SEGMENT_NOTE)
			continue;
		out->offset = e->is64 ? number(e, s, 8, 8) : number(e, s, 4, 4);
		out->len = e->is64 ? number(e, s, 32, 8) : number(e, s, 16, 4);
		++*i;
		return true;
	}
	return false;
}

/* In every ELF file there are notes. Those that lie in the head, as nearly all do, need not be kept to look at them. */
static size_t plan(struct slice head, uint64_t size, uint32_t mode, struct byte_range *out)
{
	struct elf e;
	struct byte_range r;
	unsigned i = 0;
	size_t n = 0;

	(void)mode;
	if (!open_elf(head, &e))
		return 0;
	while (n < DETECT_RANGES_MAX && next_notes(&e, &i, &r)) {
		struct slice here = r.offset < head.len ? slice_from(head, (size_t)r.offset) : SLICE_EMPTY;

		if (r.len < 32 || r.len > NOTES_BYTES || r.offset >= size)
			continue;
		if (here.len >= r.len && !slice_has(slice_take(here, (size_t)r.len), slice_make("FDO", 4)))
			continue;
		out[n++] = r;
	}
	return n;
}

/* ---- notes ---- */

/* Name, size and kind, each part at a multiple of four. */
static bool next_note(const struct elf *e, struct slice *rest, struct slice *out)
{
	while (rest->len >= 12) {
		uint64_t name = number(e, *rest, 0, 4), bytes = number(e, *rest, 4, 4);
		bool ours = number(e, *rest, 8, 4) == NOTE_PACKAGE && name == 4;
		uint64_t begin = 12 + (name + 3) / 4 * 4, end = begin + (bytes + 3) / 4 * 4;

		if (begin > rest->len || bytes > rest->len - begin)
			return false;
		ours = ours && memcmp(rest->ptr + 12, "FDO", 4) == 0;
		*out = slice_take(slice_from(*rest, (size_t)begin), (size_t)bytes);
		*rest = slice_from(*rest, (size_t)MIN(end, (uint64_t)rest->len));
		if (ours)
			return true;
	}
	return false;
}

/* {"type": "deb", "os": "debian", "name", "version", "architecture"} */
static enum status emit(struct installed *in, yyjson_val *root, struct err *err)
{
	enum package_type type = package_type_by_purl(json_get_str(root, "type"));
	struct package p = { .type = type == PACKAGE_NONE ? PACKAGE_GENERIC : type,
			     .flags = PACKAGE_DECLARED | PACKAGE_OF_FILE,
			     .name = json_get_str(root, "name"),
			     .version = json_get_str(root, "version"),
			     .arch = json_get_str(root, "architecture"),
			     .path = in->file->path,
			     .detector = SLICE("elf_note") };

	if (!installed_is_text(p.name) || !installed_is_text(p.version))
		return installed_refuse(in, ERR_NO_OFFSET, "the note of its package has no name or no version");
	if (!installed_is_text(p.arch))
		p.arch = SLICE_EMPTY;
	/* Distributions write the name of the source there. */
	p.source_name = p.name;
	p.source_version = p.version;
	if (!package_version_ok(p.type, p.version))
		p.flags |= PACKAGE_BAD_VERSION;
	if (!arena_printf(in->env->arena, &p.db, "elf-note:%.*s", SLICE_ARG(p.path)))
		return err_nomem(err, "a note");
	return in->out->package(in->out->ctx, &p, err);
}

/* The text may be filled up with zeros. */
static enum status read_note(struct installed *in, struct slice note, struct err *err)
{
	struct slice text = slice_take(note, MIN(slice_find_byte(note, 0), note.len));
	struct err why = ERR_INIT;
	struct json_doc doc;
	enum status st = json_parse_file(text, in->env->limits, &doc, &why);

	if (st != STATUS_OK)
		return installed_refuse(in, ERR_NO_OFFSET, "the note of its package is no JSON");
	st = emit(in, doc.root, err);
	json_doc_free(&doc);
	return st;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_GENERIC, "elf-note", TOLD_NONE };
	struct slice rest, note;
	struct elf e;

	if (!open_elf(file->head, &e))
		return STATUS_OK;
	for (size_t i = 0; i < file->n_ranges; i++) {
		rest = file->range_bytes[i];
		if (!next_note(&e, &rest, &note))
			continue;
		TRY(read_note(&in, note, err));
		break; /* one file is of one package */
	}
	return STATUS_OK;
}

const struct detector detector_elf_note = {
	.name = "elf_note",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.plan = plan,
	.parse = parse,
};
