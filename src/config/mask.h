/* SPDX-License-Identifier: Apache-2.0 */
/* mask.h - texts of settings without their passwords, for whatever is printed. Private to config/. */
#ifndef LIMPID_CONFIG_MASK_H
#define LIMPID_CONFIG_MASK_H

#include "config/settings.h"
#include "config/value.h"

/* "password", "api_token", "Authorization" ...: what stands under such a name is not printed. */
bool mask_is_secret_name(struct slice name);
/*
 * The text of a setting (s may be NULL: of none) without what is secret in it: all of a SECRET, the passwords of a
 * connection string, the user and the secret parameters of a URL. False when memory is short.
 */
bool mask_text(const struct setting *s, struct slice text, struct arena *arena, struct slice *out) NODISCARD;
/* The same for JSON that stands under a name. */
enum status mask_json(struct slice name, struct slice json, struct arena *arena, struct slice *out,
		      struct err *err) NODISCARD;

#endif
