/* SPDX-License-Identifier: Apache-2.0 */
/* plan_write.c - a fix plan for people, and as JSON in both directions. */
#include "report/plan_write.h"

#include "report/subject.h"

/* Packages of one source that are named. */
#define NAMES_MAX 8

enum status plan_counts(const struct fix_counts *c, struct arena *arena, struct slice *out, struct err *err)
{
	struct buf AUTO(buf_fini) b = BUF_INIT(256);

	for (size_t s = SEVERITY_COUNT; s-- > 0;)
		if (c->of[s] > 0)
			buf_printf(&b, "%s%zu %s", b.len ? ", " : "", c->of[s], severity_name((enum severity)s));
	if (b.len == 0)
		buf_add_cstr(&b, "none");
	TRY(buf_check(&b, "a plan", err));
	return arena_copy(arena, buf_slice(&b), out) ? STATUS_OK : err_nomem(err, "a plan");
}

static enum status names_of(const struct fix_step *s, struct arena *arena, struct slice *out, struct err *err)
{
	struct buf AUTO(buf_fini) b = BUF_INIT((size_t)1 << 20);

	*out = SLICE_EMPTY;
	if (s->n_packages == 1 && slice_eq(s->packages[0], s->name))
		return STATUS_OK;
	for (size_t i = 0; i < s->n_packages && i < NAMES_MAX; i++) {
		buf_add_cstr(&b, i ? ", " : "");
		buf_add(&b, s->packages[i]);
	}
	if (s->n_packages > NAMES_MAX)
		buf_printf(&b, " and %zu more", s->n_packages - NAMES_MAX);
	TRY(buf_check(&b, "a plan", err));
	return arena_copy(arena, buf_slice(&b), out) ? STATUS_OK : err_nomem(err, "a plan");
}

/* ---- the table ---- */

#define INDENT 2

static void put_wrapped(struct screen *s, const char *before, struct slice text)
{
	screen_put(s, before);
	screen_wrap(s, text, INDENT + 2);
}

static enum status put_step(struct screen *s, const struct fix_step *step, struct arena *arena, struct err *err)
{
	struct slice counts, names;

	TRY(plan_counts(&step->removes, arena, &counts, err));
	TRY(names_of(step, arena, &names, err));
	screen_blanks(s, INDENT);
	screen_cell(s, slice_cstr(package_type_purl(step->type)), 8);
	screen_tint(s, TINT_BOLD);
	screen_text(s, step->name);
	screen_tint(s, TINT_NONE);
	screen_put(s, " ");
	screen_text(s, step->from);
	screen_put(s, " -> ");
	screen_tint(s, TINT_GREEN);
	screen_text(s, step->to);
	screen_tint(s, TINT_NONE);
	put_wrapped(s, ": removes ", counts);
	if (step->brings > 0)
		screen_printf(s, ", brings %zu", step->brings);
	if (names.len > 0)
		put_wrapped(s, "; ", names);
	screen_put(s, step->base ? " (base image)" : "");
	screen_newline(s);
	return screen_flush(s, err);
}

static enum status put_left(struct screen *s, const struct fix_left *left, struct arena *arena, struct err *err)
{
	struct slice counts;

	TRY(plan_counts(&left->flaws, arena, &counts, err));
	screen_blanks(s, INDENT);
	screen_cell(s, slice_cstr(package_type_purl(left->type)), 8);
	screen_text(s, left->name);
	screen_put(s, " ");
	screen_text(s, left->version);
	put_wrapped(s, ": ", counts);
	put_wrapped(s, ": ", left->reason);
	screen_newline(s);
	return screen_flush(s, err);
}

static enum status put_base(struct screen *s, const struct fix_base *b, struct arena *arena, struct err *err)
{
	struct slice removes, brings, after;

	TRY(plan_counts(&b->removes, arena, &removes, err));
	TRY(plan_counts(&b->brings, arena, &brings, err));
	TRY(plan_counts(&b->after, arena, &after, err));
	screen_blanks(s, INDENT);
	screen_tint(s, TINT_BOLD);
	screen_text(s, b->target);
	screen_tint(s, TINT_NONE);
	if (b->error.len > 0) {
		put_wrapped(s, ": could not be looked at: ", b->error);
	} else {
		put_wrapped(s, ": removes ", removes);
		put_wrapped(s, "; brings ", brings);
		put_wrapped(s, "; the image then has ", after);
		screen_put(s, b->complete ? "" : " (not all of it could be looked up)");
	}
	screen_newline(s);
	return screen_flush(s, err);
}

static void put_title(struct screen *s, const char *text)
{
	screen_tint(s, TINT_BOLD);
	screen_put(s, text);
	screen_tint(s, TINT_NONE);
	screen_newline(s);
}

enum status plan_table(struct screen *s, const struct fix_plan *plan, struct arena *arena, struct err *err)
{
	struct slice before, after;

	put_title(s, plan->steps.len > 0 ? "Fix plan" : "Fix plan: no upgrade helps");
	for (size_t i = 0; i < plan->steps.len; i++)
		TRY(put_step(s, &plan->steps.at[i], arena, err));
	if (plan->left.len > 0)
		put_title(s, "No upgrade helps against");
	for (size_t i = 0; i < plan->left.len; i++)
		TRY(put_left(s, &plan->left.at[i], arena, err));
	if (plan->bases.len > 0)
		put_title(s, "Other base images, own packages as they are");
	for (size_t i = 0; i < plan->bases.len; i++)
		TRY(put_base(s, &plan->bases.at[i], arena, err));
	TRY(plan_counts(&plan->before, arena, &before, err));
	TRY(plan_counts(&plan->after, arena, &after, err));
	screen_blanks(s, INDENT);
	put_wrapped(s, "matched again with all upgrades: ", after);
	put_wrapped(s, " instead of ", before);
	screen_newline(s);
	screen_newline(s);
	return screen_flush(s, err);
}

/* ---- Markdown ---- */

static void put_text(struct screen *s, struct slice text)
{
	struct slice line;
	bool first = true;

	for (; slice_line(&text, &line); first = false) {
		buf_add_cstr(&s->buf, first ? "" : " ");
		subject_markdown(line, &s->buf);
	}
}

static void put_cells(struct screen *s, const struct slice *cells, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		screen_put(s, "| ");
		put_text(s, cells[i]);
		screen_put(s, " ");
	}
	screen_put(s, "|\n");
}

static enum status markdown_steps(struct screen *s, const struct fix_plan *plan, struct arena *arena, struct err *err)
{
	if (plan->steps.len > 0)
		screen_put(s, "| Upgrade | From | To | Removes | Brings |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < plan->steps.len; i++) {
		const struct fix_step *step = &plan->steps.at[i];
		struct slice cells[5] = { step->name, step->from, step->to };

		TRY(plan_counts(&step->removes, arena, &cells[3], err));
		if (!arena_printf(arena, &cells[4], "%zu", step->brings))
			return err_nomem(err, "a plan");
		put_cells(s, cells, ARRAY_LEN(cells));
		TRY(screen_flush(s, err));
	}
	screen_put(s, plan->steps.len > 0 ? "\n" : "No upgrade helps.\n\n");
	return STATUS_OK;
}

static enum status markdown_rest(struct screen *s, const struct fix_plan *plan, struct arena *arena, struct err *err)
{
	if (plan->left.len > 0)
		screen_put(s, "| No upgrade helps | Installed | Findings | Why |\n|---|---|---|---|\n");
	for (size_t i = 0; i < plan->left.len; i++) {
		const struct fix_left *left = &plan->left.at[i];
		struct slice cells[4] = { left->name, left->version, SLICE_EMPTY, left->reason };

		TRY(plan_counts(&left->flaws, arena, &cells[2], err));
		put_cells(s, cells, ARRAY_LEN(cells));
		TRY(screen_flush(s, err));
	}
	if (plan->bases.len > 0)
		screen_put(s, "\n| Base image | Removes | Brings | The image then has |\n|---|---|---|---|\n");
	for (size_t i = 0; i < plan->bases.len; i++) {
		const struct fix_base *b = &plan->bases.at[i];
		struct slice cells[4] = { b->target, b->error };

		if (b->error.len == 0) {
			TRY(plan_counts(&b->removes, arena, &cells[1], err));
			TRY(plan_counts(&b->brings, arena, &cells[2], err));
			TRY(plan_counts(&b->after, arena, &cells[3], err));
		}
		put_cells(s, cells, ARRAY_LEN(cells));
	}
	screen_put(s, plan->left.len + plan->bases.len > 0 ? "\n" : "");
	return STATUS_OK;
}

enum status plan_markdown(struct screen *s, const struct fix_plan *plan, struct arena *arena, struct err *err)
{
	struct slice before, after;

	screen_put(s, "### Fix plan\n\n");
	TRY(markdown_steps(s, plan, arena, err));
	TRY(markdown_rest(s, plan, arena, err));
	TRY(plan_counts(&plan->before, arena, &before, err));
	TRY(plan_counts(&plan->after, arena, &after, err));
	screen_put(s, "Matched again with all upgrades: ");
	put_text(s, after);
	screen_put(s, " instead of ");
	put_text(s, before);
	screen_put(s, "\n\n");
	return STATUS_OK;
}

/* ---- JSON ---- */

static void json_counts(struct json_writer *w, const char *key, const struct fix_counts *c)
{
	json_key(w, key);
	json_object(w);
	for (size_t s = SEVERITY_COUNT; s-- > 0;)
		json_member_u64(w, severity_name((enum severity)s), c->of[s]);
	json_close(w);
}

static void json_step(struct json_writer *w, const struct fix_step *step)
{
	json_object(w);
	json_member_cstr(w, "type", package_type_purl(step->type));
	json_member_str(w, "name", step->name);
	json_member_str(w, "from", step->from);
	json_member_str(w, "to", step->to);
	json_key(w, "packages");
	json_array(w);
	for (size_t i = 0; i < step->n_packages; i++)
		json_string(w, step->packages[i]);
	json_close(w);
	json_member_bool(w, "base", step->base);
	json_counts(w, "removes", &step->removes);
	json_member_u64(w, "brings", step->brings);
	json_close(w);
}

static void json_left(struct json_writer *w, const struct fix_left *left)
{
	json_object(w);
	json_member_cstr(w, "type", package_type_purl(left->type));
	json_member_str(w, "name", left->name);
	json_member_str(w, "version", left->version);
	json_member_str(w, "reason", left->reason);
	json_counts(w, "flaws", &left->flaws);
	json_close(w);
}

static void json_base(struct json_writer *w, const struct fix_base *b)
{
	json_object(w);
	json_member_str(w, "target", b->target);
	if (b->error.len > 0) {
		json_member_str(w, "error", b->error);
	} else {
		json_member_bool(w, "complete", b->complete);
		json_counts(w, "removes", &b->removes);
		json_counts(w, "brings", &b->brings);
		json_counts(w, "after", &b->after);
	}
	json_close(w);
}

enum status plan_json(struct document *d, const struct fix_plan *plan, struct err *err)
{
	struct json_writer *w = &d->w;

	json_key(w, "fix_plan");
	json_object(w);
	json_counts(w, "before", &plan->before);
	json_counts(w, "after", &plan->after);
	json_key(w, "upgrades");
	json_array(w);
	for (size_t i = 0; i < plan->steps.len; i++) {
		json_step(w, &plan->steps.at[i]);
		TRY(document_flush(d, err));
	}
	json_close(w);
	json_key(w, "left");
	json_array(w);
	for (size_t i = 0; i < plan->left.len; i++) {
		json_left(w, &plan->left.at[i]);
		TRY(document_flush(d, err));
	}
	json_close(w);
	json_key(w, "base_images");
	json_array(w);
	for (size_t i = 0; i < plan->bases.len; i++)
		json_base(w, &plan->bases.at[i]);
	json_close(w);
	json_close(w);
	return document_flush(d, err);
}

static enum status read_counts(struct saved_reader *rd, yyjson_val *obj, const char *key, struct fix_counts *out)
{
	yyjson_val *v = json_get(obj, key);

	for (size_t s = 0; s < SEVERITY_COUNT; s++) {
		uint64_t n;

		if (!json_get_u64(v, severity_name((enum severity)s), &n))
			return saved_bad(rd, key);
		out->of[s] = (size_t)n;
	}
	return STATUS_OK;
}

static enum status read_step(struct saved_reader *rd, yyjson_val *v, struct fix_plan *plan)
{
	struct fix_step *step = VEC_PUSH(&plan->steps, rd->arena);
	uint64_t brings = 0;

	if (!step)
		return err_nomem(rd->err, "report");
	step->type = package_type_by_purl(json_get_str(v, "type"));
	step->base = json_get_bool(v, "base");
	TRY(saved_text(rd, v, "name", &step->name));
	TRY(saved_text(rd, v, "from", &step->from));
	TRY(saved_text(rd, v, "to", &step->to));
	TRY(saved_list(rd, v, "packages", &step->packages, &step->n_packages));
	(void)json_get_u64(v, "brings", &brings);
	step->brings = (size_t)brings;
	return read_counts(rd, v, "removes", &step->removes);
}

static enum status read_left(struct saved_reader *rd, yyjson_val *v, struct fix_plan *plan)
{
	struct fix_left *left = VEC_PUSH(&plan->left, rd->arena);

	if (!left)
		return err_nomem(rd->err, "report");
	left->type = package_type_by_purl(json_get_str(v, "type"));
	TRY(saved_text(rd, v, "name", &left->name));
	TRY(saved_text(rd, v, "version", &left->version));
	TRY(saved_text(rd, v, "reason", &left->reason));
	return read_counts(rd, v, "flaws", &left->flaws);
}

static enum status read_base(struct saved_reader *rd, yyjson_val *v, struct fix_plan *plan)
{
	struct fix_base *b = VEC_PUSH(&plan->bases, rd->arena);

	if (!b)
		return err_nomem(rd->err, "report");
	TRY(saved_text(rd, v, "target", &b->target));
	TRY(saved_text(rd, v, "error", &b->error));
	if (b->error.len > 0)
		return STATUS_OK;
	b->complete = json_get_bool(v, "complete");
	TRY(read_counts(rd, v, "removes", &b->removes));
	TRY(read_counts(rd, v, "brings", &b->brings));
	return read_counts(rd, v, "after", &b->after);
}

static enum status read_list(struct saved_reader *rd, yyjson_val *v, const char *key, struct fix_plan *plan,
			     enum status (*read)(struct saved_reader *rd, yyjson_val *v, struct fix_plan *plan))
{
	yyjson_val *list = json_get(v, key), *x;
	size_t i, n;

	if (!yyjson_is_arr(list))
		return saved_bad(rd, key);
	yyjson_arr_foreach(list, i, n, x) TRY(read(rd, x, plan));
	return STATUS_OK;
}

enum status plan_read(struct saved_reader *rd, yyjson_val *v)
{
	struct fix_plan *plan = ARENA_NEW(rd->arena, struct fix_plan);

	if (!plan)
		return err_nomem(rd->err, "report");
	TRY(read_counts(rd, v, "before", &plan->before));
	TRY(read_counts(rd, v, "after", &plan->after));
	TRY(read_list(rd, v, "upgrades", plan, read_step));
	TRY(read_list(rd, v, "left", plan, read_left));
	TRY(read_list(rd, v, "base_images", plan, read_base));
	rd->out->report.plan = plan;
	return STATUS_OK;
}
