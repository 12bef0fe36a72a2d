/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c - --fix-plan and --base-candidate: what would help against what was found. */
#include "cli/cli.h"

#include "policy/policy.h"
#include "report/plan.h"

struct plan_env {
	const struct options *options;
	struct cli_folder *folder;
	struct policy *policy; /* may be NULL */
};

/* What users accept they accept of other versions, too. */
static enum status match_again(void *ctx, struct index_report *index, struct arena *arena,
			       struct vulnerability_report *out, struct err *err)
{
	struct plan_env *env = ctx;

	TRY(cli_match(env->options, env->folder, index, arena, out, err));
	return env->policy ? policy_apply(env->policy, out, cli_now(env->options), arena, err) : STATUS_OK;
}

static enum status look_at(struct plan_env *env, const char *target, const struct vulnerability_report *r,
			   struct fix_plan *plan, struct arena *arena, struct err *err)
{
	struct arena AUTO(arena_fini) own = ARENA_INIT(SIZE_MAX);
	struct vulnerability_report report;
	struct index_report index;

	TRY(cli_index(env->options, env->folder, slice_cstr(target), &own, &index, err));
	TRY(match_again(env, &index, &own, &report, err));
	return plan_add_base(plan, r, &report, slice_cstr(target), arena, err);
}

/* One that cannot be looked at is told, and takes nothing from the others. */
static enum status tell_failure(struct fix_plan *plan, const char *target, const struct err *why, struct arena *arena,
				struct err *err)
{
	struct fix_base *b = VEC_PUSH(&plan->bases, arena);

	cli_error("--base-candidate %s: %s", target, why->msg);
	if (!b || !arena_copy(arena, slice_cstr(target), &b->target) ||
	    !arena_copy(arena, slice_cstr(why->msg), &b->error))
		return err_nomem(err, "a plan");
	return STATUS_OK;
}

enum status cli_plan(const struct options *o, struct cli_folder *folder, struct policy *policy,
		     struct vulnerability_report *r, struct arena *arena, struct err *err)
{
	struct plan_env env = { o, folder, policy };
	struct fix_plan *plan;

	if (!option_given(o, OPTION_fix_plan) && o->n_candidates == 0)
		return STATUS_OK;
	plan = ARENA_NEW(arena, struct fix_plan);
	if (!plan)
		return err_nomem(err, "a plan");
	TRY(plan_make(r, match_again, &env, arena, plan, err));
	for (size_t i = 0; i < o->n_candidates; i++) {
		struct err why = ERR_INIT;
		enum status st = look_at(&env, o->candidates[i], r, plan, arena, &why);

		if (st == STATUS_NOMEM) {
			*err = why;
			return st;
		}
		if (st != STATUS_OK)
			TRY(tell_failure(plan, o->candidates[i], &why, arena, err));
	}
	r->plan = plan;
	return STATUS_OK;
}
