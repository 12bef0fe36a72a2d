/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pods_lock.c - Podfile.lock of CocoaPods: PODS, a list of "Name (1.0)" or {"Name (1.0)": [what it asks for]}, and
 * DEPENDENCIES, what the project asks for.
 *
 * Source: docs/formats/pods-lock.md.
 */
#include "index/package/lock.h"
#include "text/yaml.h"

static const struct path_rule rules[] = {
	{ .match = PATH_NAME,
	  .text = "Podfile.lock",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	{ .text = NULL },
};

/* "Name/Part (1.0)": parts are of one pod, and advisories speak of pods. */
static void split(struct slice s, struct slice *part, struct slice *name, struct slice *version)
{
	struct slice rest;

	slice_cut(s, ' ', part, &rest);
	slice_cut(*part, '/', name, NULL);
	rest = slice_trim(rest);
	*version = SLICE_EMPTY;
	if (rest.len > 0 && rest.ptr[0] == '(')
		slice_cut(slice_from(rest, 1), ')', version, NULL);
}

/* A scalar, or a mapping of one member whose key is meant. */
static const struct yaml_node *head_of(const struct yaml_node *n)
{
	if (n->kind == YAML_KIND_SCALAR)
		return n;
	return n->kind == YAML_KIND_MAPPING && n->child && n->child->key->kind == YAML_KIND_SCALAR ? n->child->key
												   : NULL;
}

static enum status add_asks(struct lock *l, const struct yaml_node *n, struct slice part, struct err *err)
{
	const struct yaml_node *list = n->kind == YAML_KIND_MAPPING ? n->child : NULL;
	struct slice asked, name, version;

	for (const struct yaml_node *a = list ? list->child : NULL; a; a = a->next) {
		split(a->scalar, &asked, &name, &version);
		TRY(lock_ask(l, lock_find(l, part), lock_find(l, asked), err));
	}
	return STATUS_OK;
}

static enum status read_all(struct lock *l, const struct yaml_node *root, struct err *err)
{
	const struct yaml_node *pods = yaml_get(root, "PODS"), *asked = yaml_get(root, "DEPENDENCIES"), *head;
	struct slice part, name, version;
	size_t at;

	if (!pods || pods->kind != YAML_KIND_SEQUENCE)
		return err_set(err, STATUS_MALFORMED, "it is no lock file of CocoaPods: it has no list of pods");
	for (const struct yaml_node *n = pods->child; n; n = n->next) {
		head = head_of(n);
		if (!head) {
			TRY(installed_refuse(&l->in, ERR_NO_OFFSET, "a pod is not NAME (VERSION)"));
			continue;
		}
		split(head->scalar, &part, &name, &version);
		TRY(lock_add(l, name, version, 0, head->line, &at, err));
		TRY(lock_name(l, part, at, err));
	}
	for (const struct yaml_node *n = pods->child; n; n = n->next) {
		head = head_of(n);
		if (!head)
			continue;
		split(head->scalar, &part, &name, &version);
		TRY(add_asks(l, n, part, err));
	}
	for (const struct yaml_node *n = asked ? asked->child : NULL; n; n = n->next) {
		split(n->scalar, &part, &name, &version);
		lock_root(l, lock_find(l, part), LOCK_USE);
	}
	return lock_reach(l, false, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct lock l = LOCK_INIT(file, env, out, PACKAGE_COCOAPODS, "pods-lock");
	struct yaml_node *root = NULL;
	enum status st = yaml_parse(file->bytes, env->limits, env->arena, &root, err);

	if (st != STATUS_OK)
		return err_wrap(err, "the lock file cannot be read");
	return lock_end(&l, read_all(&l, root, err), err);
}

const struct detector detector_pods_lock = {
	.name = "pods_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
