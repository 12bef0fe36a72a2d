// SPDX-License-Identifier: Apache-2.0
/*
 * What npm's semver package makes of pairs of versions: "A<TAB>B" lines in; "<op><A valid><B valid>" lines out, as "<11";
 * "?" where it refuses one of them.
 */
const semver = require("semver");

const out = [];
for (const line of require("fs").readFileSync(0, "utf8").split("\n").slice(0, -1)) {
	const [a, b] = line.split("\t").map((text) => semver.parse(text));
	const op = a && b ? "<=>"[a.compare(b) + 1] : "?";
	out.push(`${op}${a ? 1 : 0}${b ? 1 : 0}\n`);
}
process.stdout.write(out.join(""));
