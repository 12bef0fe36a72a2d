/* SPDX-License-Identifier: Apache-2.0 */
/* saved_files.c - the files of a package of limpid's JSON, kept a directory at a time. */
#include "model/layer_tree.h"
#include "report/saved_impl.h"

static bool is_path(const struct saved_reader *rd, struct slice path)
{
	return path.len > 0 && path.len <= rd->limits->path_bytes && slice_find_byte(path, 0) == SIZE_MAX &&
	       path_base(path).len > 0;
}

/* The names of a run of paths in one directory. */
static bool put_run(struct saved_reader *rd, struct slice dir, struct slice *names, size_t n)
{
	struct layer_dir *d = VEC_PUSH(&rd->out->index.files, rd->arena);

	return d && saved_keep(rd, dir, &d->path) == STATUS_OK && layer_names_join(rd->arena, names, n, &d->names);
}

static bool put_paths(struct saved_reader *rd, yyjson_val *list, struct slice *names)
{
	struct slice dir = SLICE_EMPTY;
	yyjson_val *v;
	size_t i, n, run = 0;

	yyjson_arr_foreach(list, i, n, v)
	{
		struct slice path = json_str(v);

		if (run > 0 && !slice_eq(path_dir(path), dir)) {
			if (!put_run(rd, dir, names, run))
				return false;
			run = 0;
		}
		dir = path_dir(path);
		names[run++] = path_base(path);
	}
	return run == 0 || put_run(rd, dir, names, run);
}

enum status saved_files(struct saved_reader *rd, yyjson_val *obj, struct index_package *p)
{
	yyjson_val *list = json_get(obj, "files"), *v;
	struct arena AUTO(arena_fini) scratch = ARENA_INIT(SIZE_MAX);
	struct slice *names;
	size_t i, n;

	p->first_files = rd->out->index.files.len;
	if (!list)
		return STATUS_OK;
	yyjson_arr_foreach(list, i, n, v) if (!is_path(rd, json_str(v))) return saved_bad(rd, "files");
	if (!yyjson_is_arr(list))
		return saved_bad(rd, "files");
	names = arena_array(&scratch, yyjson_arr_size(list) + 1, sizeof(*names));
	if (!names || !put_paths(rd, list, names))
		return err_nomem(rd->err, "report");
	p->files_known = true;
	p->n_files = rd->out->index.files.len - p->first_files;
	return STATUS_OK;
}
