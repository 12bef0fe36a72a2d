<?php
// SPDX-License-Identifier: Apache-2.0
/*
 * What composer/semver makes of pairs of versions: "A<TAB>B" lines in; "<op><A valid><B valid>" lines out, as "<11"; "?"
 * where it refuses one of them, or one is a branch with a name.
 */
require "Composer/Semver/autoload.php";
$parser = new Composer\Semver\VersionParser();
function normal($text)
{
	global $parser;
	try {
		$v = $parser->normalize($text);
	} catch (UnexpectedValueException $e) {
		return null;
	}
	return strncmp($v, "dev-", 4) === 0 ? null : $v;
}
$out = "";
while (($line = fgets(STDIN)) !== false) {
	[$a, $b] = array_map("normal", explode("\t", substr($line, 0, -1)));
	$op = "?";
	if ($a !== null && $b !== null) {
		$op = Composer\Semver\Comparator::lessThan($a, $b) ? "<"
			: (Composer\Semver\Comparator::greaterThan($a, $b) ? ">" : "=");
	}
	$out .= $op . ($a === null ? 0 : 1) . ($b === null ? 0 : 1) . "\n";
}
echo $out;
