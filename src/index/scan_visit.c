/* SPDX-License-Identifier: Apache-2.0 */
/* scan_visit.c - what one entry of a layer means: a whiteout, a link, a directory, a file. */
#include "index/scan_impl.h"

static enum status add_name(struct scan *s, struct slice path, bool opaque, uint32_t node, struct err *err)
{
	struct slice *name =
		opaque ? VEC_PUSH(&s->report->opaques, s->arena) : VEC_PUSH(&s->report->whiteouts, s->arena);
	uint32_t *of = opaque ? VEC_PUSH(&s->opaque_nodes, s->arena) : VEC_PUSH(&s->whiteout_nodes, s->arena);

	if (s->full || !name || !of || !arena_copy(s->arena, path, name)) {
		if (name)
			*(opaque ? &s->report->opaques.len : &s->report->whiteouts.len) -= 1;
		if (of)
			*(opaque ? &s->opaque_nodes.len : &s->whiteout_nodes.len) -= 1;
		if (!s->full)
			(void)scan_full(s, err);
		return STATUS_OK;
	}
	*of = node;
	return STATUS_OK;
}

/* What the tree does not take is told, the first time, and the layer goes on without. */
static void tell_left_out(struct scan *s, enum status st, const struct err *why)
{
	bool *told = st == STATUS_LIMIT ? &s->names_told : &s->long_told;

	if (!*told)
		diag_emit(&s->diags, DIAG_LIMIT, slice_take(s->raw, 4096), ERR_NO_OFFSET,
			  st == STATUS_LIMIT
				  ? "%s: what the entries from here on replace in lower layers may still be listed"
				  : "%s: what such entries replace in lower layers may still be listed",
			  why->msg);
	*told = true;
}

/* The tree takes one more entry, or does not: that is told. */
static enum status put_node(struct scan *s, uint32_t dir, struct slice name, enum scan_node_kind kind, uint64_t value,
			    struct slice target, uint32_t *out, struct err *err)
{
	struct err tree_err = ERR_INIT;
	enum status st;

	*out = SCAN_NO_NODE;
	if (dir == SCAN_NO_NODE)
		return STATUS_OK;
	st = scan_tree_put(s->tree, dir, name, kind, (uint32_t)value, target, out, &tree_err);
	if (st == STATUS_OK)
		return STATUS_OK;
	*out = SCAN_NO_NODE;
	if (st != STATUS_LIMIT && st != STATUS_UNSUPPORTED) {
		*err = tree_err;
		return st;
	}
	tell_left_out(s, st, &tree_err);
	return STATUS_OK;
}

/*
 * ".wh.NAME" deletes NAME of lower layers, ".wh..wh..opq" what they have in the directory. A later entry of the same
 * name takes the place of the mark, as it does where the runtime made a file of it.
 */
static enum status visit_whiteout(struct scan *s, struct slice path, uint32_t in, struct err *err)
{
	struct slice base = path_base(path), dir = path_dir(path), name = slice_from(base, 4);
	uint32_t node = SCAN_NO_NODE;
	uint8_t *buf;
	size_t n = 0;

	if (slice_eq(name, SLICE(".wh..opq")))
		return add_name(s, dir, true, in, err);
	if (slice_starts(name, SLICE(".wh.")) || name.len == 0)
		return STATUS_OK; /* bookkeeping of aufs */
	if (slice_eq(name, SLICE(".")) || slice_eq(name, SLICE(".."))) {
		diag_emit(&s->diags, DIAG_ARCHIVE, path, ERR_NO_OFFSET, "a whiteout of no name");
		return STATUS_OK;
	}
	buf = scan_path_buf(s, path.len + 1);
	if (!buf)
		return err_nomem(err, "a path");
	if (dir.len > 0) {
		memcpy(buf, dir.ptr, dir.len);
		buf[dir.len] = '/';
		n = dir.len + 1;
	}
	memcpy(buf + n, name.ptr, name.len);
	/* What this layer has there came first, and stays. */
	if (in != SCAN_NO_NODE && scan_tree_child(s->tree, in, name) == SCAN_NO_NODE)
		TRY(put_node(s, in, name, NODE_WHITEOUT, 0, SLICE_EMPTY, &node, err));
	return add_name(s, slice_make(buf, n + name.len), false, node, err);
}

/* Something else than a regular file where a rule expects one. */
static enum status visit_odd(struct scan *s, const struct tar_entry *entry, const char *what, enum layer_file_kind kind,
			     struct err *err)
{
	struct scan_wants wants;

	scan_wanted(s, entry->path, &wants);
	for (size_t i = 0; i < wants.n; i++) {
		const struct scan_want *w = &wants.at[i];

		if (w->hit.companion || w->hit.rule->match != PATH_EXACT)
			continue;
		diag_emit(&s->diags, scan_unread_code(w, DIAG_FILE), entry->path, ERR_NO_OFFSET,
			  "a regular file was expected, found %s", what);
		TRY(scan_seen(s, w, 0, kind, err));
	}
	return STATUS_OK;
}

/* Directories are wanted by name alone, by few; others expect a file there. */
static enum status visit_directory(struct scan *s, const struct tar_entry *entry, struct err *err)
{
	struct scan_wants wants;

	scan_wanted(s, entry->path, &wants);
	for (size_t i = 0; i < wants.n; i++) {
		const struct scan_want *w = &wants.at[i];
		const struct detect_file file = {
			.path = w->wanted, .rule = w->hit.rule, .mode = entry->mode, .directory = true
		};

		if (w->hit.rule->directories)
			TRY(scan_parse(s, &file, w, err));
	}
	return visit_odd(s, entry, "a directory", LAYER_FILE_DIRECTORY, err);
}

static enum status add_link(struct scan *s, const struct tar_entry *entry, bool hard, struct err *err)
{
	struct layer_report *r = s->report;
	struct layer_link *link;
	uint32_t *node;

	if (s->full)
		return STATUS_OK;
	if (r->links.len >= s->job->limits->layer_links) {
		if (!s->links_told) {
			diag_emit(&s->diags, DIAG_LIMIT, entry->path, ERR_NO_OFFSET,
				  "more than %llu links in one layer (limits.layer_links); the rest is not followed",
				  (unsigned long long)s->job->limits->layer_links);
			s->links_told = true;
		}
		return STATUS_OK;
	}
	link = VEC_PUSH(&r->links, s->arena);
	node = VEC_PUSH(&s->link_nodes, s->arena);
	if (!link || !node || !arena_copy(s->arena, entry->path, &link->path) ||
	    !arena_copy(s->arena, entry->link, &link->target)) {
		if (link)
			r->links.len--;
		if (node)
			s->link_nodes.len--;
		(void)scan_full(s, err);
		return STATUS_OK;
	}
	*node = s->node;
	link->hard = hard;
	return STATUS_OK;
}

/* A wanted path that is a symlink: when its target comes later in this layer, it is read in passing. */
static enum status visit_symlink(struct scan *s, const struct tar_entry *entry, struct err *err)
{
	struct scan_alias alias = { .wanted = entry->path };
	struct scan_wants wants;
	bool needed = false;
	uint8_t *buf;

	TRY(add_link(s, entry, false, err));
	scan_wanted(s, entry->path, &wants);
	if (wants.n == 0 || s->full || entry->link.len > s->job->limits->path_bytes)
		return STATUS_OK;
	buf = scan_path_buf(s, entry->path.len + entry->link.len + 1);
	if (!buf)
		return err_nomem(err, "a path");
	alias.real = path_resolve(entry->path, entry->link, buf);
	for (size_t i = 0; i < wants.n; i++)
		needed |= wants.at[i].hit.rule->match == PATH_EXACT && !wants.at[i].hit.companion &&
			  !rules_of(s->job->rules, wants.at[i].hit.detector, alias.real);
	if (!needed || alias.real.len == 0)
		return STATUS_OK;
	if (scan_add_alias(s, &alias, err) != STATUS_OK && !s->full)
		return err->code;
	return STATUS_OK;
}

/* One database of two names: coalescing takes one of them. The link leads to where this layer has the file. */
static enum status tell_twin(struct scan *s, const struct tar_entry *entry, struct err *err)
{
	struct tar_entry twin = *entry;
	struct err ignored = ERR_INIT;
	enum status st = STATUS_OK;
	uint32_t dir;

	/* The path may be text of the tree, which is about to change. */
	if (!arena_copy(&s->scratch, entry->path, &twin.path))
		return err_nomem(err, "a path");
	if (scan_tree_enter(s->tree, entry->link, &dir, &twin.link, &ignored) == STATUS_OK)
		st = add_link(s, &twin, true, err);
	arena_reset(&s->scratch);
	return st;
}

/* A wanted name of a file that is stored elsewhere in the layer: fetched by a second pass. */
static enum status link_to_file(struct scan *s, const struct tar_entry *entry, uint64_t file, struct err *err)
{
	struct scan_wants wants;
	bool twin = false;

	scan_wanted(s, entry->path, &wants);
	for (size_t i = 0; i < wants.n && !s->full; i++) {
		const struct scan_want *w = &wants.at[i];

		if (w->hit.rule->match == PATH_ANY_FILE && !scan_gave(s, file))
			continue;
		twin |= w->hit.rule->match == PATH_EXACT && rules_want_too(s->job->rules, &w->hit, entry->link);
		if (scan_add_again(s, entry->link, file, w, err) != STATUS_OK && !s->full)
			return err->code;
	}
	return twin ? tell_twin(s, entry, err) : STATUS_OK;
}

/* The file is of a lower layer, which coalescing will ask. */
static enum status link_to_lower(struct scan *s, const struct tar_entry *entry, struct err *err)
{
	struct scan_wants wants;

	scan_wanted(s, entry->path, &wants);
	return wants.n > 0 ? add_link(s, entry, true, err) : STATUS_OK;
}

static enum status visit_hardlink(struct scan *s, const struct tar_entry *entry, uint32_t dir, struct err *err)
{
	uint32_t target = scan_tree_find(s->tree, entry->link);
	struct slice name = path_base(entry->path);
	const struct scan_node *node;
	struct tar_entry link = *entry;

	if (target == SCAN_NO_NODE) {
		scan_replace(s, entry->path);
		TRY(put_node(s, dir, name, NODE_OTHER, 0, SLICE_EMPTY, &s->node, err));
		return link_to_lower(s, entry, err);
	}
	node = scan_tree_node(s->tree, target);
	if (node->parent == dir && dir != SCAN_NO_NODE && scan_tree_child(s->tree, dir, name) == target)
		return STATUS_OK; /* to itself */
	scan_replace(s, entry->path);
	if (node->kind == NODE_SYMLINK) {
		if (!arena_copy(&s->scratch, scan_tree_target(s->tree, target), &link.link))
			return err_nomem(err, "a link");
		TRY(put_node(s, dir, name, NODE_SYMLINK, 0, link.link, &s->node, err));
		TRY(visit_symlink(s, &link, err));
		arena_reset(&s->scratch);
		return STATUS_OK;
	}
	if (node->kind == NODE_WHITEOUT) {
		TRY(put_node(s, dir, name, NODE_WHITEOUT, 0, SLICE_EMPTY, &s->node, err));
		return add_name(s, entry->path, false, s->node, err);
	}
	if (node->kind == NODE_FILE) {
		uint32_t value = node->value;

		TRY(put_node(s, dir, name, NODE_FILE, value, SLICE_EMPTY, &s->node, err));
		return link_to_file(s, entry, value, err);
	}
	return put_node(s, dir, name, NODE_OTHER, 0, SLICE_EMPTY, &s->node, err);
}

/* The entry at the place where this layer has it: behind the links that it made before. */
static enum status place(struct scan *s, struct tar_entry *entry, uint32_t *dir, struct err *err)
{
	struct err tree_err = ERR_INIT;
	enum status st;

	*dir = s->node = SCAN_NO_NODE;
	s->raw = entry->path;
	st = scan_tree_enter(s->tree, entry->path, dir, &entry->path, &tree_err);
	if (st == STATUS_OK)
		return STATUS_OK;
	*dir = SCAN_NO_NODE;
	entry->path = s->raw;
	if (st == STATUS_NOMEM || st == STATUS_BUG) {
		*err = tree_err;
		return st;
	}
	if (st == STATUS_LIMIT || st == STATUS_UNSUPPORTED)
		tell_left_out(s, st, &tree_err);
	else
		diag_emit(&s->diags, DIAG_ARCHIVE, s->raw, ERR_NO_OFFSET, "%s", tree_err.msg);
	return STATUS_OK;
}

enum status scan_place_file(struct scan *s, struct tar_entry *entry, struct err *err)
{
	uint32_t dir;

	TRY(place(s, entry, &dir, err));
	return put_node(s, dir, path_base(entry->path), NODE_FILE, s->entry, SLICE_EMPTY, &s->node, err);
}

/* What is neither a file nor a directory nor a link: it hides what lower layers have there. */
static enum status visit_device(struct scan *s, const struct tar_entry *entry, uint32_t dir, struct err *err)
{
	TRY(put_node(s, dir, path_base(entry->path), NODE_OTHER, 0, SLICE_EMPTY, &s->node, err));
	return visit_odd(s, entry, "a device or pipe", LAYER_FILE_OTHER, err);
}

static enum status visit_placed(struct scan *s, const struct tar_entry *entry, uint32_t dir, struct source *body,
				struct err *err)
{
	struct slice name = path_base(entry->path);
	struct scan_wants wants;

	if (entry->type == TAR_HARDLINK)
		return visit_hardlink(s, entry, dir, err);
	scan_replace(s, entry->path);
	switch (entry->type) {
	case TAR_FILE:
		TRY(put_node(s, dir, name, NODE_FILE, s->entry, SLICE_EMPTY, &s->node, err));
		scan_wanted(s, entry->path, &wants);
		return wants.n > 0 ? scan_file(s, entry, &wants, body, err) : STATUS_OK;
	case TAR_DIR:
		TRY(put_node(s, dir, name, NODE_DIRECTORY, 0, SLICE_EMPTY, &s->node, err));
		return visit_directory(s, entry, err);
	case TAR_SYMLINK:
		TRY(put_node(s, dir, name, NODE_SYMLINK, 0, entry->link, &s->node, err));
		return visit_symlink(s, entry, err);
	case TAR_HARDLINK:
	case TAR_CHAR:
	case TAR_BLOCK:
	case TAR_FIFO:
	case TAR_OTHER:
		break;
	}
	return visit_device(s, entry, dir, err);
}

enum status scan_visit(void *ctx, const struct tar_entry *entry, struct source *body, struct err *err)
{
	struct scan *s = ctx;
	struct tar_entry placed = *entry;
	uint32_t dir;

	s->entry = ++s->report->entries;
	if (entry->path.len == 0)
		return STATUS_OK;
	TRY(place(s, &placed, &dir, err));
	if (slice_starts(path_base(placed.path), SLICE(".wh.")))
		return visit_whiteout(s, placed.path, dir, err);
	return visit_placed(s, &placed, dir, body, err);
}
