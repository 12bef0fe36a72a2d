// SPDX-License-Identifier: Apache-2.0
/*
 * What npm's semver package makes of ranges: "RANGE<TAB>VERSION" lines in; "<range valid><version valid><holds>" lines out,
 * as "110".
 */
const semver = require("semver");

const out = [];
for (const line of require("fs").readFileSync(0, "utf8").split("\n").slice(0, -1)) {
	const [range, version] = line.split("\t");
	out.push(`${+(semver.validRange(range) !== null)}${+(semver.parse(version) !== null)}${+semver.satisfies(version, range)}\n`);
}
process.stdout.write(out.join(""));
