/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - the settings of the service: Clair's keys, and limpid's own below `limpid:`.
 *
 * struct config is plain data. settings.def has a row for each member: its path in the file, type, default, the modes
 * that ask it. All memory is the arena's in the struct, so a loaded config is read-only and may be shared by threads.
 *
 * Slices of a config have a NUL after them (config_cstr()). Durations are nanoseconds. A list that was not given is
 * told from an empty one.
 */
#ifndef LIMPID_CONFIG_CONFIG_H
#define LIMPID_CONFIG_CONFIG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"

enum config_mode { CONFIG_COMBO, CONFIG_INDEXER, CONFIG_MATCHER, CONFIG_NOTIFIER, CONFIG_MODES };

/* Where a service keeps its state. */
enum config_engine {
	CONFIG_SQLITE,	 /* in limpid.data_dir */
	CONFIG_POSTGRES, /* by connstring; an empty one means libpq's variables */
};

/* In the order of the row's choices. */
enum config_log_level {
	CONFIG_LOG_INFO,
	CONFIG_LOG_DEBUG_COLOR, /* debug, as text */
	CONFIG_LOG_DEBUG,
	CONFIG_LOG_WARN,
	CONFIG_LOG_ERROR,
	CONFIG_LOG_FATAL,
	CONFIG_LOG_PANIC,
};
enum config_log_format { CONFIG_LOG_JSON, CONFIG_LOG_TEXT };
enum config_compression { CONFIG_COMPRESSION_UNSET, CONFIG_COMPRESSION_NONE, CONFIG_COMPRESSION_GZIP };

struct config_list {
	const struct slice *at;
	size_t n;
	bool given; /* false: absent or null, which means "all" where a list chooses */
};

/* Names with texts: headers; a header with several values is several pairs. */
struct config_pair {
	struct slice name, value;
};
struct config_pairs {
	const struct config_pair *at;
	size_t n;
};

/* What belongs to one scanner, updater or matcher, as JSON text: who it is for knows what it means. */
struct config_block {
	struct slice name, json;
};
struct config_blocks {
	const struct config_block *at;
	size_t n;
};

struct config_tls {
	bool present;
	struct slice cert, key; /* paths, PEM; both or none */
	struct slice root_ca;	/* path, PEM; added to the system's for outgoing connections */
};

struct config_otlp {
	bool present;
	enum config_compression compression;
	struct slice endpoint; /* host:port */
	struct config_pairs headers;
	bool insecure;
	int64_t timeout;
	struct config_tls client_tls;
	struct slice url_path;	     /* http only */
	int64_t reconnect;	     /* grpc only */
	struct slice service_config; /* grpc only */
};

struct config_indexer {
	enum config_engine engine; /* derived */
	struct slice connstring;
	int64_t scanlock_retry; /* seconds */
	int64_t layer_scan_concurrency;
	int64_t index_report_request_concurrency; /* negative: unlimited */
	bool migrations;
	bool airgap;
	struct config_blocks scanner_package, scanner_dist, scanner_repo;
};

struct config_matcher {
	enum config_engine engine; /* derived */
	struct slice connstring;
	struct slice indexer_addr; /* URL */
	int64_t period;
	int64_t update_retention; /* operations kept per updater; 0: all */
	int64_t cache_age;
	bool migrations;
	bool disable_updaters;
	bool disable_enrichment;
	int64_t max_conn_pool; /* without effect, as Clair's */
};

struct config_webhook {
	bool present;
	struct slice target, callback; /* URLs; callback ends in a slash */
	struct config_pairs headers;
	bool sign; /* without effect: auth.psk decides */
};

struct config_amqp {
	bool present;
	struct config_tls tls;
	struct slice exchange_name, exchange_type;
	bool exchange_durability, exchange_auto_delete;
	struct slice routing_key, callback;
	struct config_list uris;
	int64_t rollup;
	bool direct;
};

struct config_stomp {
	bool present;
	struct config_tls tls;
	bool user_present;
	struct slice login, passcode;
	struct slice callback, destination;
	struct config_list uris; /* host:port */
	int64_t rollup;
	bool direct;
};

struct config_notifier {
	enum config_engine engine; /* derived */
	struct slice connstring;
	struct slice indexer_addr, matcher_addr; /* URLs */
	int64_t poll_interval, delivery_interval;
	bool disable_summary;
	bool migrations;
	struct config_webhook webhook;
	struct config_amqp amqp;
	struct config_stomp stomp;
};

struct config_auth {
	bool psk;	      /* the API asks for tokens */
	struct slice psk_key; /* decoded bytes */
	struct config_list psk_iss;
	bool keyserver; /* removed from Clair; an error here, since it would mean no authentication */
	struct slice keyserver_api, keyserver_intraservice;
};

struct config_trace {
	struct slice name; /* "", otlp, stdout; others are off */
	bool probability_given;
	double probability;
	struct config_otlp http, grpc;
	struct slice jaeger_agent_endpoint, jaeger_collector_endpoint, jaeger_username, jaeger_password;
	struct slice jaeger_service_name;
	struct config_pairs jaeger_tags;
	int64_t jaeger_buffer_max;
	struct slice sentry_dsn, sentry_environment;
};

struct config_metrics {
	struct slice name; /* prometheus, otlp, stdout; others: none */
	struct slice prometheus_endpoint;
	struct config_otlp http, grpc;
};

/* limpid.http: the server. */
struct config_http {
	struct slice client_ca; /* path, PEM: clients must have a certificate of it */
	uint64_t max_body;	/* bytes of a request's body, unless its route has a cap of its own */
	int64_t workers;	/* threads that run handlers */
	int64_t queue;		/* requests that may wait for one */
	int64_t connections;
	int64_t connections_per_address; /* 0: no cap */
	int64_t idle_timeout;
	int64_t request_timeout;
	int64_t drain_delay, drain_timeout;
	bool compression;
};

/* limpid.fetch: how layers are fetched. */
struct config_fetch {
	bool private_addresses, loopback, link_local; /* may be dialled */
	struct config_list allow, deny;		      /* CIDR or host; deny wins, allow overrides the three above */
	int64_t per_host;			      /* connections */
	int64_t connect_timeout, idle_timeout, layer_timeout;
	int64_t redirects;
	bool insecure_tls;
	struct slice proxy;
};

/* limpid.push: layers that clients upload. */
struct config_push {
	bool enabled;
	uint64_t space; /* bytes of all layers that wait for their manifest */
	int64_t keep_for;
};

/* limpid.updates: the updaters' runs. */
struct config_updates {
	struct slice mirror; /* folder or URL; empty: the origins */
	bool on_start;
	int64_t timeout; /* of one run */
};

/* In the order of the row's choices. */
enum config_starttls { CONFIG_STARTTLS_REQUIRED, CONFIG_STARTTLS_OPTIONAL, CONFIG_STARTTLS_NO };

/* In the order of the row's choices, which is that of model/severities.def. */
enum config_severity {
	CONFIG_SEVERITY_UNKNOWN,
	CONFIG_SEVERITY_NEGLIGIBLE,
	CONFIG_SEVERITY_LOW,
	CONFIG_SEVERITY_MEDIUM,
	CONFIG_SEVERITY_HIGH,
	CONFIG_SEVERITY_CRITICAL
};

/* limpid.notifier.smtp: mail through a relay. */
struct config_smtp {
	bool present;
	struct slice server; /* smtp:// or smtps:// URL */
	enum config_starttls starttls;
	struct config_tls tls;
	struct slice hello; /* this machine's name for the relay */
	struct slice user, password;
	struct slice from, subject;
	struct config_list to;
	struct slice callback; /* URL, ends in a slash */
	int64_t rollup;	       /* entries told in one mail */
};

/* limpid.notifier: what Clair v4 has no keys for. */
struct config_delivery {
	int64_t attempts; /* 0: until the notification is old */
	int64_t retry_interval;
	int64_t max_age;   /* then a notification is given up */
	int64_t retention; /* of delivered ones, and of those given up */
	enum config_severity severity;
	bool first_run; /* tell of a source's first operation, too */
	int64_t connect_timeout, timeout;
	struct config_tls webhook_tls;
	int64_t webhook_redirects;
	struct slice stomp_host; /* virtual host; empty: the broker's name */
	struct config_smtp smtp;
	bool jsonl_present;
	struct slice jsonl_path;
	bool jsonl_sync;	  /* to the disk, after each notification */
	struct slice v1_endpoint; /* URL that gets Clair v2's {"Notification":{"Name":...}} */
	struct slice v1_server_name;
	struct config_tls v1_tls;
	struct slice v1_proxy;
};

/* limpid.v1: the API of Clair v1 to v3. */
struct config_v1 {
	bool enabled;
	struct slice page_key;	/* 32 bytes, decoded; empty: made once, and kept in the store */
	struct slice layer_dir; /* below it a layer's path may be a file; empty: nowhere */
};

struct config_harbor {
	bool enabled;
	struct slice api_key; /* "" : none is asked for */
};

enum config_unknown_images { CONFIG_UNKNOWN_ALLOW, CONFIG_UNKNOWN_WARN, CONFIG_UNKNOWN_DENY };
struct config_admission {
	enum config_severity deny_on;
	bool only_fixed;
	enum config_unknown_images unknown;
	struct slice token; /* "" : none is asked for */
};

/* limpid.policy: what the operator says of findings. */
struct config_policy {
	struct config_list ignore, vex; /* paths */
	bool remove;			/* what they take back leaves the reports, too */
};

struct config_limpid {
	struct slice data_dir;
	enum config_log_format log_format;
	bool status_page;
	struct config_policy policy;
	int64_t index_workers;	      /* layers parsed at once */
	int64_t database_connections; /* per process and database; 0: the connstring's pool_max_conns, or the engine's
					 choice */
	int64_t report_retention;     /* index reports that nobody asked for so long are dropped; 0: never */
	struct config_http http;
	struct config_fetch fetch;
	struct config_push push;
	struct config_updates updates;
	struct config_delivery notifier;
	struct config_v1 v1;
	struct config_harbor harbor;
	struct config_admission admission;
	struct limits limits;
};

enum config_problem_kind {
	CONFIG_ERROR,	/* the config cannot be used */
	CONFIG_WARNING, /* probably not what was meant */
};

struct config_problem {
	enum config_problem_kind kind;
	const char *file;      /* NULL: of no file */
	unsigned line, column; /* from 1; 0 if not known */
	struct slice path;     /* "indexer.connstring", as Clair's `(at $.indexer.connstring)`; may be empty */
	struct slice text;
};

/* Where a value comes from. */
enum config_origin_kind {
	CONFIG_FROM_DEFAULT,
	CONFIG_FROM_FILE,
	CONFIG_DERIVED, /* from other settings, the machine, or because the value given is not possible */
	CONFIG_FROM_ARGUMENT,
};
struct config_origin {
	enum config_origin_kind kind;
	const char *file;
	unsigned line;
	bool mended; /* a file gave a value that is not used as it stands */
};

struct config {
	struct arena arena;
	enum config_mode mode;
	bool embedded;			 /* no file was read */
	const char *file;		 /* the one that was read, beside its drop-ins; NULL: none */
	bool unreadable;		 /* a file could not be read at all */
	bool v2;			 /* the file was one of Clair v2 */
	struct slice http_listen_addr;	 /* host:port; an empty host is all addresses */
	struct slice introspection_addr; /* host:port */
	enum config_log_level log_level;
	struct config_tls tls;
	struct config_indexer indexer;
	struct config_matcher matcher;
	struct config_blocks matchers_config;
	struct config_list matchers_names;
	struct config_list updaters_sets;
	struct config_blocks updaters_config;
	struct slice updaters_filter; /* without effect, as Clair's */
	struct config_notifier notifier;
	struct config_auth auth;
	struct config_trace trace;
	struct config_metrics metrics;
	struct config_limpid limpid;

	struct config_problem *problems; /* in the order they were found */
	size_t n_problems, n_errors;
	struct config_origin *origins; /* one for each row of settings.def; see config_settings() */
};

struct config_request {
	const char *path; /* the file; NULL: no file, the embedded default on loopback */
	enum config_mode mode;
	const char *data_dir; /* unless limpid.data_dir says else; may be NULL */
	/* A variable of the environment, for ${NAME}; NULL if it is not set. May be NULL: none is set. */
	const char *(*variable)(void *ctx, const char *name);
	void *ctx;
	const char *const *updaters; /* names that updaters.sets may have, ended by NULL; NULL: any */
	unsigned cpus;		     /* 0: those this process may use */
};

/*
 * Load a file of Clair v4 or v2 with its drop-ins, fill in defaults and check. Every error is in out->problems, the
 * first one also in *err: STATUS_IO if the file cannot be read, STATUS_MALFORMED if it is no YAML or JSON,
 * STATUS_INVALID for settings. config_fini() in any case.
 */
enum status config_load(const struct config_request *request, struct config *out, struct err *err) NODISCARD;
/* The same for the text of one file, without drop-ins and without reading any other file; request->path is its name. */
enum status config_load_text(const struct config_request *request, struct slice text, struct config *out,
			     struct err *err) NODISCARD;
void config_fini(struct config *c);
/* Path of the index-th setting that was given though nothing uses it in this version; NULL past the last. */
const char *config_not_yet(const struct config *c, size_t index);
/* Set one setting that is text in a file, by its path: what the command line says. STATUS_INVALID says what is wrong.
 */
enum status config_override(struct config *c, const char *path, const char *text, struct err *err) NODISCARD;

static inline const char *config_cstr(struct slice s)
{
	return s.len ? (const char *)s.ptr : "";
}
/* Where a service (CONFIG_INDEXER, ...) keeps its state, as store_open_url() takes it: a folder or a connstring. */
const char *config_store_where(const struct config *c, enum config_mode service);
/* Is a member of a block true? What is no JSON, or of another kind, was told by config_load() and is false. */
bool config_switch(const struct config_blocks *blocks, const char *block, const char *member);
const char *config_mode_name(enum config_mode mode);
/* Any case. */
bool config_mode_from_name(struct slice name, enum config_mode *out);
const char *config_log_level_name(enum config_log_level level);

#endif
