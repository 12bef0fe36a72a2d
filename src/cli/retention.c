/* SPDX-License-Identifier: Apache-2.0 */
/* retention.c - how many update operations a data folder keeps: what was said last, by whoever said it. */
#include "cli/cli.h"

#define SETTING SLICE("retention")
#define DAYS_MAX 36500u

static enum status number(const struct options *o, enum option_id id, const char *name, uint64_t max, uint64_t *out,
			  struct err *err)
{
	struct err_quote q;

	if (!option_given(o, id))
		return STATUS_OK;
	if (!slice_to_u64(slice_cstr(o->value[id]), out) || *out > max)
		return err_set(err, STATUS_INVALID, "--%s %s: expected a number of at most %llu", name,
			       err_slice(&q, slice_cstr(o->value[id])), (unsigned long long)max);
	return STATUS_OK;
}

/* "KEEP DAYS"; anything else is as if nothing was there. */
static void read_setting(struct slice text, struct cli_retention *out)
{
	struct slice keep, days;
	uint64_t n, d;

	if (!slice_cut(text, ' ', &keep, &days) || !slice_to_u64(keep, &n) || !slice_to_u64(days, &d) || d > DAYS_MAX)
		return;
	out->keep = (size_t)n;
	out->days = (unsigned)d;
}

enum status cli_retention_of(const struct options *o, struct store *store, struct cli_retention *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 16);
	struct store_document said;
	struct err none = ERR_INIT;
	uint64_t keep, days;
	char text[64];
	enum status st = store_document_get(store, STORE_DOCUMENT_SETTING, SETTING, &arena, &said, &none);

	*out = (struct cli_retention){ .keep = CLI_OPERATIONS_KEPT };
	if (st == STATUS_OK)
		read_setting(said.body, out);
	else if (st != STATUS_NOTFOUND)
		return (*err = none).code;
	keep = out->keep;
	days = out->days;
	TRY(number(o, OPTION_keep, "keep", UINT32_MAX, &keep, err));
	TRY(number(o, OPTION_keep_days, "keep-days", DAYS_MAX, &days, err));
	if (keep == out->keep && days == out->days)
		return STATUS_OK;
	out->keep = (size_t)keep;
	out->days = (unsigned)days;
	snprintf(text, sizeof(text), "%zu %u", out->keep, out->days);
	return store_document_put(store, STORE_DOCUMENT_SETTING, SETTING, SLICE_EMPTY, slice_cstr(text), err);
}
