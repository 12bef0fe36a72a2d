/* SPDX-License-Identifier: Apache-2.0 */
/* base_how.c - the table of how a base image becomes known. */
#include "model/base_image.h"

static const struct {
	const char *name, *text;
} rows[BASE_HOW_COUNT] = {
#define BASE_HOW(id, name, meaning) [BASE_##id] = { name, meaning },
#include "model/base_how.def"
#undef BASE_HOW
};

const char *base_how_name(enum base_how how)
{
	return rows[how].name;
}

const char *base_how_text(enum base_how how)
{
	return rows[how].text;
}

bool base_how_by_name(struct slice name, enum base_how *out)
{
	for (size_t i = 0; i < BASE_HOW_COUNT; i++) {
		if (slice_eq(name, slice_cstr(rows[i].name))) {
			*out = (enum base_how)i;
			return true;
		}
	}
	return false;
}
