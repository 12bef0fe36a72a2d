/* SPDX-License-Identifier: Apache-2.0 */
/* number_list.h - numbers between separators, compared one by one: the schemes cran and hackage. Private to version/.
 */
#ifndef LIMPID_VERSION_NUMBER_LIST_H
#define LIMPID_VERSION_NUMBER_LIST_H

#include "version/number.h"

/* N(sN)*, each s one of separators. False if the text is anything else. */
static inline bool number_list_valid(struct slice s, const char *separators)
{
	for (;;) {
		if (number_take(&s).len == 0)
			return false;
		if (s.len == 0)
			return true;
		if (s.ptr[0] == '\0' || !strchr(separators, s.ptr[0]))
			return false;
		s = slice_from(s, 1);
	}
}

/* Both valid; the longer one is newer, "1.0.0" than "1.0". */
static inline int number_list_cmp(struct slice a, struct slice b)
{
	for (;;) {
		int c = number_cmp(number_take(&a), number_take(&b));

		if (c != 0)
			return c;
		if (a.len == 0 || b.len == 0)
			return (int)(a.len > 0) - (int)(b.len > 0);
		a = slice_from(a, 1);
		b = slice_from(b, 1);
	}
}

#endif
