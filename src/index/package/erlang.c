/* SPDX-License-Identifier: Apache-2.0 */
/*
 * erlang.c - Erlang and Elixir applications: ebin/NAME.app.
 *
 * Those of Erlang/OTP and Elixir are known by their names, since a release has copies of them; others come from Hex, as
 * far as they come from anywhere. Source: docs/formats/erlang.md (Erlang/OTP, app(4)).
 */
#include "index/package/installed.h"

#define APP_BYTES ((uint64_t)4 << 20)

static bool is_application(struct slice path)
{
	return slice_eq(installed_dir(path, 0), SLICE("ebin"));
}

static const struct path_rule rules[] = {
	{ .match = PATH_SUFFIX,
	  .text = ".app",
	  .need = DETECT_WHOLE,
	  .max_bytes = APP_BYTES,
	  .accept = is_application },
	{ .text = NULL },
};

/* Hex lets nobody call a package so. Erlang/OTP 18 to 28, Elixir. */
static bool is_part(struct slice name)
{
	static const char *const parts[] = {
		"asn1", "common_test", "compiler", "cosEvent", "cosEventDomain", "cosFileTransfer",
		"cosNotification", "cosProperty", "cosTime", "cosTransactions", "crypto", "debugger",
		"dialyzer", "diameter", "edoc", "eex", "eldap", "elixir", "erl_docgen", "erts", "et", "eunit",
		"ex_unit", "ftp", "gs", "hipe", "ic", "iex", "inets", "kernel", "logger", "megaco", "mix",
		"mnesia", "observer", "odbc", "orber", "os_mon", "ose", "otp_mibs", "parsetools", "percept",
		"public_key", "reltool", "runtime_tools", "sasl", "snmp", "ssh", "ssl", "stdlib",
		"syntax_tools", "test_server", "tftp", "tools", "typer", "webtool", "wx", "xmerl",
	};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (slice_eq(name, slice_cstr(parts[i])))
			return true;
	return false;
}

/* Everything from the first byte that belongs to no comment on. */
static struct slice skip_comments(struct slice text)
{
	struct slice line, rest = text;

	while (slice_line(&rest, &line)) {
		struct slice trimmed = slice_trim(line);

		if (trimmed.len > 0 && trimmed.ptr[0] != '%')
			return text;
		text = rest;
	}
	return SLICE_EMPTY;
}

/* {application, NAME, [...]}; an atom may stand between quotation marks. */
static bool read_name(struct slice text, struct slice *name)
{
	size_t at = slice_find(text, SLICE("application"));
	struct slice rest;

	if (at == SIZE_MAX || !slice_cut(slice_from(text, at), ',', NULL, &rest) || !slice_cut(rest, ',', name, NULL))
		return false;
	*name = slice_trim(*name);
	if (name->len > 2 && name->ptr[0] == '\'' && name->ptr[name->len - 1] == '\'')
		*name = slice_make(name->ptr + 1, name->len - 2);
	return name->len > 0;
}

/* {vsn, "1.2.3"}. */
static bool read_version(struct slice text, struct slice *version)
{
	for (;;) {
		size_t at = slice_find(text, SLICE("vsn"));
		struct slice before, after;

		if (at == SIZE_MAX)
			return false;
		before = slice_trim(slice_take(text, at));
		after = slice_trim(slice_from(text, at + strlen("vsn")));
		if (before.len > 0 && before.ptr[before.len - 1] == '{' && after.len > 0 && after.ptr[0] == ',')
			return installed_quoted(after, version);
		text = slice_from(text, at + 1);
	}
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct installed in = { file, env, out, PACKAGE_HEX, "erlang", TOLD_NONE };
	/* Without the end's white space, which each look at what follows would go over. */
	struct slice text = skip_comments(slice_trim(file->bytes)), name, version;

	if (!read_name(text, &name) || !read_version(text, &version))
		return installed_refuse(&in, ERR_NO_OFFSET, "the resource file says no name or no version");
	if (is_part(name) || slice_has(file->path, SLICE("erlang/lib/")))
		in.type = PACKAGE_OTP;
	return installed_emit(&in, name, version, 0, err);
}

const struct detector detector_erlang = {
	.name = "erlang",
	.version = "2",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.parse = parse,
};
