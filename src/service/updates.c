/* SPDX-License-Identifier: Apache-2.0 */
/* updates.c - one thread that starts children when they are due, listens to them and reaps them. */
#include "service/updates.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETS_MAX 32u
#define LINE_BYTES 512u
/* Another node has it: look again then, it may have died. */
#define ELSEWHERE_S 60
/* After a run with failures: the first try again, doubled each time up to the period. */
#define RETRY_S INT64_C(900)
/* A child that was told to end gets so long. */
#define MERCY_MS 5000u
/* The longest that the thread sleeps: pids are looked after at least so often. */
#define NAP_MS 1000
/* Clocks of nodes may differ by so much. */
#define SKEW_S 300
#define STORE_VARIABLE "LIMPID_STORE="
#define SETTINGS_VARIABLE "LIMPID_UPDATERS="

struct set {
	char name[48]; /* argument of --set */
	int64_t next_s;
	bool forced, elsewhere;
	pid_t pid; /* 0: none */
	int log_fd;
	struct store_pool_lock *lock; /* while it runs */
	uint64_t started_ns;
	bool told_to_end;
	unsigned failures; /* in a row */
	int64_t started_s, ended_s;
	int exit_status;
	char line[LINE_BYTES], said[LINE_BYTES];
	size_t line_len;
};

struct updates {
	struct updates_options options; /* texts owned */
	char *program, *data_dir, *mirror;
	char *store, *settings; /* lines of the children's environment, or NULL */
	pthread_mutex_t lock; /* of the sets' states */
	struct set sets[SETS_MAX];
	size_t n_sets;
	pthread_t thread;
	bool started, stopping;
	int wake_fd;
};

static const char *const feed_names[] = {
#define FEED(file, name, what) name,
#include "feed/feeds.def"
#undef FEED
};

static const struct {
	const char *clair, *here;
} renamed[] = {
#define UPDATE_SET(clair, here) { clair, here },
#include "service/update_sets.def"
#undef UPDATE_SET
};

static void tell(const struct updates *u, enum service_level level, const char *message, const struct set *s,
		 const char *name, const char *value)
{
	struct service_field fields[] = { { "updater_set", slice_cstr(s->name) }, { name, slice_cstr(value) } };

	service_log(&u->options.events, level, message, fields, name ? 2 : 1);
}

/* ---- which sets ---- */

static void add_set(struct updates *u, const char *name)
{
	struct set *s = &u->sets[u->n_sets];

	for (size_t i = 0; i < u->n_sets; i++)
		if (strcmp(u->sets[i].name, name) == 0)
			return;
	if (u->n_sets == SETS_MAX || strlen(name) >= sizeof(s->name))
		return;
	*s = (struct set){
		.next_s = DATE_NONE, .log_fd = -1, .started_s = DATE_NONE, .ended_s = DATE_NONE, .exit_status = -1
	};
	memcpy(s->name, name, strlen(name) + 1);
	u->n_sets++;
}

#define NAMES_MAX 4 /* sets that one of Clair's stands for */

/* All that stand for a set of Clair's, or the one of that name. Returns how many. */
static size_t names_here(struct slice name, const char *out[NAMES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(renamed) && n < NAMES_MAX; i++)
		if (slice_eq(name, slice_cstr(renamed[i].clair)))
			out[n++] = renamed[i].here;
	for (size_t i = 0; i < ARRAY_LEN(feed_names) && n == 0; i++)
		if (slice_eq(name, slice_cstr(feed_names[i])))
			out[n++] = feed_names[i];
	return n;
}

bool updates_block_known(struct slice block)
{
	/* Its sources have two names. */
	bool known = slice_starts(block, SLICE("mariner-"));

	for (size_t i = 0; i < ARRAY_LEN(feed_names); i++)
		known |= slice_starts(block, slice_cstr(feed_names[i]));
	return known;
}

static void choose_sets(struct updates *u)
{
	for (size_t i = 0; u->options.all && i < ARRAY_LEN(feed_names); i++)
		add_set(u, feed_names[i]);
	for (size_t i = 0; !u->options.all && i < u->options.n_sets; i++) {
		const char *here[NAMES_MAX];
		size_t n = names_here(u->options.sets[i], here);
		struct service_field field = { "updater_set", u->options.sets[i] };

		for (size_t k = 0; k < n; k++)
			add_set(u, here[k]);
		if (n == 0)
			service_log(&u->options.events, SERVICE_WARN, "there is no such updater set here", &field, 1);
	}
}

/* ---- when ---- */

/* Up to a minute, at most a tenth of the period, either way: nodes and sets do not all ask at once. */
static int64_t jitter(int64_t period_s)
{
	int64_t most = MIN(period_s / 10, 60);
	uint32_t n = 0;

	if (most <= 0 || getrandom(&n, sizeof(n), GRND_NONBLOCK) != sizeof(n))
		return 0;
	return (int64_t)(n % (uint32_t)(2 * most + 1)) - most;
}

static int64_t period_of(const struct updates *u)
{
	return (int64_t)(u->options.period_ns / 1000000000);
}

/* When some source of the set was last tried, by whatever node. */
static enum status last_attempt(struct updates *u, const struct set *s, int64_t *out, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)64 << 20);
	struct store_source *sources;
	struct slice feed, name = slice_cstr(s->name);
	struct store *store;
	enum status st;
	size_t n;

	*out = DATE_NONE;
	slice_cut(name, '/', &feed, NULL);
	TRY(store_pool_take(u->options.store, 10000, &store, err));
	st = store_sources(store, &arena, &sources, &n, err);
	for (size_t i = 0; st == STATUS_OK && i < n; i++)
		/* What was tried in the future was tried by a clock that has been set since. */
		if (sources[i].last_attempt_s <= date_now() + SKEW_S && slice_eq(sources[i].feed, feed) &&
		    (feed.len == name.len || slice_eq(sources[i].name, name)))
			*out = MAX(*out, sources[i].last_attempt_s);
	store_pool_give(u->options.store, store);
	return st;
}

/* A run that went well is followed by the next after a period; others are tried again before. */
static int64_t next_after(const struct updates *u, const struct set *s, int64_t now)
{
	int64_t period = period_of(u), wait = period;

	if (s->failures > 0)
		wait = MIN(period, RETRY_S << MIN(s->failures - 1, 10u));
	return now + wait + jitter(wait);
}

/* ---- children ---- */

struct arguments {
	const char *at[16];
	char keep[16];
};

static void make_arguments(const struct updates *u, const struct set *s, struct arguments *a)
{
	size_t n = 0;

	a->at[n++] = "limpid-update";
	a->at[n++] = "--db";
	a->at[n++] = u->data_dir;
	a->at[n++] = "--set";
	a->at[n++] = s->name;
	a->at[n++] = "--no-progress";
	if (u->mirror && u->mirror[0] != '\0') {
		a->at[n++] = "--mirror";
		a->at[n++] = u->mirror;
	}
	snprintf(a->keep, sizeof(a->keep), "%u", u->options.keep);
	a->at[n++] = "--keep";
	a->at[n++] = a->keep;
	a->at[n] = NULL;
}

static bool is_ours(const char *line)
{
	return strncmp(line, STORE_VARIABLE, strlen(STORE_VARIABLE)) == 0 ||
	       strncmp(line, SETTINGS_VARIABLE, strlen(SETTINGS_VARIABLE)) == 0;
}

/* What the program gives, with the way to the store and what is said of updaters. Only the array is the caller's. */
static char **make_environment(const struct updates *u)
{
	char *const *given = u->options.environment;
	size_t n = 0, k = 0;
	char **out;

	while (given && given[n])
		n++;
	out = calloc(n + 3, sizeof(*out));
	if (!out)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (!is_ours(given[i]))
			out[k++] = given[i];
	if (u->store)
		out[k++] = u->store;
	if (u->settings)
		out[k++] = u->settings;
	return out;
}

static int spawn(const struct updates *u, const struct set *s, int log_fd, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	struct arguments arguments;
	char **environment = make_environment(u);
	sigset_t none, all;
	int failed;

	if (!environment)
		return ENOMEM;
	make_arguments(u, s, &arguments);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, log_fd, STDERR_FILENO);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	/* A group of its own: what a terminal sends to the server is not for it. */
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	failed = posix_spawn(pid, u->program, &actions, &attributes, (char *const *)(uintptr_t)arguments.at,
			     environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	free(environment);
	return failed;
}

static void start_child(struct updates *u, struct set *s, int64_t now)
{
	int pipe_fd[2], failed;
	pid_t pid = 0;

	if (pipe2(pipe_fd, O_CLOEXEC) != 0) {
		failed = errno;
	} else {
		failed = spawn(u, s, pipe_fd[1], &pid);
		close(pipe_fd[1]);
		if (failed)
			close(pipe_fd[0]);
	}
	pthread_mutex_lock(&u->lock);
	s->forced = s->elsewhere = false;
	s->started_s = now;
	s->started_ns = date_monotonic_ns();
	s->told_to_end = false;
	s->line_len = 0;
	s->pid = failed ? 0 : pid;
	if (failed) {
		s->failures++;
		s->exit_status = -1;
		s->next_s = next_after(u, s, now);
	} else {
		fcntl(pipe_fd[0], F_SETFL, O_NONBLOCK);
		s->log_fd = pipe_fd[0];
	}
	pthread_mutex_unlock(&u->lock);
	if (failed) {
		store_pool_unlock(s->lock);
		s->lock = NULL;
		tell(u, SERVICE_ERROR, "the updater could not be started", s, "error", strerror(failed));
	} else {
		tell(u, SERVICE_INFO, "update begins", s, NULL, NULL);
	}
}

static void put_off(struct updates *u, struct set *s, int64_t next_s, bool elsewhere)
{
	pthread_mutex_lock(&u->lock);
	s->next_s = next_s;
	s->elsewhere = elsewhere;
	pthread_mutex_unlock(&u->lock);
}

/* Due: with the set's lock, and unless another node has just done it. */
static void begin(struct updates *u, struct set *s, int64_t now)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(256);
	struct slice name;
	struct err err = ERR_INIT;
	int64_t last = DATE_NONE;
	enum status st;

	if (!arena_printf(&arena, &name, "updates/%s", s->name))
		return;
	st = store_pool_lock(u->options.store, name, 0, -1, &s->lock, &err);
	if (st == STATUS_CONFLICT) {
		put_off(u, s, now + MIN(ELSEWHERE_S, period_of(u)), true);
		return;
	}
	if (st == STATUS_OK && !s->forced)
		st = last_attempt(u, s, &last, &err);
	if (st == STATUS_OK && !s->forced && last != DATE_NONE && last + period_of(u) > now && s->failures == 0) {
		put_off(u, s, last + period_of(u) + MAX(jitter(period_of(u)), 0), false);
	} else if (st == STATUS_OK) {
		start_child(u, s, now);
		return;
	} else {
		tell(u, SERVICE_ERROR, "the updater cannot run", s, "error", err.msg);
		put_off(u, s, now + ELSEWHERE_S, false);
	}
	store_pool_unlock(s->lock);
	s->lock = NULL;
}

/* ---- what a child says ---- */

static void take_line(struct updates *u, struct set *s)
{
	s->line[s->line_len] = '\0';
	s->line_len = 0;
	if (s->line[0] == '\0')
		return;
	pthread_mutex_lock(&u->lock);
	memcpy(s->said, s->line, sizeof(s->said));
	pthread_mutex_unlock(&u->lock);
	tell(u, SERVICE_INFO, "update", s, "said", s->line);
}

static void listen_to(struct updates *u, struct set *s)
{
	char bytes[4096];
	ssize_t n;

	while (s->log_fd >= 0 && (n = read(s->log_fd, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		for (ssize_t i = 0; i < n; i++) {
			if (bytes[i] == '\n')
				take_line(u, s);
			else if (s->line_len + 1 < sizeof(s->line))
				s->line[s->line_len++] = bytes[i];
		}
	}
	if (s->line_len > 0)
		take_line(u, s);
}

static void ended(struct updates *u, struct set *s, int wait_status)
{
	bool good = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
	int64_t now = date_now();
	char text[48];

	listen_to(u, s);
	close(s->log_fd);
	pthread_mutex_lock(&u->lock);
	s->log_fd = -1;
	s->pid = 0;
	s->ended_s = now;
	s->exit_status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
	s->failures = good ? 0 : s->failures + 1;
	s->next_s = next_after(u, s, now);
	pthread_mutex_unlock(&u->lock);
	store_pool_unlock(s->lock);
	s->lock = NULL;
	if (WIFSIGNALED(wait_status))
		snprintf(text, sizeof(text), "signal %d", WTERMSIG(wait_status));
	else
		snprintf(text, sizeof(text), "exit status %d", WEXITSTATUS(wait_status));
	tell(u, good ? SERVICE_INFO : SERVICE_WARN, "update ended", s, "how", text);
	if (u->options.ended)
		u->options.ended(u->options.ctx, slice_cstr(s->name), good);
}

/* Has it ended, or does it take too long? */
static void look_after(struct updates *u, struct set *s)
{
	uint64_t age = date_monotonic_ns() - s->started_ns;
	struct err err = ERR_INIT;
	int wait_status;

	if (waitpid(s->pid, &wait_status, WNOHANG) == s->pid) {
		ended(u, s, wait_status);
		return;
	}
	if (!s->told_to_end && store_pool_lock_check(s->lock, &err) == STATUS_CONFLICT) {
		tell(u, SERVICE_WARN, "update is ended: another node may have begun it", s, NULL, NULL);
		kill(s->pid, SIGTERM);
		s->told_to_end = true;
	}
	if (age > u->options.timeout_ns && !s->told_to_end) {
		tell(u, SERVICE_WARN, "update is ended: it takes too long", s, NULL, NULL);
		kill(s->pid, SIGTERM);
		s->told_to_end = true;
	} else if (age > u->options.timeout_ns + (uint64_t)MERCY_MS * 1000000) {
		kill(s->pid, SIGKILL);
	}
}

/* ---- the thread ---- */

static bool is_stopping(struct updates *u)
{
	bool stopping;

	pthread_mutex_lock(&u->lock);
	stopping = u->stopping;
	pthread_mutex_unlock(&u->lock);
	return stopping;
}

static bool is_due(struct updates *u, struct set *s, int64_t now)
{
	int64_t latest = now + period_of(u) + MAX(period_of(u) / 10, ELSEWHERE_S) + SKEW_S;
	bool due;

	pthread_mutex_lock(&u->lock);
	/* The clock was set back: nobody waits for the old time to come again. */
	if (s->next_s > latest)
		s->next_s = now;
	due = s->pid == 0 && (s->forced || now >= s->next_s);
	pthread_mutex_unlock(&u->lock);
	return due;
}

/* Until somebody says something, a child ends (its pipe does), or a moment has passed. */
static void nap(struct updates *u)
{
	struct pollfd p[SETS_MAX + 1];
	nfds_t n = 0;
	uint64_t woken;

	p[n++] = (struct pollfd){ .fd = u->wake_fd, .events = POLLIN };
	for (size_t i = 0; i < u->n_sets; i++)
		if (u->sets[i].log_fd >= 0)
			p[n++] = (struct pollfd){ .fd = u->sets[i].log_fd, .events = POLLIN };
	if (poll(p, n, NAP_MS) > 0 && (p[0].revents & POLLIN))
		(void)!read(u->wake_fd, &woken, sizeof(woken));
	/* The pipe of a child that closed it, and has not ended yet, is always ready. */
	for (nfds_t i = 1; i < n; i++)
		if ((p[i].revents & (POLLHUP | POLLIN)) == POLLHUP)
			usleep(10000);
}

static void end_children(struct updates *u)
{
	uint64_t until = date_monotonic_ns() + (uint64_t)MERCY_MS * 1000000;
	bool any = true;

	for (size_t i = 0; i < u->n_sets; i++)
		if (u->sets[i].pid > 0)
			kill(u->sets[i].pid, SIGTERM);
	while (any) {
		any = false;
		for (size_t i = 0; i < u->n_sets; i++) {
			struct set *s = &u->sets[i];
			int wait_status;

			if (s->pid <= 0)
				continue;
			if (date_monotonic_ns() > until)
				kill(s->pid, SIGKILL);
			if (waitpid(s->pid, &wait_status, WNOHANG) == s->pid)
				ended(u, s, wait_status);
			else
				any = true;
		}
		if (any)
			usleep(10000);
	}
}

static void *run(void *arg)
{
	struct updates *u = arg;

	while (!is_stopping(u)) {
		int64_t now = date_now();

		for (size_t i = 0; i < u->n_sets; i++) {
			struct set *s = &u->sets[i];

			if (s->pid > 0) {
				listen_to(u, s);
				look_after(u, s);
			} else if (is_due(u, s, now)) {
				begin(u, s, now);
			}
		}
		nap(u);
	}
	end_children(u);
	return NULL;
}

/* ---- life ---- */

static bool copy_text(const char *text, char **out)
{
	*out = text ? strdup(text) : NULL;
	return !text || *out;
}

static bool make_variable(const char *name, const char *value, char **out)
{
	return !value || asprintf(out, "%s%s", name, value) >= 0;
}

enum status updates_new(const struct updates_options *options, struct updates **out, struct err *err)
{
	struct updates *u = calloc(1, sizeof(*u));
	int64_t now = date_now();

	if (!u)
		return err_nomem(err, "updates");
	u->options = *options;
	pthread_mutex_init(&u->lock, NULL);
	u->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (u->wake_fd < 0 || !copy_text(options->program, &u->program) ||
	    !copy_text(options->data_dir, &u->data_dir) || !copy_text(options->mirror, &u->mirror) ||
	    !make_variable(STORE_VARIABLE, options->connstring, &u->store) ||
	    !make_variable(SETTINGS_VARIABLE, options->settings, &u->settings)) {
		updates_free(u);
		return err_nomem(err, "updates");
	}
	choose_sets(u);
	for (size_t i = 0; i < u->n_sets; i++)
		u->sets[i].next_s = options->on_start ? now : next_after(u, &u->sets[i], now);
	*out = u;
	return STATUS_OK;
}

enum status updates_start(struct updates *u, struct err *err)
{
	errno = pthread_create(&u->thread, NULL, run, u);
	if (errno != 0)
		return err_errno(err, "a thread for updates");
	u->started = true;
	return STATUS_OK;
}

static void wake(struct updates *u)
{
	uint64_t one = 1;

	(void)!write(u->wake_fd, &one, sizeof(one));
}

void updates_free(struct updates *u)
{
	if (!u)
		return;
	if (u->started) {
		pthread_mutex_lock(&u->lock);
		u->stopping = true;
		pthread_mutex_unlock(&u->lock);
		wake(u);
		pthread_join(u->thread, NULL);
	}
	if (u->wake_fd >= 0)
		close(u->wake_fd);
	free(u->program);
	free(u->data_dir);
	free(u->mirror);
	free(u->store);
	free(u->settings);
	pthread_mutex_destroy(&u->lock);
	free(u);
}

/* ---- asking ---- */

static bool force(struct updates *u, struct slice set)
{
	bool found = false;

	pthread_mutex_lock(&u->lock);
	for (size_t i = 0; i < u->n_sets; i++) {
		struct slice name = slice_cstr(u->sets[i].name), feed;

		slice_cut(name, '/', &feed, NULL);
		if (set.len > 0 && !slice_eq(set, name) && !slice_eq(set, feed))
			continue;
		u->sets[i].forced = true;
		found = true;
	}
	pthread_mutex_unlock(&u->lock);
	if (found)
		wake(u);
	return found;
}

static enum status set_of_source(struct updates *u, struct slice name, struct arena *arena, struct slice *out,
				 struct err *err)
{
	struct store_source source;
	struct store *s;
	enum status st;

	TRY(store_pool_take(u->options.store, 10000, &s, err));
	st = store_source_get(s, name, arena, &source, err);
	store_pool_give(u->options.store, s);
	if (st == STATUS_OK)
		*out = source.feed;
	return st;
}

enum status updates_trigger(struct updates *u, struct slice name, struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT((size_t)1 << 20);
	const char *here[NAMES_MAX];
	size_t n = names_here(name, here);
	struct err_quote q;
	struct slice set;
	bool any = false;
	enum status st;

	for (size_t i = 0; i < n; i++)
		any |= force(u, slice_cstr(here[i]));
	if (any)
		return STATUS_OK;
	if (name.len == 0) {
		if (force(u, name))
			return STATUS_OK;
	} else if (n == 0) {
		st = set_of_source(u, name, &arena, &set, err);
		if (st == STATUS_OK && force(u, set))
			return STATUS_OK;
		if (st != STATUS_OK && st != STATUS_NOTFOUND)
			return st;
	}
	if (name.len == 0)
		return err_set(err, STATUS_NOTFOUND, "no updater is configured here (updaters.sets)");
	return err_set(err, STATUS_NOTFOUND, "there is no updater %s here", err_slice(&q, name));
}

enum status updates_states(struct updates *u, struct arena *arena, struct updates_state **out, size_t *out_n,
			   struct err *err)
{
	bool fine = true;

	*out_n = u->n_sets;
	*out = arena_array(arena, u->n_sets + 1, sizeof(**out));
	if (!*out)
		return err_nomem(err, "updates");
	pthread_mutex_lock(&u->lock);
	for (size_t i = 0; i < u->n_sets; i++) {
		const struct set *s = &u->sets[i];

		(*out)[i] = (struct updates_state){ .set = slice_cstr(s->name),
						    .running = s->pid > 0,
						    .elsewhere = s->elsewhere,
						    .started_s = s->started_s,
						    .ended_s = s->ended_s,
						    .exit_status = s->exit_status,
						    .next_s = s->next_s };
		fine = fine && arena_copy(arena, slice_cstr(s->said), &(*out)[i].said);
	}
	pthread_mutex_unlock(&u->lock);
	return fine ? STATUS_OK : err_nomem(err, "updates");
}
