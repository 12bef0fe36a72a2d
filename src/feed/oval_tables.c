/* SPDX-License-Identifier: Apache-2.0 */
/* oval_tables.c - collects what OVAL definitions refer to, in a few bytes per id. */
#include "feed/oval_tables.h"

#include <stdlib.h>
#include <sys/random.h>

struct oval_entry {
	uint64_t id; /* hash; 0 = free */
	union {
		struct {
			uint64_t object, state;
		} test;
		uint32_t name;
		struct {
			uint32_t evr, arch;
			enum oval_op op;
		} state;
	};
};

void oval_tables_fini(struct oval_tables *t)
{
	free(t->tests.at);
	free(t->objects.at);
	free(t->states.at);
	buf_fini(&t->texts);
	buf_fini(&t->text);
}

static struct oval_entry *probe(const struct oval_table *table, uint64_t id)
{
	size_t i = (size_t)id & (table->cap - 1);

	while (table->at[i].id != 0 && table->at[i].id != id)
		i = (i + 1) & (table->cap - 1);
	return &table->at[i];
}

static bool grow(struct oval_table *table)
{
	struct oval_table bigger = { NULL, table->len, table->cap ? table->cap * 2 : 1024 };

	bigger.at = calloc(bigger.cap, sizeof(*bigger.at));
	if (!bigger.at)
		return false;
	for (size_t i = 0; i < table->cap; i++)
		if (table->at[i].id != 0)
			*probe(&bigger, table->at[i].id) = table->at[i];
	free(table->at);
	*table = bigger;
	return true;
}

static struct oval_entry *insert(struct oval_table *table, uint64_t id)
{
	struct oval_entry *e;

	if (table->len * 4 >= table->cap * 3 && !grow(table))
		return NULL;
	e = probe(table, id);
	table->len += e->id == 0;
	e->id = id;
	return e;
}

static const struct oval_entry *find(const struct oval_table *table, uint64_t id)
{
	const struct oval_entry *e = table->cap ? probe(table, id) : NULL;

	return e && e->id != 0 ? e : NULL;
}

static uint64_t key(const struct oval_tables *t, struct slice id)
{
	uint64_t h = slice_hash(id, t->seed);

	return h ? h : 1;
}

/* Keep a text and give its place. */
static uint32_t keep(struct oval_tables *t, struct slice text)
{
	uint32_t at = (uint32_t)t->texts.len;

	if (text.len == 0)
		return 0;
	buf_add(&t->texts, text);
	buf_add_byte(&t->texts, 0);
	return at;
}

/* Azure Linux has "0: 1.20.10-1.azl3"; rpm passes over the blank. */
static uint32_t keep_evr(struct oval_tables *t, struct slice text)
{
	uint32_t at = (uint32_t)t->texts.len;

	if (text.len == 0)
		return 0;
	for (size_t i = 0; i < text.len; i++)
		if (!is_space(text.ptr[i]))
			buf_add_byte(&t->texts, text.ptr[i]);
	buf_add_byte(&t->texts, 0);
	return at;
}

static struct slice text_at(const struct oval_tables *t, uint32_t at)
{
	return at == 0 || at >= t->texts.len ? SLICE_EMPTY : slice_cstr((const char *)t->texts.ptr + at);
}

static struct slice attr(const struct xml_attr *attrs, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_eq(attrs[i].name, slice_cstr(name)))
			return attrs[i].value;
	return SLICE_EMPTY;
}

static void begin(struct oval_tables *t, const struct xml_attr *attrs, size_t n)
{
	t->id = key(t, attr(attrs, n, "id"));
	t->object = t->state = 0;
	t->op = OVAL_OTHER;
	t->evr = t->arch = 0;
}

/* Tests of installed packages; Ubuntu's documents for images look into a manifest file instead. */
static bool is_kind(struct slice name, struct slice suffix)
{
	return slice_ends(name, suffix) &&
	       (slice_starts(name, SLICE("rpminfo_")) || slice_starts(name, SLICE("dpkginfo_")) ||
		slice_starts(name, SLICE("textfilecontent54_")));
}

static bool is_version(struct slice name, const struct xml_attr *attrs, size_t n)
{
	return slice_eq(name, SLICE("evr")) || (slice_eq(name, SLICE("subexpression")) &&
						slice_eq(attr(attrs, n, "datatype"), SLICE("debian_evr_string")));
}

static enum status on_start(void *ctx, struct slice name, const struct xml_attr *attrs, size_t n, struct err *err)
{
	struct oval_tables *t = ctx;

	(void)err;
	if (t->seed == 0) {
		if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) < 0 || t->seed == 0)
			t->seed = 1;
		buf_add_byte(&t->texts, 0);
	}
	buf_reset(&t->text);
	if (++t->depth == 2 && slice_eq(name, SLICE("definitions")))
		t->definitions_seen++;
	if (is_kind(name, SLICE("_test"))) {
		t->in = OVAL_IN_TEST;
		begin(t, attrs, n);
	} else if (is_kind(name, SLICE("_object"))) {
		t->in = OVAL_IN_OBJECT;
		begin(t, attrs, n);
	} else if (is_kind(name, SLICE("_state"))) {
		t->in = OVAL_IN_STATE;
		begin(t, attrs, n);
	} else if (t->in == OVAL_IN_TEST && slice_eq(name, SLICE("object"))) {
		t->object = key(t, attr(attrs, n, "object_ref"));
	} else if (t->in == OVAL_IN_TEST && slice_eq(name, SLICE("state"))) {
		t->state = key(t, attr(attrs, n, "state_ref"));
	} else if (t->in == OVAL_IN_STATE && is_version(name, attrs, n)) {
		struct slice op = attr(attrs, n, "operation");

		t->reading_version = true;
		t->op = slice_eq(op, SLICE("less than"))	    ? OVAL_LESS
			: slice_eq(op, SLICE("less than or equal")) ? OVAL_LESS_OR_EQUAL
								    : OVAL_OTHER;
	}
	return STATUS_OK;
}

static enum status on_text(void *ctx, struct slice text, struct err *err)
{
	struct oval_tables *t = ctx;

	(void)err;
	if (t->in != OVAL_IN_NOTHING)
		buf_add(&t->text, slice_take(text, t->text.max - t->text.len));
	return STATUS_OK;
}

static enum status end_element(struct oval_tables *t, struct slice name, struct err *err)
{
	struct slice text = slice_trim(buf_slice(&t->text));
	struct oval_entry *e = NULL;
	bool done = true;

	if (t->in == OVAL_IN_OBJECT && slice_eq(name, SLICE("name"))) {
		e = insert(&t->objects, t->id);
		if (e)
			e->name = keep(t, text);
	} else if (t->in == OVAL_IN_TEST && is_kind(name, SLICE("_test"))) {
		e = insert(&t->tests, t->id);
		if (e) {
			e->test.object = t->object;
			e->test.state = t->state;
		}
	} else if (t->in == OVAL_IN_STATE && is_kind(name, SLICE("_state"))) {
		e = insert(&t->states, t->id);
		if (e) {
			e->state.evr = t->evr;
			e->state.arch = t->arch;
			e->state.op = t->op;
		}
	} else {
		done = false;
	}
	return done && !e ? err_nomem(err, "OVAL") : STATUS_OK;
}

static enum status on_end(void *ctx, struct slice name, struct err *err)
{
	struct oval_tables *t = ctx;
	struct slice text = slice_trim(buf_slice(&t->text));

	t->depth--;
	if (t->in == OVAL_IN_NOTHING)
		return STATUS_OK;
	if (t->in == OVAL_IN_STATE && t->reading_version)
		t->evr = keep_evr(t, text);
	else if (t->in == OVAL_IN_STATE && slice_eq(name, SLICE("arch")))
		t->arch = keep(t, text);
	t->reading_version = false;
	TRY(end_element(t, name, err));
	if (is_kind(name, SLICE("_test")) || is_kind(name, SLICE("_object")) || is_kind(name, SLICE("_state")))
		t->in = OVAL_IN_NOTHING;
	buf_reset(&t->text);
	return buf_check(&t->texts, "the texts of an OVAL document", err);
}

struct xml_sink oval_tables_sink(struct oval_tables *t)
{
	return (struct xml_sink){ on_start, on_end, on_text, t };
}

bool oval_tables_test(const struct oval_tables *t, struct slice id, struct oval_test *out)
{
	const struct oval_entry *test = find(&t->tests, key(t, id)), *object, *state;

	if (!test)
		return false;
	object = find(&t->objects, test->test.object);
	state = find(&t->states, test->test.state);
	*out = (struct oval_test){ .name = object ? text_at(t, object->name) : SLICE_EMPTY };
	if (state) {
		out->evr = text_at(t, state->state.evr);
		out->arch = text_at(t, state->state.arch);
		out->op = state->state.op;
		/* "^(x86_64|aarch64)$" or "x86_64|aarch64" */
		if (slice_starts(out->arch, SLICE("^")))
			out->arch = slice_from(out->arch, 1);
		if (slice_ends(out->arch, SLICE("$")))
			out->arch.len--;
		if (slice_starts(out->arch, SLICE("(")) && slice_ends(out->arch, SLICE(")")))
			out->arch = slice_take(slice_from(out->arch, 1), out->arch.len - 2);
	}
	return true;
}
