/* SPDX-License-Identifier: Apache-2.0 */
/* scan_tree.c - nodes in an array, found by their directory and name; a node costs 16 bytes, its name and its slot. */
#include "index/scan_tree.h"

#include "io/tar.h"

#include <stdlib.h>
#include <sys/random.h>

#define LINK_HOPS 40 /* as Linux */
#define FREE_SLOT UINT32_MAX
#define NODE_CHARGE 4 /* bytes that a node counts beside its name: so that memory is bounded, however short names are */

struct scan_tree {
	struct scan_node *nodes; /* owned */
	size_t n, cap;
	uint8_t *text; /* owned; names and targets */
	size_t text_len, text_cap;
	uint32_t *slots; /* owned; open addressing */
	size_t n_slots;	 /* power of two */
	uint64_t max_text, max_path, seed;
	/* the directory that was entered last */
	struct buf last_path, last_canon;
	uint32_t last_dir;  /* SCAN_NO_NODE: none */
	struct buf rest[2]; /* paths being followed */
};

void scan_tree_free(struct scan_tree *t)
{
	if (!t)
		return;
	free(t->nodes);
	free(t->text);
	free(t->slots);
	buf_fini(&t->last_path);
	buf_fini(&t->last_canon);
	buf_fini(&t->rest[0]);
	buf_fini(&t->rest[1]);
	free(t);
}

struct scan_tree *scan_tree_new(const struct limits *limits)
{
	struct scan_tree *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->max_text = MIN(limits->layer_names, (uint64_t)UINT32_MAX / 2);
	t->max_path = limits->path_bytes;
	t->last_dir = SCAN_NO_NODE;
	t->last_path = t->last_canon = (struct buf)BUF_INIT(1 << 20);
	t->rest[0] = t->rest[1] = (struct buf)BUF_INIT(1 << 22);
	/* A failed getrandom leaves a fixed seed: slower under attack, never wrong. */
	if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) < 0)
		t->seed = 0;
	t->n_slots = t->cap = 256;
	t->nodes = calloc(t->cap, sizeof(*t->nodes));
	t->slots = malloc(t->n_slots * sizeof(*t->slots));
	if (!t->nodes || !t->slots) {
		scan_tree_free(t);
		return NULL;
	}
	memset(t->slots, 0xff, t->n_slots * sizeof(*t->slots));
	t->nodes[t->n++] = (struct scan_node){ .kind = NODE_DIRECTORY };
	return t;
}

const struct scan_node *scan_tree_node(const struct scan_tree *t, uint32_t node)
{
	return &t->nodes[node];
}

static struct slice name_of(const struct scan_tree *t, uint32_t node)
{
	return slice_make(t->text + t->nodes[node].name, t->nodes[node].name_len);
}

/* ---- nodes ---- */

static uint32_t *slot_of(const struct scan_tree *t, uint32_t dir, struct slice name)
{
	size_t i = (size_t)slice_hash(name, t->seed ^ (dir * UINT64_C(0x9e3779b97f4a7c15))) & (t->n_slots - 1);

	while (t->slots[i] != FREE_SLOT) {
		const struct scan_node *node = &t->nodes[t->slots[i]];

		if (node->parent == dir && slice_eq(name_of(t, t->slots[i]), name))
			break;
		i = (i + 1) & (t->n_slots - 1);
	}
	return &t->slots[i];
}

uint32_t scan_tree_child(const struct scan_tree *t, uint32_t dir, struct slice name)
{
	uint32_t at = *slot_of(t, dir, name);

	return at == FREE_SLOT || t->nodes[at].dead ? SCAN_NO_NODE : at;
}

static bool grow_slots(struct scan_tree *t)
{
	struct scan_tree bigger = *t;

	bigger.n_slots = t->n_slots * 2;
	bigger.slots = malloc(bigger.n_slots * sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;
	memset(bigger.slots, 0xff, bigger.n_slots * sizeof(*bigger.slots));
	for (size_t i = 0; i < t->n_slots; i++)
		if (t->slots[i] != FREE_SLOT)
			*slot_of(&bigger, t->nodes[t->slots[i]].parent, name_of(t, t->slots[i])) = t->slots[i];
	free(t->slots);
	t->slots = bigger.slots;
	t->n_slots = bigger.n_slots;
	return true;
}

static enum status full(const struct scan_tree *t, struct err *err)
{
	return err_set(err, STATUS_LIMIT,
		       "the names of the layer's entries take more than %llu bytes (limits.layer_names)",
		       (unsigned long long)t->max_text);
}

/* No file system has such a name, but an archive may. */
static enum status too_long(const char *what, struct slice name, struct err *err)
{
	return err_set(err, STATUS_UNSUPPORTED, "%s of %zu bytes, of which at most %u are kept", what, name.len,
		       (unsigned)UINT16_MAX);
}

static enum status add_text(struct scan_tree *t, struct slice s, uint32_t *out, struct err *err)
{
	size_t cap = t->text_cap ? t->text_cap : 4096;
	uint8_t *bigger;

	if (t->text_len + s.len + t->n * NODE_CHARGE > t->max_text)
		return full(t, err);
	while (cap - t->text_len < s.len)
		cap += cap / 2;
	if (cap != t->text_cap) {
		bigger = realloc(t->text, cap);
		if (!bigger)
			return err_nomem(err, "names");
		t->text = bigger;
		t->text_cap = cap;
	}
	*out = (uint32_t)t->text_len;
	if (s.len > 0)
		memcpy(t->text + t->text_len, s.ptr, s.len);
	t->text_len += s.len;
	return STATUS_OK;
}

static enum status add_node(struct scan_tree *t, uint32_t dir, struct slice name, enum scan_node_kind kind,
			    uint32_t value, uint32_t *out, struct err *err)
{
	struct scan_node node = { .parent = dir, .value = value, .kind = (uint8_t)kind };

	if (name.len > UINT16_MAX)
		return too_long("a name", name, err);
	if (t->n == t->cap) {
		size_t cap = t->cap + t->cap / 2;
		struct scan_node *bigger = realloc(t->nodes, cap * sizeof(*bigger));

		if (!bigger)
			return err_nomem(err, "names");
		t->nodes = bigger;
		t->cap = cap;
	}
	if (t->n + t->n / 4 >= t->n_slots && !grow_slots(t))
		return err_nomem(err, "names");
	TRY(add_text(t, name, &node.name, err));
	node.name_len = (uint16_t)name.len;
	*out = (uint32_t)t->n;
	t->nodes[t->n++] = node;
	*slot_of(t, dir, name) = *out; /* in the slot of a dead one of the same name, if there was one */
	return STATUS_OK;
}

enum status scan_tree_put(struct scan_tree *t, uint32_t dir, struct slice name, enum scan_node_kind kind,
			  uint32_t value, struct slice target, uint32_t *out, struct err *err)
{
	uint32_t old = scan_tree_child(t, dir, name);
	uint8_t len[2] = { (uint8_t)(target.len >> 8), (uint8_t)target.len };

	if (old != SCAN_NO_NODE && kind == NODE_DIRECTORY && t->nodes[old].kind == NODE_DIRECTORY) {
		*out = old;
		return STATUS_OK;
	}
	if (kind == NODE_SYMLINK) {
		uint32_t unused;

		if (target.len > UINT16_MAX)
			return too_long("the target of a link", target, err);
		TRY(add_text(t, slice_make(len, sizeof(len)), &value, err));
		TRY(add_text(t, target, &unused, err));
	}
	TRY(add_node(t, dir, name, kind, value, out, err));
	if (old != SCAN_NO_NODE) {
		t->nodes[old].dead = true;
		t->last_dir = SCAN_NO_NODE;
	}
	return STATUS_OK;
}

struct slice scan_tree_target(const struct scan_tree *t, uint32_t node)
{
	const uint8_t *at = t->text + t->nodes[node].value;

	return slice_make(at + 2, (size_t)at[0] << 8 | at[1]);
}

/* ---- paths ---- */

struct walk {
	struct slice rest; /* still to go */
	uint32_t at;
	size_t len; /* of the path to it */
	int hops;
	unsigned turn; /* which of the two buffers holds rest */
	bool moved;    /* a link was followed, or ".." */
};

static enum status follow(struct scan_tree *t, struct walk *w, uint32_t link, struct err *err)
{
	struct slice target = scan_tree_target(t, link);
	struct buf *to = &t->rest[w->turn ^= 1];

	if (++w->hops > LINK_HOPS)
		return err_set(err, STATUS_MALFORMED, "the links on the way go in a circle");
	buf_reset(to);
	buf_add(to, target);
	buf_add_byte(to, '/');
	buf_add(to, w->rest);
	TRY(buf_check(to, "a path", err));
	if (slice_starts(target, SLICE("/"))) {
		w->at = SCAN_ROOT;
		w->len = 0;
	}
	w->rest = buf_slice(to);
	w->moved = true;
	return STATUS_OK;
}

/* One step down. With make, what is missing or in the way becomes a directory. */
static enum status step(struct scan_tree *t, struct walk *w, bool make, struct err *err)
{
	struct slice part;
	uint32_t child;

	slice_cut(w->rest, '/', &part, &w->rest);
	if (part.len == 0 || slice_eq(part, SLICE(".")))
		return STATUS_OK;
	if (slice_eq(part, SLICE(".."))) {
		w->len -= w->at == SCAN_ROOT ? 0 : t->nodes[w->at].name_len + 1u;
		w->at = t->nodes[w->at].parent; /* of the root: the root */
		return STATUS_OK;
	}
	child = scan_tree_child(t, w->at, part);
	if (child != SCAN_NO_NODE && t->nodes[child].kind == NODE_SYMLINK)
		return follow(t, w, child, err);
	w->len += part.len + 1;
	if (w->len > t->max_path)
		return err_set(err, STATUS_MALFORMED, "the links on the way lead to a path of more than %llu bytes",
			       (unsigned long long)t->max_path);
	if (child == SCAN_NO_NODE || t->nodes[child].kind != NODE_DIRECTORY) {
		if (!make)
			return err_set(err, STATUS_NOTFOUND, "no such directory");
		TRY(scan_tree_put(t, w->at, part, NODE_DIRECTORY, 0, SLICE_EMPTY, &child, err));
	}
	w->at = child;
	return STATUS_OK;
}

static enum status walk_to(struct scan_tree *t, struct slice path, bool make, struct walk *w, struct err *err)
{
	*w = (struct walk){ .rest = path, .at = SCAN_ROOT };
	while (w->rest.len > 0)
		TRY(step(t, w, make, err));
	return STATUS_OK;
}

/* The path of a directory, from its end. */
static enum status path_of(const struct scan_tree *t, uint32_t dir, struct buf *out, struct err *err)
{
	size_t n = 0, end;

	for (uint32_t at = dir; at != SCAN_ROOT; at = t->nodes[at].parent)
		n += t->nodes[at].name_len + 1u;
	buf_reset(out);
	while (out->len < n && out->failed == STATUS_OK)
		buf_add_byte(out, '/');
	TRY(buf_check(out, "a path", err));
	end = n;
	for (uint32_t at = dir; at != SCAN_ROOT; at = t->nodes[at].parent) {
		struct slice name = name_of(t, at);

		end -= name.len + 1;
		memcpy(out->ptr + end, name.ptr, name.len);
	}
	return STATUS_OK;
}

enum status scan_tree_enter(struct scan_tree *t, struct slice path, uint32_t *dir, struct slice *canon, struct err *err)
{
	struct slice above = path_dir(path);
	struct walk w;

	if (t->last_dir == SCAN_NO_NODE || !slice_eq(above, buf_slice(&t->last_path))) {
		t->last_dir = SCAN_NO_NODE;
		TRY(walk_to(t, above, true, &w, err));
		buf_reset(&t->last_canon);
		buf_reset(&t->last_path);
		buf_add(&t->last_path, above);
		TRY(buf_check(&t->last_path, "a path", err));
		if (w.moved)
			TRY(path_of(t, w.at, &t->last_canon, err));
		else
			buf_add(&t->last_canon, slice_take(path, path.len - path_base(path).len));
		TRY(buf_check(&t->last_canon, "a path", err));
		t->last_dir = w.at;
	}
	*dir = t->last_dir;
	*canon = path;
	/* The directory's text ends with a slash; the name goes behind it and is cut off again. */
	if (!slice_starts(path, buf_slice(&t->last_canon)) || t->last_canon.len + path_base(path).len != path.len) {
		size_t len = t->last_canon.len;

		if (len + path_base(path).len > t->max_path)
			return err_set(err, STATUS_MALFORMED,
				       "the links on the way lead to a path of more than %llu bytes",
				       (unsigned long long)t->max_path);
		buf_add(&t->last_canon, path_base(path));
		TRY(buf_check(&t->last_canon, "a path", err));
		*canon = buf_slice(&t->last_canon);
		t->last_canon.len = len;
	}
	return STATUS_OK;
}

uint32_t scan_tree_find(struct scan_tree *t, struct slice path)
{
	struct err ignored = ERR_INIT;
	struct walk w;

	if (path.len == 0)
		return SCAN_ROOT;
	if (walk_to(t, path_dir(path), false, &w, &ignored) != STATUS_OK)
		return SCAN_NO_NODE;
	return scan_tree_child(t, w.at, path_base(path));
}

/* ---- the end ---- */

/* A node comes after its directory. */
void scan_tree_settle(struct scan_tree *t)
{
	for (size_t i = 1; i < t->n; i++)
		t->nodes[i].dead |= t->nodes[t->nodes[i].parent].dead;
}

bool scan_tree_alive(const struct scan_tree *t, uint32_t node)
{
	return node == SCAN_NO_NODE || !t->nodes[node].dead;
}

/*
 * Nodes by their directory: order[begin[d]] up to order[begin[d + 1]] are what is in directory number d, which its
 * node's value says: directories are few, and memory is at its most here.
 */
struct listing {
	const struct scan_tree *tree;
	uint32_t *begin, *order; /* owned */
	uint32_t *stack;	 /* owned; directories to come */
	size_t lines, bytes;
	uint8_t *text; /* where the next line's goes */
};

static int by_name(const void *a, const void *b, void *ctx)
{
	const struct scan_tree *t = ctx;

	return slice_cmp(name_of(t, *(const uint32_t *)a), name_of(t, *(const uint32_t *)b));
}

static bool is_listed(const struct scan_tree *t, size_t i)
{
	return !t->nodes[i].dead && t->nodes[i].kind != NODE_WHITEOUT;
}

static void number_directories(struct scan_tree *t, uint32_t *out_dirs, uint32_t *out_listed)
{
	*out_dirs = *out_listed = 0;
	for (size_t i = 0; i < t->n; i++) {
		*out_listed += is_listed(t, i);
		if (is_listed(t, i) && t->nodes[i].kind == NODE_DIRECTORY)
			t->nodes[i].value = (*out_dirs)++;
	}
}

static uint32_t dir_of(const struct scan_tree *t, size_t i)
{
	return t->nodes[t->nodes[i].parent].value;
}

static bool list_nodes(struct listing *l, struct scan_tree *t)
{
	uint32_t dirs, listed;

	number_directories(t, &dirs, &listed);
	l->begin = calloc((size_t)dirs + 2, sizeof(*l->begin));
	l->order = calloc((size_t)listed + 1, sizeof(*l->order));
	l->stack = calloc((size_t)dirs + 1, sizeof(*l->stack));
	if (!l->begin || !l->order || !l->stack)
		return false;
	for (size_t i = 1; i < t->n; i++)
		if (is_listed(t, i))
			l->begin[dir_of(t, i) + 2]++;
	for (size_t d = 2; d < (size_t)dirs + 2; d++)
		l->begin[d] += l->begin[d - 1];
	/* begin[d + 1] counts up to where d + 1 begins. */
	for (size_t i = 1; i < t->n; i++)
		if (is_listed(t, i))
			l->order[l->begin[dir_of(t, i) + 1]++] = (uint32_t)i;
	for (size_t d = 0; d < dirs; d++)
		if (l->begin[d + 1] - l->begin[d] > 1)
			qsort_r(l->order + l->begin[d], l->begin[d + 1] - l->begin[d], sizeof(*l->order), by_name, t);
	return true;
}

/* Does the directory get a line of its own? Those below it stand for it if it has nothing but directories. */
static bool has_line(const struct listing *l, uint32_t dir, size_t *out_names)
{
	const struct scan_tree *t = l->tree;
	uint32_t d = t->nodes[dir].value;

	*out_names = 0;
	for (uint32_t i = l->begin[d]; i < l->begin[d + 1]; i++)
		if (t->nodes[l->order[i]].kind != NODE_DIRECTORY)
			*out_names += t->nodes[l->order[i]].name_len + 1u;
	return *out_names > 0 || l->begin[d] == l->begin[d + 1];
}

static void put_line(struct listing *l, uint32_t dir, struct slice path, size_t n, struct layer_dir *out)
{
	const struct scan_tree *t = l->tree;
	uint32_t d = t->nodes[dir].value;

	*out = (struct layer_dir){ slice_make(l->text, path.len), slice_make(l->text + path.len, n > 0 ? n - 1 : 0) };
	if (path.len > 0)
		memcpy(l->text, path.ptr, path.len);
	l->text += path.len;
	for (uint32_t i = l->begin[d]; i < l->begin[d + 1]; i++) {
		struct slice name = name_of(t, l->order[i]);

		if (t->nodes[l->order[i]].kind == NODE_DIRECTORY)
			continue;
		memcpy(l->text, name.ptr, name.len);
		l->text[name.len] = '/';
		l->text += name.len + 1;
	}
}

/* Every directory, in order. Once to count lines and bytes, with out NULL, and once to put them. */
static enum status walk_all(struct listing *l, struct layer_dir *out, struct buf *path, struct err *err)
{
	size_t depth = 0, names;

	l->lines = l->bytes = 0;
	l->stack[depth++] = SCAN_ROOT;
	while (depth > 0) {
		uint32_t dir = l->stack[--depth], d = l->tree->nodes[dir].value;

		for (uint32_t i = l->begin[d + 1]; i-- > l->begin[d];)
			if (l->tree->nodes[l->order[i]].kind == NODE_DIRECTORY)
				l->stack[depth++] = l->order[i];
		if (!has_line(l, dir, &names))
			continue;
		TRY(path_of(l->tree, dir, path, err));
		path->len -= path->len > 0; /* the slash */
		if (out)
			put_line(l, dir, buf_slice(path), names, &out[l->lines]);
		l->lines++;
		l->bytes += path->len + names;
	}
	return STATUS_OK;
}

static enum status report_all(struct listing *l, struct arena *arena, struct layer_report *report, struct err *err)
{
	struct buf path = BUF_INIT(1 << 20);
	struct layer_dir *lines = NULL;
	enum status st = walk_all(l, NULL, &path, err);

	if (st == STATUS_OK) {
		lines = arena_array(arena, l->lines, sizeof(*lines));
		l->text = lines ? arena_alloc(arena, l->bytes + 1) : NULL;
		if (!l->text)
			st = err_set(err, STATUS_LIMIT, "the layer's report has no room for the names of its entries");
	}
	if (st == STATUS_OK)
		st = walk_all(l, lines, &path, err);
	if (st == STATUS_OK) {
		report->tree.at = lines;
		report->tree.len = report->tree.cap = l->lines;
	}
	buf_fini(&path);
	return st;
}

enum status scan_tree_report(struct scan_tree *t, struct arena *arena, struct layer_report *report, struct err *err)
{
	struct listing l = { .tree = t };
	enum status st;

	free(t->slots);
	t->slots = NULL;
	if (t->n == 1)
		return STATUS_OK; /* nothing but the root */
	st = list_nodes(&l, t) ? report_all(&l, arena, report, err) : err_nomem(err, "names");
	free(l.begin);
	free(l.order);
	free(l.stack);
	return st;
}
