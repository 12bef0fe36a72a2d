/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fakes.h - detectors of a made-up system, so that the tests of index/ do not hang on the real ones.
 *
 * "pkg" reads lines "NAME VERSION" of db/status, db/status.d/ and (with a companion) rpm/db; lines with "!" misbehave.
 */
#ifndef LIMPID_TESTS_UNIT_INDEX_FAKES_H
#define LIMPID_TESTS_UNIT_INDEX_FAKES_H

#include <signal.h>

#include "index/detector.h"

#include <stdlib.h>

static volatile sig_atomic_t fakes_forever = 1;

static void fakes_misbehave(struct slice line)
{
	if (slice_eq(line, SLICE("!crash")))
		abort();
	while (slice_eq(line, SLICE("!hang")) && fakes_forever)
		continue;
}

static enum status fakes_lines(struct slice text, const struct detect_file *file, enum package_type type,
			       const struct detect_sink *out, struct err *err)
{
	struct slice rest = text, line, word;

	while (slice_line(&rest, &line)) {
		struct package p = { .type = type, .db = file->path };

		if (line.len == 0)
			continue;
		fakes_misbehave(line);
		if (slice_eq(line, SLICE("!bad")))
			return err_at(err, STATUS_MALFORMED, 7, "a bad line");
		if (slice_eq(line, SLICE("!again")) && !file->second_pass) {
			TRY(out->again(out->ctx, err));
			continue;
		}
		slice_cut(line, ' ', &p.name, &word);
		if (slice_eq(p.name, SLICE("!owned"))) {
			TRY(out->owned(out->ctx, word, err));
			continue;
		}
		p.version = word;
		if (p.name.ptr[0] != '!')
			TRY(out->package(out->ctx, &p, err));
	}
	return STATUS_OK;
}

static enum status fakes_pkg(const struct detect_file *file, const struct detect_env *env,
			     const struct detect_sink *out, struct err *err)
{
	(void)env;
	TRY(fakes_lines(file->bytes, file, PACKAGE_DEB, out, err));
	return fakes_lines(file->companion, file, PACKAGE_DEB, out, err);
}

static enum status fakes_lang(const struct detect_file *file, const struct detect_env *env,
			      const struct detect_sink *out, struct err *err)
{
	(void)env;
	return fakes_lines(file->bytes, file, PACKAGE_PYPI, out, err);
}

static enum status fakes_os(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			    struct err *err)
{
	struct distribution d = { .did = SLICE_EMPTY };

	(void)env;
	slice_cut(slice_trim(file->bytes), ' ', &d.did, &d.version_id);
	return out->distribution(out->ctx, &d, err);
}

/* A program begins with "PROG", then the offset of eight bytes that are its name, in three digits. */
static size_t fakes_plan(struct slice head, uint64_t size, uint32_t mode, struct byte_range *out)
{
	uint64_t at;

	(void)size;
	(void)mode;
	if (!slice_starts(head, SLICE("PROG")) || head.len < 8 ||
	    !slice_to_u64(slice_take(slice_from(head, 4), 4), &at))
		return 0;
	out[0] = (struct byte_range){ at, 8 };
	out[1] = (struct byte_range){ 0, 4 };
	return 2;
}

static enum status fakes_bin(const struct detect_file *file, const struct detect_env *env,
			     const struct detect_sink *out, struct err *err)
{
	struct package p = { .type = PACKAGE_GO, .name = file->range_bytes[0], .version = file->range_bytes[1] };

	(void)env;
	p.db = file->path;
	return out->package(out->ctx, &p, err);
}

static const struct path_rule fakes_pkg_rules[] = {
	{ .match = PATH_EXACT, .text = "db/status", .need = DETECT_WHOLE },
	{ .match = PATH_CHILD, .text = "db/status.d/", .need = DETECT_WHOLE },
	{ .match = PATH_EXACT, .text = "rpm/db", .need = DETECT_WHOLE, .companion = "-wal" },
	{ .match = PATH_EXACT, .text = "usr/lib/rpm/db", .need = DETECT_WHOLE, .companion = "-wal" },
	{ .match = PATH_EXACT, .text = "db/small", .need = DETECT_WHOLE, .max_bytes = 10 },
	{ .text = NULL },
};
static const struct path_rule fakes_os_rules[] = {
	{ .match = PATH_EXACT, .text = "etc/os-release", .need = DETECT_WHOLE },
	{ .match = PATH_EXACT, .text = "usr/lib/os-release", .need = DETECT_WHOLE },
	{ .match = PATH_EXACT, .text = "etc/old-release", .need = DETECT_WHOLE },
	{ .match = PATH_EXACT, .text = "etc/older-release", .need = DETECT_WHOLE },
	{ .text = NULL },
};
static const struct path_rule fakes_lang_rules[] = {
	{ .match = PATH_SUFFIX, .text = ".info/META", .need = DETECT_WHOLE },
	{ .match = PATH_SUFFIX, .text = ".box", .need = DETECT_PRESENCE, .unread = "boxes" },
	{ .match = PATH_GLOB, .text = "li*glob*.so*", .need = DETECT_WHOLE },
	{ .match = PATH_GLOB, .text = "xg", .need = DETECT_WHOLE },
	{ .text = NULL },
};
static const struct path_rule fakes_bin_rules[] = {
	{ .match = PATH_ANY_FILE, .text = "", .need = DETECT_RANGES },
	{ .text = NULL },
};

static const struct detector fakes_pkg_detector = { "pkg",	     "1",  DETECTOR_PACKAGE, false,
						    fakes_pkg_rules, NULL, fakes_pkg };
static const struct detector fakes_os_detector = { "os", "1",	  DETECTOR_DISTRIBUTION, false, fakes_os_rules,
						   NULL, fakes_os };
static const struct detector fakes_lang_detector = { "lang",	       "1",  DETECTOR_PACKAGE, false,
						     fakes_lang_rules, NULL, fakes_lang };
static const struct detector fakes_bin_detector = { "bin",	     "1",	 DETECTOR_PACKAGE, false,
						    fakes_bin_rules, fakes_plan, fakes_bin };
static const struct detector *const fakes_list[] = { &fakes_pkg_detector, &fakes_os_detector, &fakes_lang_detector,
						     &fakes_bin_detector };

/* These stand in place of the real table. */
const struct detector *const *detectors(size_t *out_n)
{
	*out_n = ARRAY_LEN(fakes_list);
	return fakes_list;
}

const struct detector *const *detectors_installed(size_t *out_n)
{
	return detectors(out_n);
}

struct slice detector_set(void)
{
	return SLICE("fakes");
}

#endif
