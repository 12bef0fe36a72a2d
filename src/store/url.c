/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url.c - from what the configuration says to an engine: connection strings as Clair (pgx) and libpq read them.
 *
 * pgx knows keys that libpq refuses. Those of its pool are taken out and honoured, those of its own protocol code are
 * taken out, and any other is a setting of the session, as in pgx: it is passed on through libpq's "options".
 */
#include "store/url.h"

#include "store/pool.h"
#include "store/postgres.h"

#include <libpq-fe.h>
#include <stdlib.h>

#define SECOND_NS UINT64_C(1000000000)
#define TEXT_MAX ((size_t)1 << 16)

bool store_is_remote(const char *where)
{
	struct slice s = slice_cstr(where);

	if (slice_starts(s, SLICE("postgres://")) || slice_starts(s, SLICE("postgresql://")))
		return true;
	/* Keywords and values: a folder's name may have an equals sign, but begins with a slash or a dot then. */
	return s.len > 0 && s.ptr[0] != '/' && s.ptr[0] != '.' && slice_find_byte(s, '=') != SIZE_MAX;
}

/* ---- pgx's own keys ---- */

/* A duration of Go: "1h30m", "500ms", "1.5h"; "0" alone needs no unit. */
static bool duration(struct slice s, uint64_t *out_ns)
{
	static const struct {
		struct slice name;
		uint64_t ns;
	} units[] = { { SLICE_INIT("ns"), 1 },
		      { SLICE_INIT("us"), 1000 },
		      { SLICE_INIT("ms"), 1000000 },
		      { SLICE_INIT("s"), SECOND_NS },
		      { SLICE_INIT("m"), 60 * SECOND_NS },
		      { SLICE_INIT("h"), 3600 * SECOND_NS } };
	double sum = 0;

	if (slice_eq(s, SLICE("0"))) {
		*out_ns = 0;
		return true;
	}
	while (s.len > 0) {
		double value = 0, place = 1;
		bool digits = false, point = false;
		size_t best = SIZE_MAX;

		for (; s.len > 0 && (is_digit(s.ptr[0]) || (s.ptr[0] == '.' && !point)); s = slice_from(s, 1)) {
			point |= s.ptr[0] == '.';
			digits |= is_digit(s.ptr[0]);
			if (is_digit(s.ptr[0]))
				value = value * 10 + (s.ptr[0] - '0');
			if (is_digit(s.ptr[0]) && point)
				place *= 10;
		}
		for (size_t i = 0; i < ARRAY_LEN(units); i++)
			if (slice_starts(s, units[i].name) &&
			    (best == SIZE_MAX || units[i].name.len > units[best].name.len))
				best = i;
		if (!digits || best == SIZE_MAX)
			return false;
		sum += value / place * (double)units[best].ns;
		s = slice_from(s, units[best].name.len);
	}
	if (sum <= 0 || sum > 1e18)
		return false;
	*out_ns = (uint64_t)sum;
	return true;
}

static enum status pool_number(struct slice key, struct slice value, unsigned *out, struct err *err)
{
	struct err_quote quote;
	uint64_t n;

	if (!slice_to_u64(value, &n) || n > 100000)
		return err_set(err, STATUS_INVALID, "connection string: %.*s=%s is no number of connections",
			       SLICE_ARG(key), err_slice(&quote, value));
	*out = (unsigned)n;
	return STATUS_OK;
}

static enum status pool_time(struct slice key, struct slice value, uint64_t *out, struct err *err)
{
	struct err_quote quote;

	if (!duration(value, out))
		return err_set(err, STATUS_INVALID, "connection string: %.*s=%s is no duration, as 30m or 1h",
			       SLICE_ARG(key), err_slice(&quote, value));
	return STATUS_OK;
}

static enum status pool_key(struct slice key, struct slice value, struct store_url_pool *pool, bool *out_known,
			    struct err *err)
{
	*out_known = true;
	if (slice_eq(key, SLICE("pool_max_conns")))
		return pool_number(key, value, &pool->max_conns, err);
	if (slice_eq(key, SLICE("pool_min_conns")))
		return pool_number(key, value, &pool->min_conns, err);
	if (slice_eq(key, SLICE("pool_max_conn_lifetime")))
		return pool_time(key, value, &pool->max_lifetime_ns, err);
	if (slice_eq(key, SLICE("pool_max_conn_idle_time")))
		return pool_time(key, value, &pool->max_idle_ns, err);
	if (slice_eq(key, SLICE("pool_health_check_period")))
		return pool_time(key, value, &pool->health_ns, err);
	*out_known = false;
	return STATUS_OK;
}

/* Of pgx's protocol code: they have no meaning here. */
static bool is_ignored(struct slice key)
{
	static const struct slice keys[] = {
		SLICE_INIT("pool_max_conn_lifetime_jitter"), SLICE_INIT("pool_min_idle_conns"),
		SLICE_INIT("statement_cache_mode"),	     SLICE_INIT("statement_cache_capacity"),
		SLICE_INIT("description_cache_capacity"),    SLICE_INIT("default_query_exec_mode"),
		SLICE_INIT("prefer_simple_protocol"),	     SLICE_INIT("min_read_buffer_size")
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (slice_eq(key, keys[i]))
			return true;
	return false;
}

/* ---- taking a connection string apart ---- */

struct parts {
	struct buf rest;    /* what libpq reads */
	struct buf options; /* settings of the session, as words of libpq's "options" */
	struct store_url_pool pool;
	const PQconninfoOption *known; /* what libpq knows */
};

static bool libpq_knows(const struct parts *p, struct slice key)
{
	for (const PQconninfoOption *o = p->known; o->keyword; o++)
		if (slice_eq(slice_cstr(o->keyword), key))
			return true;
	return false;
}

/* A setting as "-c key=value": blanks and backslashes of the value are escaped. */
static void add_option(struct parts *p, struct slice key, struct slice value)
{
	buf_add_cstr(&p->options, p->options.len ? " -c " : "-c ");
	buf_add(&p->options, key);
	buf_add_byte(&p->options, '=');
	for (size_t i = 0; i < value.len; i++) {
		if (is_space(value.ptr[i]) || value.ptr[i] == '\\')
			buf_add_byte(&p->options, '\\');
		buf_add_byte(&p->options, value.ptr[i]);
	}
}

static bool is_setting_name(struct slice key)
{
	for (size_t i = 0; i < key.len; i++)
		if (!is_alnum(key.ptr[i]) && key.ptr[i] != '_' && key.ptr[i] != '.')
			return false;
	return key.len > 0;
}

/* What becomes of one key; *out_keep: it is for libpq. */
static enum status sort_key(struct parts *p, struct slice key, struct slice value, bool *out_keep, struct err *err)
{
	bool known;

	*out_keep = false;
	TRY(pool_key(key, value, &p->pool, &known, err));
	if (known || is_ignored(key))
		return STATUS_OK;
	*out_keep = libpq_knows(p, key) || !is_setting_name(key);
	if (!*out_keep)
		add_option(p, key, value);
	return STATUS_OK;
}

static void percent_decode(struct slice in, struct buf *out)
{
	for (size_t i = 0; i < in.len; i++) {
		bool hex = in.ptr[i] == '%' && i + 2 < in.len && hex_value(in.ptr[i + 1]) >= 0 &&
			   hex_value(in.ptr[i + 2]) >= 0;
		int byte = hex ? hex_value(in.ptr[i + 1]) * 16 + hex_value(in.ptr[i + 2]) : in.ptr[i];

		buf_add_byte(out, (uint8_t)byte);
		i += hex ? 2 : 0;
	}
}

static enum status take_url(struct slice url, struct parts *p, struct err *err)
{
	struct slice base, query = SLICE_EMPTY, one;
	char join = '?';

	slice_cut(url, '?', &base, &query);
	buf_add(&p->rest, base);
	while (slice_word(&query, '&', &one)) {
		struct buf AUTO(buf_fini) value = BUF_INIT(TEXT_MAX);
		struct slice key, raw;
		bool keep;

		slice_cut(one, '=', &key, &raw);
		percent_decode(raw, &value);
		TRY(buf_check(&value, "connection string", err));
		TRY(sort_key(p, key, buf_slice(&value), &keep, err));
		if (!keep)
			continue;
		buf_add_byte(&p->rest, (uint8_t)join);
		buf_add(&p->rest, one);
		join = '&';
	}
	return buf_check(&p->rest, "connection string", err);
}

static struct slice skip_space(struct slice s)
{
	while (s.len > 0 && is_space(s.ptr[0]))
		s = slice_from(s, 1);
	return s;
}

/* The value at the front of *s, as libpq reads it: quotes, and backslashes before what means itself. */
static bool take_value(struct slice *s, struct buf *out)
{
	bool quoted = s->len > 0 && s->ptr[0] == '\'';
	struct slice rest = slice_from(*s, quoted);

	for (; rest.len > 0 && (quoted ? rest.ptr[0] != '\'' : !is_space(rest.ptr[0])); rest = slice_from(rest, 1)) {
		if (rest.ptr[0] == '\\' && rest.len > 1)
			rest = slice_from(rest, 1);
		buf_add_byte(out, rest.ptr[0]);
	}
	if (quoted && rest.len == 0)
		return false;
	*s = slice_from(rest, quoted);
	return true;
}

static enum status take_words(struct slice s, struct parts *p, struct err *err)
{
	while ((s = skip_space(s)).len > 0) {
		struct buf AUTO(buf_fini) value = BUF_INIT(TEXT_MAX);
		struct slice whole = s, key;
		bool keep;

		if (!slice_cut(s, '=', &key, &s))
			return err_set(err, STATUS_INVALID, "connection string: a key without a value");
		key = slice_trim(key);
		s = skip_space(s);
		if (!take_value(&s, &value))
			return err_set(err, STATUS_INVALID, "connection string: a quote without an end");
		TRY(buf_check(&value, "connection string", err));
		TRY(sort_key(p, key, buf_slice(&value), &keep, err));
		if (!keep)
			continue;
		buf_add(&p->rest, slice_take(whole, whole.len - s.len));
		buf_add_byte(&p->rest, ' ');
	}
	return buf_check(&p->rest, "connection string", err);
}

static enum status take_apart(const char *where, struct parts *p, struct err *err)
{
	struct slice s = slice_cstr(where);
	PQconninfoOption *known = PQconndefaults();
	enum status st;

	if (!known)
		return err_nomem(err, "connection string");
	p->known = known;
	/* Go's pool says when nothing is said. */
	p->pool = (struct store_url_pool){ .max_lifetime_ns = 3600 * SECOND_NS,
					   .max_idle_ns = 1800 * SECOND_NS,
					   .health_ns = 60 * SECOND_NS };
	st = slice_has(s, SLICE("://")) &&
			     (slice_starts(s, SLICE("postgres://")) || slice_starts(s, SLICE("postgresql://")))
		     ? take_url(s, p, err)
		     : take_words(s, p, err);
	PQconninfoFree(known);
	buf_add_byte(&p->rest, '\0');
	return st == STATUS_OK ? buf_check(&p->rest, "connection string", err) : st;
}

static void parts_fini(struct parts *p)
{
	buf_fini(&p->rest);
	buf_fini(&p->options);
}

#define PARTS_INIT                                                                                                     \
	{                                                                                                              \
		.rest = BUF_INIT(TEXT_MAX), .options = BUF_INIT(TEXT_MAX)                                              \
	}

enum status store_url_pool(const char *where, struct store_url_pool *out, struct err *err)
{
	struct parts AUTO(parts_fini) p = PARTS_INIT;

	*out = (struct store_url_pool){ 0 };
	if (!store_is_remote(where))
		return STATUS_OK;
	TRY(take_apart(where, &p, err));
	*out = p.pool;
	return STATUS_OK;
}

/* ---- for libpq ---- */

struct keywords {
	char **keywords, **values; /* owned */
	size_t n, room;
	bool failed;
};

static void add_keyword(struct keywords *k, const char *keyword, const char *value)
{
	if (k->failed || k->n + 1 >= k->room) {
		k->failed = true;
		return;
	}
	k->keywords[k->n] = strdup(keyword);
	k->values[k->n] = strdup(value);
	k->failed = !k->keywords[k->n] || !k->values[k->n];
	k->n++;
}

static void free_keywords(struct keywords *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free(k->keywords[i]);
		free(k->values[i]);
	}
	free(k->keywords);
	free(k->values);
}

/* What nobody has said: a server that is gone is noticed, also when the network says nothing. */
static const struct {
	const char *keyword, *value, *variable_of;
} defaults[] = {
	{ "connect_timeout", "5", "PGCONNECT_TIMEOUT" }, { "keepalives_idle", "30", NULL },
	{ "keepalives_interval", "10", NULL },		 { "keepalives_count", "3", NULL },
	{ "tcp_user_timeout", "30000", NULL },		 { "client_encoding", "UTF8", NULL },
};

static void add_defaults(const PQconninfoOption *given, struct keywords *k)
{
	PQconninfoOption *env = PQconndefaults();

	for (size_t i = 0; env && i < ARRAY_LEN(defaults); i++) {
		bool said = false;

		for (const PQconninfoOption *o = given; o->keyword; o++)
			said |= strcmp(o->keyword, defaults[i].keyword) == 0 && o->val;
		/* The variables of the environment are among libpq's defaults. */
		for (const PQconninfoOption *o = env; defaults[i].variable_of && o->keyword; o++)
			said |= strcmp(o->keyword, defaults[i].keyword) == 0 && o->val && o->val[0];
		if (!said)
			add_keyword(k, defaults[i].keyword, defaults[i].value);
	}
	k->failed |= !env;
	PQconninfoFree(env);
}

static void add_all(const PQconninfoOption *given, struct parts *p, const char *application, struct keywords *k)
{
	for (const PQconninfoOption *o = given; o->keyword; o++) {
		if (!o->val)
			continue;
		if (strcmp(o->keyword, "options") == 0 && p->options.len > 0) {
			buf_add_byte(&p->options, ' ');
			buf_add_cstr(&p->options, o->val);
		} else {
			add_keyword(k, o->keyword, o->val);
		}
	}
	buf_add_byte(&p->options, '\0');
	if (p->options.len > 1 && p->options.failed == STATUS_OK)
		add_keyword(k, "options", (const char *)p->options.ptr);
	k->failed |= p->options.failed != STATUS_OK;
	add_keyword(k, "fallback_application_name", application ? application : "limpid");
	add_defaults(given, k);
}

static enum status to_keywords(const char *where, const char *application, struct keywords *k, struct err *err)
{
	struct parts AUTO(parts_fini) p = PARTS_INIT;
	PQconninfoOption *given;
	char *message = NULL;

	TRY(take_apart(where, &p, err));
	given = PQconninfoParse((const char *)p.rest.ptr, &message);
	if (!given) {
		/* The message may quote what was given, a password among it: only what comes before that is passed on.
		 */
		struct slice text = slice_cstr(message), start;

		slice_cut(text, '"', &start, NULL);
		err_set(err, STATUS_INVALID, "connection string: %.*s", SLICE_ARG(slice_trim(start)));
		PQfreemem(message);
		return STATUS_INVALID;
	}
	k->room = 128;
	k->keywords = calloc(k->room, sizeof(char *));
	k->values = calloc(k->room, sizeof(char *));
	if (k->keywords && k->values)
		add_all(given, &p, application, k);
	PQconninfoFree(given);
	return k->keywords && k->values && !k->failed ? STATUS_OK : err_nomem(err, "connection string");
}

enum status store_open_url(const char *where, const struct store_options *options, struct store **out, struct err *err)
{
	struct keywords k = { NULL, NULL, 0, 0, false };
	enum status st;

	if (!store_is_remote(where))
		return store_open(where, options, out, err);
	st = to_keywords(where, options->application_name, &k, err);
	if (st != STATUS_OK) {
		free_keywords(&k);
		return st;
	}
	return postgres_open(k.keywords, k.values, options, out, err);
}

enum status store_migrate(const char *where, const struct store_options *options, struct err *err)
{
	struct store_options migrating = *options;
	struct store *s = NULL;

	migrating.no_migrate = false;
	migrating.read_only = false;
	TRY(store_open_url(where, &migrating, &s, err));
	store_close(s);
	return STATUS_OK;
}
