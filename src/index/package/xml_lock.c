/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xml_lock.c - lists of packages in XML: packages.config, Directory.Packages.props and projects of NuGet, and Gradle's
 * gradle/verification-metadata.xml.
 *
 * Source: docs/formats/xml-lock.md.
 */
#include "index/package/lock.h"
#include "index/package/xml_tree.h"

#define RULE(name)                                                                                                     \
	{                                                                                                              \
		.match = PATH_NAME, .text = name, .need = DETECT_WHOLE, .max_bytes = LOCK_BYTES,                       \
		.accept = lock_of_project                                                                              \
	}

static const struct path_rule rules[] = {
	RULE("packages.config"),
	RULE("Directory.Packages.props"),
	{ .match = PATH_SUFFIX,
	  .text = ".csproj",
	  .need = DETECT_WHOLE,
	  .max_bytes = LOCK_BYTES,
	  .accept = lock_of_project },
	RULE("verification-metadata.xml"),
	{ .text = NULL },
};

/* <package id="" version="" developmentDependency="true"/>, <PackageVersion Include="" Version=""/>, <component
 * group="" .../> */
static enum status on_element(struct lock *l, const struct xml_node *n, uint32_t line, struct err *err)
{
	bool config = slice_eq(n->name, SLICE("package"));
	struct slice name, version = xml_node_attr(n, "version");
	unsigned flags = 0;

	if (slice_eq(n->name, SLICE("component"))) {
		if (!arena_printf(l->in.env->arena, &name, "%.*s:%.*s", SLICE_ARG(xml_node_attr(n, "group")),
				  SLICE_ARG(xml_node_attr(n, "name"))))
			return err_nomem(err, "a lock file");
		if (name.ptr[0] == ':')
			name = SLICE_EMPTY;
	} else if (config) {
		name = xml_node_attr(n, "id");
		if (slice_eq_nocase(xml_node_attr(n, "developmentDependency"), SLICE("true")))
			flags = PACKAGE_DEV;
	} else {
		name = xml_node_attr(n, "include");
		if (name.len == 0)
			name = xml_node_attr(n, "update");
		if (version.len == 0)
			version = xml_child_text(n, "Version");
	}
	if (version.len > 2 && version.ptr[0] == '[' && version.ptr[version.len - 1] == ']' &&
	    slice_find_byte(version, ',') == SIZE_MAX)
		version = slice_make(version.ptr + 1, version.len - 2);
	/* Central package management says the version elsewhere. */
	if (slice_eq(n->name, SLICE("PackageReference")) && version.len == 0)
		return STATUS_OK;
	/* A range, a pattern, or a property of the build. */
	if (version.len > 0 && (strchr("[($", version.ptr[0]) || slice_has(version, SLICE("*")))) {
		lock_vague(l, line);
		return STATUS_OK;
	}
	return lock_add(l, name, version, flags, line, NULL, err);
}

#define NAMES_MAX 3

static bool is_wanted(const struct xml_node *n, const char *name)
{
	return slice_eq(n->name, slice_cstr(name));
}

static enum status walk(struct lock *l, const struct xml_node *root, const char *const *names, struct err *err)
{
	struct line_counter lines = LINE_COUNTER(l->in.file->bytes);
	size_t pos[NAMES_MAX] = { 0 };

	for (const struct xml_node *n = root; n;) {
		for (size_t i = 0; i < NAMES_MAX && names[i]; i++) {
			size_t at;

			if (!is_wanted(n, names[i]))
				continue;
			at = xml_next_tag(lines.text, names[i], &pos[i]);
			TRY(on_element(l, n, at == SIZE_MAX ? 0 : line_at(&lines, at), err));
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

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	static const char *const config[] = { "package", NULL }, *const gradle[] = { "component", NULL };
	static const char *const props[NAMES_MAX] = { "PackageVersion", "GlobalPackageReference", "PackageReference" };
	bool is_gradle = slice_ends(file->path, SLICE(".xml")), is_config = slice_ends(file->path, SLICE(".config"));
	struct lock l = LOCK_INIT(file, env, out, is_gradle ? PACKAGE_MAVEN : PACKAGE_NUGET, "xml-lock");
	struct slice want = is_gradle	? SLICE("verification-metadata")
			    : is_config ? SLICE("packages")
					: SLICE("Project");
	struct xml_node *root;

	if (xml_tree(file->bytes, env->limits, env->arena, &root, err) != STATUS_OK)
		return err_wrap(err, "the list of packages cannot be read");
	if (!slice_eq(root->name, want))
		return err_set(err, STATUS_MALFORMED, "it is no such list: its element is not %.*s", SLICE_ARG(want));
	return lock_end(&l, walk(&l, root, is_gradle ? gradle : is_config ? config : props, err), err);
}

const struct detector detector_xml_lock = {
	.name = "xml_lock",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
