/* SPDX-License-Identifier: Apache-2.0 */
/* router.c - paths against the table of routes. */
#include "server/router.h"

#define API LISTENER_API
#define INTROSPECTION LISTENER_INTROSPECTION
#define ANY SERVICE_ANY
#define INDEXER SERVICE_INDEXER
#define MATCHER SERVICE_MATCHER
#define NOTIFIER SERVICE_NOTIFIER

const struct route_path route_paths[PATHS] = {
#define PATH(name, listener_, group_, services_, pattern_, label_, refusal_)                                           \
	[PATH_##name] = { .id = PATH_##name,                                                                           \
			  .listener = (listener_),                                                                     \
			  .group = GROUP_##group_,                                                                     \
			  .services = (services_),                                                                     \
			  .pattern = (pattern_),                                                                       \
			  .label = (label_),                                                                           \
			  .refusal = REFUSAL_##refusal_ },
#define ROUTE(operation, path, method, body, cap, pool, handler)
#include "server/routes.def"
#undef PATH
#undef ROUTE
};

const struct route routes[] = {
#define PATH(id, listener, group, services, pattern, label, refusal)
#define ROUTE(operation_, path_, method_, body_, cap_, pool_, handler_)                                                \
	{ .operation = #operation_,                                                                                    \
	  .path = PATH_##path_,                                                                                        \
	  .method = HTTP_##method_,                                                                                    \
	  .body = BODY_##body_,                                                                                        \
	  .cap = (cap_),                                                                                               \
	  .pool = POOL_##pool_,                                                                                        \
	  .handler = (handler_) },
#include "server/routes.def"
#undef PATH
#undef ROUTE
};
const size_t n_routes = ARRAY_LEN(routes);

static const char *const method_names[HTTP_METHODS] = {
	"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", ""
};

const char *route_group_name(enum route_group group)
{
	static const char *const names[GROUPS] = { "discovery", "indexerv1", "matcherv1", "notificationv1",
						   "limpidv1", "layersv1" };

	return names[group];
}

const char *http_method_name(enum http_method method)
{
	return method_names[method];
}

enum http_method http_method_from_name(struct slice name)
{
	for (size_t i = 0; i < HTTP_OTHER; i++) {
		if (slice_eq(name, slice_cstr(method_names[i])))
			return (enum http_method)i;
	}
	return HTTP_OTHER;
}

bool target_split(struct slice target, struct slice *path, struct slice *query)
{
	static const char *const schemes[] = { "http://", "https://" };

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		struct slice scheme = slice_cstr(schemes[i]);

		if (target.len > scheme.len && slice_eq_nocase(slice_take(target, scheme.len), scheme)) {
			size_t at = scheme.len;

			while (at < target.len && target.ptr[at] != '/' && target.ptr[at] != '?')
				at++;
			target = slice_from(target, at);
			if (target.len == 0)
				target = SLICE("/");
			break;
		}
	}
	slice_cut(target, '?', path, query);
	return path->len > 0 && path->ptr[0] == '/';
}

bool percent_decode(struct slice in, bool plus, struct arena *arena, struct slice *out)
{
	uint8_t *to;
	size_t n = 0;

	if (slice_find_byte(in, '%') == SIZE_MAX && (!plus || slice_find_byte(in, '+') == SIZE_MAX)) {
		*out = in;
		return true;
	}
	to = arena_alloc(arena, in.len + 1);
	if (!to)
		return false;
	for (size_t i = 0; i < in.len; i++) {
		int high, low;

		if (in.ptr[i] != '%') {
			to[n++] = plus && in.ptr[i] == '+' ? ' ' : in.ptr[i];
			continue;
		}
		if (in.len - i < 3)
			return false;
		high = hex_value(in.ptr[i + 1]);
		low = hex_value(in.ptr[i + 2]);
		if (high < 0 || low < 0)
			return false;
		to[n++] = (uint8_t)(high << 4 | low);
		i += 2;
	}
	*out = slice_make(to, n);
	return true;
}

struct slice path_last(struct slice path)
{
	if (path.len == 0)
		return SLICE(".");
	while (path.len > 0 && path.ptr[path.len - 1] == '/')
		path.len--;
	return path.len == 0 ? SLICE("/") : path_base(path);
}

/* Go's cleanPath: no empty, "." and ".." elements, the last slash kept. False when memory is short. */
static bool clean(struct slice path, struct arena *arena, struct slice *out)
{
	uint8_t *to = arena_alloc(arena, path.len + 2);
	struct slice rest = path, part;
	size_t n = 0;

	if (!to)
		return false;
	while (slice_word(&rest, '/', &part)) {
		if (slice_eq(part, SLICE(".")))
			continue;
		if (slice_eq(part, SLICE(".."))) {
			while (n > 0 && to[--n] != '/')
				continue;
			continue;
		}
		to[n++] = '/';
		memcpy(to + n, part.ptr, part.len);
		n += part.len;
	}
	if (n == 0 || path.ptr[path.len - 1] == '/' || slice_ends(path, SLICE("/.")) || slice_ends(path, SLICE("/..")))
		to[n++] = '/';
	*out = slice_make(to, n);
	return true;
}

/* An escaped slash is no slash to the router. */
static bool decode_for_match(struct slice path, struct arena *arena, struct slice *out)
{
	uint8_t *to;
	size_t n = 0;
	struct slice all;

	if (!percent_decode(path, false, arena, &all))
		return false;
	if (all.ptr == path.ptr) {
		*out = all;
		return true;
	}
	to = arena_alloc(arena, path.len + 1);
	if (!to)
		return false;
	for (size_t i = 0; i < path.len; i++) {
		uint8_t c = path.ptr[i];

		if (c == '%') {
			c = (uint8_t)(hex_value(path.ptr[i + 1]) << 4 | hex_value(path.ptr[i + 2]));
			i += 2;
			if (c == '/')
				c = '\0'; /* in no pattern */
		}
		to[n++] = c;
	}
	*out = slice_make(to, n);
	return true;
}

static bool is_served(const struct route_path *p, enum route_listener listener, unsigned services)
{
	return p->listener == listener && (p->services == SERVICE_ANY || (p->services & services) != 0);
}

/* The part of a pattern before its variable. */
static struct slice pattern_fixed(const struct route_path *p, enum route_variable *variable)
{
	struct slice all = slice_cstr(p->pattern);
	size_t at = slice_find_byte(all, '{');

	*variable = VARIABLE_NONE;
	if (at == SIZE_MAX)
		return all;
	*variable = slice_ends(all, SLICE("{digest}")) ? VARIABLE_DIGEST : VARIABLE_LAST;
	return slice_take(all, at);
}

/* Bytes that do not stand in a URL as they are: Go escapes them too. */
static size_t put_escaped(uint8_t *to, struct slice s)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.ptr[i];

		if (c > ' ' && c < 0x7f && !strchr("\"<>\\^`{|}", c)) {
			to[n++] = c;
			continue;
		}
		to[n++] = '%';
		to[n++] = (uint8_t)hex[c >> 4];
		to[n++] = (uint8_t)hex[c & 15];
	}
	return n;
}

static enum status redirect(struct slice path, struct slice query, const char *more, struct arena *arena,
			    enum route_found *found, struct route_match *out, struct err *err)
{
	uint8_t *to = arena_alloc(arena, 3 * (path.len + query.len) + strlen(more) + 2);
	size_t n;

	if (!to)
		return err_nomem(err, "a redirect");
	n = put_escaped(to, path);
	memcpy(to + n, more, strlen(more));
	n += strlen(more);
	if (query.len > 0) {
		to[n++] = '?';
		n += put_escaped(to + n, query);
	}
	out->location = slice_make(to, n);
	*found = ROUTE_REDIRECT;
	return STATUS_OK;
}

/* The row for a clean, decoded path; *slash: one would match if a slash were added. */
static const struct route_path *row_for(enum route_listener listener, unsigned services, struct slice path,
					enum route_variable *variable, bool *slash)
{
	const struct route_path *best = NULL;
	size_t best_len = 0;

	*slash = false;
	*variable = VARIABLE_NONE;
	for (size_t i = 0; i < PATHS; i++) {
		const struct route_path *p = &route_paths[i];
		enum route_variable v;
		struct slice fixed = pattern_fixed(p, &v);

		if (!is_served(p, listener, services))
			continue;
		if (v == VARIABLE_NONE && slice_eq(path, fixed)) {
			*variable = v;
			return p;
		}
		if (fixed.ptr[fixed.len - 1] == '/' && slice_eq(path, slice_take(fixed, fixed.len - 1)))
			*slash = true;
		if (v == VARIABLE_NONE)
			continue;
		if (slice_starts(path, fixed) && fixed.len > best_len) {
			best = p;
			best_len = fixed.len;
			*variable = v;
		}
	}
	return best;
}

/* The roots of Clair's services are paths of their own: without their last slash they are redirected, with it unknown.
 */
static bool is_root(enum route_listener listener, unsigned services, struct slice path)
{
	return listener == LISTENER_API &&
	       (((services & SERVICE_INDEXER) && slice_eq(path, SLICE("/indexer/api/v1"))) ||
		((services & SERVICE_MATCHER) && slice_eq(path, SLICE("/matcher/api/v1"))) ||
		((services & SERVICE_NOTIFIER) && slice_eq(path, SLICE("/notifier/api/v1"))));
}

enum status route_find(enum route_listener listener, unsigned services, struct slice path, struct slice query,
		       struct arena *arena, enum route_found *found, struct route_match *out, struct err *err)
{
	struct slice cleaned, decoded, all;
	bool slash;

	*out = (struct route_match){ NULL, VARIABLE_NONE, SLICE_EMPTY, SLICE_EMPTY };
	*found = ROUTE_MALFORMED;
	if (path.len == 0 || path.ptr[0] != '/')
		return STATUS_OK;
	if (!clean(path, arena, &cleaned))
		return err_nomem(err, "a path");
	if (!decode_for_match(cleaned, arena, &decoded))
		return STATUS_OK;
	if (!slice_eq(path, cleaned))
		return redirect(cleaned, query, "", arena, found, out, err);
	out->path = row_for(listener, services, decoded, &out->variable, &slash);
	if (!out->path && (slash || is_root(listener, services, decoded)))
		return redirect(cleaned, query, "/", arena, found, out, err);
	if (!out->path) {
		*found = ROUTE_UNKNOWN;
		return STATUS_OK;
	}
	if (out->variable != VARIABLE_NONE) {
		if (!percent_decode(cleaned, false, arena, &all))
			return err_nomem(err, "a path");
		out->last = path_last(all);
	}
	*found = ROUTE_FOUND;
	return STATUS_OK;
}

const struct route *route_for_method(enum path_id path, enum http_method method)
{
	for (size_t i = 0; i < n_routes; i++) {
		if (routes[i].path == path && routes[i].method == method)
			return &routes[i];
	}
	/* A path without refusals answers all methods alike. */
	if (route_paths[path].refusal == REFUSAL_NONE) {
		for (size_t i = 0; i < n_routes; i++) {
			if (routes[i].path == path)
				return &routes[i];
		}
	}
	return NULL;
}

struct slice route_methods(enum path_id path, const char *between, struct arena *arena)
{
	struct slice out = SLICE_EMPTY;

	for (size_t i = 0; i < n_routes; i++) {
		if (routes[i].path != path)
			continue;
		if (!arena_printf(arena, &out, "%.*s%s%s", SLICE_ARG(out), out.len > 0 ? between : "",
				  http_method_name(routes[i].method)))
			return SLICE_EMPTY;
	}
	return out;
}
