/* SPDX-License-Identifier: Apache-2.0 */
/* platform.c - operating system and architecture, as image indexes name them. */
#include "image/image_impl.h"

#include <sys/utsname.h>

/* Machine names of uname(2) and what Go, and so every index, calls them. */
static const struct {
	const char *machine, *arch, *variant;
} machines[] = {
	{ "x86_64", "amd64", "" },
	{ "aarch64", "arm64", "" },
	{ "armv7l", "arm", "v7" },
	{ "armv6l", "arm", "v6" },
	{ "i686", "386", "" },
	{ "i386", "386", "" },
	{ "s390x", "s390x", "" },
	{ "ppc64le", "ppc64le", "" },
	{ "riscv64", "riscv64", "" },
	{ "mips64", "mips64le", "" },
	{ "loongarch64", "loong64", "" },
};

static void host_arch(struct slice *arch, struct slice *variant)
{
	struct utsname u;

	*arch = SLICE("amd64");
	if (uname(&u) < 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(machines); i++) {
		if (strcmp(machines[i].machine, u.machine) == 0) {
			*arch = slice_cstr(machines[i].arch);
			*variant = slice_cstr(machines[i].variant);
		}
	}
}

void platform_resolve(const struct image_options *options, struct image_platform *out)
{
	*out = options->platform;
	if (out->os.len == 0)
		out->os = SLICE("linux");
	if (out->arch.len == 0)
		host_arch(&out->arch, &out->variant);
}

/* 64-bit ARM has one variant in practice, which may be left out. */
static struct slice plain_variant(struct slice arch, struct slice variant)
{
	if (slice_eq(arch, SLICE("arm64")) && slice_eq(variant, SLICE("v8")))
		return SLICE_EMPTY;
	return variant;
}

bool platform_matches(const struct image_platform *want, struct slice os, struct slice arch, struct slice variant)
{
	struct slice a = plain_variant(want->arch, want->variant), b = plain_variant(arch, variant);

	if (!slice_eq(want->os, os) || !slice_eq(want->arch, arch))
		return false;
	return a.len == 0 || b.len == 0 || slice_eq(a, b);
}

void platform_describe(struct buf *out, struct slice os, struct slice arch, struct slice variant)
{
	struct err_quote q;

	buf_printf(out, "%s/", os.len ? err_slice(&q, os) : "?");
	buf_add_cstr(out, arch.len ? err_slice(&q, arch) : "?");
	if (variant.len > 0)
		buf_printf(out, "/%s", err_slice(&q, variant));
}
