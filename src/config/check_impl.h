/* SPDX-License-Identifier: Apache-2.0 */
/* check_impl.h - what the checks share. Private to config/. */
#ifndef LIMPID_CONFIG_CHECK_IMPL_H
#define LIMPID_CONFIG_CHECK_IMPL_H

#include "config/load_impl.h"

#define CHECK_GIVEN(l, path) load_given(l, setting_find(slice_cstr(path)))
#define CHECK_TELL(l, kind, path, ...) load_problem(l, kind, check_place(l, path), path, __VA_ARGS__)
#define CHECK_ERROR(l, path, ...) CHECK_TELL(l, CONFIG_ERROR, path, __VA_ARGS__)
#define CHECK_WARN(l, path, ...) CHECK_TELL(l, CONFIG_WARNING, path, __VA_ARGS__)

/* Where the value of a setting stands; of no file if none was given. */
struct place check_place(const struct loader *l, const char *path);
/* The value is not what was given, or follows from others. */
void check_derived(struct loader *l, const char *path);
static inline bool check_in_mode(const struct loader *l, enum config_mode mode)
{
	return l->config->mode == CONFIG_COMBO || l->config->mode == mode;
}
void check_connstring(struct loader *l, const char *path, struct slice text);
void check_url(struct loader *l, const char *path, struct slice text, bool required);
void check_tls(struct loader *l, const char *prefix, const struct config_tls *tls);
void check_notifier(struct loader *l);
void check_telemetry(struct loader *l);

#endif
