/* SPDX-License-Identifier: Apache-2.0 */
/* scanner_table.c - clair-scanner's table and report, as scripts know them. */
#include "client/scanner.h"

#include "text/json_writer.h"
#include "text/terminal.h"

#include <stdlib.h>

#define COLUMNS 5
#define WRAP_COLUMNS 30
/* What a line beyond the limit costs, beside the square of its excess. */
#define TOO_LONG 100000

/* ---- order ---- */

struct place {
	unsigned rank;
	size_t row;
};

static int worst_first(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

enum status scanner_order(const struct scanner_rows *rows, bool all, struct arena *arena, size_t **out, size_t *out_n,
			  struct err *err)
{
	struct place *places = arena_array(arena, rows->n + 1, sizeof(*places));
	size_t n = 0;

	*out = arena_array(arena, rows->n + 1, sizeof(**out));
	if (!places || !*out)
		return err_nomem(err, "a table");
	for (size_t i = 0; i < rows->n; i++)
		if (all || rows->at[i].unapproved)
			places[n++] = (struct place){ rows->at[i].rank, i };
	if (n > 1)
		qsort(places, n, sizeof(*places), worst_first);
	for (size_t i = 0; i < n; i++)
		(*out)[i] = places[i].row;
	*out_n = n;
	return STATUS_OK;
}

/* ---- cells ---- */

struct cell {
	struct slice *lines;
	size_t n;
	size_t limit; /* columns at which it was wrapped: it takes no fewer, as tablewriter has it */
};

struct word {
	size_t begin, len; /* bytes of the text */
	size_t end;	   /* columns of the words up to this one, with a blank between them */
	int64_t cost;	   /* of the lines from this word on */
	size_t next;	   /* first word of the line after the one that begins here */
};

static size_t width_of(const struct word *words, size_t from, size_t to)
{
	return words[to - 1].end - (from > 0 ? words[from - 1].end + 1 : 0);
}

/*
 * The lines of least raggedness: the sum over all but the last of the squares of what is missing to the limit. A line
 * that grows past the limit only costs more the longer it gets, so that the search ends there.
 */
static void choose_breaks(struct word *words, size_t n, int64_t limit)
{
	for (size_t i = n; i-- > 0;) {
		words[i].cost = INT32_MAX;
		words[i].next = n;
		if ((int64_t)width_of(words, i, n) <= limit) {
			words[i].cost = 0;
			continue;
		}
		for (size_t j = i + 1; j < n; j++) {
			int64_t missing = limit - (int64_t)width_of(words, i, j);
			int64_t alone = missing * missing + (missing < 0 ? TOO_LONG : 0);

			if (missing < 0 && alone >= words[i].cost)
				break;
			if (alone + words[j].cost < words[i].cost) {
				words[i].cost = alone + words[j].cost;
				words[i].next = j;
			}
		}
	}
}

static struct word *split(struct slice text, struct arena *arena, size_t *out_n, size_t *longest)
{
	VEC(struct word) words = { NULL, 0, 0 };
	size_t end = 0, at = 0;

	*longest = 0;
	for (bool more = true; more;) {
		struct word *w = VEC_PUSH(&words, arena);
		struct slice word;
		size_t columns;

		if (!w)
			return NULL;
		more = slice_cut(slice_from(text, at), ' ', &word, NULL);
		columns = terminal_columns(word);
		*longest = MAX(*longest, columns);
		*w = (struct word){ .begin = at, .len = word.len, .end = end + columns };
		end = w->end + 1;
		at += word.len + 1;
	}
	*out_n = words.len;
	return words.at;
}

/* text has blanks for line ends; limit: the columns of its longest line, at most WRAP_COLUMNS. */
static bool wrap(struct slice text, size_t limit, struct arena *arena, struct cell *out)
{
	size_t n, longest, lines = 0;
	struct word *words = split(text, arena, &n, &longest);

	if (!words)
		return false;
	choose_breaks(words, n, (int64_t)MAX(limit, longest));
	for (size_t i = 0; i < n; i = words[i].next)
		lines++;
	out->lines = arena_array(arena, lines, sizeof(*out->lines));
	if (!out->lines)
		return false;
	for (size_t i = 0; i < n; i = words[i].next) {
		const struct word *last = &words[words[i].next - 1];

		out->lines[out->n++] =
			slice_take(slice_from(text, words[i].begin), last->begin + last->len - words[i].begin);
	}
	out->limit = limit;
	return true;
}

/* Words of an advisory: line ends part them, tabs are blanks, and nothing steers a terminal. */
static bool clean(struct slice text, struct arena *arena, struct slice *out, size_t *longest_line)
{
	struct buf AUTO(buf_fini) b = BUF_INIT(SIZE_MAX / 2);
	struct slice rest = text;
	bool more = true, copied;

	*longest_line = 0;
	while (more) {
		struct slice line;
		size_t before = b.len, columns;

		more = slice_cut(rest, '\n', &line, &rest);
		for (size_t i = 0; i < line.len; i++) {
			size_t n = terminal_harmless(slice_from(line, i));

			if (is_space(line.ptr[i])) {
				buf_add_byte(&b, ' ');
			} else {
				terminal_put(&b, slice_make(line.ptr + i, n ? n : 1));
				i += n ? n - 1 : 0;
			}
		}
		columns = terminal_columns(slice_from(buf_slice(&b), before));
		*longest_line = MAX(*longest_line, columns);
		if (more)
			buf_add_byte(&b, ' ');
	}
	copied = b.failed == STATUS_OK && arena_copy(arena, buf_slice(&b), out);
	return copied;
}

static bool make_cell(struct slice text, struct arena *arena, struct cell *out)
{
	size_t longest;

	return clean(text, arena, &text, &longest) && wrap(text, MIN(longest, (size_t)WRAP_COLUMNS), arena, out);
}

static bool make_row(const struct scanner_row *row, struct arena *arena, struct cell cells[COLUMNS])
{
	struct buf AUTO(buf_fini) text = BUF_INIT(SIZE_MAX / 2);
	struct slice severity;
	bool ok = arena_printf(arena, &severity, "%.*s %.*s", SLICE_ARG(row->severity), SLICE_ARG(row->id));

	buf_add(&text, row->description);
	buf_add_cstr(&text, "\n\n");
	buf_add(&text, row->link);
	return ok && text.failed == STATUS_OK &&
	       make_cell(row->unapproved ? SLICE("Unapproved") : SLICE("Approved"), arena, &cells[0]) &&
	       make_cell(severity, arena, &cells[1]) && make_cell(row->feature, arena, &cells[2]) &&
	       make_cell(row->version, arena, &cells[3]) && make_cell(buf_slice(&text), arena, &cells[4]);
}

/* ---- the table ---- */

static void put_blanks(struct buf *out, size_t n)
{
	for (; n > 0; n--)
		buf_add_byte(out, ' ');
}

static void put_rule(struct buf *out, const size_t widths[COLUMNS])
{
	for (size_t i = 0; i < COLUMNS; i++) {
		buf_add_cstr(out, "+-");
		for (size_t k = 0; k < widths[i]; k++)
			buf_add_byte(out, '-');
		buf_add_byte(out, '-');
	}
	buf_add_cstr(out, "+\n");
}

static void put_cells(struct buf *out, const struct cell cells[COLUMNS], const size_t widths[COLUMNS],
		      const char *colour)
{
	size_t height = 0;

	for (size_t i = 0; i < COLUMNS; i++)
		height = MAX(height, cells[i].n);
	for (size_t line = 0; line < height; line++) {
		for (size_t i = 0; i < COLUMNS; i++) {
			struct slice text = line < cells[i].n ? cells[i].lines[line] : SLICE_EMPTY;
			bool coloured = colour && i == 0 && text.len > 0;

			buf_add_cstr(out, "| ");
			if (coloured)
				buf_add_cstr(out, colour);
			buf_add(out, text);
			if (coloured)
				buf_add_cstr(out, "\033[0m");
			put_blanks(out, widths[i] - terminal_columns(text) + 1);
		}
		buf_add_cstr(out, "|\n");
	}
}

static void widen(size_t widths[COLUMNS], const struct cell cells[COLUMNS])
{
	for (size_t i = 0; i < COLUMNS; i++) {
		widths[i] = MAX(widths[i], cells[i].limit);
		for (size_t k = 0; k < cells[i].n; k++) {
			size_t columns = terminal_columns(cells[i].lines[k]);

			widths[i] = MAX(widths[i], columns);
		}
	}
}

static void put_heading(struct buf *out, const size_t widths[COLUMNS])
{
	static const char *const names[COLUMNS] = { "STATUS", "CVE SEVERITY", "PACKAGE NAME", "PACKAGE VERSION",
						    "CVE DESCRIPTION" };

	put_rule(out, widths);
	for (size_t i = 0; i < COLUMNS; i++) {
		buf_add_cstr(out, "| ");
		buf_add_cstr(out, names[i]);
		put_blanks(out, widths[i] - strlen(names[i]) + 1);
	}
	buf_add_cstr(out, "|\n");
	put_rule(out, widths);
}

enum status scanner_table(const struct scanner_rows *rows, const size_t *order, size_t n, bool colour, struct buf *out,
			  struct err *err)
{
	struct arena AUTO(arena_fini) arena = ARENA_INIT(SIZE_MAX);
	struct cell(*cells)[COLUMNS] = arena_array(&arena, n + 1, sizeof(*cells));
	/* Of the headings. */
	size_t widths[COLUMNS] = { 6, 12, 12, 15, 15 };

	if (!cells)
		return err_nomem(err, "a table");
	for (size_t i = 0; i < n; i++) {
		if (!make_row(&rows->at[order[i]], &arena, cells[i]))
			return err_nomem(err, "a table");
		widen(widths, cells[i]);
	}
	put_heading(out, widths);
	for (size_t i = 0; i < n; i++) {
		bool unapproved = rows->at[order[i]].unapproved;

		put_cells(out, cells[i], widths, !colour ? NULL : unapproved ? "\033[1;31m" : "\033[1;36m");
		put_rule(out, widths);
	}
	return buf_check(out, "a table", err);
}

/* ---- the report ---- */

static void put_vulnerability(struct json_writer *w, const struct scanner_row *row)
{
	json_object(w);
	json_member_str(w, "featurename", row->feature);
	json_member_str(w, "featureversion", row->version);
	json_member_str(w, "vulnerability", row->id);
	json_member_str(w, "namespace", row->space);
	json_member_str(w, "description", row->description);
	json_member_str(w, "link", row->link);
	json_member_str(w, "severity", row->severity);
	json_member_str(w, "fixedby", row->fix);
	json_close(w);
}

enum status scanner_report(const struct scanner_rows *rows, struct slice image, const size_t *order, struct buf *out,
			   struct err *err)
{
	struct json_writer w;

	json_writer_init(&w, out, 4);
	w.html_escape = true;
	json_object(&w);
	json_member_str(&w, "image", image);
	json_key(&w, "unapproved");
	json_array(&w);
	for (size_t i = 0; i < rows->n_unapproved; i++)
		json_string(&w, rows->unapproved[i]);
	json_close(&w);
	json_key(&w, "vulnerabilities");
	json_array(&w);
	for (size_t i = 0; i < rows->n; i++)
		put_vulnerability(&w, &rows->at[order ? order[i] : i]);
	json_close(&w);
	json_close(&w);
	return json_writer_end(&w, err);
}
