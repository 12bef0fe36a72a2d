/* SPDX-License-Identifier: Apache-2.0 */
/* router.h - from a request's target to a row of routes.def, as Go's ServeMux goes about it. No I/O. */
#ifndef LIMPID_SERVER_ROUTER_H
#define LIMPID_SERVER_ROUTER_H

#include "server/handler.h"

enum route_listener { LISTENER_API, LISTENER_INTROSPECTION };

/* Bits: what is in this process. */
enum route_services { SERVICE_ANY = 0, SERVICE_INDEXER = 1, SERVICE_MATCHER = 2, SERVICE_NOTIFIER = 4 };

enum route_group {
	GROUP_discovery,
	GROUP_indexerv1,
	GROUP_matcherv1,
	GROUP_notificationv1,
	GROUP_limpidv1,
	GROUP_layersv1,
	GROUPS
};

enum route_refusal { REFUSAL_NAME, REFUSAL_LIST, REFUSAL_EMPTY, REFUSAL_NONE };

enum route_body { BODY_NO_BODY, BODY_WHOLE, BODY_STREAM };

enum route_pool {
	POOL_INLINE,
#define POOL(name, threads, queue, code) POOL_##name,
#include "server/pools.def"
#undef POOL
	POOLS
};

enum route_variable { VARIABLE_NONE, VARIABLE_DIGEST, VARIABLE_LAST };

enum path_id {
#define PATH(id, listener, group, services, pattern, label, refusal) PATH_##id,
#define ROUTE(operation, path, method, body, cap, pool, handler)
#include "server/routes.def"
#undef PATH
#undef ROUTE
	PATHS
};

struct route_path {
	enum path_id id;
	enum route_listener listener;
	enum route_group group;
	unsigned services; /* bits; one of them must be there, unless 0 */
	const char *pattern;
	const char *label; /* "handler" of metrics */
	enum route_refusal refusal;
};

struct route {
	const char *operation;
	enum path_id path;
	enum http_method method;
	enum route_body body;
	uint64_t cap; /* bytes of the body; 0: the setting */
	enum route_pool pool;
	http_handler *handler;
};

extern const struct route_path route_paths[PATHS];
extern const struct route routes[];
extern const size_t n_routes;

/* "discovery", ... as in the names of Clair's metrics. */
const char *route_group_name(enum route_group group);
const char *http_method_name(enum http_method method);
enum http_method http_method_from_name(struct slice name);

/* Take path and query out of a request's target, which may be an absolute URL. False if it is neither. */
bool target_split(struct slice target, struct slice *path, struct slice *query);

enum route_found {
	ROUTE_FOUND,
	ROUTE_REDIRECT, /* to match.location */
	ROUTE_UNKNOWN,	/* no such path */
	ROUTE_MALFORMED /* the path cannot be decoded */
};

struct route_match {
	const struct route_path *path;
	enum route_variable variable;
	struct slice last;     /* see struct request; in the arena, or of the pattern */
	struct slice location; /* of a redirect, with the query; in the arena */
};

/* Which row answers to the path. STATUS_NOMEM only. */
enum status route_find(enum route_listener listener, unsigned services, struct slice path, struct slice query,
		       struct arena *arena, enum route_found *found, struct route_match *out,
		       struct err *err) NODISCARD;

/* The route of a path for a method; NULL if the method is refused. */
const struct route *route_for_method(enum path_id path, enum http_method method);
/* "GET, DELETE", for Allow; and "GET or DELETE". Into the arena; empty when memory is short. */
struct slice route_methods(enum path_id path, const char *between, struct arena *arena);

/* Decode %XX; plus: + is a blank. False for a bad escape or when memory is short. */
bool percent_decode(struct slice in, bool plus, struct arena *arena, struct slice *out);
/* Go's path.Base: the last element without slashes at its end; "/" of only slashes, "." of nothing. */
struct slice path_last(struct slice path);

#endif
