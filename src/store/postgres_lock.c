/* SPDX-License-Identifier: Apache-2.0 */
/* postgres_lock.c - advisory locks of the session: the server drops them with the connection. */
#include "store/postgres_impl.h"

#include <stdlib.h>

enum status pg_lock_key(const char *prefix, struct slice name, uint64_t *out, struct err *err)
{
	struct buf AUTO(buf_fini) text = BUF_INIT((size_t)1 << 16);
	struct digest d;

	buf_add_cstr(&text, prefix);
	buf_add(&text, name);
	TRY(buf_check(&text, "name of a lock", err));
	TRY(digest_of(DIGEST_SHA256, buf_slice(&text), &d, err));
	*out = 0;
	for (size_t i = 0; i < 8; i++)
		*out = *out << 8 | d.bytes[i];
	return STATUS_OK;
}

static enum status key_of(struct slice name, uint64_t *out, struct err *err)
{
	/* Clair, which may use the same database, takes a hash of the name alone. */
	return pg_lock_key("limpid lock ", name, out, err);
}

void pg_locks_lost(struct store *s)
{
	for (size_t i = 0; i < s->n_locks; i++)
		s->locks[i].lost = true;
}

bool pg_any_lock_lost(const struct store *s)
{
	for (size_t i = 0; i < s->n_locks; i++)
		if (s->locks[i].lost)
			return true;
	return false;
}

static struct pg_lock *find(struct store *s, uint64_t key)
{
	for (size_t i = 0; i < s->n_locks; i++)
		if (s->locks[i].key == key)
			return &s->locks[i];
	return NULL;
}

static enum status ask(struct store *s, const char *sql, uint64_t key, bool *out, struct err *err)
{
	struct pg_args args = PG_NO_ARGS;
	PGresult AUTO(pg_result_free) *r = NULL;

	pg_number(&args, (int64_t)key);
	TRY(pg_call(s, sql, &args, &r, err));
	*out = PQntuples(r) == 1 && pg_int(r, 0, 0) != 0;
	return STATUS_OK;
}

enum status postgres_lock(struct store *s, struct slice name, struct err *err)
{
	struct pg_lock *more;
	bool held = false;
	uint64_t key;

	TRY(key_of(name, &key, err));
	if (s->n_locks >= STORE_LOCKS_MAX)
		return err_set(err, STATUS_LIMIT, "more than %u locks at once", STORE_LOCKS_MAX);
	/* The server would count it. */
	if (find(s, key))
		return err_set(err, STATUS_CONFLICT, "another process is at it, or this one");
	more = reallocarray(s->locks, s->n_locks + 1, sizeof(*more));
	if (!more)
		return err_nomem(err, "locks");
	s->locks = more;
	TRY(ask(s, "SELECT pg_try_advisory_lock($1)::int", key, &held, err));
	if (!held)
		return err_set(err, STATUS_CONFLICT, "another process is at it");
	s->locks[s->n_locks++] = (struct pg_lock){ key, false };
	return STATUS_OK;
}

static void let_go(struct store *s, struct pg_lock lock)
{
	struct err ignored = ERR_INIT;
	bool was = false;

	if (lock.lost || !s->conn)
		return;
	/* Who cannot say that he lets go must not go on holding it. */
	if (ask(s, "SELECT pg_advisory_unlock($1)::int", lock.key, &was, &ignored) != STATUS_OK)
		pg_drop(s);
}

void postgres_unlock(struct store *s, struct slice name)
{
	struct err ignored = ERR_INIT; /* the name of a lock that is held has a key */
	struct pg_lock *l, lock;
	uint64_t key = 0;

	if (key_of(name, &key, &ignored) != STATUS_OK || !(l = find(s, key)))
		return;
	lock = *l;
	*l = s->locks[--s->n_locks];
	let_go(s, lock);
}

void postgres_unlock_all(struct store *s)
{
	struct pg_args none = PG_NO_ARGS;
	struct err ignored = ERR_INIT;
	bool held = false;

	for (size_t i = 0; i < s->n_locks; i++)
		held |= !s->locks[i].lost;
	s->n_locks = 0;
	if (held && s->conn && pg_call(s, "SELECT pg_advisory_unlock_all()::text", &none, NULL, &ignored) != STATUS_OK)
		pg_drop(s);
}

enum status postgres_lock_check(struct store *s, struct slice name, struct err *err)
{
	static const char sql[] =
		"SELECT count(*)::int FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND "
		"granted AND "
		"pid = pg_backend_pid() AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = "
		"current_database()) AND classid::bigint = ($1::bigint >> 32) & 4294967295 AND objid::bigint = "
		"$1::bigint & 4294967295";
	struct err_quote quote;
	bool held = false;
	uint64_t key;

	TRY(key_of(name, &key, err));
	if (!find(s, key))
		return err_set(err, STATUS_CONFLICT, "%s is not locked", err_slice(&quote, name));
	if (!find(s, key)->lost)
		TRY(ask(s, sql, key, &held, err));
	if (!held || find(s, key)->lost)
		return err_set(err, STATUS_CONFLICT, "the lock of %s was lost with the connection to PostgreSQL",
			       err_slice(&quote, name));
	return STATUS_OK;
}
