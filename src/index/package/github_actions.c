/* SPDX-License-Identifier: Apache-2.0 */
/*
 * github_actions.c - what workflows of GitHub use: .github/workflows/NAME.yml, jobs: {JOB: {uses, steps: [{uses}]}},
 * and composite actions: action.yml, runs: {steps: [{uses}]}.
 *
 * Source: docs/formats/github-actions.md.
 */
#include "index/package/lock.h"
#include "text/yaml.h"

#define WORKFLOW_BYTES ((uint64_t)4 << 20) /* GitHub takes some 512 KiB */

static bool is_workflow(struct slice path)
{
	struct slice dir = path_dir(path);

	return lock_of_project(path) && slice_eq(path_base(dir), SLICE("workflows")) &&
	       slice_eq(path_base(path_dir(dir)), SLICE(".github"));
}

#define RULE(matched, name, accepted)                                                                                  \
	{                                                                                                              \
		.match = matched, .text = name, .need = DETECT_WHOLE, .max_bytes = WORKFLOW_BYTES, .accept = accepted  \
	}

static const struct path_rule rules[] = {
	RULE(PATH_SUFFIX, ".yml", is_workflow),
	RULE(PATH_SUFFIX, ".yaml", is_workflow),
	RULE(PATH_NAME, "action.yml", lock_of_project),
	RULE(PATH_NAME, "action.yaml", lock_of_project),
	{ .text = NULL },
};

struct workflow {
	struct lock lock;
	VEC(size_t) lines; /* where each begins, in the arena; empty until somebody asks */
};

/* ---- what a comment says of a commit ---- */

static bool is_break(struct slice text, size_t i)
{
	return text.ptr[i] == '\n' || (text.ptr[i] == '\r' && (i + 1 == text.len || text.ptr[i + 1] != '\n'));
}

static enum status find_lines(struct workflow *w, struct slice text, struct err *err)
{
	size_t begin = 0;

	for (size_t i = 0; i <= text.len; i++) {
		size_t *at;

		if (i < text.len && !is_break(text, i))
			continue;
		at = VEC_PUSH(&w->lines, w->lock.in.env->arena);
		if (!at)
			return err_nomem(err, "a workflow");
		*at = begin;
		begin = i + 1;
	}
	return STATUS_OK;
}

/* The text of a line, from 1; empty where there is none. */
static enum status line_of(struct workflow *w, unsigned number, struct slice *out, struct err *err)
{
	struct slice text = w->lock.in.file->bytes;

	*out = SLICE_EMPTY;
	if (w->lines.len == 0)
		TRY(find_lines(w, text, err));
	if (number == 0 || number > w->lines.len)
		return STATUS_OK;
	if (number < w->lines.len)
		text = slice_take(text, w->lines.at[number]);
	*out = slice_from(text, w->lines.at[number - 1]);
	return STATUS_OK;
}

/* "v4.1.2", "tag=v4.1.2", "pin@v4.1.2", "ratchet:actions/checkout@v4.1.2", "renovate: tag=v4.1.2" */
static bool version_in(struct slice comment, struct slice *out)
{
	static const char *const before[] = { "pin", "pinned", "tag", "renovate:", "=" };
	struct slice word;

	comment = slice_trim(comment);
	while (slice_word(&comment, ' ', &word)) {
		size_t i = 0, at;

		while ((at = slice_find_byte(word, '=')) != SIZE_MAX || (at = slice_find_byte(word, '@')) != SIZE_MAX)
			word = slice_from(word, at + 1);
		*out = slice_trim(word);
		if (package_version_ok(PACKAGE_GITHUB, *out))
			return true;
		while (i < ARRAY_LEN(before) && word.len > 0 && !slice_eq(word, slice_cstr(before[i])))
			i++;
		if (i == ARRAY_LEN(before))
			return false;
	}
	return false;
}

/* The comment behind a scalar that stands in that line: nothing but what closes it comes between. */
static bool comment_behind(struct slice line, struct slice scalar, struct slice *out)
{
	size_t at = slice_find(line, scalar), blanks = 0;

	if (at == SIZE_MAX)
		return false;
	line = slice_from(line, at + scalar.len);
	for (; line.len > 0 && strchr("\"'}] \t", line.ptr[0]); line = slice_from(line, 1))
		blanks += line.ptr[0] == ' ' || line.ptr[0] == '\t';
	*out = line.len > 0 ? slice_from(line, 1) : SLICE_EMPTY;
	return blanks > 0 && line.len > 0 && line.ptr[0] == '#';
}

static bool is_commit(struct slice ref)
{
	for (size_t i = 0; i < ref.len; i++)
		if (!is_digit(ref.ptr[i]) && !(to_lower(ref.ptr[i]) >= 'a' && to_lower(ref.ptr[i]) <= 'f'))
			return false;
	return ref.len == 40 || ref.len == 64;
}

/* ---- uses ---- */

static bool is_name(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_alnum(s.ptr[i]) && !(s.ptr[i] != '\0' && strchr("-_.", s.ptr[i])))
			return false;
	return s.len > 0;
}

/* "OWNER/REPO" of "OWNER/REPO[/PATH]" */
static bool repository_of(struct slice s, struct slice *out)
{
	struct slice owner, repo;

	if (!slice_cut(s, '/', &owner, &repo))
		return false;
	slice_cut(repo, '/', &repo, NULL);
	*out = slice_take(s, owner.len + 1 + repo.len);
	return is_name(owner) && is_name(repo);
}

/* Actions of the project itself ("./PATH", "$/PATH") have a file of their own in it; images are no actions. */
static bool is_elsewhere(struct slice s)
{
	return !slice_starts(s, SLICE(".")) && !slice_starts(s, SLICE("$/")) && !slice_starts(s, SLICE("docker://"));
}

static enum status on_uses(struct workflow *w, const struct yaml_node *of, struct err *err)
{
	const struct yaml_node *n = yaml_get(of, "uses");
	struct slice text, name, ref = SLICE_EMPTY, line, comment, version;
	unsigned flags = PACKAGE_DIRECT;

	if (!n)
		return STATUS_OK;
	text = n->kind == YAML_KIND_SCALAR ? slice_trim(n->scalar) : SLICE_EMPTY;
	if (!is_elsewhere(text))
		return STATUS_OK;
	slice_cut(text, '@', &name, &ref);
	if (!repository_of(name, &name) || ref.len == 0) {
		lock_vague(&w->lock, n->line);
		return STATUS_OK;
	}
	if (is_commit(ref)) {
		TRY(line_of(w, n->line, &line, err));
		if (comment_behind(line, text, &comment) && version_in(comment, &version)) {
			ref = version;
			flags |= PACKAGE_GUESSED;
		}
	}
	return lock_add(&w->lock, name, ref, flags, n->line, NULL, err);
}

static enum status on_steps(struct workflow *w, const struct yaml_node *of, struct err *err)
{
	const struct yaml_node *steps = yaml_get(of, "steps"), *n;

	if (!steps || steps->kind != YAML_KIND_SEQUENCE)
		return STATUS_OK;
	for (n = steps->child; n; n = n->next)
		TRY(on_uses(w, n, err));
	return STATUS_OK;
}

static enum status read_workflow(struct workflow *w, const struct yaml_node *root, struct err *err)
{
	const struct yaml_node *jobs = yaml_get(root, "jobs");

	if (!jobs || jobs->kind != YAML_KIND_MAPPING)
		return err_set(err, STATUS_MALFORMED, "it is no workflow: it has no jobs");
	for (const struct yaml_node *n = jobs->child; n; n = n->next) {
		TRY(on_uses(w, n, err));
		TRY(on_steps(w, n, err));
	}
	return STATUS_OK;
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct workflow w = { .lock = LOCK_INIT(file, env, out, PACKAGE_GITHUB, "github-actions") };
	struct yaml_node *root = NULL;
	enum status st = yaml_parse(file->bytes, env->limits, env->arena, &root, err);

	if (st != STATUS_OK)
		return err_wrap(err, "what it uses cannot be read");
	if (!root)
		return STATUS_OK; /* all of it may be comments */
	/* An action.yml without steps is an action of another kind, or another program's. */
	st = file->rule->match == PATH_SUFFIX ? read_workflow(&w, root, err)
					      : on_steps(&w, yaml_get(root, "runs"), err);
	return lock_end(&w.lock, st, err);
}

const struct detector detector_github_actions = {
	.name = "github_actions",
	.version = "1",
	.kind = DETECTOR_PACKAGE,
	.source = true,
	.rules = rules,
	.parse = parse,
};
