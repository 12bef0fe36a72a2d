/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ubuntu.c - Canonical's OVAL by CVE, a document per release.
 *
 * Releases are those of the table, what Launchpad lists as active beside them, and what the user adds (`force`). A
 * place that has no such list, as most mirrors, is none: the table counts.
 */
#include "feed/feed_settings.h"

#include "text/json.h"

#include <stdio.h>

#define LAUNCHPAD "https://api.launchpad.net/1.0/"
#define OVAL "https://security-metadata.canonical.com/oval/com.ubuntu.%s.cve.oval.xml"
#define MORE_MAX 64u
#define CODENAME_BYTES 24u

extern const struct feed_format feed_format_oval;

static const struct {
	const char *codename, *release;
} releases[] = {
#define UBUNTU_RELEASE(codename, release) { codename, release },
#include "model/ubuntu_releases.def"
#undef UBUNTU_RELEASE
};

struct listing {
	const struct feed_source_sink *out;
	char more[MORE_MAX][CODENAME_BYTES]; /* beyond the table */
	size_t n_more;
};

static enum status emit(const struct feed_source_sink *out, struct slice codename, struct slice release, bool unsure,
			struct err *err)
{
	char name[64], url[192], plain[160], param[32];
	const char *fallback[] = { plain, NULL };
	struct feed_source s = { .optional = true, .unsure = unsure, .fallback_urls = fallback };
	char text[32];

	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(codename));
	snprintf(name, sizeof(name), "ubuntu/updater/%s", text);
	snprintf(plain, sizeof(plain), OVAL, text);
	snprintf(url, sizeof(url), "%s.bz2", plain);
	snprintf(param, sizeof(param), "ubuntu:%.*s dpkg", SLICE_ARG(release));
	s.name = slice_cstr(name);
	s.url = slice_cstr(url);
	s.param = slice_cstr(param);
	return out->emit(out->ctx, &s, err);
}

static bool is_codename(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < 'a' || s.ptr[i] > 'z')
			return false;
	return s.len > 0 && s.len < CODENAME_BYTES;
}

/* "24.04" */
static bool is_release(struct slice s)
{
	struct slice year, month;

	if (!slice_cut(s, '.', &year, &month) || year.len == 0 || year.len > 2 || month.len != 2)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_digit(s.ptr[i]) && i != year.len)
			return false;
	return true;
}

/* One that the table has is there already. */
static enum status emit_more(struct listing *l, struct slice codename, struct slice release, struct err *err)
{
	if (!is_codename(codename) || !is_release(release) || l->n_more == MORE_MAX)
		return STATUS_OK;
	for (size_t i = 0; i < l->n_more; i++)
		if (slice_eq(codename, slice_cstr(l->more[i])))
			return STATUS_OK;
	for (size_t i = 0; i < ARRAY_LEN(releases); i++)
		if (slice_eq(codename, slice_cstr(releases[i].codename)))
			return STATUS_OK;
	snprintf(l->more[l->n_more++], CODENAME_BYTES, "%.*s", SLICE_ARG(codename));
	return emit(l->out, codename, release, true, err);
}

/* {"entries": [{"active": true, "name": "noble", "version": "24.04"}, ...]} */
static enum status emit_series(struct listing *l, struct slice text, struct err *err)
{
	struct json_doc doc;
	struct err ignored = ERR_INIT;
	enum status st = STATUS_OK;
	yyjson_val *entry;
	size_t i, n;

	if (json_parse(text, &limits_default, &doc, &ignored) != STATUS_OK)
		return STATUS_OK;
	yyjson_arr_foreach(json_get(doc.root, "entries"), i, n, entry)
	{
		if (st == STATUS_OK && json_get_bool(entry, "active"))
			st = emit_more(l, json_get_str(entry, "name"), json_get_str(entry, "version"), err);
	}
	json_doc_free(&doc);
	return st;
}

static enum status list(const struct feed_fetcher *fetcher, const struct feed_source_sink *out, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)4 << 20);
	struct slice project = feed_settings_get(fetcher->settings, SLICE("ubuntu"), "name"), forced;
	struct listing l = { .out = out };
	struct err ignored = ERR_INIT;
	char url[256];
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_LEN(releases); i++)
		TRY(emit(out, slice_cstr(releases[i].codename), slice_cstr(releases[i].release), false, err));
	while (feed_settings_next(fetcher->settings, SLICE("ubuntu"), "force", &at, &forced)) {
		struct slice codename, release;

		if (slice_cut(forced, ' ', &codename, &release))
			TRY(emit_more(&l, codename, release, err));
	}
	snprintf(url, sizeof(url), LAUNCHPAD "%.*s/series", (int)MIN(project.len ? project.len : 6u, (size_t)64),
		 project.len ? (const char *)project.ptr : "ubuntu");
	if (fetcher->get(fetcher->ctx, slice_cstr(url), &text, &ignored) != STATUS_OK)
		return STATUS_OK;
	return emit_series(&l, buf_slice(&text), err);
}

const struct feed feed_ubuntu = {
	.name = "ubuntu",
	.title = "Ubuntu OVAL by CVE",
	.home = "https://security-metadata.canonical.com/oval/",
	.origin = LAUNCHPAD,
	.format = &feed_format_oval,
	.interval_s = 6 * 3600,
	.stale_s = 7 * 86400,
	.list = list,
};
