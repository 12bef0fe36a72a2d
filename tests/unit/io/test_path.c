/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_path.c - names made canonical as Python's posixpath does (make-paths), kept below the root.
 *
 * usage: test_path FILE
 */
#include "io/file.h"
#include "io/tar.h"
#include "streams.h"

static const char *paths_file;

static struct slice next_name(struct slice *line, uint8_t **owned)
{
	struct slice hex;

	assert_true(slice_word(line, ' ', &hex));
	if (slice_eq(hex, SLICE("-")))
		hex = SLICE_EMPTY;
	/* Exactly as large as it is: a sanitizer sees the first byte behind it. */
	*owned = malloc(hex.len / 2);
	for (size_t i = 0; i < hex.len / 2; i++)
		(*owned)[i] = (uint8_t)(hex_value(hex.ptr[2 * i]) << 4 | hex_value(hex.ptr[2 * i + 1]));
	return slice_make(*owned, hex.len / 2);
}

static void check_name(struct slice got, struct slice want, struct slice name, const char *how)
{
	struct err_quote g, w, n;

	if (!slice_eq(got, want))
		fail_msg("%s of %s: %s, not %s", how, err_slice(&n, name), err_slice(&g, got), err_slice(&w, want));
}

static void test_against_posixpath(void **state)
{
	struct err err = ERR_INIT;
	struct file_map map;
	struct slice rest, line;
	size_t n = 0;

	(void)state;
	check_status(file_map_open(paths_file, &map, &err), STATUS_OK, &err);
	rest = map.bytes;
	while (slice_line(&rest, &line)) {
		uint8_t *owned[4], *buf;
		struct slice name = next_name(&line, &owned[0]), link = next_name(&line, &owned[1]);
		struct slice normal = next_name(&line, &owned[2]), resolved = next_name(&line, &owned[3]);

		/* No more room than the header asks for. */
		buf = malloc(name.len);
		assert_true(buf || name.len == 0);
		check_name(path_normalise(name, buf), normal, name, "normal form");
		free(buf);
		buf = malloc(link.len + name.len + 1);
		assert_non_null(buf);
		check_name(path_resolve(link, name, buf), resolved, name, "target");
		free(buf);
		/* In place: nothing grows. */
		check_name(path_normalise(name, owned[0]), normal, normal, "normal form in place");
		for (size_t i = 0; i < ARRAY_LEN(owned); i++)
			free(owned[i]);
		n++;
	}
	assert_int_equal(n, 4022);
	file_map_close(&map);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_against_posixpath) };

	if (argc != 2)
		return 2;
	paths_file = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
