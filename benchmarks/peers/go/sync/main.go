// What benchmarks/sync.cc measures, in Go. Arguments: procs, then a row's name
// and its arguments as there: "BM_Mutex 100000". Prints nanoseconds: of some
// rounds in a quarter of a second at least, the mean.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

func work(x *uint64) {
	v := *x
	for i := 0; i < 9; i++ {
		v = v*6364136223846793005 + 1442695040888963407
	}
	*x = v
}

// Runs f in so many goroutines, and waits for them.
func each(goroutines int64, f func(self int64)) {
	var wg sync.WaitGroup
	wg.Add(int(goroutines))
	for g := int64(0); g < goroutines; g++ {
		g := g
		go func() {
			f(g)
			wg.Done()
		}()
	}
	wg.Wait()
}

func mutex(n int64) int64 {
	var mu sync.Mutex
	for i := int64(0); i < n; i++ {
		mu.Lock()
		mu.Unlock()
	}
	return n
}

func mutexContended(n, goroutines int64) int64 {
	var mu sync.Mutex
	x := uint64(1)
	each(goroutines, func(int64) {
		for i := int64(0); i < n; i++ {
			mu.Lock()
			work(&x)
			mu.Unlock()
		}
	})
	return n * goroutines
}

func rwMutexRead(n int64) int64 {
	var mu sync.RWMutex
	for i := int64(0); i < n; i++ {
		mu.RLock()
		mu.RUnlock()
	}
	return n
}

var sink [64]uint64

func rwMutexMixed(n, goroutines int64) int64 {
	var mu sync.RWMutex
	x := uint64(1)
	each(goroutines, func(self int64) {
		for i := int64(0); i < n; i++ {
			if i%100 == 0 {
				mu.Lock()
				work(&x)
				mu.Unlock()
			} else {
				mu.RLock()
				copied := x
				work(&copied)
				if copied == 0 {
					sink[self] = copied
				}
				mu.RUnlock()
			}
		}
	})
	return n * goroutines
}

func waitGroup(n int64) int64 {
	var wg sync.WaitGroup
	for i := int64(0); i < n; i++ {
		wg.Add(1)
		wg.Done()
		wg.Wait()
	}
	return n
}

func waitGroupWaits(n int64) int64 {
	for i := int64(0); i < n; i++ {
		var wg sync.WaitGroup
		wg.Add(1)
		go func() { wg.Done() }()
		wg.Wait()
	}
	return n
}

func once(n int64) int64 {
	var o sync.Once
	done := 0
	for i := int64(0); i < n; i++ {
		o.Do(func() { done++ })
	}
	return n
}

func cond(n int64) int64 {
	var mu sync.Mutex
	c := sync.NewCond(&mu)
	turn := int64(0)
	each(2, func(self int64) {
		mu.Lock()
		for i := int64(0); i < n; i++ {
			for turn != self {
				c.Wait()
			}
			turn = 1 - self
			c.Signal()
		}
		mu.Unlock()
	})
	return 2 * n
}

func semaphore(n int64) int64 {
	sema := make(chan struct{}, 4)
	for i := int64(0); i < n; i++ {
		sema <- struct{}{}
		<-sema
	}
	return n
}

func semaphoreContended(n, goroutines int64) int64 {
	sema := make(chan struct{}, goroutines/2)
	each(goroutines, func(int64) {
		for i := int64(0); i < n; i++ {
			sema <- struct{}{}
			runtime.Gosched()
			<-sema
		}
	})
	return n * goroutines
}

func main() {
	procs, _ := strconv.Atoi(os.Args[1])
	arg := func(i int) int64 {
		n, _ := strconv.ParseInt(os.Args[i], 10, 64)
		return n
	}
	runtime.GOMAXPROCS(procs)
	round := map[string]func() int64{
		"BM_Mutex":              func() int64 { return mutex(arg(3)) },
		"BM_MutexContended":     func() int64 { return mutexContended(arg(3), arg(4)) },
		"BM_RWMutexRead":        func() int64 { return rwMutexRead(arg(3)) },
		"BM_RWMutexMixed":       func() int64 { return rwMutexMixed(arg(3), arg(4)) },
		"BM_WaitGroup":          func() int64 { return waitGroup(arg(3)) },
		"BM_WaitGroupWaits":     func() int64 { return waitGroupWaits(arg(3)) },
		"BM_Once":               func() int64 { return once(arg(3)) },
		"BM_Cond":               func() int64 { return cond(arg(3)) },
		"BM_Semaphore":          func() int64 { return semaphore(arg(3)) },
		"BM_SemaphoreContended": func() int64 { return semaphoreContended(arg(3), arg(4)) },
	}[os.Args[2]]
	items := int64(0)
	start := time.Now()
	for items == 0 || time.Since(start) < time.Second/4 {
		items += round()
	}
	fmt.Printf("%.1f\n", float64(time.Since(start))/float64(items))
}
