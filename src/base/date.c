/* SPDX-License-Identifier: Apache-2.0 */
/* date.c - RFC 3339 text to Unix seconds and back, by the proleptic Gregorian calendar. */
#include "base/date.h"

#include <stdio.h>
#include <time.h>

/* What four digits of a year can say, in UTC. */
#define YEAR_0_S INT64_C(-62167219200)
#define YEAR_10000_S INT64_C(253402300800)

/* Days from 1970-01-01 to the date: the civil calendar shifted to years that begin in March. */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool take_number(struct slice *s, size_t digits, int64_t *out)
{
	int64_t v = 0;

	if (s->len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (!is_digit(s->ptr[i]))
			return false;
		v = v * 10 + (s->ptr[i] - '0');
	}
	*s = slice_from(*s, digits);
	*out = v;
	return true;
}

static bool take_byte(struct slice *s, uint8_t c)
{
	if (s->len == 0 || s->ptr[0] != c)
		return false;
	*s = slice_from(*s, 1);
	return true;
}

static bool take_zone(struct slice *s, int64_t *out_offset_s)
{
	int64_t h, m = 0;
	bool minus;

	*out_offset_s = 0;
	if (s->len == 0 || take_byte(s, 'Z') || take_byte(s, 'z'))
		return s->len == 0;
	minus = take_byte(s, '-');
	if (!minus && !take_byte(s, '+'))
		return false;
	if (!take_number(s, 2, &h))
		return false;
	take_byte(s, ':');
	if (s->len > 0 && !take_number(s, 2, &m))
		return false;
	*out_offset_s = (h * 3600 + m * 60) * (minus ? -1 : 1);
	return s->len == 0 && h < 24 && m < 60;
}

bool date_parse(struct slice s, int64_t *out_unix_s)
{
	int64_t y, mo, d, h = 0, mi = 0, sec = 0, zone = 0;

	s = slice_trim(s);
	if (!take_number(&s, 4, &y) || !take_byte(&s, '-') || !take_number(&s, 2, &mo) || !take_byte(&s, '-') ||
	    !take_number(&s, 2, &d) || mo < 1 || mo > 12 || d < 1 || d > 31)
		return false;
	if (s.len > 0) {
		if (!take_byte(&s, 'T') && !take_byte(&s, 't') && !take_byte(&s, ' '))
			return false;
		if (!take_number(&s, 2, &h) || !take_byte(&s, ':') || !take_number(&s, 2, &mi) || h > 23 || mi > 59)
			return false;
		if (take_byte(&s, ':') && (!take_number(&s, 2, &sec) || sec > 60))
			return false;
		if (take_byte(&s, '.'))
			while (s.len > 0 && is_digit(s.ptr[0]))
				s = slice_from(s, 1);
		if (s.len > 0 && s.ptr[0] == ' ')
			s = slice_from(s, 1);
		if (!take_zone(&s, &zone))
			return false;
	}
	*out_unix_s = days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + sec - zone;
	return *out_unix_s >= YEAR_0_S && *out_unix_s < YEAR_10000_S; /* a zone can lead out of what can be printed */
}

const char *date_print(struct date_text *t, int64_t unix_s)
{
	time_t when = (time_t)unix_s;
	struct tm tm;

	if (unix_s < YEAR_0_S || unix_s >= YEAR_10000_S || !gmtime_r(&when, &tm)) {
		snprintf(t->text, sizeof(t->text), "0001-01-01T00:00:00Z");
		return t->text;
	}
	/* glibc's %Y does not fill up years before 1000, and what it prints could not be parsed again. */
	snprintf(t->text, sizeof(t->text), "%02u%02u", (unsigned)(tm.tm_year + 1900) / 100 % 100,
		 (unsigned)(tm.tm_year + 1900) % 100);
	strftime(t->text + 4, sizeof(t->text) - 4, "-%m-%dT%H:%M:%SZ", &tm);
	return t->text;
}

int64_t date_now(void)
{
	return (int64_t)time(NULL);
}

uint64_t date_monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}
