/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go.c - modules of Go programs, from the build information that Go's linker puts into them.
 *
 * Any file may be a program, so most of what comes by is none. The first bytes tell where initialised data is: that is
 * kept, up to a cap, beside the table of sections. What lies elsewhere (programs made before Go 1.18, very large ones)
 * is asked for again. Source: docs/formats/go.md.
 */
#include "base/map.h"
#include "index/detector.h"
#include "index/package/go_info.h"
#include "index/told.h"

/* Of initialised data; the build information is near its beginning, behind tables if the system's linker was used. */
#define DATA_BYTES_MAX ((uint64_t)6 << 20)
#define PLATFORM_MAX 32 /* bytes of a GOOS or GOARCH */
#define TEXT_MAX 4096	/* bytes of a module's path or version; real paths stay below 200 */

static const struct path_rule rules[] = {
	{ .match = PATH_ANY_FILE, .text = "", .need = DETECT_RANGES },
	{ .text = NULL },
};

static bool read_headers(const struct exe_pieces *p, unsigned machine, struct exe *out)
{
	return exe_read(p, SLICE(".go.buildinfo"), SLICE("__go_buildinfo"), machine, out);
}

static size_t plan(struct slice head, uint64_t size, uint32_t mode, struct byte_range *out)
{
	struct exe_pieces p = { .size = size };
	struct exe e;
	bool packed = false;
	size_t n = 0;

	(void)mode; /* libraries carry no x; and who copies a program may lose it */
	exe_add_piece(&p, 0, head);
	for (unsigned machine = 0; machine < exe_machines(&p); machine++) {
		size_t before = n;

		if (!read_headers(&p, machine, &e))
			continue;
		if (e.section.size > 0)
			exe_plan(out, &n, e.section.offset, MIN(e.section.size, DATA_BYTES_MAX));
		for (size_t i = 0; i < e.n_writable && n == before + i; i++)
			exe_plan(out, &n, e.writable[i].offset, MIN(e.writable[i].size, DATA_BYTES_MAX));
		exe_plan_wanted(out, &n, &e);
		packed |= e.packed;
	}
	if (n == 0 && packed)
		out[n++] = (struct byte_range){ 0, 1 }; /* to say so */
	return n;
}

/* ---- records ---- */

struct emitter {
	const struct detect_file *file;
	const struct detect_env *env;
	const struct detect_sink *out;
	struct slice db;
	struct slice platform; /* "linux/amd64"; empty if the program does not say */
	struct told *told;
	struct slice devel; /* what a module of a work tree is told as; empty until it is needed */
	struct map *known;  /* modules of the machines before this one; NULL: the program is for one */
};

/* A program for several machines is linked from the same modules, mostly: each is told once. */
static enum status is_known(const struct emitter *em, struct slice name, struct slice version, bool *known,
			    struct err *err)
{
	struct slice key;
	bool is_new;

	*known = false;
	if (!em->known)
		return STATUS_OK;
	if (!arena_printf(em->env->arena, &key, "%.*s%c%.*s", SLICE_ARG(name), '\n', SLICE_ARG(version)) ||
	    !map_slot(em->known, key, &is_new))
		return err_nomem(err, "a program for several machines");
	*known = !is_new;
	return STATUS_OK;
}

static bool is_text(struct slice s)
{
	if (s.len > TEXT_MAX || !slice_is_utf8(s))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
			return false;
	return true;
}

static enum status emit(const struct emitter *em, struct slice name, struct slice version, unsigned flags,
			struct err *err)
{
	struct package p = { .type = PACKAGE_GO,
			     .flags = flags,
			     .name = name,
			     .version = version,
			     .arch = em->platform,
			     .db = em->db,
			     .path = em->file->path,
			     .detector = SLICE("go") };
	bool known;

	if (name.len == 0 || !is_text(name) || !is_text(version)) {
		told_emit(em->told, DIAG_RECORD, ERR_NO_OFFSET, "the build information names a module that is no text");
		return STATUS_OK;
	}
	TRY(is_known(em, name, version, &known, err));
	if (known)
		return STATUS_OK;
	if (!package_type_scheme(PACKAGE_GO)->valid(version))
		p.flags |= PACKAGE_BAD_VERSION;
	return em->out->package(em->out->ctx, &p, err);
}

/*
 * A program built from a work tree has no version before Go 1.24. Clair's text for it says what the version control
 * knew: "(devel) (git, commit 37fd2db0..., built at 2023-02-22T09:24:48Z, dirty)", parts in the order of the settings.
 */
static bool devel_version(struct arena *a, struct slice modules, struct slice *out)
{
	static const char first[] = " (", next[] = ", ";
	const char *sep = first;
	struct go_line line;
	struct slice v = SLICE("(devel)");

	while (go_info_line(&modules, &line)) {
		const char *what = NULL;

		if (!slice_eq(line.word, SLICE("build")) || line.version.len == 0 || line.version.len > TEXT_MAX / 8)
			continue;
		if (slice_eq(line.path, SLICE("vcs")))
			what = "";
		else if (slice_eq(line.path, SLICE("vcs.revision")))
			what = line.version.len == 40 || line.version.len == 64 ? "commit " : "rev ";
		else if (slice_eq(line.path, SLICE("vcs.time")))
			what = "built at ";
		else if (slice_eq(line.path, SLICE("vcs.modified")) && slice_eq(line.version, SLICE("true")))
			what = "dirty";
		if (!what || v.len > TEXT_MAX / 2)
			continue;
		if (!arena_printf(a, &v, "%.*s%s%s%.*s", SLICE_ARG(v), sep, what,
				  what[0] == 'd' ? 0 : (int)line.version.len, (const char *)line.version.ptr))
			return false;
		sep = next;
	}
	*out = v;
	return sep == first || arena_printf(a, out, "%.*s)", SLICE_ARG(v));
}

static enum status emit_module(struct emitter *em, struct slice modules, const struct go_line *module, bool is_main,
			       struct err *err)
{
	struct slice version = module->version;

	if (is_main && (version.len == 0 || slice_eq(version, SLICE("(devel)")))) {
		if (em->devel.len == 0 && !devel_version(em->env->arena, modules, &em->devel))
			return err_nomem(err, "go module");
		version = em->devel;
	}
	return emit(em, module->path, version, is_main ? PACKAGE_MAIN_MODULE : 0, err);
}

/* A line "=>" replaces the module before it: that is what was compiled. */
static enum status emit_modules(struct emitter *em, struct slice modules, struct err *err)
{
	struct slice rest = modules;
	struct go_line line, held = { .word = SLICE_EMPTY };
	bool is_main = false;

	while (go_info_line(&rest, &line)) {
		bool main = slice_eq(line.word, SLICE("mod")), dep = slice_eq(line.word, SLICE("dep"));

		if (slice_eq(line.word, SLICE("=>")) && held.word.len > 0) {
			held.path = line.path;
			held.version = line.version;
			continue;
		}
		if (!main && !dep)
			continue;
		if (held.word.len > 0)
			TRY(emit_module(em, modules, &held, is_main, err));
		held = line;
		is_main = main;
	}
	return held.word.len > 0 ? emit_module(em, modules, &held, is_main, err) : STATUS_OK;
}

/* "linux/amd64", from the settings that Go 1.18 and newer record; else empty. */
static bool read_platform(struct arena *a, struct slice modules, struct slice *out)
{
	struct slice os = SLICE_EMPTY, arch = SLICE_EMPTY;
	struct go_line line;

	*out = SLICE_EMPTY;
	while (go_info_line(&modules, &line)) {
		if (!slice_eq(line.word, SLICE("build")) || line.version.len > PLATFORM_MAX || !is_text(line.version))
			continue;
		if (slice_eq(line.path, SLICE("GOOS")))
			os = line.version;
		else if (slice_eq(line.path, SLICE("GOARCH")))
			arch = line.version;
	}
	return os.len == 0 || arch.len == 0 || arena_printf(a, out, "%.*s/%.*s", SLICE_ARG(os), SLICE_ARG(arch));
}

/* Go's own command: with it there is a toolchain, which has advisories under this name. */
static bool is_go_command(struct slice modules)
{
	struct go_line line;

	while (go_info_line(&modules, &line))
		if (slice_eq(line.word, SLICE("path")))
			return slice_eq(line.path, SLICE("cmd/go"));
	return false;
}

static enum status emit_all(struct emitter *em, const struct go_info *info, struct err *err)
{
	em->devel = SLICE_EMPTY;
	TRY(emit(em, SLICE("stdlib"), go_info_release(info->version), PACKAGE_STDLIB, err));
	if (is_go_command(info->modules))
		TRY(emit(em, SLICE("toolchain"), go_info_release(info->version), 0, err));
	return emit_modules(em, info->modules, err);
}

/* ---- detector ---- */

/* What was found in the program of each machine. */
struct machines {
	struct exe_pieces p;
	unsigned n;
	bool absent;		   /* of one, bytes are needed that are not at hand */
	bool damaged, packed, note; /* of one in which nothing was found */
	struct slice platform;	   /* "darwin/" if the machines differ, and advisories for any of them concern it */
	struct go_info found[EXE_MACHINES_MAX];
	size_t n_found;
};

static struct slice common_system(struct slice a, struct slice b)
{
	size_t n = slice_find_byte(a, '/') + 1;

	return n > 0 && slice_eq(slice_take(a, n), slice_take(b, n)) ? slice_take(a, n) : SLICE_EMPTY;
}

static enum status find_all(struct machines *m, struct arena *a, struct err *err)
{
	struct exe e;

	m->n = exe_machines(&m->p);
	for (unsigned machine = 0; machine < m->n; machine++) {
		struct go_info *info = &m->found[m->n_found];
		struct slice platform;
		enum go_info_found found;

		if (!read_headers(&m->p, machine, &e))
			continue;
		found = go_info_find(&m->p, &e, info);
		m->absent |= found == GO_INFO_ABSENT;
		m->damaged |= found == GO_INFO_DAMAGED;
		m->packed |= found == GO_INFO_NONE && e.packed;
		m->note |= found == GO_INFO_NONE && e.go_note;
		if (m->n > 1 && e.n_wanted > 0)
			m->absent = true;
		if (found != GO_INFO_FOUND)
			continue;
		if (!read_platform(a, info->modules, &platform))
			return err_nomem(err, "go program");
		if (m->n_found++ == 0)
			m->platform = platform;
		else if (!slice_eq(m->platform, platform))
			m->platform = common_system(m->platform, platform);
	}
	return STATUS_OK;
}

static enum status emit_machines(struct machines *m, const struct detect_file *file, const struct detect_env *env,
				 const struct detect_sink *out, struct err *err)
{
	struct told told = { .diags = out->diags, .where = file->path };
	struct map known = MAP_INIT;
	struct emitter em = {
		.file = file, .env = env, .out = out, .told = &told, .platform = m->platform
	};
	enum status st = STATUS_OK;

	if (m->n_found > 1)
		em.known = &known;
	if (!arena_printf(env->arena, &em.db, "go:%.*s", SLICE_ARG(file->path)))
		return err_nomem(err, "go program");
	for (size_t i = 0; i < m->n_found && st == STATUS_OK; i++)
		st = emit_all(&em, &m->found[i], err);
	told_end(&told);
	map_fini(&known);
	return st;
}

static void tell(const struct detect_file *file, const struct detect_sink *out, const char *what)
{
	diag_emit(out->diags, DIAG_UNSUPPORTED, file->path, ERR_NO_OFFSET, "%s", what);
}

static enum status parse(const struct detect_file *file, const struct detect_env *env, const struct detect_sink *out,
			 struct err *err)
{
	struct machines m = { .p = exe_pieces_of(file) };

	TRY(find_all(&m, env->arena, err));
	if (m.absent && !file->second_pass)
		return out->again(out->ctx, err);
	if (m.damaged)
		tell(file, out, "a Go program whose build information cannot be read: its modules are not known");
	else if (m.packed)
		tell(file, out, "a program packed by UPX: what it is made of is not known");
	else if (m.note)
		tell(file, out, "a Go program without build information: its modules are not known");
	return m.n_found > 0 ? emit_machines(&m, file, env, out, err) : STATUS_OK;
}

const struct detector detector_go = {
	.name = "go",
	.version = "4",
	.kind = DETECTOR_PACKAGE,
	.rules = rules,
	.plan = plan,
	.parse = parse,
};
