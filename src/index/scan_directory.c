/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan_directory.c - walking an unpacked root file system as if it were a layer.
 *
 * One directory is open at a time, reached from the root without following a link; names still to be visited wait on a
 * stack. File systems that the kernel makes up (proc, sysfs...) are left out, and so is a directory that was entered
 * before, as bind mounts can show one.
 */
#include "index/scan_impl.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

struct pending {
	struct pending *next; /* owned */
	dev_t parent_dev;
	size_t len;
	char path[]; /* below the root, NUL-terminated; "" is the root */
};

struct mount {
	dev_t dev;
	ino_t ino;
};

/* A database that has further names. */
struct linked {
	dev_t dev;
	ino_t ino;
	struct slice path;
};

struct walk {
	struct scan *scan;
	VEC(struct linked) linked;
	int root;
	struct pending *stack;	  /* owned */
	VEC(struct mount) mounts; /* roots of file systems that were entered */
	uint8_t *path;		  /* owned; path_bytes + 2 */
	char *link;		  /* owned; path_bytes + 1 */
};

static bool is_made_up(int fd)
{
	static const long magics[] = { PROC_SUPER_MAGIC, SYSFS_MAGIC,	DEVPTS_SUPER_MAGIC, CGROUP_SUPER_MAGIC,
				       DEBUGFS_MAGIC,	 TRACEFS_MAGIC, SECURITYFS_MAGIC,   CGROUP2_SUPER_MAGIC,
				       BPF_FS_MAGIC,	 PSTOREFS_MAGIC };
	struct statfs sf;

	if (fstatfs(fd, &sf) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if ((long)sf.f_type == magics[i])
			return true;
	return false;
}

static struct slice where_of(const char *path)
{
	return path[0] ? slice_cstr(path) : SLICE("/");
}

static void unreadable(struct walk *w, struct slice path, const char *what)
{
	diag_emit(&w->scan->diags, DIAG_FILE, path, ERR_NO_OFFSET, "%s: %s", what, strerror(errno));
}

/* Component by component, so that no link on the way is followed. */
static int open_below(int root, const char *path, int flags)
{
	int at = dup(root);
	const char *p = path;

	while (at >= 0 && *p) {
		const char *end = strchrnul(p, '/');
		char name[NAME_MAX + 1];
		int next;

		if ((size_t)(end - p) > NAME_MAX) {
			close(at);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, p, (size_t)(end - p));
		name[end - p] = '\0';
		next = openat(at, name, (*end ? O_PATH | O_DIRECTORY : flags) | O_NOFOLLOW | O_CLOEXEC);
		close(at);
		at = next;
		p = *end ? end + 1 : end;
	}
	if (*path || at < 0)
		return at;
	close(at);
	return openat(root, ".", flags | O_CLOEXEC);
}

static enum status push(struct walk *w, struct slice path, dev_t parent_dev, struct err *err)
{
	struct pending *p = malloc(sizeof(*p) + path.len + 1);

	if (!p)
		return err_nomem(err, "a directory");
	p->next = w->stack;
	p->parent_dev = parent_dev;
	p->len = path.len;
	if (path.len > 0)
		memcpy(p->path, path.ptr, path.len);
	p->path[path.len] = '\0';
	w->stack = p;
	return STATUS_OK;
}

/* False: a file system that is not walked. */
static bool enter(struct walk *w, int fd, const struct pending *at, dev_t *dev)
{
	struct mount *m;
	struct stat sb;

	if (fstat(fd, &sb) < 0)
		return false;
	*dev = sb.st_dev;
	if (at->path[0] && sb.st_dev == at->parent_dev)
		return true;
	if (at->path[0] && is_made_up(fd))
		return false;
	for (size_t i = 0; i < w->mounts.len; i++)
		if (w->mounts.at[i].dev == sb.st_dev && w->mounts.at[i].ino == sb.st_ino)
			return false;
	m = VEC_PUSH(&w->mounts, w->scan->arena);
	if (m)
		*m = (struct mount){ sb.st_dev, sb.st_ino };
	return true;
}

static bool is_exact(const struct scan_want *want)
{
	return want->hit.rule->match == PATH_EXACT;
}

/*
 * A database that was read under another name is not read again, or everything in it would be listed twice. Only for
 * exact rules that both names have: there are few of them.
 */
static enum status drop_known(struct walk *w, const struct stat *sb, struct slice path, struct scan_wants *wants,
			      struct err *err)
{
	struct slice first = SLICE_EMPTY;
	struct linked *l;
	bool exact = false;
	size_t kept = 0;

	for (size_t i = 0; i < w->linked.len; i++)
		if (w->linked.at[i].dev == sb->st_dev && w->linked.at[i].ino == sb->st_ino)
			first = w->linked.at[i].path;
	for (size_t i = 0; i < wants->n; i++) {
		const struct scan_want want = wants->at[i];

		exact |= is_exact(&want);
		if (first.len == 0 || !is_exact(&want) || !rules_want_too(w->scan->job->rules, &want.hit, first))
			wants->at[kept++] = want;
	}
	wants->n = kept;
	if (first.len > 0 || !exact)
		return STATUS_OK;
	l = VEC_PUSH(&w->linked, w->scan->arena);
	if (!l || !arena_copy(w->scan->arena, path, &l->path))
		return scan_full(w->scan, err);
	l->dev = sb->st_dev;
	l->ino = sb->st_ino;
	return STATUS_OK;
}

static enum status walk_file(struct walk *w, int dir, const char *name, const struct stat *sb, struct tar_entry *entry,
			     struct err *err)
{
	AUTO(close_fd) int fd = -1;
	AUTO(source_freep) struct source *body = NULL;
	struct scan_wants wants;
	struct err read_err = ERR_INIT;
	enum status st;

	w->scan->entry = ++w->scan->report->entries;
	TRY(scan_place_file(w->scan, entry, err));
	scan_wanted(w->scan, entry->path, &wants);
	if (wants.n > 0 && sb->st_nlink > 1)
		TRY(drop_known(w, sb, entry->path, &wants, err));
	if (wants.n == 0)
		return STATUS_OK;
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		unreadable(w, entry->path, "the file cannot be opened");
		return STATUS_OK;
	}
	body = source_from_fd(fd, 0, entry->size);
	if (!body)
		return err_nomem(err, "a file");
	st = scan_file(w->scan, entry, &wants, body, &read_err);
	if (st == STATUS_NOMEM || st == STATUS_BUG || w->scan->full) {
		*err = read_err;
		return st;
	}
	if (st != STATUS_OK)
		diag_err(&w->scan->diags, DIAG_FILE, entry->path, &read_err);
	return STATUS_OK;
}

static enum tar_type type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return TAR_FILE;
	case S_IFDIR:
		return TAR_DIR;
	case S_IFLNK:
		return TAR_SYMLINK;
	case S_IFCHR:
		return TAR_CHAR;
	case S_IFBLK:
		return TAR_BLOCK;
	case S_IFIFO:
		return TAR_FIFO;
	default:
		return TAR_OTHER;
	}
}

static enum status walk_entry(struct walk *w, int dir, dev_t dev, const char *name, struct slice path, struct err *err)
{
	struct tar_entry entry = { .path = path, .raw_path = path };
	struct stat sb;
	ssize_t n;

	if (fstatat(dir, name, &sb, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT) /* gone meanwhile: a running system is being read */
			unreadable(w, path, "it cannot be examined");
		return STATUS_OK;
	}
	entry.type = type_of(sb.st_mode);
	entry.mode = sb.st_mode & 07777;
	if (entry.type == TAR_FILE) {
		entry.size = (uint64_t)sb.st_size;
		return walk_file(w, dir, name, &sb, &entry, err);
	}
	if (entry.type == TAR_SYMLINK) {
		n = readlinkat(dir, name, w->link, w->scan->job->limits->path_bytes);
		if (n < 0)
			return STATUS_OK;
		entry.link = slice_make(w->link, (size_t)n);
	}
	/* Nothing lies beneath this "layer": names that would be whiteouts are plain names here. */
	if (!slice_starts(path_base(path), SLICE(".wh.")))
		TRY(scan_visit(w->scan, &entry, NULL, err));
	return entry.type == TAR_DIR ? push(w, path, dev, err) : STATUS_OK;
}

static enum status walk_names(struct walk *w, DIR *d, dev_t dev, const struct pending *at, struct err *err)
{
	const struct limits *lim = w->scan->job->limits;
	struct dirent *de;

	for (errno = 0; (de = readdir(d)) != NULL; errno = 0) {
		struct slice name = slice_cstr(de->d_name), path;
		size_t n = 0;

		if (slice_eq(name, SLICE(".")) || slice_eq(name, SLICE("..")))
			continue;
		if (at->len + 1 + name.len > lim->path_bytes) {
			diag_emit(&w->scan->diags, DIAG_ARCHIVE, where_of(at->path), ERR_NO_OFFSET,
				  "a name below it is longer than %llu bytes (limits.path_bytes)",
				  (unsigned long long)lim->path_bytes);
			continue;
		}
		if (w->scan->report->entries >= lim->layer_entries)
			return err_set(err, STATUS_LIMIT, "more than %llu files and directories",
				       (unsigned long long)lim->layer_entries);
		if (at->len > 0) {
			memcpy(w->path, at->path, at->len);
			w->path[at->len] = '/';
			n = at->len + 1;
		}
		memcpy(w->path + n, name.ptr, name.len);
		path = slice_make(w->path, n + name.len);
		TRY(walk_entry(w, dirfd(d), dev, de->d_name, path, err));
	}
	if (errno != 0)
		unreadable(w, where_of(at->path), "the directory cannot be read");
	return STATUS_OK;
}

static enum status walk_directory(struct walk *w, const struct pending *at, struct err *err)
{
	int fd = open_below(w->root, at->path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	enum status st;
	dev_t dev;
	DIR *d;

	if (fd < 0) {
		unreadable(w, where_of(at->path), "the directory cannot be opened");
		return STATUS_OK;
	}
	if (!enter(w, fd, at, &dev)) {
		close(fd);
		return STATUS_OK;
	}
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return err_nomem(err, "a directory");
	}
	st = walk_names(w, d, dev, at, err);
	closedir(d);
	return st;
}

static size_t depth_of(const struct pending *at)
{
	size_t n = 1;

	for (const char *p = at->path; *p; p++)
		n += *p == '/';
	return n;
}

static enum status walk_all(struct walk *w, struct err *err)
{
	while (w->stack) {
		struct pending *at = w->stack;
		enum status st = STATUS_OK;

		w->stack = at->next;
		if (depth_of(at) < w->scan->job->limits->path_depth)
			st = walk_directory(w, at, err);
		else
			diag_emit(&w->scan->diags, DIAG_ARCHIVE, where_of(at->path), ERR_NO_OFFSET,
				  "directories are nested more than %llu deep (limits.path_depth)",
				  (unsigned long long)w->scan->job->limits->path_depth);
		free(at);
		TRY(st);
	}
	return STATUS_OK;
}

/* What a detector asked for whole is opened by its name. */
static enum status walk_again(struct walk *w, struct err *err)
{
	struct scan *s = w->scan;

	s->second = true;
	for (size_t i = 0; i < s->agains.len; i++) {
		struct tar_entry entry = { .path = s->agains.at[i].real, .type = TAR_FILE };
		char *path = arena_cstr(s->arena, entry.path);
		AUTO(close_fd) int fd = path ? open_below(w->root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY) : -1;
		AUTO(source_freep) struct source *body = NULL;
		struct stat sb;

		if (fd < 0 || fstat(fd, &sb) < 0 || !S_ISREG(sb.st_mode)) {
			unreadable(w, entry.path, "the file cannot be opened again");
			continue;
		}
		entry.size = (uint64_t)sb.st_size;
		entry.mode = sb.st_mode & 07777;
		s->entry = s->agains.at[i].entry;
		body = source_from_fd(fd, 0, entry.size);
		if (!body)
			return err_nomem(err, "a file");
		TRY(scan_visit_again(s, &entry, body, err));
	}
	return STATUS_OK;
}

/* ---- files that a detector asks for ---- */

/* "." and ".." taken out; false for a path that leaves the root, or is too long. */
static bool plain_path(struct slice path, char *out, size_t max)
{
	struct slice rest = path, part;
	size_t n = 0;

	while (slice_word(&rest, '/', &part)) {
		if (slice_eq(part, SLICE(".")))
			continue;
		if (slice_eq(part, SLICE(".."))) {
			if (n == 0)
				return false;
			while (n > 0 && out[--n] != '/')
				;
			continue;
		}
		if (n + part.len + 2 > max || slice_find_byte(part, 0) != SIZE_MAX)
			return false;
		if (n > 0)
			out[n++] = '/';
		memcpy(out + n, part.ptr, part.len);
		n += part.len;
	}
	out[n] = '\0';
	return n > 0;
}

static enum status read_other(void *ctx, struct slice path, uint64_t max, struct slice *out, struct err *err)
{
	struct scan *s = ctx;
	size_t cap = (size_t)s->job->limits->path_bytes + 2;
	char *plain = arena_alloc(&s->scratch, cap);
	AUTO(close_fd) int fd = -1;
	AUTO(source_freep) struct source *body = NULL;
	struct stat sb;
	uint8_t *bytes;

	if (!plain)
		return err_nomem(err, "a path");
	if (plain_path(path, plain, cap))
		fd = open_below(s->job->layer->fd, plain, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &sb) < 0 || !S_ISREG(sb.st_mode))
		return err_set(err, STATUS_NOTFOUND, "there is no such file");
	if ((uint64_t)sb.st_size > max)
		return err_set(err, STATUS_LIMIT, "the file has %llu bytes; at most %llu are read",
			       (unsigned long long)sb.st_size, (unsigned long long)max);
	bytes = arena_alloc(&s->scratch, (size_t)sb.st_size + 1);
	body = source_from_fd(fd, 0, (uint64_t)sb.st_size);
	if (!bytes || !body)
		return err_nomem(err, "a file");
	TRY(source_read_full(body, bytes, (size_t)sb.st_size, err));
	*out = slice_make(bytes, (size_t)sb.st_size);
	return STATUS_OK;
}

enum status scan_directory(struct scan *s, struct err *err)
{
	size_t max = (size_t)s->job->limits->path_bytes;
	struct walk w = { .scan = s, .root = s->job->layer->fd, .path = malloc(max + 2), .link = malloc(max + 1) };
	enum status st = STATUS_NOMEM;

	s->report->codec = SLICE("directory");
	s->other = read_other;
	if (w.path && w.link)
		st = push(&w, SLICE_EMPTY, 0, err);
	else
		err_nomem(err, "a directory");
	if (st == STATUS_OK)
		st = walk_all(&w, err);
	scan_tree_settle(s->tree);
	if (st == STATUS_OK)
		st = walk_again(&w, err);
	if (st == STATUS_OK)
		st = scan_finish_held(s, err);
	while (w.stack) {
		struct pending *next = w.stack->next;

		free(w.stack);
		w.stack = next;
	}
	free(w.path);
	free(w.link);
	if (st == STATUS_OK || st == STATUS_NOMEM || st == STATUS_BUG || s->full)
		return st;
	scan_fail(s, st == STATUS_LIMIT ? DIAG_LIMIT : DIAG_LAYER, err->offset, "%s", err->msg);
	return STATUS_OK;
}
