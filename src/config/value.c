/* SPDX-License-Identifier: Apache-2.0 */
/* value.c - texts of settings as values. */
#include "config/value.h"

static const struct unit {
	const char *name;
	uint64_t scale;
} duration_units[] = {
	{ "ns", 1 },		 { "us", 1000 },
	{ "\xc2\xb5s", 1000 },	 { "\xce\xbcs", 1000 }, /* both signs for micro */
	{ "ms", 1000000 },	 { "s", UINT64_C(1000000000) },
	{ "m", UINT64_C(60000000000) }, { "h", UINT64_C(3600000000000) },
}, byte_units[] = {
	{ "", 1 },	     { "B", 1 },
	{ "KiB", 1u << 10 }, { "MiB", 1u << 20 }, { "GiB", 1u << 30 }, { "TiB", UINT64_C(1) << 40 },
	{ "K", 1u << 10 },   { "M", 1u << 20 },	  { "G", 1u << 30 },   { "T", UINT64_C(1) << 40 },
	{ "kB", 1000 },	     { "MB", 1000000 },	  { "GB", 1000000000 }, { "TB", UINT64_C(1000000000000) },
};

static const struct unit *find_unit(const struct unit *units, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(slice_cstr(units[i].name), name))
			return &units[i];
	return NULL;
}

static struct slice take_digits(struct slice *rest)
{
	size_t n = 0;
	struct slice out;

	while (n < rest->len && is_digit(rest->ptr[n]))
		n++;
	out = slice_take(*rest, n);
	*rest = slice_from(*rest, n);
	return out;
}

/* digits behind the point, of a unit: 0.5h. Digits that are smaller than a nanosecond are dropped. */
static uint64_t fraction(struct slice digits, uint64_t scale)
{
	uint64_t sum = 0, unit = scale;

	for (size_t i = 0; i < digits.len && unit >= 10; i++) {
		unit /= 10;
		sum += (uint64_t)(digits.ptr[i] - '0') * unit;
	}
	return sum;
}

static bool duration_part(struct slice *rest, uint64_t *sum)
{
	struct slice whole = take_digits(rest), part = SLICE_EMPTY;
	const struct unit *unit;
	size_t name = 0;
	uint64_t n = 0;

	if (rest->len && rest->ptr[0] == '.') {
		*rest = slice_from(*rest, 1);
		part = take_digits(rest);
	}
	while (name < rest->len && rest->ptr[name] != '.' && !is_digit(rest->ptr[name]))
		name++;
	unit = find_unit(duration_units, ARRAY_LEN(duration_units), slice_take(*rest, name));
	*rest = slice_from(*rest, name);
	return unit && whole.len + part.len > 0 && (whole.len == 0 || slice_to_u64(whole, &n)) &&
	       !__builtin_mul_overflow(n, unit->scale, &n) && !__builtin_add_overflow(*sum, n, sum) &&
	       !__builtin_add_overflow(*sum, fraction(part, unit->scale), sum) && *sum <= INT64_MAX;
}

bool value_duration(struct slice s, int64_t *out_ns)
{
	bool minus = s.len && s.ptr[0] == '-';
	uint64_t sum = 0;

	if (s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'))
		s = slice_from(s, 1);
	if (s.len == 0)
		return false;
	if (!slice_eq(s, SLICE("0")))
		while (s.len)
			if (!duration_part(&s, &sum))
				return false;
	*out_ns = minus ? -(int64_t)sum : (int64_t)sum;
	return true;
}

bool value_duration_text(int64_t ns, struct arena *arena, struct slice *out)
{
	uint64_t n = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	const char *sign = ns < 0 ? "-" : "";
	unsigned long long h = n / (uint64_t)VALUE_HOUR, m = n / (uint64_t)VALUE_MINUTE % 60;
	unsigned long long s = n / (uint64_t)VALUE_SECOND % 60, rest = n % (uint64_t)VALUE_SECOND;

	if (n == 0)
		return arena_printf(arena, out, "0s");
	if (n % 1000)
		return arena_printf(arena, out, "%s%lluns", sign, (unsigned long long)n);
	if (n % 1000000)
		return arena_printf(arena, out, "%s%lluus", sign, (unsigned long long)n / 1000);
	if (rest)
		return arena_printf(arena, out, "%s%llums", sign, (unsigned long long)n / 1000000);
	if (s == 0 && m == 0)
		return arena_printf(arena, out, "%s%lluh", sign, h);
	if (s == 0 && h == 0)
		return arena_printf(arena, out, "%s%llum", sign, m);
	if (s == 0)
		return arena_printf(arena, out, "%s%lluh%llum", sign, h, m);
	if (h == 0 && m == 0)
		return arena_printf(arena, out, "%s%llus", sign, s);
	return h ? arena_printf(arena, out, "%s%lluh%llum%llus", sign, h, m, s)
		 : arena_printf(arena, out, "%s%llum%llus", sign, m, s);
}

bool value_bytes(struct slice s, uint64_t *out)
{
	struct slice digits = take_digits(&s);
	const struct unit *unit = find_unit(byte_units, ARRAY_LEN(byte_units), slice_trim(s));
	uint64_t n;

	if (!unit || !slice_to_u64(digits, &n) || __builtin_mul_overflow(n, unit->scale, &n))
		return false;
	*out = n;
	return true;
}

bool value_bytes_text(uint64_t n, struct arena *arena, struct slice *out)
{
	static const char *const names[] = { "", "KiB", "MiB", "GiB", "TiB" };
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(names) && (i || n >= 1u << 20) && n && n % 1024 == 0) {
		n /= 1024;
		i++;
	}
	return arena_printf(arena, out, "%llu%s", (unsigned long long)n, names[i]);
}

bool value_integer(struct slice s, int64_t *out)
{
	bool minus = s.len && s.ptr[0] == '-';
	uint64_t n;

	if (!slice_to_u64(slice_from(s, minus ? 1 : 0), &n) || n > INT64_MAX)
		return false;
	*out = minus ? -(int64_t)n : (int64_t)n;
	return true;
}

bool value_float(struct slice s, double *out)
{
	bool minus = s.len && s.ptr[0] == '-', minus_exponent = false;
	struct slice whole, part = SLICE_EMPTY;
	double n = 0, scale = 1;
	uint64_t exponent = 0;

	s = slice_from(s, minus ? 1 : 0);
	whole = take_digits(&s);
	if (s.len && s.ptr[0] == '.') {
		s = slice_from(s, 1);
		part = take_digits(&s);
	}
	if (whole.len + part.len == 0)
		return false;
	if (s.len && to_lower(s.ptr[0]) == 'e') {
		minus_exponent = s.len > 1 && s.ptr[1] == '-';
		s = slice_from(s, s.len > 1 && (s.ptr[1] == '-' || s.ptr[1] == '+') ? 2 : 1);
		if (!slice_to_u64(take_digits(&s), &exponent) || exponent > 300)
			return false;
	}
	for (size_t i = 0; i < whole.len; i++)
		n = n * 10 + (whole.ptr[i] - '0');
	for (size_t i = 0; i < part.len; i++) {
		scale /= 10;
		n += (part.ptr[i] - '0') * scale;
	}
	for (; exponent > 0; exponent--)
		n = minus_exponent ? n / 10 : n * 10;
	*out = minus ? -n : n;
	return s.len == 0;
}

static const char *check_port(struct slice port)
{
	uint64_t n;

	if (port.len == 0)
		return "the port is missing";
	if (!slice_to_u64(port, &n))
		return "the port is not a number";
	return n > 65535 ? "the port is above 65535" : NULL;
}

const char *value_host_port(struct slice s, struct slice *out_host, struct slice *out_port)
{
	if (!slice_rcut(s, ':', out_host, out_port))
		return "the port is missing: expected host:port";
	if (out_host->len && out_host->ptr[0] == '[') {
		if (out_host->ptr[out_host->len - 1] != ']')
			return "the port is missing: expected [host]:port";
		*out_host = slice_take(slice_from(*out_host, 1), out_host->len - 2);
	} else if (slice_find_byte(*out_host, ':') != SIZE_MAX) {
		return "too many colons: an IPv6 address stands in brackets";
	}
	if (slice_find_byte(*out_host, '[') != SIZE_MAX || slice_find_byte(*out_host, ']') != SIZE_MAX)
		return "a bracket where none belongs";
	return check_port(*out_port);
}

bool value_scheme(struct slice s, struct slice *out_scheme, struct slice *out_rest)
{
	size_t at = slice_find(s, SLICE("://"));

	if (at == SIZE_MAX || at == 0 || !is_alpha(s.ptr[0]))
		return false;
	for (size_t i = 1; i < at; i++)
		if (!is_alnum(s.ptr[i]) && slice_find_byte(SLICE("+-."), s.ptr[i]) == SIZE_MAX)
			return false;
	*out_scheme = slice_take(s, at);
	*out_rest = slice_from(s, at + 3);
	return true;
}

const char *value_http_url(struct slice s)
{
	struct slice scheme, rest, host, port;

	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] == 0x7f)
			return "a blank or control byte";
	if (!value_scheme(s, &scheme, &rest))
		return "the scheme is missing: expected http://host:port/ or https://...";
	if (!slice_eq_nocase(scheme, SLICE("http")) && !slice_eq_nocase(scheme, SLICE("https")))
		return "the scheme is neither http nor https";
	for (size_t i = 0; i < rest.len; i++) {
		if (rest.ptr[i] == '/' || rest.ptr[i] == '?' || rest.ptr[i] == '#') {
			rest = slice_take(rest, i);
			break;
		}
	}
	if (slice_rcut(rest, '@', NULL, &host))
		rest = host;
	if (rest.len == 0 || rest.ptr[0] == ':')
		return "the host is missing";
	if (slice_ends(rest, SLICE("]")) || slice_find_byte(rest, ':') == SIZE_MAX)
		return NULL;
	return value_host_port(rest, &host, &port);
}
