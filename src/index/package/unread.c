/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unread.c - files that hold packages which no detector reads yet, so that a report can say what it does not know.
 *
 * Source: docs/formats/unread.md. A row goes when a detector comes that reads such files.
 */
#include "index/detector.h"

static bool is_pacman(struct slice path)
{
	return slice_starts(path, SLICE("var/lib/pacman/local/"));
}

static bool is_portage(struct slice path)
{
	return slice_starts(path, SLICE("var/db/pkg/"));
}

static bool is_nix(struct slice path)
{
	return slice_eq(path, SLICE("nix/var/nix/db/db.sqlite"));
}

static bool is_opkg(struct slice path)
{
	return slice_eq(path, SLICE("usr/lib/opkg/status")) || slice_eq(path, SLICE("var/lib/opkg/status"));
}

static bool is_mariner(struct slice path)
{
	return slice_starts(path, SLICE("var/lib/rpmmanifest/"));
}

#define UNREAD(ending, kind, finer)                                                                                    \
	{                                                                                                              \
		.match = PATH_SUFFIX, .text = ending, .need = DETECT_PRESENCE, .accept = finer, .unread = kind         \
	}

static const struct path_rule rules[] = {
	UNREAD("/desc", "packages of pacman", is_pacman),
	UNREAD("/PF", "packages of Portage", is_portage),
	UNREAD("/status", "packages of opkg", is_opkg),
	UNREAD("/db.sqlite", "packages of Nix", is_nix),
	UNREAD("/container-manifest-2", "packages of a distroless CBL-Mariner", is_mariner),
	UNREAD("/application-inventory.json", "packages of Bottlerocket", NULL),
	{ .text = NULL },
};

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	(void)file;
	(void)env;
	(void)out;
	(void)err;
	return STATUS_OK;
}

const struct detector detector_unread = {
	.name = "unread",
	.version = "3",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
