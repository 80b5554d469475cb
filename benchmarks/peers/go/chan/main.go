// What benchmarks/chan.cc measures, in Go.
package main

import (
	"runtime"
	"sort"
	"sync"
	"time"

	"peers/measure"
)

func hop(n int64) {
	there, back := make(chan int64), make(chan int64)
	go func() {
		for v := range there {
			back <- v
		}
	}()
	for i := int64(0); i < n; i++ {
		there <- i
		<-back
	}
	close(there)
}

func buffered(n, pairs int64) {
	ch := make(chan int64, 128)
	var senders, receivers sync.WaitGroup
	senders.Add(int(pairs))
	receivers.Add(int(pairs))
	for p := int64(0); p < pairs; p++ {
		go func() {
			for i := int64(0); i < n; i++ {
				ch <- i
			}
			senders.Done()
		}()
		go func() {
			for range ch {
			}
			receivers.Done()
		}()
	}
	senders.Wait()
	close(ch)
	receivers.Wait()
}

func selectBuffered(n int64) {
	a, b := make(chan int64, 1), make(chan int64, 1)
	a <- 0
	for i := int64(0); i < n; i++ {
		select {
		case v := <-a:
			b <- v
		case v := <-b:
			a <- v
		}
	}
}

func selectUnbuffered(n int64) {
	a, b := make(chan int64), make(chan int64)
	go func() {
		for i := int64(0); i < n; i += 2 {
			a <- i
			b <- i
		}
	}()
	for i := int64(0); i < n; i++ {
		select {
		case <-a:
		case <-b:
		}
	}
}

func skynetNode(result chan int64, num, size int64) {
	if size == 1 {
		result <- num
		return
	}
	parts := make(chan int64)
	for i := int64(0); i < 10; i++ {
		go skynetNode(parts, num+i*(size/10), size/10)
	}
	sum := int64(0)
	for i := 0; i < 10; i++ {
		sum += <-parts
	}
	result <- sum
}

func skynet(leaves int64) {
	result := make(chan int64)
	go skynetNode(result, 0, leaves)
	<-result
}

func fibNode(n int64) int64 {
	if n < 2 {
		return n
	}
	a, b := make(chan int64), make(chan int64)
	go func() { a <- fibNode(n - 1) }()
	go func() { b <- fibNode(n - 2) }()
	return <-a + <-b
}

// The calls that fib(n) takes, its own with them.
func calls(n int64) int64 {
	calls, before := int64(1), int64(1)
	for i := int64(2); i <= n; i++ {
		before, calls = calls, 1+before+calls
	}
	return calls
}

// How long a receiver waits for the CPU whose sender goes on to compute for a
// millisecond. The median.
func behindSpinningSender(n int64) {
	var waits []float64
	ch := make(chan time.Time)
	done := make(chan bool)
	go func() {
		for sent := range ch {
			waits = append(waits, float64(time.Since(sent)))
		}
		done <- true
	}()
	for i := int64(0); i < n; i++ {
		runtime.Gosched()
		ch <- time.Now()
		for start := time.Now(); time.Since(start) < time.Millisecond; {
		}
	}
	close(ch)
	<-done
	sort.Float64s(waits)
	measure.Report("ns", waits[len(waits)/2])
}

// The second round in the process, and further ones.
func warm(items int64, round func()) {
	round()
	measure.Rounds(items, round)
}

func main() {
	measure.Main(map[string]func([]int64){
		"hop": func(args []int64) {
			measure.Rounds(2*args[0], func() { hop(args[0]) })
		},
		"buffered": func(args []int64) {
			measure.Rounds(args[0]*args[1], func() { buffered(args[0], args[1]) })
		},
		"select_buffered": func(args []int64) {
			measure.Rounds(args[0], func() { selectBuffered(args[0]) })
		},
		"select_unbuffered": func(args []int64) {
			measure.Rounds(args[0], func() { selectUnbuffered(args[0]) })
		},
		"skynet": func(args []int64) {
			warm(args[0], func() { skynet(args[0]) })
		},
		"fib": func(args []int64) {
			warm(calls(args[0]), func() { fibNode(args[0]) })
		},
		"behind_spinning_sender": func(args []int64) { behindSpinningSender(args[0]) },
	})
}
