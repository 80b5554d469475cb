#include "heddle/runtime/sched/thread_timers.h"

#include <pthread.h>
#include <signal.h>

#include <new>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/fork.h"
#include "heddle/runtime/os/note.h"
#include "heddle/runtime/os/quiet_threads.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/timers.h"

namespace heddle::sched {
namespace {

struct ThreadTimersState {
  Timers timers;
  os::Note note;
  // Under timers.lock: whether it has a thread, whether that sleeps, and until
  // when.
  bool has_thread = true;
  bool sleeps = false;
  int64_t until = 0;
};

// Sleeps until the first timer is due, or until it is woken.
void Sleep(ThreadTimersState* s) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  s->timers.lock.lock();
  const int64_t when = s->timers.next.load(std::memory_order_relaxed);
  const int64_t now = os::Nanotime();
  if (when > now) {
    s->sleeps = true;
    s->until = when;
    if (when == kNeverDue) os::EnterQuiet();
    s->timers.lock.unlock();
    bool woken;
    {
      // Threads that are made here do not inherit it.
      const os::FineTimerScope fine;
      woken = s->note.SleepFor(when == kNeverDue ? -1 : when - now);
    }
    s->timers.lock.lock();
    // Who has set `sleeps` wakes it, or is about to.
    const bool is_woken = !s->sleeps;
    s->sleeps = false;
    s->timers.lock.unlock();
    if (!woken && is_woken) woken = s->note.SleepFor(-1);
    if (woken) s->note.Clear();
  } else {
    s->timers.lock.unlock();
  }
}

void* ThreadMain(void* arg) {
  auto* s = static_cast<ThreadTimersState*>(arg);
  for (;;) {
    const RaceScope not_looked_at;
    Sleep(s);
    RunThreadTimers(&s->timers, os::Nanotime());
  }
}

// The thread takes no signals: handlers are the program's own threads'.
void Start(ThreadTimersState* s) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const int error = pthread_create(&thread, nullptr, ThreadMain, s);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) {
    base::PrintErr("runtime: no thread for timers (errno=%d)\n", error);
    base::Throw("pthread_create failed");
  }
  pthread_detach(thread);
}

ThreadTimersState* State();

// A child of fork has no such thread, but all its timers.
void BeforeFork() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  State()->timers.lock.lock();
}
void AfterFork() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  State()->timers.lock.unlock();
}
void AfterForkInChild() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  ThreadTimersState* s = State();
  s->sleeps = false;
  new (&s->note) os::Note;
  // Not for a child that only calls execve.
  s->has_thread = !s->timers.heap.empty();
  const bool start = s->has_thread;
  s->timers.lock.unlock();
  if (start) Start(s);
}

ThreadTimersState* State() {
  static ThreadTimersState* const state = [] {
    auto* s = new ThreadTimersState;
    Start(s);
    os::AtFork(AfterForkInChild, BeforeFork, AfterFork);
    return s;
  }();
  return state;
}

}  // namespace

Timers* ThreadTimers() { return &State()->timers; }

void WakeThreadTimers(int64_t when) {
  ThreadTimersState* s = State();
  bool start;
  {
    const os::SpinLockGuard guard(s->timers.lock);
    start = !s->has_thread;
    s->has_thread = true;
    if (!start && (!s->sleeps || s->until <= when)) return;
    if (s->sleeps && s->until == kNeverDue) os::LeaveQuiet();
    s->sleeps = false;
  }
  if (start) {
    Start(s);
  } else {
    s->note.Wakeup();
  }
}

}  // namespace heddle::sched
