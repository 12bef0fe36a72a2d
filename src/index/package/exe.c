/* SPDX-License-Identifier: Apache-2.0 */
/* exe.c - reading the headers of ELF, PE and Mach-O programs from the pieces of them that are at hand. */
#include "index/package/exe.h"

#include "base/ckd.h"

/* Go's linker writes 7 to 11 segments and 15 to 40 sections; a table that is larger than these is not looked at. */
#define SEGMENTS_MAX 128
#define TABLE_BYTES_MAX ((uint64_t)64 << 10)
#define NAMES_GUESS 4096 /* names of sections stand right before the table in what GNU ld writes */
#define NOTES_BYTES_MAX 4096
#define COMMANDS_BYTES_MAX ((uint64_t)64 << 10)

/* ---- pieces ---- */

void exe_add_piece(struct exe_pieces *p, uint64_t offset, struct slice bytes)
{
	if (bytes.len == 0 || p->n == EXE_PIECES_MAX)
		return;
	p->bytes[p->n] = bytes;
	p->offset[p->n++] = offset;
}

struct exe_pieces exe_pieces_of(const struct detect_file *file)
{
	struct exe_pieces p = { .size = file->size };

	exe_add_piece(&p, 0, file->second_pass ? file->bytes : file->head);
	for (size_t i = 0; i < file->n_ranges && !file->second_pass; i++)
		exe_add_piece(&p, file->ranges[i].offset, file->range_bytes[i]);
	return p;
}

void exe_plan(struct byte_range out[DETECT_RANGES_MAX], size_t *n, uint64_t offset, uint64_t len)
{
	if (*n < DETECT_RANGES_MAX)
		out[(*n)++] = (struct byte_range){ offset, len };
}

void exe_plan_wanted(struct byte_range out[DETECT_RANGES_MAX], size_t *n, const struct exe *e)
{
	for (size_t i = 0; i < e->n_wanted; i++)
		exe_plan(out, n, e->wanted[i].offset, e->wanted[i].len);
}

struct slice exe_bytes_from(const struct exe_pieces *p, uint64_t offset, uint64_t n)
{
	struct slice best = SLICE_EMPTY;

	for (size_t i = 0; i < p->n; i++) {
		struct slice s;

		if (offset < p->offset[i] || offset - p->offset[i] >= p->bytes[i].len)
			continue;
		s = slice_from(p->bytes[i], (size_t)(offset - p->offset[i]));
		if (s.len > n)
			s.len = (size_t)n;
		if (s.len > best.len)
			best = s;
	}
	return best;
}

bool exe_bytes(const struct exe_pieces *p, uint64_t offset, uint64_t n, struct slice *out)
{
	*out = exe_bytes_from(p, offset, n);
	return out->len == n;
}

/* ---- numbers ---- */

uint64_t exe_number(struct slice record, size_t at, unsigned width, bool big_endian)
{
	uint64_t v = 0;

	if (at > record.len || record.len - at < width)
		return 0;
	for (unsigned i = 0; i < width; i++)
		v |= (uint64_t)record.ptr[at + i] << 8 * (big_endian ? width - 1 - i : i);
	return v;
}

static uint64_t number(const struct exe *e, struct slice record, size_t at, unsigned width)
{
	return exe_number(record, at, width, e->big_endian);
}

/* The part of an area that the file has. */
static bool clip(const struct exe_pieces *p, struct exe_area *a)
{
	uint64_t end;

	if (a->offset >= p->size || a->size == 0)
		return false;
	a->size = MIN(a->size, p->size - a->offset);
	return !CKD_ADD(&end, a->addr, a->size);
}

static void add_area(const struct exe_pieces *p, struct exe *e, struct exe_area a, bool writable)
{
	if (!clip(p, &a))
		return;
	if (e->n_areas < EXE_AREAS_MAX)
		e->areas[e->n_areas++] = a;
	if (writable && e->n_writable < EXE_WRITABLE_MAX)
		e->writable[e->n_writable++] = a;
}

static void want(const struct exe_pieces *p, struct exe *e, uint64_t offset, uint64_t len)
{
	if (offset < p->size && len > 0 && e->n_wanted < EXE_WANTED_MAX)
		e->wanted[e->n_wanted++] = (struct byte_range){ offset, MIN(len, p->size - offset) };
}

bool exe_locate(const struct exe *e, uint64_t addr, uint64_t *offset, uint64_t *left)
{
	for (size_t i = 0; i < e->n_areas; i++) {
		const struct exe_area *a = &e->areas[i];

		if (addr >= a->addr && addr - a->addr < a->size) {
			*offset = a->offset + (addr - a->addr);
			*left = a->size - (addr - a->addr);
			return true;
		}
	}
	return false;
}

/* ---- ELF ---- */

enum { ELF_EXEC = 2, ELF_DYN = 3, ELF_LOAD = 1, ELF_NOTE = 4, ELF_X = 1, ELF_W = 2 };
enum { ELF_SYMTAB = 2, ELF_NOBITS = 8, ELF_DYNSYM = 11 };

struct elf {
	const struct exe_pieces *p;
	struct exe *e;
	bool is64;
	uint64_t phoff, shoff;
	unsigned phentsize, phnum, shentsize, shnum, shstrndx;
};

/* A field that is an address, offset or size of the file's class. */
static uint64_t elf_word(const struct elf *elf, struct slice record, size_t at32, size_t at64)
{
	return elf->is64 ? number(elf->e, record, at64, 8) : number(elf->e, record, at32, 4);
}

bool exe_elf_head(struct slice head, bool *is64, bool *big_endian)
{
	if (head.len < 52 || memcmp(head.ptr, "\177ELF", 4) != 0 || head.ptr[4] < 1 || head.ptr[4] > 2 ||
	    head.ptr[5] < 1 || head.ptr[5] > 2)
		return false;
	*is64 = head.ptr[4] == 2;
	*big_endian = head.ptr[5] == 2;
	return !*is64 || head.len >= 64;
}

static bool elf_header(struct elf *elf)
{
	struct slice h = exe_bytes_from(elf->p, 0, 64);
	struct exe *e = elf->e;
	unsigned type, shift;

	if (!exe_elf_head(h, &elf->is64, &e->big_endian))
		return false;
	e->word = elf->is64 ? 8 : 4;
	type = (unsigned)number(e, h, 16, 2);
	if (type != ELF_EXEC && type != ELF_DYN)
		return false;
	elf->phoff = elf_word(elf, h, 28, 32);
	elf->shoff = elf_word(elf, h, 32, 40);
	shift = elf->is64 ? 54 : 42;
	elf->phentsize = (unsigned)number(e, h, shift, 2);
	elf->phnum = (unsigned)number(e, h, shift + 2, 2);
	elf->shentsize = (unsigned)number(e, h, shift + 4, 2);
	elf->shnum = (unsigned)number(e, h, shift + 6, 2);
	elf->shstrndx = (unsigned)number(e, h, shift + 8, 2);
	return elf->phnum > 0 && elf->phnum <= SEGMENTS_MAX && elf->phentsize >= (elf->is64 ? 56 : 32);
}

/* Notes: size of the owner's name, size of the content, type, name, content; each padded to four bytes. */
static bool has_go_note(const struct exe *e, struct slice notes)
{
	while (notes.len >= 12) {
		uint64_t name = (number(e, notes, 0, 4) + 3) & ~(uint64_t)3;
		uint64_t content = (number(e, notes, 4, 4) + 3) & ~(uint64_t)3;

		if (number(e, notes, 8, 4) == 4 && slice_starts(slice_from(notes, 12), slice_make("Go\0", 4)))
			return true;
		if (name + content > notes.len - 12)
			return false;
		notes = slice_from(notes, (size_t)(12 + name + content));
	}
	return false;
}

static void elf_notes(struct elf *elf, struct exe_area area)
{
	if (!clip(elf->p, &area) || area.size > NOTES_BYTES_MAX)
		return;
	if (exe_bytes_from(elf->p, area.offset, area.size).len < area.size)
		want(elf->p, elf->e, area.offset, area.size);
	else
		elf->e->go_note |= has_go_note(elf->e, exe_bytes_from(elf->p, area.offset, area.size));
}

static void elf_segments(struct elf *elf)
{
	struct exe *e = elf->e;
	struct slice table, mark;
	uint64_t size = (uint64_t)elf->phnum * elf->phentsize, end;

	if (size > TABLE_BYTES_MAX)
		return;
	if (!exe_bytes(elf->p, elf->phoff, size, &table)) {
		want(elf->p, e, elf->phoff, size);
		return;
	}
	for (unsigned i = 0; i < elf->phnum; i++) {
		struct slice r = slice_take(slice_from(table, (size_t)i * elf->phentsize), elf->phentsize);
		unsigned type = (unsigned)number(e, r, 0, 4);
		unsigned flags = (unsigned)number(e, r, elf->is64 ? 4 : 24, 4);
		struct exe_area area = { elf_word(elf, r, 8, 16), elf_word(elf, r, 4, 8), elf_word(elf, r, 16, 32) };

		if (type == ELF_LOAD)
			add_area(elf->p, e, area, (flags & (ELF_X | ELF_W)) == ELF_W);
		else if (type == ELF_NOTE)
			elf_notes(elf, area);
	}
	if (!CKD_ADD(&end, elf->phoff, size) && exe_bytes(elf->p, end, 16, &mark))
		e->packed = slice_has(mark, SLICE("UPX!"));
}

/* The names, or what will be needed to read them. */
static bool elf_names(struct elf *elf, struct slice table, struct slice *out)
{
	struct slice r = slice_take(slice_from(table, (size_t)elf->shstrndx * elf->shentsize), elf->shentsize);
	struct exe_area names = { 0, elf_word(elf, r, 16, 24), elf_word(elf, r, 20, 32) };

	if (!clip(elf->p, &names) || names.size > TABLE_BYTES_MAX)
		return false;
	if (exe_bytes(elf->p, names.offset, names.size, out))
		return true;
	want(elf->p, elf->e, names.offset, names.size);
	return false;
}

static void elf_sections(struct elf *elf, struct slice section)
{
	struct slice table, names, name;
	uint64_t size = (uint64_t)elf->shnum * elf->shentsize;

	if (elf->shoff == 0 || elf->shentsize < (elf->is64 ? 64 : 40) || size > TABLE_BYTES_MAX ||
	    elf->shstrndx >= elf->shnum)
		return;
	if (!exe_bytes(elf->p, elf->shoff, size, &table)) {
		uint64_t before = MIN(elf->shoff, NAMES_GUESS);

		want(elf->p, elf->e, elf->shoff - before, before + size);
		return;
	}
	if (!elf_names(elf, table, &names))
		return;
	elf->e->sections_known = true;
	for (unsigned i = 0; i < elf->shnum; i++) {
		struct slice r = slice_take(slice_from(table, (size_t)i * elf->shentsize), elf->shentsize);
		struct exe_area area = { elf_word(elf, r, 12, 16), elf_word(elf, r, 16, 24), elf_word(elf, r, 20, 32) };

		slice_cut(slice_from(names, (size_t)number(elf->e, r, 0, 4)), 0, &name, NULL);
		if (slice_eq(name, section) && number(elf->e, r, 4, 4) != ELF_NOBITS && clip(elf->p, &area)) {
			elf->e->section = area;
			return;
		}
	}
}

static bool read_elf(const struct exe_pieces *p, struct slice section, struct exe *e)
{
	struct elf elf = { .p = p, .e = e };

	if (!elf_header(&elf))
		return false;
	elf_sections(&elf, section);
	elf_segments(&elf);
	return true;
}

/* ---- symbols ---- */

/* A section's bytes, if all of them are at hand. */
static bool elf_section_bytes(const struct elf *elf, struct slice row, struct slice *out)
{
	struct exe_area area = { 0, elf_word(elf, row, 16, 24), elf_word(elf, row, 20, 32) };

	return clip(elf->p, &area) && exe_bytes(elf->p, area.offset, area.size, out);
}

static struct slice elf_row(const struct elf *elf, struct slice table, unsigned i)
{
	return slice_take(slice_from(table, (size_t)i * elf->shentsize), elf->shentsize);
}

/* One table of symbols, of which each has its name in the section that it is linked to. */
static bool elf_symbols(const struct elf *elf, struct slice table, struct slice row, const char *const names[],
			size_t n, uint64_t values[])
{
	unsigned link = (unsigned)number(elf->e, row, elf->is64 ? 40 : 24, 4);
	size_t size = elf->is64 ? 24 : 16;
	struct slice symbols, texts, name;

	if (link >= elf->shnum || !elf_section_bytes(elf, row, &symbols) ||
	    !elf_section_bytes(elf, elf_row(elf, table, link), &texts))
		return false;
	for (; symbols.len >= size; symbols = slice_from(symbols, size)) {
		name = slice_from(texts, (size_t)number(elf->e, symbols, 0, 4));
		for (size_t i = 0; i < n; i++) {
			struct slice wanted = slice_cstr(names[i]);

			if (name.len > wanted.len && name.ptr[wanted.len] == 0 && slice_starts(name, wanted))
				values[i] = elf_word(elf, symbols, 4, 8);
		}
	}
	return true;
}

bool exe_symbols(const struct exe_pieces *p, const char *const names[], size_t n, uint64_t values[])
{
	static const unsigned kinds[] = { ELF_DYNSYM, ELF_SYMTAB };
	struct exe e = { .word = 0 };
	struct elf elf = { .p = p, .e = &e };
	struct slice table;
	bool any = false;

	for (size_t i = 0; i < n; i++)
		values[i] = 0;
	if (!elf_header(&elf) || elf.shentsize < (elf.is64 ? 64 : 40) ||
	    !exe_bytes(p, elf.shoff, (uint64_t)elf.shnum * elf.shentsize, &table))
		return false;
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		for (unsigned i = 0; i < elf.shnum; i++) {
			struct slice row = elf_row(&elf, table, i);
			bool all = true;

			if (number(&e, row, 4, 4) != kinds[k])
				continue;
			any |= elf_symbols(&elf, table, row, names, n, values);
			for (size_t v = 0; v < n; v++)
				all &= values[v] != 0;
			if (all)
				return true;
			break; /* there is one of a kind */
		}
	}
	return any;
}

/* ---- PE ---- */

/* Initialised data that is read and written; the alignment, which object files give here, does not count. */
#define PE_DATA UINT64_C(0xc0000040)
#define PE_ALIGNMENT UINT64_C(0x00f00000)

/* A section of this name, as much of it as the file has and the program uses: the rest of its last block is padding. */
static void pe_section(const struct exe_pieces *p, struct exe *e, struct slice record, struct slice section)
{
	struct exe_area area = { 0, number(e, record, 20, 4), number(e, record, 16, 4) };
	uint64_t used = number(e, record, 8, 4); /* 0 in object files and of some old linkers: not said */
	struct slice name;

	slice_cut(slice_take(record, 8), 0, &name, NULL);
	if (used > 0)
		area.size = MIN(area.size, used);
	if (e->section.size == 0 && slice_eq(name, section) && clip(p, &area))
		e->section = area;
}

enum { PE_RESOURCES = 2, PE_CLR = 14, PE_OPTIONAL_MIN = 32, PE_OPTIONAL_MAX = 4096 };

/* Of the directories at the end of the optional header, an address and a size each. */
static struct exe_area pe_directory(const struct exe *e, struct slice optional, unsigned which)
{
	size_t count = e->word == 8 ? 108 : 92, at = count + 4 + (size_t)which * 8;
	struct exe_area area = { 0, 0, number(e, optional, at + 4, 4) };

	if (number(e, optional, count, 4) <= which || number(e, optional, at, 4) == 0 ||
	    CKD_ADD(&area.addr, e->base, number(e, optional, at, 4)))
		return (struct exe_area){ 0, 0, 0 };
	return area;
}

/* Where the file has what a directory names. */
static void pe_locate(struct exe *e, struct exe_area *area)
{
	uint64_t left;

	if (area->size == 0 || !exe_locate(e, area->addr, &area->offset, &left))
		*area = (struct exe_area){ 0, 0, 0 };
	else
		area->size = MIN(area->size, left);
}

static bool read_pe(const struct exe_pieces *p, struct slice section, struct exe *e)
{
	struct slice h, optional, table;
	uint64_t at, sections, size;
	unsigned n, optional_size;

	if (!exe_bytes(p, 0x3c, 4, &h))
		return false;
	at = number(e, h, 0, 4);
	if (!exe_bytes(p, at, 24, &h)) {
		want(p, e, at, 4096);
		return at < p->size && at >= 0x40;
	}
	if (!slice_starts(h, slice_make("PE\0", 4)))
		return false;
	n = (unsigned)number(e, h, 6, 2);
	optional_size = (unsigned)number(e, h, 20, 2);
	sections = at + 24 + optional_size;
	size = (uint64_t)n * 40;
	if (size > TABLE_BYTES_MAX || optional_size < PE_OPTIONAL_MIN || optional_size > PE_OPTIONAL_MAX)
		return false;
	if (!exe_bytes(p, at + 24, optional_size, &optional) || !exe_bytes(p, sections, size, &table)) {
		want(p, e, at, 24 + optional_size + size);
		return true;
	}
	e->word = number(e, optional, 0, 2) == 0x20b ? 8 : 4;
	e->base = e->word == 8 ? number(e, optional, 24, 8) : number(e, optional, 28, 4);
	for (unsigned i = 0; i < n; i++) {
		struct slice r = slice_take(slice_from(table, (size_t)i * 40), 40);
		struct exe_area area = { 0, number(e, r, 20, 4), number(e, r, 16, 4) };

		pe_section(p, e, r, section);
		e->packed |= slice_starts(r, SLICE("UPX0")) || slice_starts(r, SLICE("UPX1"));
		if (number(e, r, 12, 4) == 0 || CKD_ADD(&area.addr, e->base, number(e, r, 12, 4)))
			continue;
		add_area(p, e, area, (number(e, r, 36, 4) & ~PE_ALIGNMENT) == PE_DATA);
	}
	e->clr = pe_directory(e, optional, PE_CLR);
	e->resources = pe_directory(e, optional, PE_RESOURCES);
	pe_locate(e, &e->clr);
	pe_locate(e, &e->resources);
	e->sections_known = true;
	return true;
}

/* ---- Mach-O ---- */

enum { MACHO_SEGMENT = 1, MACHO_SEGMENT_64 = 0x19, MACHO_RW = 3 };

struct macho {
	const struct exe_pieces *p;
	struct exe *e;
	uint64_t base; /* of this machine's program in the file */
	struct slice section;
};

/* Names fill 16 bytes or end with a NUL. */
static bool macho_named(struct slice record, struct slice name)
{
	struct slice have;

	slice_cut(slice_take(record, 16), 0, &have, NULL);
	return slice_eq(have, name);
}

static void macho_sections(struct macho *m, struct slice command, size_t header, unsigned n)
{
	bool is64 = m->e->word == 8;
	size_t each = is64 ? 80 : 68;

	for (unsigned i = 0; i < n && (command.len - header) / each > i; i++) {
		struct slice r = slice_take(slice_from(command, header + i * each), each);
		struct exe_area area = { number(m->e, r, 32, m->e->word), number(m->e, r, is64 ? 48 : 40, 4),
					 number(m->e, r, is64 ? 40 : 36, m->e->word) };

		if (m->e->section.size == 0 && macho_named(r, m->section) &&
		    !CKD_ADD(&area.offset, area.offset, m->base) && clip(m->p, &area))
			m->e->section = area;
	}
}

static void macho_segment(struct macho *m, struct slice command)
{
	struct exe *e = m->e;
	unsigned w = e->word;
	size_t header = w == 8 ? 72 : 56;
	struct exe_area area;
	bool writable;

	if (command.len < header)
		return;
	area = (struct exe_area){ number(e, command, 24, w), number(e, command, 24 + 2 * w, w),
				  number(e, command, 24 + 3 * w, w) };
	writable = number(e, command, 24 + 4 * w, 4) == MACHO_RW && number(e, command, 28 + 4 * w, 4) == MACHO_RW;
	macho_sections(m, command, header, (unsigned)number(e, command, 32 + 4 * w, 4));
	if (!macho_named(slice_from(command, 8), SLICE("__PAGEZERO")) && !CKD_ADD(&area.offset, area.offset, m->base))
		add_area(m->p, e, area, writable && area.addr != 0);
}

static bool macho_at(const struct exe_pieces *p, uint64_t base, struct slice section, struct exe *e)
{
	struct macho m = { p, e, base, section };
	struct slice h, commands;
	uint64_t n, size;

	if (!exe_bytes(p, base, 32, &h)) {
		want(p, e, base, 16384);
		return base < p->size;
	}
	e->big_endian = h.ptr[0] == 0xfe;
	if ((number(e, h, 0, 4) & ~UINT64_C(1)) != 0xfeedface)
		return false;
	e->word = number(e, h, 0, 4) == 0xfeedfacf ? 8 : 4;
	n = number(e, h, 16, 4);
	size = number(e, h, 20, 4);
	if (size > COMMANDS_BYTES_MAX)
		return false;
	base += e->word == 8 ? 32 : 28;
	if (!exe_bytes(p, base, size, &commands)) {
		want(p, e, base, size);
		return true;
	}
	while (n-- > 0 && commands.len >= 8) {
		uint64_t type = number(e, commands, 0, 4), len = number(e, commands, 4, 4);

		if (len < 8 || len > commands.len)
			break;
		if (type == (e->word == 8 ? MACHO_SEGMENT_64 : MACHO_SEGMENT))
			macho_segment(&m, slice_take(commands, (size_t)len));
		commands = slice_from(commands, (size_t)len);
	}
	e->sections_known = true;
	return true;
}

/* ---- several machines: a big-endian count, and for each its type, subtype, offset, size, alignment ---- */

#define FAT UINT32_C(0xcafebabe)
#define FAT_WIDE UINT32_C(0xcafebabf)

enum { FAT_HEADER = 8, FAT_EACH = 20, FAT_EACH_WIDE = 32 };

static uint32_t magic_of(const struct exe_pieces *p)
{
	struct slice s;

	if (!exe_bytes(p, 0, 4, &s))
		return 0;
	return (uint32_t)s.ptr[0] << 24 | (uint32_t)s.ptr[1] << 16 | (uint32_t)s.ptr[2] << 8 | s.ptr[3];
}

unsigned exe_machines(const struct exe_pieces *p)
{
	const struct exe order = { .big_endian = true };
	uint32_t magic = magic_of(p);
	struct slice h;
	uint64_t n;

	if ((magic != FAT && magic != FAT_WIDE) || !exe_bytes(p, 0, FAT_HEADER, &h))
		return 1;
	n = number(&order, h, 4, 4);
	return n == 0 || n > EXE_MACHINES_MAX ? 1 : (unsigned)n;
}

static bool read_fat(const struct exe_pieces *p, bool wide, struct slice section, unsigned machine, struct exe *e)
{
	size_t each = wide ? FAT_EACH_WIDE : FAT_EACH;
	struct slice h, r;
	uint64_t n;

	e->big_endian = true;
	h = exe_bytes_from(p, 0, FAT_HEADER + EXE_MACHINES_MAX * each);
	n = number(e, h, 4, 4);
	r = slice_from(h, FAT_HEADER + machine * each);
	if (machine >= n || n > EXE_MACHINES_MAX || r.len < each)
		return false;
	return macho_at(p, wide ? number(e, r, 8, 8) : number(e, r, 8, 4), section, e);
}

/* ---- any ---- */

bool exe_read(const struct exe_pieces *p, struct slice section, struct slice macho_section, unsigned machine,
	      struct exe *out)
{
	uint32_t m = magic_of(p);

	memset(out, 0, sizeof(*out));
	if (m == 0x7f454c46)
		return read_elf(p, section, out);
	if (m >> 16 == 0x4d5a)
		return read_pe(p, section, out);
	if (m == FAT || m == FAT_WIDE)
		return read_fat(p, m == FAT_WIDE, macho_section, machine, out);
	if (m == 0xfeedface || m == 0xfeedfacf || m == 0xcefaedfe || m == 0xcffaedfe)
		return macho_at(p, 0, macho_section, out);
	return false;
}
