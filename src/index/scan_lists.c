/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan_lists.c - lists of packages' files, gathered a directory at a time: a million paths are kept as their
 * directories and the names in each, as the layer's own tree is.
 */
#include "index/scan_impl.h"
#include "model/layer_tree.h"

#include <stdlib.h>

#define NAMES_BYTES ((size_t)16 << 20) /* in one directory of a list: more than half of what a report may have */

void scan_lists_fini(struct scan *s)
{
	buf_fini(&s->list_dir);
	buf_fini(&s->list_names);
}

/* The names gathered so far, each with a '/' behind it, become a directory of the list. */
static enum status end_directory(struct scan *s, struct err *err)
{
	struct layer_report *r = s->report;
	struct slice rest = buf_slice(&s->list_names);
	struct slice *names;
	struct layer_dir *dir;
	size_t n = 0;

	if (rest.len == 0)
		return STATUS_OK;
	for (size_t i = 0; i < rest.len; i++)
		n += rest.ptr[i] == '/';
	names = calloc(n, sizeof(*names));
	if (!names)
		return err_nomem(err, "a list of files");
	for (size_t i = 0; i < n; i++)
		slice_cut(rest, '/', &names[i], &rest);
	dir = VEC_PUSH(&r->list_dirs, s->arena);
	if (!dir || !arena_copy(s->arena, buf_slice(&s->list_dir), &dir->path) ||
	    !layer_names_join(s->arena, names, n, &dir->names)) {
		free(names);
		return scan_full(s, err);
	}
	r->lists.at[r->lists.len - 1].n++;
	free(names);
	buf_reset(&s->list_names);
	return STATUS_OK;
}

enum status scan_list_end(struct scan *s, struct err *err)
{
	if (!s->list_open)
		return STATUS_OK;
	s->list_open = false;
	if (s->full)
		return STATUS_OK;
	return end_directory(s, err);
}

enum status scan_list_begin(struct scan *s, const struct package *of, struct err *err)
{
	struct layer_report *r = s->report;
	struct layer_list *l;

	TRY(scan_list_end(s, err));
	l = VEC_PUSH(&r->lists, s->arena);
	if (!l)
		return scan_full(s, err);
	*l = (struct layer_list){ .says = s->run->path, .first = r->list_dirs.len };
	if (!arena_copy(s->arena, of->db.len > 0 ? of->db : of->path, &l->of) ||
	    !arena_copy(s->arena, of->name, &l->name) || !arena_copy(s->arena, of->version, &l->version) ||
	    !arena_copy(s->arena, of->arch, &l->arch))
		return scan_full(s, err);
	s->list_open = true;
	buf_reset(&s->list_dir);
	buf_reset(&s->list_names);
	return STATUS_OK;
}

/* A path that others lie below is a directory: dpkg names them, too, each before what is in it. */
static void forget_directory(struct scan *s, struct slice dir)
{
	struct slice names = buf_slice(&s->list_names), last;

	if (names.len == 0 || !slice_eq(path_dir(dir), buf_slice(&s->list_dir)))
		return;
	last = path_base(slice_take(names, names.len - 1));
	if (slice_eq(path_base(dir), last))
		s->list_names.len -= last.len + 1;
}

enum status scan_list_add(struct scan *s, struct slice path, struct err *err)
{
	struct slice dir = path_dir(path);

	if (!s->list_open)
		return STATUS_OK;
	/* What a report can be without must not crowd out what it cannot. */
	if (s->arena->used > s->arena->max / 2 || s->list_names.len > NAMES_BYTES) {
		s->lists_cut = true;
		return STATUS_OK;
	}
	if (!slice_eq(dir, buf_slice(&s->list_dir))) {
		forget_directory(s, dir);
		TRY(end_directory(s, err));
		buf_reset(&s->list_dir);
		buf_add(&s->list_dir, dir);
	}
	buf_add(&s->list_names, path_base(path));
	buf_add_byte(&s->list_names, '/');
	TRY(buf_check(&s->list_dir, "a list of files", err));
	return buf_check(&s->list_names, "a list of files", err);
}

/* Bytes of its JSON at the most, when few of them need an escape. */
static size_t json_bytes(const struct layer_report *r, const struct layer_list *l)
{
	size_t n = 40 + l->says.len + l->of.len + l->name.len + l->version.len + l->arch.len;

	for (size_t i = l->first; i < l->first + l->n; i++)
		n += 12 + r->list_dirs.at[i].path.len + r->list_dirs.at[i].names.len;
	return n;
}

/*
 * The report's JSON has a cap, which all else in it stays below by what its arena may take: lists get what is left, and
 * the last of them go where that is not enough.
 */
void scan_lists_fit(struct scan *s)
{
	struct layer_report *r = s->report;
	size_t lists = 0, room, fit = 0, in_arena = 0;

	for (size_t i = 0; i < r->lists.len; i++)
		in_arena += json_bytes(r, &r->lists.at[i]);
	room = s->arena->used > in_arena ? s->arena->used - in_arena : 0;
	room = s->job->limits->report_bytes > room ? (size_t)s->job->limits->report_bytes - room : 0;
	while (fit < r->lists.len && lists + json_bytes(r, &r->lists.at[fit]) <= room)
		lists += json_bytes(r, &r->lists.at[fit++]);
	s->lists_cut |= fit < r->lists.len;
	r->lists.len = fit;
	if (s->lists_cut)
		diag_emit(&s->diags, DIAG_LIMIT, SLICE_EMPTY, ERR_NO_OFFSET,
			  "packages have more files than the layer's report has room for: their lists are not whole");
}
