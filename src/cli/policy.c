/* SPDX-License-Identifier: Apache-2.0 */
/* policy.c - --ignore, --vex, --only-fixed, --min-epss and --kev. */
#include "cli/cli.h"

#include "io/file.h"
#include "policy/policy.h"

typedef enum status (*add_document)(struct policy *p, struct slice name, struct slice text, const struct limits *limits,
				    struct err *err);

static enum status add(struct policy *p, const char *path, add_document read, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT(limits_default.index_bytes);

	if (strcmp(path, "-") == 0)
		TRY(cli_read_standard_input(&text, "an ignore file or a VEX document", err));
	else
		TRY(file_read(path, &text, err));
	return read(p, slice_cstr(path), buf_slice(&text), &limits_default, err);
}

static bool parse_fraction(const char *text, double *out)
{
	struct slice s = slice_cstr(text), whole, part;
	uint64_t percent, hundredths = 0;

	if (!slice_ends(s, SLICE("%"))) {
		*out = enrichment_fraction(s);
		return *out >= 0;
	}
	s.len--;
	if (slice_cut(s, '.', &whole, &part) && (part.len == 0 || part.len > 2 || !slice_to_u64(part, &hundredths)))
		return false;
	if (!slice_to_u64(whole, &percent) || percent > 100)
		return false;
	*out = ((double)percent + (double)hundredths / (part.len == 1 ? 10 : 100)) / 100;
	return *out <= 1;
}

static enum status fill(const struct options *o, struct policy *p, struct err *err)
{
	double min_epss = -1;

	if (option_given(o, OPTION_only_fixed))
		policy_only_fixed(p, SLICE_EMPTY);
	if (option_given(o, OPTION_min_epss) && !parse_fraction(o->value[OPTION_min_epss], &min_epss))
		return err_set(err, STATUS_INVALID, "--min-epss %s: expected a fraction (0.1) or percents (10%%)",
			       o->value[OPTION_min_epss]);
	policy_exploited(p, option_given(o, OPTION_kev), min_epss);
	for (size_t i = 0; i < o->n_ignores; i++)
		TRY(add(p, o->ignores[i], policy_add_ignore, err));
	for (size_t i = 0; i < o->n_vexes; i++)
		TRY(add(p, o->vexes[i], policy_add_vex, err));
	return STATUS_OK;
}

static void on_expired(void *ctx, struct slice where)
{
	struct err_quote q;

	cli_note(ctx, "%s has expired and ignores nothing any more", err_slice(&q, where));
}

enum status cli_policy(const struct options *o, struct policy **out, struct err *err)
{
	struct policy *p;
	enum status st;

	*out = NULL;
	if (!option_given(o, OPTION_only_fixed) && !option_given(o, OPTION_min_epss) && !option_given(o, OPTION_kev) &&
	    o->n_ignores == 0 && o->n_vexes == 0)
		return STATUS_OK;
	p = policy_new();
	if (!p)
		return err_nomem(err, "ignore rules");
	st = fill(o, p, err);
	if (st != STATUS_OK) {
		policy_free(p);
		return st;
	}
	policy_each_expired(p, date_now(), on_expired, (void *)(uintptr_t)o);
	*out = p;
	return STATUS_OK;
}

/* A large document is about many images: its first statements will do. */
struct unused {
	const struct options *options;
	size_t n;
};
#define UNUSED_SHOWN 10

static void on_unused(void *ctx, struct slice where)
{
	struct unused *u = ctx;
	struct err_quote q;

	if (u->n++ < UNUSED_SHOWN)
		cli_note(u->options, "%s concerns nothing that was found", err_slice(&q, where));
}

void cli_policy_tell_unused(const struct options *o, const struct policy *p)
{
	struct unused u = { o, 0 };

	policy_each_unused(p, on_unused, &u);
	if (u.n > UNUSED_SHOWN)
		cli_note(o, "and %zu more of them", u.n - UNUSED_SHOWN);
}
