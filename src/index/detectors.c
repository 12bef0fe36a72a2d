/* SPDX-License-Identifier: Apache-2.0 */
/* detectors.c - the table of detectors, and the one name for all their versions together. */
#include "index/detector.h"

#include "io/digest.h"

#include <pthread.h>
#include <stdio.h>

static const struct detector *const all[] = {
#define DETECTOR(name, folder) &detector_##name,
#include "index/detectors.def"
#undef DETECTOR
};

const struct detector *const *detectors(size_t *out_n)
{
	*out_n = ARRAY_LEN(all);
	return all;
}

static const struct detector *installed[ARRAY_LEN(all)];
static size_t n_installed;
static pthread_once_t installed_once = PTHREAD_ONCE_INIT;

static void choose_installed(void)
{
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (!all[i]->source)
			installed[n_installed++] = all[i];
}

const struct detector *const *detectors_installed(size_t *out_n)
{
	pthread_once(&installed_once, choose_installed);
	*out_n = n_installed;
	return installed;
}

static char set_text[sizeof(struct digest_text)];
static pthread_once_t set_once = PTHREAD_ONCE_INIT;

static void compute_set(void)
{
	char line[128];
	struct hasher *h = hasher_new(DIGEST_SHA256);
	struct digest digest = { DIGEST_NONE, { 0 } };
	struct digest_text text;
	struct err err = ERR_INIT;

	if (!h)
		return;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		int n = snprintf(line, sizeof(line), "%s/%s\n", all[i]->name, all[i]->version);

		hasher_add(h, slice_make(line, (size_t)n));
	}
	if (hasher_final(h, &digest, &err) == STATUS_OK)
		snprintf(set_text, sizeof(set_text), "%s", strchr(digest_print(&text, &digest), ':') + 1);
	hasher_free(h);
}

struct slice detector_set(void)
{
	pthread_once(&set_once, compute_set);
	return slice_cstr(set_text);
}
