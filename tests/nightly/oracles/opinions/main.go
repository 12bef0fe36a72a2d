// SPDX-License-Identifier: Apache-2.0

// What Go modules of others make of pairs of versions: "A<TAB>B" lines in; "<op><A valid><B valid>" lines out, as "<11"; "-" where
// there is no opinion about validity, "?" about the order.
//
// usage: opinions bitnami|pub
//
//	bitnami  bitnami/go-version, which Bitnami gives for its advisories
//	pub      osv-scalibr's semantic, ecosystem Pub: Dart's own library needs Dart
package main

import (
	"bufio"
	"fmt"
	"os"

	bitnami "github.com/bitnami/go-version/pkg/version"
	"github.com/google/osv-scalibr/semantic"
)

// Whether each is a version ('-': no opinion), and how they compare if both are.
type judge func(a, b string) (op byte, goodA, goodB byte)

func sign(c int) byte {
	return "<=>"[min(max(c, -1), 1)+1]
}

func flag(err error) byte {
	if err != nil {
		return '0'
	}
	return '1'
}

func judgeBitnami(a, b string) (byte, byte, byte) {
	x, errX := bitnami.Parse(a)
	y, errY := bitnami.Parse(b)
	if errX != nil || errY != nil {
		return '?', flag(errX), flag(errY)
	}
	return sign(x.Compare(y)), '1', '1'
}

func judgePub(a, b string) (byte, byte, byte) {
	x, err := semantic.Parse(a, "Pub")
	if err != nil {
		return '?', '-', '-'
	}
	c, err := x.CompareStr(b)
	if err != nil {
		return '?', '-', '-'
	}
	return sign(c), '-', '-'
}

func main() {
	judges := map[string]judge{"bitnami": judgeBitnami, "pub": judgePub}
	one := judges[os.Args[1]]
	in := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		for i, c := range in.Bytes() {
			if c == '\t' {
				op, x, y := one(string(in.Bytes()[:i]), string(in.Bytes()[i+1:]))
				fmt.Fprintf(out, "%c%c%c\n", op, x, y)
				break
			}
		}
	}
}
