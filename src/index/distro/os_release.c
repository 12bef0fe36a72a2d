/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_release.c - what distribution an image is: os-release(5) and the files older systems have instead.
 *
 * Source and field-by-field meaning: docs/formats/os-release.md. Each file is read for itself; coalescing takes the one
 * that stands first in the table of files.
 */
#include "index/detector.h"
#include "text/cpe.h"

#define RELEASE_BYTES ((uint64_t)1 << 20) /* real ones have less than 2 KiB */
#define VALUE_BYTES 4096u		  /* of one value; longer ones are refused */

/* FILE_ROW(path, reader, ID where the path alone says it). The first that is there and names a system counts. */
#define FILES(FILE_ROW)                                                                                                \
	FILE_ROW("etc/os-release", read_os_release, "")                                                                \
	FILE_ROW("usr/lib/os-release", read_os_release, "")                                                            \
	FILE_ROW("etc/alpine-release", read_alpine, "alpine")                                                          \
	FILE_ROW("etc/oracle-release", read_release, "ol")                                                             \
	FILE_ROW("etc/almalinux-release", read_release, "almalinux")                                                   \
	FILE_ROW("etc/rocky-release", read_release, "rocky")                                                           \
	FILE_ROW("etc/fedora-release", read_release, "fedora")                                                         \
	FILE_ROW("etc/photon-release", read_release, "photon")                                                         \
	FILE_ROW("etc/mariner-release", read_release, "mariner")                                                       \
	FILE_ROW("etc/azurelinux-release", read_release, "azurelinux")                                                 \
	FILE_ROW("etc/openEuler-release", read_release, "openEuler")                                                   \
	FILE_ROW("etc/mageia-release", read_release, "mageia")                                                         \
	FILE_ROW("etc/SuSE-release", read_suse, "")                                                                    \
	FILE_ROW("etc/centos-release", read_release, "")                                                               \
	FILE_ROW("etc/system-release", read_release, "")                                                               \
	FILE_ROW("etc/redhat-release", read_release, "")                                                               \
	FILE_ROW("bin/freebsd-version", read_freebsd, "freebsd")                                                       \
	FILE_ROW("etc/lsb-release", read_lsb, "")                                                                      \
	FILE_ROW("etc/debian_version", read_debian, "debian")                                                          \
	FILE_ROW("etc/issue", read_issue, "")

static const struct path_rule rules[] = {
#define FILE_ROW(path, reader, id)                                                                                     \
	{ .match = PATH_EXACT, .text = path, .need = DETECT_WHOLE, .max_bytes = RELEASE_BYTES },
	FILES(FILE_ROW)
#undef FILE_ROW
		{ .text = NULL },
};

struct reading {
	const struct detect_file *file;
	const struct detect_env *env;
	const struct detect_sink *out;
	struct slice text; /* without a byte order mark */
	struct slice id;   /* what the path says */
	struct distribution d;
};

static uint64_t offset_of(const struct reading *r, struct slice part)
{
	return (uint64_t)(part.ptr - r->file->bytes.ptr);
}

static void bad_line(const struct reading *r, struct slice line, const char *what)
{
	struct err_quote q;

	diag_emit(r->out->diags, DIAG_FIELD, r->file->path, offset_of(r, line), "%s: \"%s\"", what,
		  err_slice(&q, line));
}

/* ---- KEY=value lines, quoted as for a shell ---- */

/*
 * The value as a shell would see it, in buf; without quotes at its beginning they are plain bytes, as in practice
 * nobody escapes an apostrophe. False if a quote is left open: then the value goes to the end of the line.
 */
static bool unquote(struct slice raw, uint8_t *buf, struct slice *out)
{
	bool shell = raw.len > 0 && (raw.ptr[0] == '"' || raw.ptr[0] == '\'');
	uint8_t quote = 0;
	size_t n = 0, end = 0; /* end: without blanks outside of quotes at the end */

	for (size_t i = 0; i < raw.len; i++) {
		uint8_t c = raw.ptr[i];

		if (quote ? c == quote : shell && (c == '"' || c == '\'')) {
			quote = quote ? 0 : c;
			end = n;
			continue;
		}
		if (!quote && c == '#' && i > 0 && is_space(raw.ptr[i - 1]))
			break;
		if (c == '\\' && quote != '\'' && i + 1 < raw.len &&
		    (!quote || memchr("\\\"$`", raw.ptr[i + 1], 4) != NULL))
			c = raw.ptr[++i];
		buf[n++] = c;
		if (quote || !is_space(c))
			end = n;
	}
	*out = slice_make(buf, end);
	return quote == 0;
}

static bool is_key(struct slice key)
{
	for (size_t i = 0; i < key.len; i++)
		if (!is_alnum(key.ptr[i]) && key.ptr[i] != '_')
			return false;
	return key.len > 0 && !is_digit(key.ptr[0]);
}

static bool is_text(struct slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((value.ptr[i] < ' ' && value.ptr[i] != '\t') || value.ptr[i] == 0x7f)
			return false;
	return true;
}

/* A key that is wanted and where its value goes. */
struct wanted {
	struct slice key;
	struct slice *value;
	bool seen;
};

static enum status take_value(const struct reading *r, struct slice line, struct slice raw, struct wanted *w,
			      struct err *err)
{
	struct slice value;
	uint8_t *buf;

	if (raw.len > VALUE_BYTES) {
		bad_line(r, line, "the value is longer than 4096 bytes");
		return STATUS_OK;
	}
	buf = arena_alloc(r->env->arena, raw.len + 1);
	if (!buf)
		return err_nomem(err, "os-release");
	if (!unquote(raw, buf, &value))
		bad_line(r, line, "a quote is left open");
	if (!is_text(value)) {
		bad_line(r, line, "the value has control bytes");
		return STATUS_OK;
	}
	if (!slice_is_utf8(value))
		diag_emit(r->out->diags, DIAG_ENCODING, r->file->path, offset_of(r, line), "the value is not UTF-8");
	if (w->seen)
		diag_emit(r->out->diags, DIAG_DUPLICATE, r->file->path, offset_of(r, line),
			  "%.*s is set a second time; the last one counts", SLICE_ARG(w->key));
	w->seen = true;
	*w->value = value;
	return STATUS_OK;
}

static enum status read_assignments(const struct reading *r, struct wanted *wanted, size_t n, struct err *err)
{
	struct slice rest = r->text, line;

	while (slice_line(&rest, &line)) {
		struct slice key, raw;

		line = slice_trim(line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (!slice_cut(line, '=', &key, &raw) || !is_key(slice_trim(key))) {
			bad_line(r, line, "a line that is no assignment");
			continue;
		}
		for (size_t i = 0; i < n; i++)
			if (slice_eq(slice_trim(key), wanted[i].key))
				TRY(take_value(r, line, slice_trim(raw), &wanted[i], err));
	}
	return STATUS_OK;
}

/* ---- what all files end with ---- */

static enum status emit(struct reading *r, struct err *err)
{
	r->d.path = r->file->path;
	return r->out->distribution(r->out->ctx, &r->d, err);
}

/* Amazon Linux leaves out the last attributes of the formatted string: they are ANY then. */
static bool complete_cpe(const struct reading *r, struct slice text, struct slice *out)
{
	static const char any[] = ":*:*:*:*:*:*:*:*:*:*:*:*";
	size_t colons = 0;

	*out = text;
	if (!slice_starts(text, SLICE("cpe:2.3:")))
		return true;
	for (size_t i = 0; i < text.len; i++)
		colons += text.ptr[i] == ':';
	return colons >= CPE_ATTRS + 1 ||
	       arena_printf(r->env->arena, out, "%.*s%.*s", SLICE_ARG(text), (int)(2 * (CPE_ATTRS + 1 - colons)), any);
}

static enum status take_cpe(struct reading *r, struct slice text, struct err *err)
{
	struct buf printed = BUF_INIT(VALUE_BYTES * 4);
	struct err why = ERR_INIT;
	struct err_quote q;
	struct slice whole;
	struct cpe cpe;
	bool ok = true;

	if (text.len == 0)
		return STATUS_OK;
	if (!complete_cpe(r, text, &whole))
		return err_nomem(err, "os-release");
	if (cpe_parse(whole, r->env->arena, &cpe, &why) == STATUS_OK) {
		cpe_print(&cpe, &printed);
		ok = printed.failed == STATUS_OK && arena_copy(r->env->arena, buf_slice(&printed), &r->d.cpe);
	} else {
		diag_emit(r->out->diags, DIAG_FIELD, r->file->path, ERR_NO_OFFSET, "CPE_NAME \"%s\": %s",
			  err_slice(&q, text), why.msg);
	}
	buf_fini(&printed);
	return ok ? STATUS_OK : err_nomem(err, "os-release");
}

/* The word in the parentheses that a text ends with: "7 (wheezy)". */
static struct slice in_parentheses(struct slice text)
{
	struct slice name = SLICE_EMPTY;

	if (!slice_ends(text, SLICE(")")) || !slice_rcut(slice_take(text, text.len - 1), '(', NULL, &name))
		return SLICE_EMPTY;
	return name;
}

/* Old releases of Debian do not say their code name. */
static void name_debian(struct distribution *d)
{
	if (d->version_code_name.len > 0 || !slice_eq_nocase(d->did, SLICE("debian")))
		return;
	d->version_code_name = in_parentheses(d->version);
	if (debian_release_by_codename(d->version_code_name).len == 0)
		d->version_code_name = debian_codename_by_release(d->version_id);
}

static enum status read_os_release(struct reading *r, struct err *err)
{
	struct distribution *d = &r->d;
	struct slice cpe = SLICE_EMPTY, ubuntu = SLICE_EMPTY;
	bool any = false;
	struct wanted wanted[] = {
		{ SLICE_INIT("ID"), &d->did, false },
		{ SLICE_INIT("ID_LIKE"), &d->id_like, false },
		{ SLICE_INIT("NAME"), &d->name, false },
		{ SLICE_INIT("VERSION"), &d->version, false },
		{ SLICE_INIT("VERSION_ID"), &d->version_id, false },
		{ SLICE_INIT("VERSION_CODENAME"), &d->version_code_name, false },
		{ SLICE_INIT("PRETTY_NAME"), &d->pretty_name, false },
		{ SLICE_INIT("VARIANT_ID"), &d->variant_id, false },
		{ SLICE_INIT("CPE_NAME"), &cpe, false },
		{ SLICE_INIT("UBUNTU_CODENAME"), &ubuntu, false },
	};

	TRY(read_assignments(r, wanted, ARRAY_LEN(wanted), err));
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		any |= wanted[i].value->len > 0;
	if (!any) {
		diag_emit(r->out->diags, DIAG_FIELD, r->file->path, ERR_NO_OFFSET, "os-release says nothing");
		return STATUS_OK;
	}
	if (d->did.len == 0)
		diag_emit(r->out->diags, DIAG_FIELD, r->file->path, ERR_NO_OFFSET, "os-release has no ID");
	TRY(take_cpe(r, cpe, err));
	if (d->version_code_name.len == 0 && slice_eq_nocase(d->did, SLICE("ubuntu")))
		d->version_code_name = ubuntu;
	name_debian(d);
	return emit(r, err);
}

/* ---- the files of older systems ---- */

/* The first line with something in it; empty if there is none. */
static struct slice first_line(struct slice text)
{
	struct slice line = SLICE_EMPTY;

	while (slice_line(&text, &line)) {
		line = slice_trim(line);
		if (line.len > 0)
			break;
	}
	return line;
}

static enum status says_nothing(const struct reading *r)
{
	struct err_quote q;

	diag_emit(r->out->diags, DIAG_FIELD, r->file->path, ERR_NO_OFFSET, "no name and version of a system in \"%s\"",
		  err_slice(&q, first_line(r->text)));
	return STATUS_OK;
}

static enum status fill_pretty_name(struct reading *r, struct err *err)
{
	struct distribution *d = &r->d;

	if (!arena_printf(r->env->arena, &d->pretty_name, "%.*s %.*s", SLICE_ARG(d->name), SLICE_ARG(d->version)))
		return err_nomem(err, "a release file");
	return STATUS_OK;
}

/* ID: what the path or a known name says; else the first word of the name, in lower case. */
static enum status take_name(struct reading *r, struct err *err)
{
	const struct distro *distro = distro_by_name(r->d.name);
	uint8_t *lower;
	struct slice word;

	r->d.did = r->id.len > 0 ? r->id : distro ? slice_cstr(distro_id(distro)) : SLICE_EMPTY;
	if (r->d.did.len > 0)
		return STATUS_OK;
	slice_cut(r->d.name, ' ', &word, NULL);
	lower = arena_alloc(r->env->arena, word.len + 1);
	if (!lower)
		return err_nomem(err, "a release file");
	for (size_t i = 0; i < word.len; i++)
		lower[i] = to_lower(word.ptr[i]);
	r->d.did = slice_make(lower, word.len);
	return STATUS_OK;
}

/* "NAME release VERSION (REMARK)" or "NAME VERSION ...": the version begins with the first word that has a digit in
 * front. */
static bool cut_version(struct slice line, struct slice *name, struct slice *version)
{
	for (size_t i = 1; i < line.len; i++) {
		if (!is_digit(line.ptr[i]) || line.ptr[i - 1] != ' ')
			continue;
		*version = slice_from(line, i);
		*name = slice_trim(slice_take(line, i));
		if (slice_ends(*name, SLICE(" release")))
			*name = slice_trim(slice_take(*name, name->len - strlen(" release")));
		return name->len > 0;
	}
	return false;
}

/* VERSION_ID: the word that VERSION begins with. */
static struct slice first_word(struct slice version)
{
	size_t n = 0;

	while (n < version.len && (is_alnum(version.ptr[n]) || memchr("._-+~", version.ptr[n], 5) != NULL))
		n++;
	return slice_take(version, n);
}

/* Fill in what one line says; false if it is none of "NAME VERSION". */
static bool split_line(struct reading *r, struct slice line)
{
	struct distribution *d = &r->d;

	if (line.len > VALUE_BYTES || !is_text(line) || !slice_is_utf8(line) ||
	    !cut_version(line, &d->name, &d->version))
		return false;
	d->version_id = first_word(d->version);
	d->pretty_name = line;
	return true;
}

static enum status take_line(struct reading *r, struct slice line, struct err *err)
{
	if (!split_line(r, line))
		return says_nothing(r);
	TRY(take_name(r, err));
	return emit(r, err);
}

static enum status read_release(struct reading *r, struct err *err)
{
	return take_line(r, first_line(r->text), err);
}

/* "Welcome to Alpine Linux 3.18", "Debian GNU/Linux 12 \n \l": what is shown before a login, by known names only. */
static enum status read_issue(struct reading *r, struct err *err)
{
	struct slice line = first_line(r->text), rest;

	if (slice_starts(line, SLICE("Welcome to ")))
		line = slice_from(line, strlen("Welcome to "));
	if (slice_cut(line, '\\', &rest, NULL))
		line = slice_trim(rest);
	if (!distro_by_name(line))
		return STATUS_OK;
	return take_line(r, line, err);
}

static enum status read_alpine(struct reading *r, struct err *err)
{
	struct slice line = first_line(r->text);

	if (line.len == 0 || line.len > VALUE_BYTES || first_word(line).len != line.len)
		return says_nothing(r);
	r->d.did = r->id;
	r->d.name = SLICE("Alpine Linux");
	r->d.version = r->d.version_id = line;
	TRY(fill_pretty_name(r, err));
	return emit(r, err);
}

/* "12.5", "7.11", or "trixie/sid" before a release. */
static enum status read_debian(struct reading *r, struct err *err)
{
	struct distribution *d = &r->d;
	struct slice line = first_line(r->text), codename;

	slice_cut(line, '/', &codename, NULL);
	if (line.len > 0 && is_digit(line.ptr[0]) && first_word(line).len == line.len) {
		slice_cut(line, '.', &d->version_id, NULL);
		d->version_code_name = debian_codename_by_release(d->version_id);
	} else if (debian_release_by_codename(codename).len > 0) {
		d->version_code_name = codename;
	} else {
		return says_nothing(r);
	}
	d->did = r->id;
	d->name = SLICE("Debian GNU/Linux");
	d->version = line;
	TRY(fill_pretty_name(r, err));
	return emit(r, err);
}

static enum status read_lsb(struct reading *r, struct err *err)
{
	struct distribution *d = &r->d;
	struct wanted wanted[] = {
		{ SLICE_INIT("DISTRIB_ID"), &d->name, false },
		{ SLICE_INIT("DISTRIB_RELEASE"), &d->version_id, false },
		{ SLICE_INIT("DISTRIB_CODENAME"), &d->version_code_name, false },
		{ SLICE_INIT("DISTRIB_DESCRIPTION"), &d->pretty_name, false },
	};

	TRY(read_assignments(r, wanted, ARRAY_LEN(wanted), err));
	if (d->name.len == 0)
		return STATUS_OK; /* LSB_VERSION alone: there is a better file beside it */
	TRY(take_name(r, err));
	d->version = d->version_id;
	return emit(r, err);
}

/* "SUSE Linux Enterprise Server 12 (x86_64)", "VERSION = 12", "PATCHLEVEL = 3": 12.3. */
static enum status read_suse(struct reading *r, struct err *err)
{
	struct slice rest = r->text, line;
	uint64_t patch = 0;

	if (!split_line(r, first_line(r->text)))
		return says_nothing(r);
	while (slice_line(&rest, &line)) {
		struct slice key, value;

		if (slice_cut(line, '=', &key, &value) && slice_eq(slice_trim(key), SLICE("PATCHLEVEL")) &&
		    !slice_to_u64(slice_trim(value), &patch))
			bad_line(r, line, "a number was expected");
	}
	if (patch > 0 && !arena_printf(r->env->arena, &r->d.version_id, "%.*s.%llu", SLICE_ARG(r->d.version_id),
				       (unsigned long long)patch))
		return err_nomem(err, "SuSE-release");
	TRY(take_name(r, err));
	return emit(r, err);
}

/* A script with a line USERLAND_VERSION="14.2-RELEASE-p1": os-release is only made when the system starts. */
static enum status read_freebsd(struct reading *r, struct err *err)
{
	struct slice rest = r->text, line, value;
	struct distribution *d = &r->d;

	while (slice_line(&rest, &line)) {
		if (!slice_starts(line, SLICE("USERLAND_VERSION=")))
			continue;
		slice_cut(line, '=', NULL, &value);
		while (value.len > 0 && (value.ptr[0] == '"' || value.ptr[0] == '\''))
			value = slice_from(value, 1);
		d->version_id = first_word(value);
		d->version = d->version_id;
		slice_cut(d->version_id, '-', &d->version_id, NULL);
		break;
	}
	if (d->version_id.len == 0 || d->version.len > VALUE_BYTES)
		return says_nothing(r);
	d->did = r->id;
	d->name = SLICE("FreeBSD");
	TRY(fill_pretty_name(r, err));
	return emit(r, err);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	static const struct {
		enum status (*read)(struct reading *r, struct err *err);
		struct slice id;
	} readers[] = {
#define FILE_ROW(path, reader, id) { reader, SLICE_INIT(id) },
		FILES(FILE_ROW)
#undef FILE_ROW
	};
	size_t which = (size_t)(file->rule - rules);
	struct reading r = { .file = file, .env = env, .out = out, .text = file->bytes };

	if (which >= ARRAY_LEN(readers))
		return err_set(err, STATUS_BUG, "a rule of another detector");
	if (slice_starts(r.text, SLICE("\xef\xbb\xbf")))
		r.text = slice_from(r.text, 3);
	r.id = readers[which].id;
	return readers[which].read(&r, err);
}

const struct detector detector_os_release = {
	.name = "os_release",
	.version = "2",
	.kind = DETECTOR_DISTRIBUTION,
	.rules = rules,
	.parse = parse,
};
