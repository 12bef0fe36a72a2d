/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c - families of series, found by their label values without a lock. */
#include "server/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define SLOTS 64
#define COLLECTORS 16
#define MOST_BUCKETS 20

/* Upper bounds. SECONDS are Clair's; REQUEST too, with finer ones before them; for bytes Clair uses those of seconds.
 */
static const double bounds_SECONDS[] = { .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10 };
static const double bounds_REQUEST[] = { .001, .005, .025, .1, .5, .7, 1.1, 1.7, 2.7, 4.2,
					 6.5,  10,   15,   23, 36, 54, 83,  128, 196, 300 };
static const double bounds_BYTES[] = { 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864 };

/* Of Clair v2. */
static const double bounds_MILLISECONDS[] = { 9.375, 18.75, 37.5, 75, 150, 300, 600, 1200, 2400, 4800 };

struct bounds {
	const double *at;
	size_t n;
};
enum { BUCKETS_NONE, BUCKETS_SECONDS, BUCKETS_REQUEST, BUCKETS_BYTES, BUCKETS_MILLISECONDS };
static const struct bounds all_bounds[] = {
	[BUCKETS_NONE] = { NULL, 0 },
	[BUCKETS_SECONDS] = { bounds_SECONDS, ARRAY_LEN(bounds_SECONDS) },
	[BUCKETS_REQUEST] = { bounds_REQUEST, ARRAY_LEN(bounds_REQUEST) },
	[BUCKETS_BYTES] = { bounds_BYTES, ARRAY_LEN(bounds_BYTES) },
	[BUCKETS_MILLISECONDS] = { bounds_MILLISECONDS, ARRAY_LEN(bounds_MILLISECONDS) },
};

static const struct {
	const char *name, *labels, *help;
	enum metric_kind kind;
	int buckets;
} rows[METRIC_COUNT] = {
#define METRIC(id, kind_, name_, labels_, buckets_, help_)                                                             \
	[METRIC_##id] = { name_, labels_, help_, METRIC_KIND_##kind_, BUCKETS_##buckets_ },
#include "server/metrics.def"
#undef METRIC
};

struct series {
	struct series *next;	   /* of the slot; fixed once it is seen */
	struct slice key;	   /* the values, a NUL after each */
	_Atomic uint64_t bits;	   /* the value as the bits of a double */
	_Atomic uint64_t counts[]; /* of a histogram */
};

struct family {
	_Atomic(struct series *) slots[SLOTS];
	size_t n; /* under the lock */
};

struct metrics {
	pthread_mutex_t lock; /* for new series */
	pthread_mutex_t collecting;
	struct family families[METRIC_COUNT];
	struct {
		void (*fn)(void *ctx, struct metrics *m);
		void *ctx;
	} collectors[COLLECTORS];
	size_t n_collectors;
};

static double from_bits(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

static uint64_t to_bits(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

static void add_to(_Atomic uint64_t *bits, double n)
{
	uint64_t old = atomic_load_explicit(bits, memory_order_relaxed);

	while (!atomic_compare_exchange_weak(bits, &old, to_bits(from_bits(old) + n)))
		continue;
}

struct metrics *metrics_new(void)
{
	struct metrics *m = calloc(1, sizeof(*m));

	if (m) {
		pthread_mutex_init(&m->lock, NULL);
		pthread_mutex_init(&m->collecting, NULL);
	}
	return m;
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		for (size_t k = 0; k < SLOTS; k++) {
			struct series *s = atomic_load(&m->families[i].slots[k]);

			while (s) {
				struct series *next = s->next;

				free(s);
				s = next;
			}
		}
	}
	pthread_mutex_destroy(&m->collecting);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static size_t n_labels(enum metric_id id)
{
	size_t n = rows[id].labels[0] != '\0';

	for (const char *p = rows[id].labels; *p; p++)
		n += *p == ',';
	return n;
}

static struct series *lookup(struct series *s, struct slice key)
{
	while (s && !slice_eq(s->key, key))
		s = s->next;
	return s;
}

static struct series *insert(struct metrics *m, enum metric_id id, _Atomic(struct series *) *slot, struct slice key)
{
	size_t counts = rows[id].kind == METRIC_KIND_HISTOGRAM ? all_bounds[rows[id].buckets].n + 1 : 0;
	struct family *f = &m->families[id];
	struct series *s;
	uint8_t *copy;

	pthread_mutex_lock(&m->lock);
	s = lookup(atomic_load(slot), key);
	if (!s && f->n < METRIC_SERIES) {
		s = calloc(1, sizeof(*s) + counts * sizeof(s->counts[0]) + key.len + 1);
		if (s) {
			copy = (uint8_t *)&s->counts[counts];
			if (key.len > 0)
				memcpy(copy, key.ptr, key.len);
			s->key = slice_make(copy, key.len);
			s->next = atomic_load(slot);
			atomic_store_explicit(slot, s, memory_order_release);
			f->n++;
		}
	}
	pthread_mutex_unlock(&m->lock);
	return s;
}

static struct series *series_of(struct metrics *m, enum metric_id id, const char *const *values)
{
	uint8_t text[512];
	size_t n = n_labels(id), len = 0;
	struct slice key;
	_Atomic(struct series *) *slot;
	struct series *s;

	if (!m)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t l = strlen(values[i]) + 1;

		if (l > sizeof(text) - len)
			return NULL;
		memcpy(text + len, values[i], l);
		len += l;
	}
	key = slice_make(text, len);
	slot = &m->families[id].slots[slice_hash(key, 1) % SLOTS];
	s = lookup(atomic_load_explicit(slot, memory_order_acquire), key);
	return s ? s : insert(m, id, slot, key);
}

void metric_add(struct metrics *m, enum metric_id id, const char *const *values, double n)
{
	struct series *s = series_of(m, id, values);

	if (s)
		add_to(&s->bits, n);
}

void metric_set(struct metrics *m, enum metric_id id, const char *const *values, double value)
{
	struct series *s = series_of(m, id, values);

	if (s)
		atomic_store(&s->bits, to_bits(value));
}

void metric_observe(struct metrics *m, enum metric_id id, const char *const *values, double value)
{
	struct series *s = series_of(m, id, values);
	const struct bounds *b = &all_bounds[rows[id].buckets];
	size_t i = 0;

	if (!s)
		return;
	while (i < b->n && value > b->at[i])
		i++;
	atomic_fetch_add_explicit(&s->counts[i], 1, memory_order_relaxed);
	add_to(&s->bits, value);
}

bool metric_from_name(struct slice name, enum metric_id *out)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		if (slice_eq(name, slice_cstr(rows[i].name))) {
			*out = (enum metric_id)i;
			return true;
		}
	}
	return false;
}

bool metrics_collector(struct metrics *m, void (*fn)(void *ctx, struct metrics *m), void *ctx)
{
	bool room;

	pthread_mutex_lock(&m->collecting);
	room = m->n_collectors < COLLECTORS;
	if (room) {
		m->collectors[m->n_collectors].fn = fn;
		m->collectors[m->n_collectors++].ctx = ctx;
	}
	pthread_mutex_unlock(&m->collecting);
	return room;
}

void metrics_forget(struct metrics *m, const void *ctx)
{
	size_t n = 0;

	if (!m)
		return;
	pthread_mutex_lock(&m->collecting);
	for (size_t i = 0; i < m->n_collectors; i++) {
		if (m->collectors[i].ctx != ctx)
			m->collectors[n++] = m->collectors[i];
	}
	m->n_collectors = n;
	pthread_mutex_unlock(&m->collecting);
}

static void give_series(enum metric_id id, const struct series *s, void (*fn)(void *ctx, const struct metric_point *p),
			void *ctx)
{
	const struct bounds *b = &all_bounds[rows[id].buckets];
	uint64_t counts[MOST_BUCKETS + 1];
	struct metric_point p = { .id = id, .name = rows[id].name, .help = rows[id].help, .kind = rows[id].kind };
	struct slice labels = slice_cstr(rows[id].labels), key = s->key;

	while (p.n_labels < METRIC_LABELS && slice_word(&labels, ',', &p.labels[p.n_labels])) {
		slice_cut(key, '\0', &p.values[p.n_labels], &key);
		p.n_labels++;
	}
	p.value = from_bits(atomic_load_explicit(&s->bits, memory_order_relaxed));
	if (p.kind == METRIC_KIND_HISTOGRAM) {
		for (size_t i = 0; i <= b->n; i++)
			counts[i] = atomic_load_explicit(&s->counts[i], memory_order_relaxed);
		p.bounds = b->at;
		p.counts = counts;
		p.n_bounds = b->n;
	}
	fn(ctx, &p);
}

void metrics_each(struct metrics *m, void (*fn)(void *ctx, const struct metric_point *p), void *ctx)
{
	_Static_assert(ARRAY_LEN(bounds_REQUEST) <= MOST_BUCKETS, "room for all buckets");
	pthread_mutex_lock(&m->collecting);
	for (size_t i = 0; i < m->n_collectors; i++)
		m->collectors[i].fn(m->collectors[i].ctx, m);
	pthread_mutex_unlock(&m->collecting);
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		for (size_t k = 0; k < SLOTS; k++) {
			for (struct series *s = atomic_load(&m->families[i].slots[k]); s; s = s->next)
				give_series((enum metric_id)i, s, fn, ctx);
		}
	}
}

struct printing {
	struct buf *out;
	const char *family; /* whose head is printed */
};

static void print_labels(struct buf *out, const struct metric_point *p, const char *le)
{
	if (p->n_labels == 0 && !le)
		return;
	buf_add_byte(out, '{');
	for (size_t i = 0; i < p->n_labels; i++) {
		if (i > 0)
			buf_add_byte(out, ',');
		buf_add(out, p->labels[i]);
		buf_add_cstr(out, "=\"");
		for (size_t k = 0; k < p->values[i].len; k++) {
			uint8_t c = p->values[i].ptr[k];

			if (c == '"' || c == '\\')
				buf_add_byte(out, '\\');
			if (c == '\n')
				buf_add_cstr(out, "\\n");
			else
				buf_add_byte(out, c);
		}
		buf_add_byte(out, '"');
	}
	if (le)
		buf_printf(out, "%sle=\"%s\"", p->n_labels > 0 ? "," : "", le);
	buf_add_byte(out, '}');
}

static void print_number(struct buf *out, double d)
{
	if (d == rint(d) && fabs(d) < 1e15)
		buf_printf(out, " %.0f\n", d);
	else
		buf_printf(out, " %.17g\n", d);
}

static void print_histogram(struct buf *out, const struct metric_point *p)
{
	uint64_t sum = 0;
	char le[32];

	for (size_t i = 0; i <= p->n_bounds; i++) {
		sum += p->counts[i];
		if (i < p->n_bounds)
			snprintf(le, sizeof(le), "%.15g", p->bounds[i]);
		else
			snprintf(le, sizeof(le), "+Inf");
		buf_printf(out, "%s_bucket", p->name);
		print_labels(out, p, le);
		buf_printf(out, " %" PRIu64 "\n", sum);
	}
	buf_printf(out, "%s_sum", p->name);
	print_labels(out, p, NULL);
	print_number(out, p->value);
	buf_printf(out, "%s_count", p->name);
	print_labels(out, p, NULL);
	buf_printf(out, " %" PRIu64 "\n", sum);
}

static void print_point(void *ctx, const struct metric_point *p)
{
	static const char *const kinds[] = { "counter", "gauge", "histogram" };
	struct printing *pr = ctx;

	if (pr->family != p->name) {
		pr->family = p->name;
		buf_printf(pr->out, "# HELP %s %s\n# TYPE %s %s\n", p->name, p->help, p->name, kinds[p->kind]);
	}
	if (p->kind == METRIC_KIND_HISTOGRAM) {
		print_histogram(pr->out, p);
		return;
	}
	buf_add_cstr(pr->out, p->name);
	print_labels(pr->out, p, NULL);
	print_number(pr->out, p->value);
}

void metrics_print(struct metrics *m, struct buf *out)
{
	struct printing pr = { .out = out };

	metrics_each(m, print_point, &pr);
}
