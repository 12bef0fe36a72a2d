/* SPDX-License-Identifier: Apache-2.0 */
/* load.c - from files to a struct config: the file, its drop-ins, and what is told about them. */
#include "config/load_impl.h"
#include "config/merged.h"

#include "io/file.h"
#include "text/json.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>

#define CONFIG_MEMORY ((size_t)128 << 20)

static const char *const mode_names[CONFIG_MODES] = { "combo", "indexer", "matcher", "notifier" };

const char *config_mode_name(enum config_mode mode)
{
	return mode_names[mode];
}

bool config_switch(const struct config_blocks *blocks, const char *block, const char *member)
{
	bool on = false;

	for (size_t i = 0; i < blocks->n; i++) {
		struct err ignored = ERR_INIT;
		struct json_doc doc;

		if (!slice_eq(blocks->at[i].name, slice_cstr(block)) ||
		    json_parse(blocks->at[i].json, &limits_default, &doc, &ignored) != STATUS_OK)
			continue;
		on = yyjson_is_true(json_get(doc.root, member));
		json_doc_free(&doc);
	}
	return on;
}

const char *config_store_where(const struct config *c, enum config_mode service)
{
	bool indexer = service == CONFIG_INDEXER, matcher = service == CONFIG_MATCHER;
	enum config_engine engine = indexer ? c->indexer.engine : matcher ? c->matcher.engine : c->notifier.engine;
	struct slice text = indexer ? c->indexer.connstring : matcher ? c->matcher.connstring : c->notifier.connstring;

	if (engine == CONFIG_SQLITE)
		return config_cstr(c->limpid.data_dir);
	/* An empty one goes by libpq's variables. */
	return text.len ? config_cstr(text) : "postgres://";
}

bool config_mode_from_name(struct slice name, enum config_mode *out)
{
	for (size_t i = 0; i < CONFIG_MODES; i++) {
		if (slice_eq_nocase(name, slice_cstr(mode_names[i]))) {
			*out = (enum config_mode)i;
			return true;
		}
	}
	return false;
}

const char *config_log_level_name(enum config_log_level level)
{
	static const char *const names[] = { "info", "debug-color", "debug", "warn", "error", "fatal", "panic" };

	return names[level];
}

static bool has_error(const struct loader *l, const char *path)
{
	for (size_t i = 0; path && i < l->problems.len; i++)
		if (l->problems.at[i].kind == CONFIG_ERROR && slice_eq(l->problems.at[i].path, slice_cstr(path)))
			return true;
	return false;
}

void load_problem(struct loader *l, enum config_problem_kind kind, struct place where, const char *path,
		  const char *fmt, ...)
{
	struct config_problem *p;
	char text[1024];
	va_list ap;
	bool ok = true;

	if (l->checking && kind == CONFIG_ERROR && has_error(l, path))
		return;
	l->config->n_errors += kind == CONFIG_ERROR;
	if (!where.file)
		where = (struct place){ l->request->path, 0, 0 };
	/* Warnings, however many, leave room for errors. */
	if (l->problems.len >= (kind == CONFIG_ERROR ? 2 : 1) * CONFIG_PROBLEMS)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	p = VEC_PUSH(&l->problems, l->arena);
	if (p) {
		*p = (struct config_problem){
			.kind = kind, .file = where.file, .line = where.line, .column = where.column
		};
		ok = arena_copy(l->arena, slice_cstr(text), &p->text) &&
		     arena_copy(l->arena, slice_cstr(path), &p->path);
	}
	if (!p || !ok)
		load_nomem(l);
}

static void told_twice(void *ctx, const struct node *again, struct place before, bool fatal)
{
	struct err_quote q;

	load_problem(ctx, fatal ? CONFIG_ERROR : CONFIG_WARNING, again->key_place, NULL,
		     "\"%s\" is given twice, before at line %u%s", err_slice(&q, again->key), before.line,
		     fatal ? "" : "; the last one counts");
}

/* ".yaml" of "a/b.yaml"; empty without a point in the name. */
static struct slice extension(struct slice path)
{
	struct slice name = path_base(path);
	size_t at = slice_rfind_byte(name, '.');

	return at == SIZE_MAX ? SLICE_EMPTY : slice_from(name, at);
}

static bool is_json(struct slice path, struct slice text)
{
	struct slice ext = extension(path), trimmed = slice_trim(text);

	if (slice_eq(ext, SLICE(".json")) || slice_eq(ext, SLICE(".json-patch")))
		return true;
	if (slice_starts(ext, SLICE(".yaml")) || slice_eq(ext, SLICE(".yml")))
		return false;
	return trimmed.len && trimmed.ptr[0] == '{';
}

/* One document; a problem and NULL if it cannot be had. */
static struct node *parse(struct loader *l, const char *file, struct slice text)
{
	const struct tree_sink sink = { told_twice, l };
	struct place where = { file, 0, 0 };
	struct err err = ERR_INIT;
	struct node *root = NULL;
	enum status st = is_json(slice_cstr(file), text)
				 ? tree_from_json(text, file, l->arena, &sink, &root, &where, &err)
				 : tree_from_yaml(text, file, l->arena, &sink, &root, &where, &err);

	if (st == STATUS_NOMEM)
		load_nomem(l);
	else if (st != STATUS_OK)
		load_problem(l, CONFIG_ERROR, where, NULL, "%s", err.msg);
	return st == STATUS_OK ? root : NULL;
}

static bool remember(struct loader *l, const char *file)
{
	if (!l->read)
		l->read = arena_array(l->arena, CONFIG_DROPINS + 1, sizeof(*l->read));
	if (!l->read) {
		load_nomem(l);
		return false;
	}
	if (l->n_read <= CONFIG_DROPINS)
		l->read[l->n_read++] = file;
	return true;
}

static struct node *read_document(struct loader *l, const char *file)
{
	struct buf AUTO(buf_fini) bytes = BUF_INIT(CONFIG_FILE_BYTES);
	struct err err = ERR_INIT;
	struct slice text;

	if (!remember(l, file))
		return NULL;
	if (file_read(file, &bytes, &err) != STATUS_OK) {
		l->config->unreadable = true;
		load_problem(l, CONFIG_ERROR, (struct place){ NULL, 0, 0 }, NULL, "%s", err.msg);
		return NULL;
	}
	/* Trees point into their text. */
	if (!arena_copy(l->arena, buf_slice(&bytes), &text)) {
		load_nomem(l);
		return NULL;
	}
	return parse(l, file, text);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in a folder in the order of their bytes; *out_n = 0 if there is no such folder. */
static char **list_folder(struct loader *l, const char *folder, size_t *out_n)
{
	char **names = arena_array(l->arena, CONFIG_DROPINS, sizeof(*names));
	DIR *dir = opendir(folder);
	const struct dirent *e;
	size_t n = 0;

	*out_n = 0;
	if (!dir && errno != ENOENT && errno != ENOTDIR)
		load_problem(l, CONFIG_ERROR, (struct place){ NULL, 0, 0 }, NULL, "cannot read %s: %s", folder,
			     strerror(errno));
	if (!names)
		load_nomem(l);
	if (!dir)
		return NULL;
	while (names && (e = readdir(dir))) {
		struct slice path;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (n == CONFIG_DROPINS) {
			load_problem(l, CONFIG_ERROR, (struct place){ NULL, 0, 0 }, NULL, "%s has more than %d files",
				     folder, CONFIG_DROPINS);
			break;
		}
		if (!arena_printf(l->arena, &path, "%s/%s", folder, e->d_name)) {
			load_nomem(l);
			break;
		}
		names[n++] = (char *)(uintptr_t)path.ptr;
	}
	closedir(dir);
	if (names)
		qsort(names, n, sizeof(*names), by_name);
	*out_n = n;
	return names;
}

static void apply(struct loader *l, struct node **root, const char *file, bool patch)
{
	struct place where = { file, 0, 0 };
	struct err err = ERR_INIT;
	struct node *document = read_document(l, file);
	enum status st;

	if (!document)
		return;
	if (patch) {
		st = json_patch(root, document, l->arena, &where, &err);
	} else {
		load_spell(l, document);
		st = merge_patch(root, document, l->arena, &err);
	}
	if (st == STATUS_NOMEM)
		load_nomem(l);
	else if (st != STATUS_OK)
		load_problem(l, CONFIG_ERROR, where, NULL, "%s", err.msg);
}

/* FILE.d: documents of the same kind are merged, those of its patches applied, in the order of their names. */
static void drop_ins(struct loader *l, struct node **root, const char *path)
{
	struct slice ext = extension(slice_cstr(path)), folder, patch;
	char **names;
	size_t n;

	if (!arena_printf(l->arena, &folder, "%s.d", path) ||
	    !arena_printf(l->arena, &patch, "%.*s-patch", SLICE_ARG(ext))) {
		load_nomem(l);
		return;
	}
	names = list_folder(l, (const char *)folder.ptr, &n);
	for (size_t i = 0; names && i < n && l->fatal == STATUS_OK; i++) {
		struct slice own = extension(slice_cstr(names[i]));
		struct stat st;

		if (!slice_eq(own, ext) && !slice_eq(own, patch))
			continue;
		if (stat(names[i], &st) == 0 && S_ISDIR(st.st_mode))
			continue;
		apply(l, root, names[i], slice_eq(own, patch));
	}
}

static void finish_origins(struct loader *l)
{
	struct config *c = l->config;

	for (size_t i = 0; i < l->n_settings; i++)
		if (load_given(l, i) && c->origins[i].kind == CONFIG_FROM_DEFAULT)
			c->origins[i] = (struct config_origin){ CONFIG_FROM_FILE, l->places[i].file, l->places[i].line,
								c->origins[i].mended };
}

static enum status finish(struct loader *l, struct err *err)
{
	struct config *c = l->config;

	c->problems = l->problems.at;
	c->n_problems = l->problems.len;
	if (l->fatal != STATUS_OK)
		return err_nomem(err, "settings");
	finish_origins(l);
	for (size_t i = 0; i < c->n_problems; i++) {
		const struct config_problem *p = &c->problems[i];

		if (p->kind != CONFIG_ERROR)
			continue;
		if (p->line)
			return err_set(err, STATUS_INVALID, "%s:%u:%u: %.*s", p->file, p->line, p->column,
				       SLICE_ARG(p->text));
		return err_set(err, STATUS_INVALID, "%s%s%.*s", p->file ? p->file : "", p->file ? ": " : "",
			       SLICE_ARG(p->text));
	}
	return STATUS_OK;
}

static enum status begin(struct loader *l, const struct config_request *r, struct config *out, struct err *err)
{
	*out = (struct config){ .arena = ARENA_INIT(CONFIG_MEMORY), .mode = r->mode, .embedded = !r->path };
	*l = (struct loader){ .request = r, .config = out, .arena = &out->arena };
	l->settings = config_settings(&l->n_settings);
	l->places = arena_array(l->arena, l->n_settings, sizeof(*l->places));
	out->origins = arena_array(l->arena, l->n_settings, sizeof(*out->origins));
	return l->places && out->origins ? STATUS_OK : err_nomem(err, "settings");
}

static void decode(struct loader *l, struct node *root)
{
	if (l->config->v2)
		load_from_v2(l, &root);
	if (l->fatal == STATUS_OK)
		load_expand(l, root);
	if (l->fatal == STATUS_OK)
		load_decode(l, root);
}

static void defaults_and_checks(struct loader *l)
{
	if (l->fatal == STATUS_OK)
		load_defaults(l);
	l->checking = true;
	if (l->fatal == STATUS_OK)
		load_check(l);
}

static void warn_extension(struct loader *l, const char *path)
{
	struct slice ext = extension(slice_cstr(path));

	if (!l->config->v2 && !slice_eq(ext, SLICE(".yaml")) && !slice_eq(ext, SLICE(".json")))
		load_problem(l, CONFIG_WARNING, (struct place){ path, 0, 0 }, NULL,
			     "Clair reads only names that end in .yaml or .json");
}

static void load_file(struct loader *l, const char *path)
{
	struct node *root = read_document(l, path);
	struct slice name;

	if (!arena_copy(l->arena, slice_cstr(path), &name))
		load_nomem(l);
	else
		l->config->file = config_cstr(name);
	/* Without the file itself every further message would be about nothing. */
	if (!root)
		return;
	l->config->v2 = load_is_v2(root);
	warn_extension(l, path);
	if (!l->config->v2)
		load_spell(l, root);
	drop_ins(l, &root, path);
	decode(l, root);
	defaults_and_checks(l);
}

enum status config_load(const struct config_request *request, struct config *out, struct err *err)
{
	struct loader l;
	enum status st;

	TRY(begin(&l, request, out, err));
	l.files = true;
	if (request->path)
		load_file(&l, request->path);
	else
		defaults_and_checks(&l);
	st = finish(&l, err);
	return st;
}

enum status config_merged(const struct config_request *request, struct config *config, struct buf *out,
			  struct err *err)
{
	struct slice ext = extension(slice_cstr(request->path));
	struct loader l;
	struct node *root;

	TRY(begin(&l, request, config, err));
	if (!slice_eq(ext, SLICE(".yaml")) && !slice_eq(ext, SLICE(".json")))
		return err_set(err, STATUS_INVALID, "unknown config kind \"%.*s\"", SLICE_ARG(ext));
	l.files = true;
	root = read_document(&l, request->path);
	if (root) {
		load_spell(&l, root);
		drop_ins(&l, &root, request->path);
	}
	if (root && l.fatal == STATUS_OK)
		load_decode(&l, root);
	TRY(finish(&l, err));
	return merged_write(root, l.arena, out, err);
}

enum status config_load_text(const struct config_request *request, struct slice text, struct config *out,
			     struct err *err)
{
	const char *name = request->path ? request->path : "settings.yaml";
	struct slice copy;
	struct loader l;
	struct node *root;

	TRY(begin(&l, request, out, err));
	out->embedded = false;
	if (!arena_copy(l.arena, text, &copy) || !remember(&l, name))
		return err_nomem(err, "settings");
	root = parse(&l, name, copy);
	if (root) {
		out->v2 = load_is_v2(root);
		if (!out->v2)
			load_spell(&l, root);
		decode(&l, root);
		defaults_and_checks(&l);
	}
	return finish(&l, err);
}

enum status config_override(struct config *c, const char *path, const char *text, struct err *err)
{
	struct loader l = { .config = c, .arena = &c->arena };
	size_t row = setting_find(slice_cstr(path));
	const char *wrong;

	l.settings = config_settings(&l.n_settings);
	if (row == SIZE_MAX || l.settings[row].type >= SETTING_LIST)
		return err_set(err, STATUS_BUG, "there is no setting %s", path);
	wrong = load_value(&l, &l.settings[row], slice_cstr(text));
	if (l.fatal != STATUS_OK)
		return err_nomem(err, "settings");
	if (wrong)
		return err_set(err, STATUS_INVALID, "%s \"%s\": %s", path, text, wrong);
	c->origins[row] = (struct config_origin){ .kind = CONFIG_FROM_ARGUMENT };
	return STATUS_OK;
}

void config_fini(struct config *c)
{
	arena_fini(&c->arena);
	*c = (struct config){ .arena = ARENA_INIT(0) };
}
