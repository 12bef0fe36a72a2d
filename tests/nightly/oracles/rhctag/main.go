// SPDX-License-Identifier: Apache-2.0

// What claircore's pkg/rhctag makes of pairs of tags: "A<TAB>B" lines in; "<op><A valid><B valid>" lines out, as "<11"; "?" where it
// refuses one of them, or panics. Built inside of claircore's own tree.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/quay/claircore/pkg/rhctag"
)

func flag(err error) int {
	if err != nil {
		return 0
	}
	return 1
}

func compare(x, y *rhctag.Version) (op string) {
	// It panics on what its parser of RPM versions refuses.
	defer func() {
		if recover() != nil {
			op = "?"
		}
	}()
	return string("<=>"[min(max(x.Compare(y), -1), 1)+1])
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		a, b, _ := strings.Cut(in.Text(), "\t")
		x, errX := rhctag.Parse(a)
		y, errY := rhctag.Parse(b)
		op := "?"
		if errX == nil && errY == nil {
			op = compare(&x, &y)
		}
		fmt.Fprintf(out, "%s%d%d\n", op, flag(errX), flag(errY))
	}
}
