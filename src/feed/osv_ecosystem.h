/* SPDX-License-Identifier: Apache-2.0 */
/* osv_ecosystem.h - what OSV calls an ecosystem, as scope, version scheme and kind of name. Private to feed/. */
#ifndef LIMPID_FEED_OSV_ECOSYSTEM_H
#define LIMPID_FEED_OSV_ECOSYSTEM_H

#include "model/advisory.h"
#include "model/vendor.h"

struct osv_ecosystem;

/* By the name before the colon (exact case); NULL if it is unknown or has no version scheme here. */
const struct osv_ecosystem *osv_ecosystem_by_name(struct slice name);
enum scheme_id osv_ecosystem_scheme(const struct osv_ecosystem *e);
enum affected_name osv_ecosystem_name_kind(const struct osv_ecosystem *e);
/* Does the dump of it belong to the feed: is it matched by something, and is there no better feed? */
bool osv_ecosystem_is_listed(const struct osv_ecosystem *e);
/* Is a record of this id no vulnerability, or a repetition of others? */
bool osv_ecosystem_leaves_out(const struct osv_ecosystem *e, struct slice id);
/* "Ubuntu:Pro:18.04:LTS": what it names is for subscribers. */
bool osv_ecosystem_is_pro(const struct osv_ecosystem *e, struct slice ecosystem);
/*
 * Which line of FIPS builds "Ubuntu:Pro:FIPS-updates:20.04:LTS" is about, by what the package's URL says, else by the
 * ecosystem: "fips", "fips-updates", "fips-preview"; "" of others.
 */
struct slice osv_ecosystem_fips_line(const struct osv_ecosystem *e, struct slice ecosystem, struct slice purl);
bool osv_ecosystem_is_ubuntu(const struct osv_ecosystem *e);
/*
 * The scope for what follows the colon ("" if nothing does). *out is empty when it names no release of a system that
 * images have. False only when memory is short.
 */
bool osv_ecosystem_scope(const struct osv_ecosystem *e, struct slice suffix, struct arena *arena,
			 struct slice *out) NODISCARD;

/* Is it one of those who build packages of others ("Root")? Its system packages are named as *out_kind says. */
bool osv_vendor_by_name(struct slice name, enum vendor *out, enum affected_name *out_kind);
/*
 * What follows a vendor's name ("Debian:12", "npm", "RHEL:8"): the ecosystem whose packages it builds, NULL if that is
 * not known, and the vendor's scope, which is empty then. False only when memory is short.
 */
bool osv_vendor_scope(enum vendor vendor, struct slice of, struct arena *arena, const struct osv_ecosystem **out,
		      struct slice *out_scope) NODISCARD;

#endif
