// Goroutines without a P: in a blocking call, and after their P was taken.
//
// A goroutine that enters the kernel, or a library that blocks, says so; it
// keeps its thread and leaves its P where it is. If it is back soon, nothing
// has happened: a few plain stores. Else somebody has taken the P through the
// M's gate (retake.h), and it waits for another one.
//
// Back from Blocking it may go on on another thread, as from any call that
// waits. A goroutine that lost its P while it computed waits at the gate, which
// may be in any call (Go, Mutex::Unlock): it keeps its thread, for C++ code may
// hold something of a thread's there, such as a std::mutex. Whoever has a P for
// it hands it over, as to a locked goroutine.
//
// Source: Go 1.21's entersyscall, exitsyscall, exitsyscallfast, exitsyscall0.
// There a P in a system call is guarded by a compare-and-swap on its status;
// here, by the gate that guards it in all code outside the runtime.

#ifndef RUNTIME_SCHED_SYSCALL_H_
#define RUNTIME_SCHED_SYSCALL_H_

#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/park.h"

namespace heddle::sched {

// The calling goroutine begins a blocking call. Until ExitSyscall it must not
// park; ParkableG says null. False, and nothing done, on a thread that runs no
// goroutine or is already in a blocking call. (entersyscall)
bool EnterSyscall();

// Comes back: with the P that it had, or an idle one, at once; else through the
// global queue, perhaps on another thread. errno is the goroutine's.
void ExitSyscall();

// A blocking call for a scope, which may be left by an exception or by Goexit.
class InSyscall {
 public:
  InSyscall() : entered_(EnterSyscall()) {}
  ~InSyscall() {
    if (entered_) ExitSyscall();
  }
  InSyscall(const InSyscall&) = delete;
  InSyscall& operator=(const InSyscall&) = delete;

 private:
  const bool entered_;
};

// The other way round: if the calling goroutine is in a blocking call, it is
// not for a scope.
class OutOfSyscall {
 public:
  OutOfSyscall() : left_(Curg() != nullptr && ParkableG() == nullptr) {
    if (left_) ExitSyscall();
  }
  ~OutOfSyscall() {
    if (left_) EnterSyscall();
  }
  OutOfSyscall(const OutOfSyscall&) = delete;
  OutOfSyscall& operator=(const OutOfSyscall&) = delete;

 private:
  const bool left_;
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_SYSCALL_H_
