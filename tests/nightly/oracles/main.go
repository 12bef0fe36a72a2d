// SPDX-License-Identifier: Apache-2.0

// What Go's own packages make of pairs of versions: "A<TAB>B" lines in; "<op><A valid><B valid>" lines out, as "<11".
//
// usage: oracle semver|go
//
//	semver  golang.org/x/mod/semver; a leading v may be missing
//	go      the same, and go/version for texts that begin with "go" or are no semver ("1.21rc2"); "?" for a module
//	        against a toolchain
package main

import (
	"bufio"
	"fmt"
	"go/version"
	"os"
	"strings"

	"golang.org/x/mod/semver"
)

const (
	invalid = iota
	module
	toolchain
)

func withV(s string) string {
	if strings.HasPrefix(s, "v") {
		return s
	}
	return "v" + s
}

// go/version takes "go1.21" for the language, older than go1.21rc1. As the version of a toolchain it is the release, which
// is what it means in build information and in advisories.
func asRelease(s string) string {
	s, _, _ = strings.Cut(s, " ")
	s, _, _ = strings.Cut(s, "-")
	if version.IsValid(s) && strings.Count(s, ".") < 2 && strings.Trim(s[2:], "0123456789.") == "" {
		for strings.Count(s, ".") < 2 {
			s += ".0"
		}
	}
	return s
}

func classify(s string, withGo bool) (int, string) {
	if withGo && strings.HasPrefix(s, "go") {
		if t := asRelease(s); version.IsValid(t) {
			return toolchain, t
		}
		return invalid, ""
	}
	if t := withV(s); semver.IsValid(t) {
		return module, t
	}
	// How it was built is named behind a blank, and may have hyphens.
	if release, _, _ := strings.Cut(s, " "); withGo && !strings.Contains(release, "-") {
		if t := asRelease("go" + s); version.IsValid(t) {
			return toolchain, t
		}
	}
	return invalid, ""
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		a, b, _ := strings.Cut(in.Text(), "\t")
		withGo := os.Args[1] == "go"
		classA, textA := classify(a, withGo)
		classB, textB := classify(b, withGo)
		op := "?"
		if classA+classB != module+toolchain {
			c := semver.Compare(textA, textB)
			if classA == toolchain && classB == toolchain {
				c = version.Compare(textA, textB)
			} else if classA == toolchain || classB == toolchain {
				c = classA - classB
			}
			op = string("<=>"[c/max(c, -c, 1)+1])
		}
		fmt.Fprintf(out, "%s%d%d\n", op, min(classA, 1), min(classB, 1))
	}
}
