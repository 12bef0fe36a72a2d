/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maven_pom.c - pom.xml: dependencies with the versions that the project, its parents in the tree and their
 * dependencyManagement say. What only a repository could tell is told as not known.
 *
 * Source: docs/formats/maven-pom.md (Maven, "POM Reference").
 */
#include "index/package/lock.h"
#include "index/package/xml_tree.h"

#define POM_BYTES ((uint64_t)8 << 20)
#define PARENTS_MAX 16	  /* real chains within a tree have 2 or 3 */
#define EXPANSIONS_MAX 32 /* of one text; properties may name each other */

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "pom.xml",
	  .need = DETECT_WHOLE,
	  .max_bytes = POM_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

/* What dependencyManagement says of one. */
struct managed {
	struct slice version, scope;
};

struct pom {
	struct lock lock;
	struct arena *arena;
	const struct xml_node *chain[PARENTS_MAX]; /* the project and its parents, nearest first */
	size_t n;
	/* What is asked for often is looked up, not searched for; the nearest to the project has it. Owned. */
	struct map properties; /* name -> its node; of <properties>, and what stands for project.NAME */
	struct map by_key;     /* full key -> place in managed */
	struct map asked;      /* full keys of dependencies; what is asked for again further up does not count */
	VEC(struct managed) managed;
};

static enum status define(struct pom *p, const char *prefix, const struct xml_node *c, struct err *err)
{
	struct slice name = c->name;
	uint64_t *slot;
	bool is_new;

	if (*prefix && !arena_printf(p->arena, &name, "%s%.*s", prefix, SLICE_ARG(c->name)))
		return err_nomem(err, "pom.xml");
	slot = map_slot(&p->properties, name, &is_new);
	if (!slot)
		return err_nomem(err, "pom.xml");
	if (is_new)
		*slot = (uint64_t)(uintptr_t)c;
	return STATUS_OK;
}

/* "project.version" and the like: of the project, else of what it says of its parent. */
static enum status define_own(struct pom *p, struct err *err)
{
	static const char *const names[] = { "version", "groupId", "artifactId" };
	const struct xml_node *parent = xml_child(p->chain[0], "parent");

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct xml_node *c = xml_child(p->chain[0], names[i]);

		if (!c && i < 2)
			c = xml_child(parent, names[i]);
		if (c && c->text.len > 0)
			TRY(define(p, "project.", c, err));
	}
	for (const struct xml_node *c = parent ? parent->child : NULL; c; c = c->next)
		if (c->text.len > 0)
			TRY(define(p, "project.parent.", c, err));
	return STATUS_OK;
}

static enum status gather_properties(struct pom *p, struct err *err)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct xml_node *list = xml_child(p->chain[i], "properties");

		for (const struct xml_node *c = list ? list->child : NULL; c; c = c->next)
			TRY(define(p, "", c, err));
	}
	return define_own(p, err);
}

/* A property of the project, or what stands for one: "pom.NAME" and, of old, NAME alone are "project.NAME". */
static bool property(const struct pom *p, struct slice name, struct slice *out)
{
	struct slice own;
	uint64_t at;

	if (!map_get(&p->properties, name, &at)) {
		if (slice_starts(name, SLICE("pom.")))
			name = slice_from(name, 4);
		if (name.len > INSTALLED_TEXT_MAX || !arena_printf(p->arena, &own, "project.%.*s", SLICE_ARG(name)) ||
		    !map_get(&p->properties, own, &at))
			return false;
	}
	*out = ((const struct xml_node *)(uintptr_t)at)->text;
	return true;
}

/* Replace ${...}; false if one is not known, or they go round in a circle. */
static bool expand(const struct pom *p, struct slice s, struct slice *out)
{
	for (int i = 0; i < EXPANSIONS_MAX; i++) {
		struct slice before, name, after, value;
		size_t at = slice_find(s, SLICE("${"));

		if (at == SIZE_MAX) {
			*out = s;
			return true;
		}
		before = slice_take(s, at);
		if (!slice_cut(slice_from(s, at + 2), '}', &name, &after) || !property(p, name, &value) ||
		    before.len + value.len + after.len > INSTALLED_TEXT_MAX ||
		    !arena_printf(p->arena, &s, "%.*s%.*s%.*s", SLICE_ARG(before), SLICE_ARG(value), SLICE_ARG(after)))
			return false;
	}
	return false;
}

/* The parent that the project says, if it lies in the tree where it is said to be. */
static bool read_parent(struct pom *p, struct slice path, struct slice *out_path)
{
	const struct detect_env *env = p->lock.in.env;
	const struct xml_node *parent = xml_child(p->chain[p->n - 1], "parent");
	const struct xml_node *relative = xml_child(parent, "relativePath");
	struct slice where = relative ? relative->text : SLICE("../pom.xml"), bytes, id;
	struct err why = ERR_INIT;
	struct xml_node *root;

	if (!parent || where.len == 0 || !env->other || p->n == PARENTS_MAX)
		return false;
	if (!slice_ends(where, SLICE(".xml")) && !arena_printf(p->arena, &where, "%.*s/pom.xml", SLICE_ARG(where)))
		return false;
	if (!lock_join(p->arena, path_dir(path), where, out_path) || slice_eq(*out_path, path) ||
	    env->other(env->ctx, *out_path, POM_BYTES, &bytes, &why) != STATUS_OK ||
	    xml_tree(bytes, env->limits, p->arena, &root, &why) != STATUS_OK)
		return false;
	id = xml_child_text(root, "artifactId");
	if (!slice_eq(id, xml_child_text(parent, "artifactId")))
		return false;
	p->chain[p->n++] = root;
	return true;
}

static bool key_of(const struct pom *p, const struct xml_node *d, struct slice *out)
{
	struct slice group, artifact;

	return expand(p, xml_child_text(d, "groupId"), &group) &&
	       expand(p, xml_child_text(d, "artifactId"), &artifact) && group.len > 0 && artifact.len > 0 &&
	       arena_printf(p->arena, out, "%.*s:%.*s", SLICE_ARG(group), SLICE_ARG(artifact));
}

/* By what Maven tells dependencies apart: "group:artifact:type:classifier". */
static bool full_key(const struct pom *p, const struct xml_node *d, struct slice name, struct slice *out)
{
	struct slice type = xml_child_text(d, "type"), classifier = xml_child_text(d, "classifier");

	return expand(p, type.len > 0 ? type : SLICE("jar"), &type) && expand(p, classifier, &classifier) &&
	       arena_printf(p->arena, out, "%.*s:%.*s:%.*s", SLICE_ARG(name), SLICE_ARG(type), SLICE_ARG(classifier));
}

static enum status manage(struct pom *p, const struct xml_node *d, struct err *err)
{
	struct managed *m;
	struct slice key;
	uint64_t *slot;
	bool is_new;

	if (!key_of(p, d, &key) || !full_key(p, d, key, &key))
		return STATUS_OK;
	slot = map_slot(&p->by_key, key, &is_new);
	m = slot && is_new ? VEC_PUSH(&p->managed, p->arena) : NULL;
	if (!slot || (is_new && !m))
		return err_nomem(err, "pom.xml");
	if (!is_new)
		return STATUS_OK;
	*slot = p->managed.len - 1;
	*m = (struct managed){ xml_child_text(d, "version"), xml_child_text(d, "scope") };
	return STATUS_OK;
}

static enum status gather_managed(struct pom *p, struct err *err)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct xml_node *list = xml_child(xml_child(p->chain[i], "dependencyManagement"), "dependencies");

		for (const struct xml_node *d = list ? list->child : NULL; d; d = d->next)
			TRY(manage(p, d, err));
	}
	return STATUS_OK;
}

/* "1.0", or "[1.0]", which is the same; a range is not exact. */
static bool exact(struct slice s, struct slice *out)
{
	if (s.len > 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']' && slice_find_byte(s, ',') == SIZE_MAX)
		s = slice_make(s.ptr + 1, s.len - 2);
	*out = s;
	return s.len > 0 && s.ptr[0] != '[' && s.ptr[0] != '(' && !slice_eq(s, SLICE("LATEST")) &&
	       !slice_eq(s, SLICE("RELEASE"));
}

static enum status add_dependency(struct pom *p, const struct xml_node *d, bool own, uint32_t line, struct err *err)
{
	struct slice key, full, version = xml_child_text(d, "version"), scope = xml_child_text(d, "scope");
	bool is_new;
	uint64_t at;

	if (!key_of(p, d, &key) || !full_key(p, d, key, &full)) {
		lock_vague(&p->lock, line);
		return STATUS_OK;
	}
	if (!map_slot(&p->asked, full, &is_new))
		return err_nomem(err, "pom.xml");
	if (!is_new && !own)
		return STATUS_OK;
	if (map_get(&p->by_key, full, &at)) {
		version = version.len > 0 ? version : p->managed.at[at].version;
		scope = scope.len > 0 ? scope : p->managed.at[at].scope;
	}
	if (!expand(p, version, &version) || !exact(version, &version)) {
		lock_vague(&p->lock, line);
		return STATUS_OK;
	}
	return lock_add(&p->lock, key, version,
			PACKAGE_DIRECT | (slice_eq(scope, SLICE("test")) ? (unsigned)PACKAGE_DEV : 0u), line, NULL,
			err);
}

static uint32_t line_of(struct line_counter *lines, size_t offset)
{
	return offset == SIZE_MAX ? 0 : line_at(lines, offset);
}

/* Elements <dependency> are met in the order of the text: those of dependencyManagement, of plugins and profiles, too.
 */
static enum status add_all(struct pom *p, struct err *err)
{
	struct line_counter lines = LINE_COUNTER(p->lock.in.file->bytes);
	const struct xml_node *wanted = xml_child(p->chain[0], "dependencies"), *n = p->chain[0];
	size_t pos = 0;

	while (n) {
		if (slice_eq(n->name, SLICE("dependency"))) {
			uint32_t line = line_of(&lines, xml_next_tag(lines.text, "dependency", &pos));

			if (n->parent == wanted)
				TRY(add_dependency(p, n, true, line, err));
		}
		if (n->child) {
			n = n->child;
			continue;
		}
		while (n && !n->next)
			n = n->parent;
		n = n ? n->next : NULL;
	}
	return STATUS_OK;
}

/* What a parent asks for, its children ask for, too. */
static enum status add_inherited(struct pom *p, struct err *err)
{
	for (size_t i = 1; i < p->n; i++) {
		const struct xml_node *list = xml_child(p->chain[i], "dependencies");

		for (const struct xml_node *d = list ? list->child : NULL; d; d = d->next)
			TRY(add_dependency(p, d, false, 0, err));
	}
	return STATUS_OK;
}

static enum status add_project(struct pom *p, struct err *err)
{
	struct slice group, artifact, version, name;

	if (!expand(p, SLICE("${project.groupId}"), &group) || !expand(p, SLICE("${project.artifactId}"), &artifact) ||
	    !expand(p, SLICE("${project.version}"), &version))
		return STATUS_OK;
	if (!arena_printf(p->arena, &name, "%.*s:%.*s", SLICE_ARG(group), SLICE_ARG(artifact)))
		return err_nomem(err, "pom.xml");
	return lock_add(&p->lock, name, version, PACKAGE_MAIN_MODULE, 0, NULL, err);
}

static enum status read_all(struct pom *p, struct err *err)
{
	struct slice path = p->lock.in.file->path, next;
	struct xml_node *root;

	if (xml_tree(p->lock.in.file->bytes, p->lock.in.env->limits, p->arena, &root, err) != STATUS_OK)
		return err_wrap(err, "the project cannot be read");
	if (!slice_eq(root->name, SLICE("project")))
		return err_set(err, STATUS_MALFORMED, "it is no pom.xml: its element is not project");
	p->chain[p->n++] = root;
	while (read_parent(p, path, &next))
		path = next;
	TRY(gather_properties(p, err));
	TRY(gather_managed(p, err));
	TRY(add_project(p, err));
	TRY(add_all(p, err));
	return add_inherited(p, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct pom p = { .lock = LOCK_INIT(file, env, out, PACKAGE_MAVEN, "maven-pom"), .arena = env->arena };
	enum status st = lock_end(&p.lock, read_all(&p, err), err);

	map_fini(&p.properties);
	map_fini(&p.by_key);
	map_fini(&p.asked);
	return st;
}

const struct detector detector_maven_pom = {
	.name = "maven_pom",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
