// Package measure is what all twins in Go share: the command line
// "PROGRAM PROCS ROW ARGS…", and lines "figure value" on the standard output.
package measure

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"time"
)

// Main runs the row that the command line names, on so many Ps.
func Main(rows map[string]func(args []int64)) {
	if len(os.Args) < 3 {
		fail("usage: PROGRAM PROCS ROW ARGS…")
	}
	row := rows[os.Args[2]]
	if row == nil {
		fail("there is no row %s here", os.Args[2])
	}
	runtime.GOMAXPROCS(int(number(os.Args[1])))
	var args []int64
	for _, arg := range os.Args[3:] {
		args = append(args, number(arg))
	}
	row(args)
}

// Report prints a figure.
func Report(figure string, value float64) { fmt.Printf("%s %g\n", figure, value) }

// Rounds runs round, which does so many items, for a quarter of a second at
// least, and reports the nanoseconds of the mean item.
func Rounds(items int64, round func()) {
	done := int64(0)
	start := time.Now()
	for done == 0 || time.Since(start) < time.Second/4 {
		round()
		done += items
	}
	Report("ns", float64(time.Since(start))/float64(done))
}

// Late reports two percentiles of nanoseconds, in microseconds.
func Late(late []int64) {
	sort.Slice(late, func(i, j int) bool { return late[i] < late[j] })
	at := func(p float64) float64 { return float64(late[int(p*float64(len(late)-1))]) / 1e3 }
	Report("late_p50_us", at(0.50))
	Report("late_p99_us", at(0.99))
}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		fail("%s is no number", s)
	}
	return n
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, os.Args[0]+": "+format+"\n", args...)
	os.Exit(2)
}
