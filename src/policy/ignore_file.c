/* SPDX-License-Identifier: Apache-2.0 */
/* ignore_file.c - ignore files: a list of entries in YAML (docs/formats/ignore.md). */
#include "policy/policy_impl.h"

#include "text/yaml.h"

/* The five words of OpenVEX, which CSAF shares. */
static const char *const justifications[] = {
	"component_not_present",
	"vulnerable_code_not_present",
	"vulnerable_code_not_in_execute_path",
	"vulnerable_code_cannot_be_controlled_by_adversary",
	"inline_mitigations_already_exist",
};

struct reader {
	struct policy *policy;
	struct slice name; /* of the file */
	struct err *err;
};

struct entry {
	const struct yaml_node *id, *package, *path, *expires, *reason, *status, *justification;
};

static enum status bad(struct reader *rd, const struct yaml_node *at, const char *what, struct slice given)
{
	struct err_quote q, name;

	return err_set(rd->err, STATUS_MALFORMED, "%s: line %u, column %u: %s%s%s", err_slice(&name, rd->name),
		       at->line, at->column, what, given.len > 0 ? ": " : "",
		       given.len > 0 ? err_slice(&q, given) : "");
}

static enum status take_member(struct reader *rd, struct entry *e, const struct yaml_node *m)
{
	static const struct {
		const char *name;
		size_t at;
	} members[] = {
		{ "id", offsetof(struct entry, id) },
		{ "package", offsetof(struct entry, package) },
		{ "path", offsetof(struct entry, path) },
		{ "expires", offsetof(struct entry, expires) },
		{ "reason", offsetof(struct entry, reason) },
		{ "status", offsetof(struct entry, status) },
		{ "justification", offsetof(struct entry, justification) },
	};
	const struct yaml_node **slot = NULL;

	for (size_t i = 0; i < ARRAY_LEN(members) && m->key->kind == YAML_KIND_SCALAR; i++)
		if (slice_eq(m->key->scalar, slice_cstr(members[i].name)))
			slot = (const struct yaml_node **)((char *)e + members[i].at);
	if (!slot)
		return bad(rd, m->key,
			   "an entry has id, package, path, expires, reason, status and justification, but not this",
			   m->key->scalar);
	if (*slot)
		return bad(rd, m->key, "given twice", m->key->scalar);
	if (m->kind != YAML_KIND_SCALAR || slice_trim(m->scalar).len == 0)
		return bad(rd, m, "expected a text that is not empty", SLICE_EMPTY);
	*slot = m;
	return STATUS_OK;
}

static bool is_justification(struct slice s)
{
	for (size_t i = 0; i < ARRAY_LEN(justifications); i++)
		if (slice_eq(s, slice_cstr(justifications[i])))
			return true;
	return false;
}

static struct slice text_of(const struct yaml_node *n)
{
	return n ? slice_trim(n->scalar) : SLICE_EMPTY;
}

static enum status fill_status(struct reader *rd, const struct entry *e, struct policy_rule *rule)
{
	rule->status = e->justification ? POLICY_NOT_AFFECTED : POLICY_ACCEPTED;
	if (e->status && (!policy_status_by_name(text_of(e->status), &rule->status) ||
			  rule->status == POLICY_AFFECTED || rule->status == POLICY_UNDER_INVESTIGATION))
		return bad(rd, e->status, "expected not_affected, fixed or accepted", e->status->scalar);
	if (e->justification && !is_justification(text_of(e->justification)))
		return bad(rd, e->justification, "no justification of OpenVEX", e->justification->scalar);
	if (e->justification && rule->status != POLICY_NOT_AFFECTED)
		return bad(rd, e->justification, "a justification is for not_affected only", SLICE_EMPTY);
	return STATUS_OK;
}

/* A day holds to its end. */
static enum status fill_expiry(struct reader *rd, const struct entry *e, struct policy_rule *rule)
{
	struct slice text = text_of(e->expires);

	rule->expires_s = DATE_NONE;
	if (!e->expires)
		return STATUS_OK;
	if (!date_parse(text, &rule->expires_s))
		return bad(rd, e->expires, "expected a date as 2026-12-31", text);
	if (text.len == 10)
		rule->expires_s += 86399;
	return STATUS_OK;
}

static enum status fill_package(struct reader *rd, const struct entry *e, struct policy_rule *rule)
{
	struct err why = ERR_INIT;
	struct purl *purl;

	if (!slice_starts(text_of(e->package), SLICE("pkg:"))) {
		rule->package = text_of(e->package);
		return STATUS_OK;
	}
	purl = ARENA_NEW(&rd->policy->arena, struct purl);
	if (!purl)
		return err_nomem(rd->err, "ignore file");
	if (purl_parse(text_of(e->package), &rd->policy->arena, purl, &why) != STATUS_OK)
		return bad(rd, e->package, why.msg, SLICE_EMPTY);
	rule->purl = purl;
	return STATUS_OK;
}

static enum status take_entry(struct reader *rd, const struct yaml_node *n)
{
	struct entry e = { .id = NULL };
	struct policy_rule *rule;
	struct slice id;

	if (n->kind != YAML_KIND_MAPPING)
		return bad(rd, n, "expected an entry as {id: CVE-2024-1}", SLICE_EMPTY);
	for (const struct yaml_node *m = n->child; m; m = m->next)
		TRY(take_member(rd, &e, m));
	if (!e.id && !e.package && !e.path)
		return bad(rd, n, "an entry needs an id, a package or a path", SLICE_EMPTY);
	id = text_of(e.id);
	rule = policy_rule_new(rd->policy, &id, 1, rd->err);
	if (!rule)
		return rd->err->code;
	rule->by = SUPPRESSED_BY_IGNORE;
	rule->said_s = DATE_NONE;
	rule->reason = text_of(e.reason);
	rule->justification = text_of(e.justification);
	rule->path = text_of(e.path);
	TRY(fill_status(rd, &e, rule));
	TRY(fill_expiry(rd, &e, rule));
	TRY(fill_package(rd, &e, rule));
	return arena_printf(&rd->policy->arena, &rule->where, "%.*s line %u", SLICE_ARG(rd->name), n->line)
		       ? STATUS_OK
		       : err_nomem(rd->err, "ignore file");
}

enum status policy_add_ignore(struct policy *p, struct slice name, struct slice yaml, const struct limits *limits,
			      struct err *err)
{
	struct reader rd = { .policy = p, .err = err };
	struct yaml_node *root = NULL;
	struct err_quote q;
	struct slice text;

	if (!arena_copy(&p->arena, name, &rd.name) || !arena_copy(&p->arena, yaml, &text))
		return err_nomem(err, "ignore file");
	if (yaml_parse(text, limits, &p->arena, &root, err) != STATUS_OK)
		return err_wrap(err, "%s", err_slice(&q, name));
	if (!root) /* only comments: nothing is ignored yet */
		return STATUS_OK;
	if (root->kind == YAML_KIND_MAPPING) {
		if (!root->child || root->child->next || root->child->key->kind != YAML_KIND_SCALAR ||
		    !slice_eq(root->child->key->scalar, SLICE("ignore")))
			return bad(&rd, root, "expected a list of entries, or ignore: and the list", SLICE_EMPTY);
		root = root->child;
	}
	if (root->kind != YAML_KIND_SEQUENCE)
		return bad(&rd, root, "expected a list of entries", SLICE_EMPTY);
	for (const struct yaml_node *n = root->child; n; n = n->next)
		TRY(take_entry(&rd, n));
	return STATUS_OK;
}
