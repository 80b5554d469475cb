// What benchmarks/stacks.cc measures, in Go.
package main

import (
	"bufio"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"peers/measure"
)

// Bytes of memory that the process has, its page tables included.
func resident() float64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		panic(err)
	}
	defer f.Close()
	sum := 0.0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if fields[0] == "VmRSS:" || fields[0] == "VmPTE:" {
			kib, _ := strconv.ParseFloat(fields[1], 64)
			sum += kib * 1024
		}
	}
	return sum
}

type round struct{ create, turn, finish, bytes float64 }

func park(n int, before float64) round {
	var parked, turned, done sync.WaitGroup
	first, second := make(chan struct{}), make(chan struct{})
	parked.Add(n)
	turned.Add(n)
	done.Add(n)
	var r round
	ns := func(since time.Time) float64 { return float64(time.Since(since)) / float64(n) }

	start := time.Now()
	for i := 0; i < n; i++ {
		go func() {
			parked.Done()
			<-first
			turned.Done()
			<-second
			done.Done()
		}()
	}
	parked.Wait()
	r.create = ns(start)
	r.bytes = (resident() - before) / float64(n)

	start = time.Now()
	close(first)
	turned.Wait()
	r.turn = ns(start)

	start = time.Now()
	close(second)
	done.Wait()
	r.finish = ns(start)
	return r
}

func measureParked(n int) {
	before := resident()
	r := park(n, before)
	again := park(n, before)
	start := time.Now()
	debug.FreeOSMemory()
	back := float64(time.Since(start)) / float64(n)
	measure.Report("bytes", r.bytes)
	measure.Report("create_ns", r.create)
	measure.Report("switch_ns", r.turn)
	measure.Report("finish_ns", r.finish)
	measure.Report("create_again_ns", again.create)
	measure.Report("switch_again_ns", again.turn)
	measure.Report("finish_again_ns", again.finish)
	measure.Report("give_back_ns", back)
	measure.Report("bytes_left", (resident()-before)/float64(n))
}

func main() {
	measure.Main(map[string]func([]int64){
		"parked": func(args []int64) { measureParked(int(args[0])) },
	})
}
