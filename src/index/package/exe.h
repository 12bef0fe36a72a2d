/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exe.h - what the headers of a program say about where its bytes are: ELF, PE and Mach-O, both word sizes and orders.
 *
 * A program streams by and is not kept: headers are read from the pieces that are at hand, and the answer says which
 * further pieces are wanted. Every number in a header is an input: offsets are checked, counts are capped.
 * Sources: System V ABI "Object Files"; Microsoft "PE Format"; Apple "Mach-O file format reference" (loader.h, fat.h).
 */
#ifndef LIMPID_INDEX_PACKAGE_EXE_H
#define LIMPID_INDEX_PACKAGE_EXE_H

#include "index/detector.h"

#define EXE_PIECES_MAX 8
#define EXE_AREAS_MAX 64
#define EXE_WRITABLE_MAX 2
#define EXE_WANTED_MAX 2
#define EXE_MACHINES_MAX 16 /* a Java class begins with the same bytes, and then a number of 45 or more */

/* A file of which some pieces are at hand. */
struct exe_pieces {
	struct slice bytes[EXE_PIECES_MAX]; /* borrowed */
	uint64_t offset[EXE_PIECES_MAX];    /* of each in the file */
	size_t n;
	uint64_t size; /* of the whole file */
};

/* Bytes of the file and the address they have in the running program. */
struct exe_area {
	uint64_t addr, offset, size;
};

struct exe {
	unsigned word; /* bytes of an address: 4 or 8 */
	bool big_endian;
	struct exe_area areas[EXE_AREAS_MAX]; /* what is loaded from the file */
	size_t n_areas;
	struct exe_area writable[EXE_WRITABLE_MAX]; /* initialised data, first ones first */
	size_t n_writable;
	struct exe_area clr;	   /* PE: the header of .NET's runtime, at its address; size 0 if it has none */
	struct exe_area resources; /* PE: the tree of resources, likewise */
	uint64_t base;		   /* PE: the address that others count from */
	struct exe_area section; /* the one that was asked for by name; size 0 if it is not there or not known */
	bool sections_known;	 /* the table of sections was read: a section that was not found is not there */
	bool go_note;		 /* the linker of Go left its mark (ELF only) */
	bool packed;		 /* by UPX: neither data nor sections are what they will be */
	struct byte_range wanted[EXE_WANTED_MAX]; /* headers that are not at hand */
	size_t n_wanted;
};

/* Add a piece; pieces beyond the cap are dropped. */
void exe_add_piece(struct exe_pieces *p, uint64_t offset, struct slice bytes);
/* What a detector that plans has of a file: the head and what was kept, or in the second pass all of it. */
struct exe_pieces exe_pieces_of(const struct detect_file *file);
/* The n bytes at offset, if one piece has them all. */
bool exe_bytes(const struct exe_pieces *p, uint64_t offset, uint64_t n, struct slice *out);
/* What is at hand from offset on, at most n bytes: the longest of one piece. */
struct slice exe_bytes_from(const struct exe_pieces *p, uint64_t offset, uint64_t n);

/*
 * Read the headers; of a Mach-O file for several machines, those of one (machine, below exe_machines()). section: the
 * name to look for, which is written otherwise in Mach-O; of PE, whose names have 8 bytes, a longer one is never found.
 * False: not a program, or its first header is damaged.
 */
bool exe_read(const struct exe_pieces *p, struct slice section, struct slice macho_section, unsigned machine,
	      struct exe *out);
/* For plan(): one range more, and the headers that are not at hand; beyond DETECT_RANGES_MAX none. */
void exe_plan(struct byte_range out[DETECT_RANGES_MAX], size_t *n, uint64_t offset, uint64_t len);
void exe_plan_wanted(struct byte_range out[DETECT_RANGES_MAX], size_t *n, const struct exe *e);
/* How many machines a file is for: 1, or what a Mach-O file says of itself, at most EXE_MACHINES_MAX. */
unsigned exe_machines(const struct exe_pieces *p);
/* A number of a record; 0 if it lies outside, which callers exclude by asking for whole records. */
uint64_t exe_number(struct slice record, size_t at, unsigned width, bool big_endian);
/* The class and the order of bytes of an ELF file that begins so; false if it is none, or not all of its header. */
bool exe_elf_head(struct slice head, bool *is64, bool *big_endian);
/*
 * ELF: the values of symbols of these names, 0 of those that are not there: of the symbols that are linked at run time,
 * else of all. False: the tables are not at hand, or damaged.
 */
bool exe_symbols(const struct exe_pieces *p, const char *const names[], size_t n, uint64_t values[]);
/* File offset of an address, and how many bytes follow there in the file. */
bool exe_locate(const struct exe *e, uint64_t addr, uint64_t *offset, uint64_t *left);

#endif
