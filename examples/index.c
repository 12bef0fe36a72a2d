/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.c - liblimpid-index in one file: what is installed in an image.
 *
 *     cc index.c $(pkg-config --cflags --libs limpid-index) && ./a.out bom.json image-folder
 *
 * Prints the packages of image.tar beside the folder, and writes them as CycloneDX to the file. The image is one of our
 * own and is parsed in this process; leave `how` at 0 for images of others.
 */
#include <limpid/index.h>
#include <stdio.h>
#include <stdlib.h>

static int write_to(void *ctx, const char *bytes, size_t length)
{
	return fwrite(bytes, 1, length, ctx) == length ? 0 : -1;
}

static int give_up(const char *what, const struct limpid_index_error *error)
{
	fprintf(stderr, "%s: %s\n", what, error->message);
	return EXIT_FAILURE;
}

static int count_one(void *ctx, const char *path)
{
	(void)path;
	++*(size_t *)ctx;
	return 0;
}

static int show(const limpid_index *image)
{
	for (size_t i = 0; i < limpid_index_systems(image); i++)
		printf("system: %s %s\n", limpid_index_system(image, i)->id, limpid_index_system(image, i)->version_id);
	for (size_t i = 0; i < limpid_index_packages(image); i++) {
		const struct limpid_index_package *p = limpid_index_package(image, i);

		size_t files = 0;
		int known;

		printf("%s %s %s, %s of layer %zu", p->type, p->name, p->version, p->path, p->layer + 1);
		if (limpid_index_files(image, i, &known, count_one, &files, NULL) == LIMPID_INDEX_OK && known)
			printf(", %zu files", files);
		putchar('\n');
	}
	for (size_t i = 0; i < limpid_index_diagnostics(image); i++)
		printf("%s: %s\n", limpid_index_diagnostic(image, i)->where, limpid_index_diagnostic(image, i)->text);
	printf("%s\n", limpid_index_complete(image) ? "all of it was read" : "not all of it was read");
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const struct limpid_index_options options = { .size = sizeof(options),
						      .how = LIMPID_INDEX_IN_PROCESS,
						      .files = 1 };
	struct limpid_index_error error;
	limpid_index *image;
	char target[4096];
	int result;
	FILE *f;

	if (argc != 3) {
		fprintf(stderr, "usage: index BOM FOLDER\n");
		return EXIT_FAILURE;
	}
	snprintf(target, sizeof(target), "oci-archive:%s/../image.tar", argv[2]);
	if (limpid_index_open(target, &options, &image, &error) != LIMPID_INDEX_OK)
		return give_up(target, &error);
	result = show(image);
	f = fopen(argv[1], "w");
	if (!f || limpid_index_report(image, "cyclonedx", 0, write_to, f, &error) != LIMPID_INDEX_OK)
		result = f ? give_up("cyclonedx", &error) : EXIT_FAILURE;
	if (f && fclose(f) != 0)
		result = EXIT_FAILURE;
	limpid_index_close(image);
	return result;
}
