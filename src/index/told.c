/* SPDX-License-Identifier: Apache-2.0 */
/* told.c - diagnostics about one file: the first ones are told, the rest is counted. */
#include "index/told.h"

bool told_more(struct told *t, enum diag_code code)
{
	if (t->n++ < TOLD_MAX)
		return true;
	if (t->n == TOLD_MAX + 1 || diag_severity(code) > diag_severity(t->worst))
		t->worst = code;
	return false;
}

void told_end(const struct told *t)
{
	if (t->n > TOLD_MAX)
		diag_emit(t->diags, t->worst, t->where, ERR_NO_OFFSET, "%llu more of such lines were left out",
			  (unsigned long long)(t->n - TOLD_MAX));
}
