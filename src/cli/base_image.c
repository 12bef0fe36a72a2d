/* SPDX-License-Identifier: Apache-2.0 */
/* base_image.c - --base: which layers of an image are its base image's, and --only-own: what these brought does not
 * count. */
#include "cli/cli.h"

#include "model/vulnerability_report.h"

static bool is_auto(const char *given)
{
	return strcmp(given, "auto") == 0;
}

const char *cli_base_target(const struct options *o)
{
	const char *given = o->value[OPTION_base];

	return given && !is_auto(given) ? given : NULL;
}

bool cli_scan_needs_network(const struct options *o)
{
	const char *base = cli_base_target(o);

	return cli_needs_network(o->args, o->n_args) || (base && cli_needs_network(&base, 1)) ||
	       cli_needs_network(o->candidates, o->n_candidates);
}

/* "docker.io/library/debian:12 (sha256:...), " or "" */
static bool print_name(const struct index_base *base, struct arena *arena, struct slice *out)
{
	struct digest_text text = { "" };
	bool digest = base->digest.algo != DIGEST_NONE;

	*out = SLICE_EMPTY;
	if (base->name.len == 0 && !digest)
		return true;
	return arena_printf(arena, out, "%.*s%s%.19s%s", SLICE_ARG(base->name), base->name.len && digest ? " (" : "",
			    digest ? digest_print(&text, &base->digest) : "", base->name.len && digest ? ")" : "");
}

static enum status tell_auto(struct index_report *index, struct arena *arena, struct slice *out, struct err *err)
{
	const struct index_base *b = &index->base;
	struct slice name;
	bool ok = print_name(b, arena, &name);

	if (ok && b->how != BASE_UNKNOWN)
		ok = arena_printf(arena, out, "the lowest %zu of %zu layers are the base image's%s%.*s: %s", b->layers,
				  index->layers.len, name.len ? ", " : "", SLICE_ARG(name), base_how_text(b->how));
	else if (ok)
		ok = arena_printf(
			arena, out, "nothing tells where a base image ends%s%.*s%s: all packages count as own",
			name.len ? " (it names " : "", SLICE_ARG(name), name.len ? ", try --base with that)" : "");
	return ok ? STATUS_OK : err_nomem(err, "the base image");
}

/* The same tar; where nobody has its digest, the same stored bytes. */
static bool same_layer(const struct index_layer *a, const struct index_layer *b)
{
	bool tar = a->diff_id.algo != DIGEST_NONE && b->diff_id.algo != DIGEST_NONE;

	return tar ? digest_eq(&a->diff_id, &b->diff_id)
		   : a->digest.algo != DIGEST_NONE && digest_eq(&a->digest, &b->digest);
}

static enum status take_given(const struct options *o, const struct cli_folder *folder, struct index_report *index,
			      struct arena *arena, struct slice *out, struct err *err)
{
	struct arena AUTO(arena_fini) own = ARENA_INIT(SIZE_MAX);
	struct slice target = slice_cstr(cli_base_target(o));
	struct index_report base;
	size_t n = 0;
	bool ok;

	if (cli_index(o, folder, target, &own, &base, err) != STATUS_OK)
		return err_wrap(err, "--base");
	while (n < base.layers.len && n < index->layers.len && same_layer(&base.layers.at[n], &index->layers.at[n]))
		n++;
	index->base = (struct index_base){ 0 };
	if (n > 0)
		index->base = (struct index_base){ BASE_GIVEN, n, target, base.manifest };
	if (n == 0)
		ok = arena_printf(arena, out, "no layer is one of %.*s: all packages count as own", SLICE_ARG(target));
	else if (n < base.layers.len)
		ok = arena_printf(arena, out,
				  "the image was built on another state of %.*s: %zu of its %zu layers are the same, "
				  "and only these "
				  "count as the base image's",
				  SLICE_ARG(target), n, base.layers.len);
	else
		ok = arena_printf(arena, out, "the lowest %zu of %zu layers are those of %.*s", n, index->layers.len,
				  SLICE_ARG(target));
	return ok ? STATUS_OK : err_nomem(err, "the base image");
}

enum status cli_base(const struct options *o, const struct cli_folder *folder, struct index_report *index,
		     struct arena *arena, struct slice *out, struct err *err)
{
	*out = SLICE_EMPTY;
	if (cli_base_target(o))
		return take_given(o, folder, index, arena, out, err);
	if (option_given(o, OPTION_base) || option_given(o, OPTION_only_own) || o->n_candidates > 0)
		return tell_auto(index, arena, out, err);
	index->base = (struct index_base){ 0 };
	return STATUS_OK;
}

static enum status tell(struct vulnerability_report *r, struct slice detail, struct arena *arena, struct err *err)
{
	struct coverage_item *item = VEC_PUSH(&r->coverage, arena);

	if (!item)
		return err_nomem(err, "report");
	*item = (struct coverage_item){ .code = COVERAGE_BASE_IMAGE, .scope = SLICE("base"), .detail = detail };
	for (size_t i = 0; i < r->index->packages.len; i++)
		item->packages += index_package_is_base(r->index, i);
	return STATUS_OK;
}

enum status cli_base_apply(const struct options *o, struct slice detail, struct vulnerability_report *r,
			   struct arena *arena, struct err *err)
{
	size_t n = 0;

	if (detail.len > 0)
		TRY(tell(r, detail, arena, err));
	if (!option_given(o, OPTION_only_own))
		return STATUS_OK;
	for (size_t i = 0; i < r->findings.len; i++) {
		struct suppressed *s;

		if (!index_package_is_base(r->index, r->findings.at[i].package)) {
			r->findings.at[n++] = r->findings.at[i];
			continue;
		}
		s = VEC_PUSH(&r->suppressed, arena);
		if (!s)
			return err_nomem(err, "report");
		*s = (struct suppressed){ .finding = r->findings.at[i],
					  .by = SUPPRESSED_BY_BASE,
					  .reason = SLICE("the base image brought the package: another one may help") };
	}
	r->findings.len = n;
	return vulnerability_report_number_flaws(r, arena, err);
}
