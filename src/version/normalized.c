/* SPDX-License-Identifier: Apache-2.0 */
/*
 * normalized.c - versions as ten numbers.
 *
 * pep440: epoch, five numbers of the release, pre (a -3, b -2, rc -1) and its number, post, dev. A development release
 * of a pre- or post-release is -dev there, else it is the smallest pre there is, plus dev. Numbers wrap at 32 bits.
 * semver: 0, then three numbers, each cut to nine digits; pre-release and build are left out.
 * rhctag: the major and the minor version, the time of a build as the former.
 * Source: claircore's documents, as recorded (tests/corpus/check-clair).
 */
#include "version/normalized.h"

#include "version/number.h"
#include "version/pep440.h"
#include "version/rhctag.h"
#include "version/semver.h"

#include <stdio.h>

#define NUMBERS 10
#define RELEASE_NUMBERS 5
#define SEMVER_DIGITS 9

static int32_t number_of(struct slice digits)
{
	uint32_t n = 0;

	for (size_t i = 0; i < digits.len; i++)
		n = n * 10 + (uint32_t)(digits.ptr[i] - '0');
	return (int32_t)n;
}

static const char *print(const char *kind, const int32_t n[NUMBERS], struct normalized_version *out)
{
	int len = snprintf(out->text, sizeof(out->text), "%s:", kind);

	for (size_t i = 0; i < NUMBERS; i++)
		len += snprintf(out->text + len, sizeof(out->text) - (size_t)len, "%s%d", i > 0 ? "." : "", n[i]);
	return out->text;
}

static bool from_pep440(struct slice v, int32_t n[NUMBERS])
{
	static const int32_t pre[] = {
		[PEP440_PRE_A] = -3, [PEP440_PRE_B] = -2, [PEP440_PRE_RC] = -1, [PEP440_PRE_NONE] = 0
	};
	struct pep440 p;

	if (!pep440_parse(v, &p))
		return false;
	n[0] = number_of(p.epoch);
	for (size_t i = 1; i <= RELEASE_NUMBERS && p.release.len > 0; i++) {
		struct slice part;

		slice_cut(p.release, '.', &part, &p.release);
		n[i] = number_of(part);
	}
	n[6] = pre[p.pre];
	n[7] = number_of(p.pre_n);
	n[8] = number_of(p.post_n);
	if (p.dev && (p.post || p.pre != PEP440_PRE_NONE))
		n[9] = (int32_t)(0u - (uint32_t)number_of(p.dev_n));
	else if (p.dev)
		n[6] = (int32_t)((uint32_t)INT32_MIN + (uint32_t)number_of(p.dev_n));
	return true;
}

static bool from_semver(struct slice v, int32_t n[NUMBERS])
{
	struct semver p;

	if (!semver_parse(v, &p))
		return false;
	for (size_t i = 0; i < 3; i++)
		n[1 + i] = number_of(slice_take(p.number[i], SEMVER_DIGITS));
	return true;
}

static bool from_rhctag(struct slice v, int32_t n[NUMBERS])
{
	struct rhctag t;

	if (!rhctag_parse(v, &t))
		return false;
	n[0] = (int32_t)(uint32_t)t.major;
	n[1] = (int32_t)(uint32_t)t.minor;
	return true;
}

const char *version_normalized(const struct version_scheme *scheme, struct slice v, struct normalized_version *out)
{
	int32_t n[NUMBERS] = { 0 };

	out->text[0] = '\0';
	if (scheme == &version_scheme_pep440 && from_pep440(v, n))
		return print("pep440", n, out);
	if ((scheme == &version_scheme_semver || scheme == &version_scheme_go) && from_semver(v, n))
		return print("semver", n, out);
	if (scheme == &version_scheme_rhctag && from_rhctag(v, n))
		return print("rhctag", n, out);
	return out->text;
}
