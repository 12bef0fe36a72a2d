/* SPDX-License-Identifier: Apache-2.0 */
/* limits.c - the default caps. */
#include "base/limits.h"

const struct limits limits_default = {
#define LIMIT_ROW(field, value, setting, why) .field = (value),
	LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
};
