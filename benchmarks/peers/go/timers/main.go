// What benchmarks/timers.cc measures, in Go.
package main

import (
	"sync"
	"syscall"
	"time"

	"peers/measure"
)

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// n goroutines; each sleeps once, for 1 to 100 ms.
func sleepers(n int64) {
	late := make([]int64, n)
	before := cpu()
	var wg sync.WaitGroup
	wg.Add(int(n))
	random := uint64(1)
	for i := range late {
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
	measure.Report("cpu_us", float64(cpu()-before)/1e3/float64(n))
	measure.Late(late)
}

func sleepIdle(n int64) {
	late := make([]int64, n)
	for i := range late {
		start := time.Now()
		time.Sleep(time.Millisecond)
		late[i] = int64(time.Since(start) - time.Millisecond)
	}
	measure.Late(late)
}

// Runs op, time and again, while 1,000 timers are pending.
func besidePending(op func()) {
	for i := 0; i < 1000; i++ {
		defer time.NewTimer(time.Duration(1+i) * time.Hour).Stop()
	}
	const ops = 10000
	measure.Rounds(ops, func() {
		for i := 0; i < ops; i++ {
			op()
		}
	})
}

func startStop() {
	besidePending(func() { time.AfterFunc(time.Minute, func() {}).Stop() })
}

func reset() {
	t := time.AfterFunc(time.Minute, func() {})
	besidePending(func() { t.Reset(time.Minute) })
	t.Stop()
}

// Batches of n functions that are due at once.
func afterFunc(n int64) {
	measure.Rounds(n, func() {
		var wg sync.WaitGroup
		wg.Add(int(n))
		for i := int64(0); i < n; i++ {
			time.AfterFunc(0, wg.Done)
		}
		wg.Wait()
	})
}

func main() {
	measure.Main(map[string]func([]int64){
		"sleepers":   func(args []int64) { sleepers(args[0]) },
		"sleep_idle": func(args []int64) { sleepIdle(args[0]) },
		"start_stop": func([]int64) { startStop() },
		"reset":      func([]int64) { reset() },
		"after_func": func(args []int64) { afterFunc(args[0]) },
	})
}
