// What benchmarks/timers.cc measures, in Go: prints lines of
// "row/procs figure value".
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

func cpuSeconds() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	s := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return s(u.Utime) + s(u.Stime)
}

func percentile(late []int64, p float64) float64 {
	return float64(late[int(p*float64(len(late)-1))]) / 1e3
}

func sleepers(procs, n int) {
	late := make([]int64, n)
	cpu := cpuSeconds()
	var wg sync.WaitGroup
	wg.Add(n)
	random := uint64(1)
	for i := 0; i < n; i++ {
		random = random*6364136223846793005 + 1442695040888963407
		d := time.Duration(1000000 + (random>>33)%99000000)
		at := &late[i]
		go func() {
			start := time.Now()
			time.Sleep(d)
			*at = int64(time.Since(start) - d)
			wg.Done()
		}()
	}
	wg.Wait()
	fmt.Printf("Sleepers/%d cpu_s %g\n", procs, cpuSeconds()-cpu)
	sort.Slice(late, func(i, j int) bool { return late[i] < late[j] })
	fmt.Printf("Sleepers/%d late_p50_us %g\n", procs, percentile(late, 0.5))
	fmt.Printf("Sleepers/%d late_p99_us %g\n", procs, percentile(late, 0.99))
}

func sleepIdle(procs int) {
	late := make([]int64, 1000)
	for i := range late {
		start := time.Now()
		time.Sleep(time.Millisecond)
		late[i] = int64(time.Since(start) - time.Millisecond)
	}
	sort.Slice(late, func(i, j int) bool { return late[i] < late[j] })
	fmt.Printf("SleepIdle/%d late_p50_us %g\n", procs, percentile(late, 0.5))
	fmt.Printf("SleepIdle/%d late_p99_us %g\n", procs, percentile(late, 0.99))
}

func bench(name string, procs, items int, f func(b *testing.B)) {
	r := testing.Benchmark(f)
	fmt.Printf("%s/%d ns %g\n", name, procs, float64(r.T.Nanoseconds())/float64(r.N*items))
}

func pending() []*time.Timer {
	timers := make([]*time.Timer, 1000)
	for i := range timers {
		timers[i] = time.NewTimer(time.Duration(1+i) * time.Hour)
	}
	return timers
}

func stop(timers []*time.Timer) {
	for _, t := range timers {
		t.Stop()
	}
}

func main() {
	procs, _ := strconv.Atoi(os.Args[1])
	n, _ := strconv.Atoi(os.Args[2])
	runtime.GOMAXPROCS(procs)
	sleepIdle(procs)
	bench("StartStop", procs, 1, func(b *testing.B) {
		p := pending()
		b.ResetTimer()
		for i := 0; i < b.N; i++ {
			time.AfterFunc(time.Minute, func() {}).Stop()
		}
		stop(p)
	})
	bench("Reset", procs, 1, func(b *testing.B) {
		p := pending()
		t := time.AfterFunc(time.Minute, func() {})
		b.ResetTimer()
		for i := 0; i < b.N; i++ {
			t.Reset(time.Minute)
		}
		t.Stop()
		stop(p)
	})
	bench("AfterFunc", procs, 1000, func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			var wg sync.WaitGroup
			wg.Add(1000)
			for j := 0; j < 1000; j++ {
				time.AfterFunc(0, wg.Done)
			}
			wg.Wait()
		}
	})
	sleepers(procs, n)
}
