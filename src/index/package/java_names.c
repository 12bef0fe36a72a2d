/* SPDX-License-Identifier: Apache-2.0 */
/*
 * java_names.c - what names a Java archive: pom.properties, the manifest, the file's name.
 *
 * Source: docs/formats/java.md (Apache Maven Archiver, JAR File Specification, OSGi Core 3.2).
 */
#include "index/package/java_names.h"

#define VALUE_MAX 512 /* bytes of a name or version; real ones stay below 100 */

/* ---- texts ---- */

/* A coordinate of Maven: no blank, no control byte, nothing that was to be replaced, no separator of ours. */
static bool is_coordinate(struct slice s)
{
	if (s.len == 0 || s.len > VALUE_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~' || s.ptr[i] == ':' || s.ptr[i] == '$' || s.ptr[i] == '@')
			return false;
	return true;
}

static bool begins_with_digit(struct slice s)
{
	return s.len > 0 && is_digit(s.ptr[0]);
}

/* ---- pom.properties ---- */

static void keep_first(struct slice value, struct slice *out)
{
	if (out->len == 0)
		*out = value;
}

bool java_read_pom(struct slice text, struct java_name *out)
{
	struct slice line, key, value;

	memset(out, 0, sizeof(*out));
	while (slice_line(&text, &line)) {
		size_t at;

		line = slice_trim(line);
		if (line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == '!')
			continue;
		at = slice_find_byte(line, '=');
		if (at == SIZE_MAX)
			at = slice_find_byte(line, ':');
		if (at == SIZE_MAX)
			continue;
		key = slice_trim(slice_take(line, at));
		value = slice_trim(slice_from(line, at + 1));
		if (slice_eq(key, SLICE("groupId")))
			keep_first(value, &out->group);
		else if (slice_eq(key, SLICE("artifactId")))
			keep_first(value, &out->artifact);
		else if (slice_eq(key, SLICE("version")))
			keep_first(value, &out->version);
	}
	return is_coordinate(out->group) && is_coordinate(out->artifact) && is_coordinate(out->version);
}

/* ---- the manifest ---- */

static struct slice *member_of(struct java_manifest *m, struct slice name)
{
	const struct {
		struct slice name;
		struct slice *member;
	} members[] = {
		{ SLICE("Implementation-Title"), &m->title },
		{ SLICE("Implementation-Vendor-Id"), &m->vendor_id },
		{ SLICE("Bundle-SymbolicName"), &m->symbolic_name },
		{ SLICE("Bundle-Name"), &m->bundle_name },
		{ SLICE("Extension-Name"), &m->extension },
		{ SLICE("Implementation-Version"), &m->version },
		{ SLICE("Bundle-Version"), &m->bundle_version },
		{ SLICE("Specification-Version"), &m->specification_version },
		/* Plugins of Jenkins say it in words of their own. */
		{ SLICE("Group-Id"), &m->vendor_id },
		{ SLICE("Short-Name"), &m->extension },
		{ SLICE("Plugin-Version"), &m->version },
	};

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (slice_eq_nocase(name, members[i].name))
			return members[i].member;
	return NULL;
}

/* A line goes on in the next one if that begins with a blank, which is no part of it (lines have 72 bytes at most). */
static bool unfold(struct arena *a, struct slice first, struct slice *rest, struct slice *out)
{
	struct slice line, next = *rest;
	size_t n = first.len;
	uint8_t *joined;

	*out = first;
	if (rest->len == 0 || rest->ptr[0] != ' ')
		return true;
	while (next.len > 0 && next.ptr[0] == ' ' && slice_line(&next, &line))
		n += line.len - 1;
	joined = arena_alloc(a, n + 1);
	if (!joined)
		return false;
	memcpy(joined, first.ptr, first.len);
	n = first.len;
	while (rest->len > 0 && rest->ptr[0] == ' ' && slice_line(rest, &line)) {
		memcpy(joined + n, line.ptr + 1, line.len - 1);
		n += line.len - 1;
	}
	*out = slice_make(joined, n);
	return true;
}

bool java_read_manifest(struct arena *a, struct slice text, struct java_manifest *out)
{
	struct slice line, name, value, *member;

	memset(out, 0, sizeof(*out));
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_from(text, 3);
	while (slice_line(&text, &line) && line.len > 0) {
		if (!slice_cut(line, ':', &name, &value)) {
			/* No field; what continues it goes with it. */
			while (text.len > 0 && text.ptr[0] == ' ')
				slice_line(&text, &line);
			continue;
		}
		if (slice_eq_nocase(name, SLICE("Name")))
			break; /* another section, without the empty line before it */
		if (!unfold(a, value, &text, &value))
			return false;
		member = member_of(out, slice_trim(name));
		if (member)
			keep_first(slice_trim(value), member);
	}
	slice_cut(out->symbolic_name, ';', &out->symbolic_name, NULL); /* its directives */
	out->symbolic_name = slice_trim(out->symbolic_name);
	return true;
}

/* ---- the file's name ---- */

static struct slice stem_of(struct slice path)
{
	struct slice base = path_base(path);
	size_t dot = slice_rfind_byte(base, '.');

	return dot != SIZE_MAX && dot > 0 ? slice_take(base, dot) : base;
}

void java_read_file_name(struct slice path, struct java_name *out)
{
	struct slice stem = stem_of(path);

	memset(out, 0, sizeof(*out));
	out->artifact = stem;
	for (size_t i = 1; i + 1 < stem.len; i++) {
		if (stem.ptr[i] != '-' || !is_digit(stem.ptr[i + 1]))
			continue;
		out->artifact = slice_take(stem, i);
		out->version = slice_from(stem, i + 1);
		return;
	}
}

bool java_is_companion(struct slice path)
{
	struct slice stem = stem_of(path);

	return slice_ends(stem, SLICE("-sources")) || slice_ends(stem, SLICE("-javadoc"));
}

/* ---- both ---- */

/* "1.8.16", of "1.8.16 (build 4711)"; "(none)" and the like are none. */
static struct slice version_in(struct slice text)
{
	struct slice word;

	slice_cut(text, ' ', &word, NULL);
	return is_coordinate(word) && begins_with_digit(word) && slice_find_byte(word, '/') == SIZE_MAX ? word
													: SLICE_EMPTY;
}

/* A reversed name of a domain, or one word of it. */
static bool is_group(struct slice s)
{
	if (!is_coordinate(s) || !is_alpha(s.ptr[0]))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && s.ptr[i] != '.' && s.ptr[i] != '-' && s.ptr[i] != '_')
			return false;
	return true;
}

/* The number that a version begins with. */
static uint64_t major_of(struct slice version)
{
	uint64_t n = 0;
	size_t len = 0;

	while (len < version.len && is_digit(version.ptr[len]))
		len++;
	return slice_to_u64(slice_take(version, len), &n) ? n : 0;
}

static struct slice known_group(struct slice artifact, struct slice version)
{
	static const struct {
		const char *artifact, *group;
		uint64_t below; /* 0: of all versions */
	} known[] = {
#define JAVA_GROUP(artifact, group) { artifact, group, 0 },
#define JAVA_GROUP_BELOW(artifact, n, group) { artifact, group, n },
#define JAVA_BUNDLE(bundle, group, artifact)
#include "index/package/java_groups.def"
#undef JAVA_GROUP
#undef JAVA_GROUP_BELOW
#undef JAVA_BUNDLE
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct slice pattern = slice_cstr(known[i].artifact);
		bool front = slice_ends(pattern, SLICE("*"));

		if (known[i].below > 0 && major_of(version) >= known[i].below)
			continue;
		pattern.len -= front;
		if (front ? slice_starts(artifact, pattern) : slice_eq(artifact, pattern))
			return slice_cstr(known[i].group);
	}
	return SLICE_EMPTY;
}

/* A group of at least two parts: "org.apache" alone is the vendor's, and no archive's. */
static bool is_full_group(struct slice s)
{
	return is_group(s) && slice_find_byte(s, '.') != SIZE_MAX && !slice_eq(s, SLICE("org.apache"));
}

/* "org.apache.solr" for solr-core: a title or an extension is the group, if the artifact goes on from it. */
static bool is_group_of(struct slice s, struct slice artifact)
{
	struct slice last;

	return is_full_group(s) && slice_rcut(s, '.', NULL, &last) && slice_starts(artifact, last) &&
	       artifact.len > last.len && artifact.ptr[last.len] == '-';
}

/*
 * Bundles are named by convention after their group, or after group and artifact: "com.google.guava" for guava,
 * "com.fasterxml.jackson.core.jackson-databind". Gradle's nebula plugins write "GROUP#MODULE;VERSION" as title.
 */
static struct slice group_of(const struct java_manifest *m, struct slice artifact, struct slice version)
{
	struct slice name = m->symbolic_name, front, last, known = known_group(artifact, version);

	if (known.len > 0)
		return known;
	if (is_group(name) && slice_rcut(name, '.', &front, &last) && slice_eq(last, artifact))
		return slice_find_byte(artifact, '-') != SIZE_MAX ? front : name;
	if (slice_cut(m->title, '#', &front, NULL) && is_full_group(front))
		return front;
	if (is_group_of(m->extension, artifact))
		return m->extension;
	if (is_group_of(m->title, artifact))
		return m->title;
	return is_full_group(m->vendor_id) ? m->vendor_id : SLICE_EMPTY;
}

/* Maven's and Gradle's stores of what they fetched: the path says group, artifact and version. */
bool java_read_place(struct arena *a, struct slice path, struct java_name *out, bool *failed)
{
	struct slice dir = path_dir(path), group;
	uint8_t *dotted;
	size_t at;

	*failed = false;
	out->version = path_base(dir);
	out->artifact = path_base(path_dir(dir));
	group = path_dir(path_dir(dir));
	at = slice_find(group, SLICE("repository/"));
	if (at == SIZE_MAX)
		at = slice_find(group, SLICE("maven-repo/"));
	if (at == SIZE_MAX || !slice_starts(path_base(path), out->artifact) ||
	    !slice_has(path_base(path), out->version)) {
		/* .../files-2.1/GROUP/ARTIFACT/VERSION/DIGEST/FILE */
		dir = path_dir(dir);
		out->version = path_base(dir);
		out->artifact = path_base(path_dir(dir));
		out->group = path_base(path_dir(path_dir(dir)));
		return slice_has(path, SLICE("/files-2.1/")) && slice_starts(path_base(path), out->artifact) &&
		       is_coordinate(out->group) && is_coordinate(out->artifact) && is_coordinate(out->version);
	}
	group = slice_from(group, at + strlen("repository/"));
	dotted = arena_alloc(a, group.len + 1);
	if (!dotted) {
		*failed = true;
		return false;
	}
	for (size_t i = 0; i < group.len; i++)
		dotted[i] = group.ptr[i] == '/' ? '.' : group.ptr[i];
	out->group = slice_make(dotted, group.len);
	return is_coordinate(out->group) && is_coordinate(out->artifact) && is_coordinate(out->version);
}

static void known_bundle(const struct java_manifest *m, struct java_name *out)
{
	static const struct {
		const char *bundle, *group, *artifact;
	} known[] = {
#define JAVA_GROUP(artifact, group)
#define JAVA_GROUP_BELOW(artifact, n, group)
#define JAVA_BUNDLE(bundle, group, artifact) { bundle, group, artifact },
#include "index/package/java_groups.def"
#undef JAVA_GROUP
#undef JAVA_GROUP_BELOW
#undef JAVA_BUNDLE
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct slice bundle = slice_cstr(known[i].bundle), artifact = slice_cstr(known[i].artifact);

		if (slice_ends(bundle, SLICE("*"))) {
			/* The artifact is the end of the bundle's name. */
			bundle.len--;
			if (!slice_starts(m->symbolic_name, bundle))
				continue;
			artifact = slice_from(m->symbolic_name, bundle.len - (artifact.len - 1));
		} else if (!slice_eq(m->symbolic_name, bundle)) {
			continue;
		}
		out->group = slice_cstr(known[i].group);
		out->artifact = artifact;
		return;
	}
}

/* "log4j-1.2-1.2.17": what follows the name is a version that the manifest has, too. */
static bool split_by(struct slice stem, struct slice version, struct java_name *out)
{
	if (version.len == 0 || stem.len <= version.len + 1 || !slice_ends(stem, version) ||
	    stem.ptr[stem.len - version.len - 1] != '-')
		return false;
	out->artifact = slice_take(stem, stem.len - version.len - 1);
	out->version = slice_from(stem, stem.len - version.len);
	return true;
}

/* "closure-compiler-v20240317": only where nothing says a version that begins with a digit. */
static void split_tag(struct slice stem, struct java_name *out)
{
	size_t at = slice_find(stem, SLICE("-v"));

	if (out->version.len > 0 || at == SIZE_MAX || at == 0 || at + 2 >= stem.len || !is_digit(stem.ptr[at + 2]))
		return;
	out->artifact = slice_take(stem, at);
	out->version = slice_from(stem, at + 1);
}

/* ---- GROUP.ARTIFACT-VERSION.jar ---- */

/* "jakarta.json.jakarta.json-api": an artifact that begins as its group is called. */
static bool goes_on_from(struct slice artifact, struct slice group)
{
	return slice_starts(artifact, group) && (artifact.len == group.len || artifact.ptr[group.len] == '.' ||
						 artifact.ptr[group.len] == '-');
}

/* Does anything but the file's name say that artifact is of that group? */
static bool is_group_known(const struct java_manifest *m, const struct java_name *whole, struct slice group,
			   struct slice artifact)
{
	struct java_manifest said = *m;

	if (goes_on_from(artifact, group))
		return true;
	/* A bundle that is called as its file says nothing of where the group ends. */
	if (slice_eq(said.symbolic_name, whole->artifact))
		said = (struct java_manifest){ .title = SLICE_EMPTY };
	return slice_eq(group_of(&said, artifact, whole->version), group);
}

/* Where Quarkus keeps what a program needs: all files there are called so. */
static bool is_quarkus(struct slice path)
{
	struct slice dir = path_dir(path);

	return slice_eq(path_base(path_dir(dir)), SLICE("lib")) &&
	       (slice_eq(path_base(dir), SLICE("main")) || slice_eq(path_base(dir), SLICE("boot")) ||
		slice_eq(path_base(dir), SLICE("deployment")));
}

/*
 * Quarkus, and Maven's prependGroupId, write the group before the name. Dots before digits are of a version of Scala.
 * Elsewhere, artifacts have dots of their own: only where something else says the same group.
 */
static bool split_group(struct slice path, const struct java_manifest *m, struct java_name *io)
{
	struct slice whole = io->artifact, group, artifact;
	size_t last = SIZE_MAX, at;

	for (at = whole.len; at-- > 1;) {
		if (whole.ptr[at] != '.' || at + 1 >= whole.len || !is_alpha(whole.ptr[at + 1]))
			continue;
		last = last == SIZE_MAX ? at : last;
		group = slice_take(whole, at);
		artifact = slice_from(whole, at + 1);
		if (is_group(group) &&
		    (at == last ? is_group_known(m, io, group, artifact) : goes_on_from(artifact, group)))
			break;
	}
	if (at == 0 || at >= whole.len)
		at = is_quarkus(path) ? last : SIZE_MAX;
	if (at == SIZE_MAX)
		return false;
	io->group = slice_take(whole, at);
	io->artifact = slice_from(whole, at + 1);
	return true;
}

bool java_guess(struct slice path, const struct java_manifest *m, struct java_name *out)
{
	struct slice versions[] = { version_in(m->version), version_in(m->bundle_version),
				    version_in(m->specification_version) };
	struct slice stem = stem_of(path);
	bool split = false;

	java_read_file_name(path, out);
	for (size_t i = 0; i < ARRAY_LEN(versions) && !split; i++)
		split = split_by(stem, versions[i], out);
	for (size_t i = 0; i < ARRAY_LEN(versions) && out->version.len == 0; i++)
		out->version = versions[i];
	split_tag(stem, out);
	if (!split && slice_eq(out->artifact, stem)) {
		/* The name says no version, and so may be anything: a title that is one word is better. */
		if (is_group(m->title) && slice_find_byte(m->title, '.') == SIZE_MAX)
			out->artifact = m->title;
		else if (is_group(m->extension) && slice_find_byte(m->extension, '.') == SIZE_MAX)
			out->artifact = m->extension;
	}
	if (!split_group(path, m, out))
		out->group = group_of(m, out->artifact, out->version);
	known_bundle(m, out);
	return is_coordinate(out->artifact) && is_coordinate(out->version);
}
