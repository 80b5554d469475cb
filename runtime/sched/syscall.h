// Blocking calls: a goroutine that enters the kernel, or a library that blocks,
// gives its P away, so that others run, and takes one again afterwards.
//
// This is the first version: it hands the P over at once (Go's
// entersyscallblock), which is right for calls that do block.
//
// Source: Go 1.21's entersyscallblock, exitsyscall, exitsyscall0.

#ifndef RUNTIME_SCHED_SYSCALL_H_
#define RUNTIME_SCHED_SYSCALL_H_

namespace heddle::sched {

// The calling goroutine leaves the scheduler: it keeps its thread and loses its
// P. Until ExitSyscall it must not park; ParkableG says null. False, and
// nothing done, on a thread that runs no goroutine or is already in a blocking
// call.
bool EnterSyscallBlock();

// Comes back: with an idle P at once, else through the global queue, perhaps on
// another thread. errno is the goroutine's.
void ExitSyscall();

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_SYSCALL_H_
