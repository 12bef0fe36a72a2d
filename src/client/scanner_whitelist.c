/* SPDX-License-Identifier: Apache-2.0 */
/* scanner_whitelist.c - clair-scanner's whitelist: which vulnerabilities are approved, everywhere or in one image. */
#include "client/scanner.h"

#include "base/map.h"
#include "text/yaml.h"

static enum status read_ids(const struct yaml_node *mapping, const char *what, struct arena *arena, struct slice **out,
			    size_t *out_n, struct err *err)
{
	VEC(struct slice) ids = { NULL, 0, 0 };

	/* "images: {alpine: }" is an image without any. */
	if (mapping->kind != YAML_KIND_MAPPING && !(mapping->kind == YAML_KIND_SCALAR && mapping->scalar.len == 0))
		return err_set(err, STATUS_MALFORMED,
			       "line %u, column %u: %s must be a mapping of vulnerabilities to reasons", mapping->line,
			       mapping->column, what);
	for (const struct yaml_node *m = mapping->child; mapping->kind == YAML_KIND_MAPPING && m; m = m->next) {
		struct slice *slot = VEC_PUSH(&ids, arena);

		if (!slot)
			return err_nomem(err, "a whitelist");
		*slot = m->key->scalar;
	}
	*out = ids.at;
	*out_n = ids.len;
	return STATUS_OK;
}

static enum status read_images(const struct yaml_node *mapping, struct arena *arena, struct scanner_whitelist *out,
			       struct err *err)
{
	VEC(struct scanner_whitelist_image) images = { NULL, 0, 0 };

	if (mapping->kind == YAML_KIND_SCALAR && mapping->scalar.len == 0)
		return STATUS_OK;
	if (mapping->kind != YAML_KIND_MAPPING)
		return err_set(err, STATUS_MALFORMED, "line %u, column %u: images must be a mapping of image names",
			       mapping->line, mapping->column);
	for (const struct yaml_node *m = mapping->child; m; m = m->next) {
		struct scanner_whitelist_image *image = VEC_PUSH(&images, arena);

		if (!image)
			return err_nomem(err, "a whitelist");
		image->name = m->key->scalar;
		TRY(read_ids(m, "an image", arena, &image->ids, &image->n_ids, err));
	}
	out->images = images.at;
	out->n_images = images.len;
	return STATUS_OK;
}

enum status scanner_whitelist_parse(struct slice text, const struct limits *limits, struct arena *arena,
				    void (*odd)(void *ctx, struct slice key, unsigned line), void *ctx,
				    struct scanner_whitelist *out, struct err *err)
{
	struct yaml_node *root;

	*out = (struct scanner_whitelist){ .general = NULL };
	TRY(yaml_parse(text, limits, arena, &root, err));
	if (!root || (root->kind == YAML_KIND_SCALAR && root->scalar.len == 0))
		return STATUS_OK;
	if (root->kind != YAML_KIND_MAPPING)
		return err_set(err, STATUS_MALFORMED, "line %u, column %u: expected generalwhitelist and images",
			       root->line, root->column);
	for (const struct yaml_node *m = root->child; m; m = m->next) {
		if (slice_eq(m->key->scalar, SLICE("generalwhitelist")))
			TRY(read_ids(m, "generalwhitelist", arena, &out->general, &out->n_general, err));
		else if (slice_eq(m->key->scalar, SLICE("images")))
			TRY(read_images(m, arena, out, err));
		else if (odd)
			odd(ctx, m->key->scalar, m->key->line);
	}
	return STATUS_OK;
}

struct slice scanner_image_name(struct slice image)
{
	size_t slash, colon;

	slice_cut(image, '@', &image, NULL);
	slash = slice_rfind_byte(image, '/');
	colon = slice_rfind_byte(image, ':');
	if (colon != SIZE_MAX && (slash == SIZE_MAX || colon > slash))
		image = slice_take(image, colon);
	return image;
}

static bool put_all(struct map *m, const struct slice *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!map_put(m, ids[i], 1))
			return false;
	return true;
}

static bool approved_ids(const struct scanner_whitelist *w, struct slice image, struct map *out)
{
	struct slice name = scanner_image_name(image);

	if (!put_all(out, w->general, w->n_general))
		return false;
	for (size_t i = 0; i < w->n_images; i++)
		if (slice_eq(w->images[i].name, name) && !put_all(out, w->images[i].ids, w->images[i].n_ids))
			return false;
	return true;
}

static enum status judge(struct scanner_rows *rows, const struct map *approved, unsigned threshold,
			 struct map *unapproved, struct arena *arena, struct err *err)
{
	VEC(struct slice) ids = { NULL, 0, 0 };
	uint64_t ignored;

	for (size_t i = 0; i < rows->n; i++) {
		const struct scanner_row *row = &rows->at[i];
		struct slice *slot;

		if (row->rank > threshold || map_get(approved, row->id, &ignored))
			continue;
		slot = VEC_PUSH(&ids, arena);
		if (!slot || !map_put(unapproved, row->id, 1))
			return err_nomem(err, "a report");
		*slot = row->id;
	}
	for (size_t i = 0; i < rows->n; i++)
		rows->at[i].unapproved = map_get(unapproved, rows->at[i].id, &ignored);
	rows->unapproved = ids.at;
	rows->n_unapproved = ids.len;
	return STATUS_OK;
}

enum status scanner_judge(struct scanner_rows *rows, struct slice image, const struct scanner_whitelist *whitelist,
			  unsigned threshold, struct arena *arena, struct err *err)
{
	struct map approved = MAP_INIT, unapproved = MAP_INIT;
	enum status st;

	st = approved_ids(whitelist, image, &approved) ? judge(rows, &approved, threshold, &unapproved, arena, err)
						       : err_nomem(err, "a whitelist");
	map_fini(&approved);
	map_fini(&unapproved);
	return st;
}
