/* SPDX-License-Identifier: Apache-2.0 */
/* detector_run.c - prints what one detector makes of a directory: detector-run DETECTOR DIRECTORY. */
#include "detector_print.h"

#include <stdio.h>

static const struct detector *detector_by_name(struct slice name)
{
	size_t n;
	const struct detector *const *list = detectors(&n);

	for (size_t i = 0; i < n; i++)
		if (slice_eq(name, slice_cstr(list[i]->name)))
			return list[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct detector *d = argc == 3 ? detector_by_name(slice_cstr(argv[1])) : NULL;
	struct buf out = BUF_INIT((size_t)256 << 20);
	struct err err = ERR_INIT;

	if (!d) {
		fprintf(stderr, "usage: detector-run DETECTOR DIRECTORY\n");
		return 2;
	}
	if (detector_print(d, argv[2], &limits_default, 0, &out, &err) != STATUS_OK) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
	return 0;
}
