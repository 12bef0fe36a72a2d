/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_policy.c - what the operator of a service says of findings: each is listed with its reason, and, if that is
 * asked for, leaves the document.
 */
#include "cli/serve_policy.h"

#include "io/digest.h"
#include "io/file.h"
#include "policy/policy.h"

#include <pthread.h>
#include <stdlib.h>

struct serve_policy {
	struct policy *unpatched; /* matchers.config.rhel.ignore_unpatched: removes, as Clair does; or NULL */
	struct policy *policy; /* notes which of its entries were of use: one thread at a time */
	pthread_mutex_t lock;
	bool remove;
	struct digest identity; /* of all documents, in their order */
};

typedef enum status (*add_document)(struct policy *p, struct slice name, struct slice text, const struct limits *limits,
				    struct err *err);

static enum status add(struct serve_policy *p, const struct limits *limits, const struct config_list *paths,
		       add_document read, struct hasher *h, struct err *err)
{
	for (size_t i = 0; i < paths->n; i++) {
		struct buf AUTO(buf_fini) text = BUF_INIT(limits->index_bytes);

		TRY(file_read(config_cstr(paths->at[i]), &text, err));
		hasher_add(h, paths->at[i]);
		hasher_add(h, SLICE("\n"));
		hasher_add(h, buf_slice(&text));
		TRY(read(p->policy, paths->at[i], buf_slice(&text), limits, err));
	}
	return STATUS_OK;
}

static enum status fill(struct serve_policy *p, const struct config *c, struct hasher *h, struct err *err)
{
	p->remove = c->limpid.policy.remove;
	hasher_add(h, p->remove ? SLICE("remove\n") : SLICE("mark\n"));
	if (p->unpatched) {
		hasher_add(h, SLICE("ignore_unpatched\n"));
		policy_only_fixed(p->unpatched, SLICE("rhel:"));
	}
	TRY(add(p, &c->limpid.limits, &c->limpid.policy.ignore, policy_add_ignore, h, err));
	TRY(add(p, &c->limpid.limits, &c->limpid.policy.vex, policy_add_vex, h, err));
	return hasher_final(h, &p->identity, err);
}

enum status serve_policy_open(const struct config *config, struct serve_policy **out, struct err *err)
{
	bool unpatched = config_switch(&config->matchers_config, "rhel", "ignore_unpatched");
	struct serve_policy *p;
	struct hasher *h;
	enum status st;

	*out = NULL;
	if (config->limpid.policy.ignore.n == 0 && config->limpid.policy.vex.n == 0 && !unpatched)
		return STATUS_OK;
	p = calloc(1, sizeof(*p));
	h = hasher_new(DIGEST_SHA256);
	if (p && h) {
		pthread_mutex_init(&p->lock, NULL);
		p->policy = policy_new();
		p->unpatched = unpatched ? policy_new() : NULL;
	}
	if (!p || !h || !p->policy || (unpatched && !p->unpatched))
		st = err_nomem(err, "limpid.policy");
	else
		st = fill(p, config, h, err);
	hasher_free(h);
	if (st != STATUS_OK) {
		serve_policy_free(p);
		return err_wrap(err, "limpid.policy");
	}
	*out = p;
	return STATUS_OK;
}

void serve_policy_free(struct serve_policy *p)
{
	if (!p)
		return;
	policy_free(p->policy);
	policy_free(p->unpatched);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* Findings as they were: those that are only marked stay where they are. */
static enum status apply_and_keep(struct serve_policy *p, struct vulnerability_report *r, int64_t now_s,
				  struct arena *arena, struct err *err)
{
	size_t n = r->findings.len, flaws = r->flaws;
	struct finding *all = arena_array(arena, n + 1, sizeof(*all));

	if (!all)
		return err_nomem(err, "vulnerability report");
	if (n > 0)
		memcpy(all, r->findings.at, n * sizeof(*all));
	TRY(policy_apply(p->policy, r, now_s, arena, err));
	if (n > 0)
		memcpy(r->findings.at, all, n * sizeof(*all));
	r->findings.len = n;
	r->flaws = flaws;
	return STATUS_OK;
}

static enum status judge(void *ctx, struct vulnerability_report *r, int64_t now_s, struct arena *arena, struct err *err)
{
	struct serve_policy *p = ctx;
	enum status st = STATUS_OK;

	pthread_mutex_lock(&p->lock);
	if (p->unpatched)
		st = policy_apply(p->unpatched, r, now_s, arena, err);
	if (st == STATUS_OK && p->remove)
		st = policy_apply(p->policy, r, now_s, arena, err);
	else if (st == STATUS_OK)
		st = apply_and_keep(p, r, now_s, arena, err);
	pthread_mutex_unlock(&p->lock);
	return st;
}

struct matcher_judge serve_policy_judge(struct serve_policy *p)
{
	return (struct matcher_judge){ judge, p, slice_make(p->identity.bytes, 32) };
}
