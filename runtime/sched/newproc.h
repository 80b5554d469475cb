// The go statement: making a goroutine and queueing it.
//
//   NewProc ─▶ NewProc1 ─▶ GfGetBare, else Malg ─▶ MakeBare
//        │        └ of a stack size of its own: GfGet, else Malg ─▶ MakeContext
//        └───▶ RunqPut ─▶ WakeP
//
// GoStatement (go_statement.h) is the same in one function, for what most go
// statements are.
//
// Differences from Go: most goroutines get a stack when they run first
// (first_run.h). All of it runs on the caller's stack, which cannot overflow
// unseen (it has a guard page); only what may need much of it (new stacks,
// fatal errors) is called on g0's. The callable is built in the G, or on its
// stack, by the caller's code and may throw, or itself switch: no P is held
// meanwhile, and a G that was prepared in vain goes back to the free list.
//
// Source: Go 1.21's newproc, newproc1, malg, allgadd, gostartcallfn.

#ifndef RUNTIME_SCHED_NEWPROC_H_
#define RUNTIME_SCHED_NEWPROC_H_

#include <cstddef>
#include <cstdint>

#include "heddle/runtime/sched/func_val.h"
#include "heddle/runtime/sched/go_options.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// Starts a goroutine that calls `fn`, on `sched`. From any thread; on one of
// the runtime's own it goes to the calling P's runnext, else to the global
// queue. `callerpc`: where the go statement is, for reports. Ends the process
// if fn is nil ("go of nil func value") or memory is short; throws
// std::invalid_argument if options.stack_size is out of range, and whatever
// building the callable throws.
void NewProc(Sched* sched, const FuncVal& fn, const GoOptions& options,
             uintptr_t callerpc);

// The main goroutine is known by its mark (Marks::kMain): its end is the end of
// a Run.
enum class Role { kUsual, kMain };

// Makes the goroutine, runnable and not queued. callergp: who asks, or null.
G* NewProc1(Sched* sched, const FuncVal& fn, const GoOptions& options,
            G* callergp, uintptr_t callerpc, Role role = Role::kUsual);

// A new G with a stack of `stack_size` bytes, a power of two, by way of `cache`
// if that is not null; with none if the size is 0. Never fails: ends the
// process. (malg)
G* Malg(Sched* sched, stack::StackCache* cache, size_t stack_size);

// Sets how many bytes the stacks of later goroutines have that ask for none,
// rounded up to a power of two; 0 only reads. Returns the former size. Stacks
// of dead goroutines that no longer fit are freed when those are reused. Throws
// std::invalid_argument if it is out of range. Thread-safe.
// (runtime.startingStackSize)
size_t StartingStackSize(Sched* sched, size_t bytes);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_NEWPROC_H_
