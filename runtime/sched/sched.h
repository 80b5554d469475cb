// Sched: one runtime. Go's `sched` and the globals around it (allp, allgs,
// gomaxprocs, mainStarted), as an object: several live side by side.
//
// Source: Go 1.21's runtime2.go, type schedt.

#ifndef RUNTIME_SCHED_SCHED_H_
#define RUNTIME_SCHED_SCHED_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/base/relaxed.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/fork.h"
#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/os/note.h"
#include "heddle/runtime/sched/all_gs.h"
#include "heddle/runtime/sched/g.h"
#include "heddle/runtime/sched/gfifo.h"
#include "heddle/runtime/sched/gfree.h"
#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/options.h"
#include "heddle/runtime/sched/p.h"
#include "heddle/runtime/sched/p_mask.h"
#include "heddle/runtime/sched/random_order.h"
#include "heddle/runtime/sched/sched_ref.h"
#include "heddle/runtime/sched/spinning.h"
#include "heddle/runtime/sched/time_histogram.h"

namespace heddle::stack {
class StackPool;
}  // namespace heddle::stack

namespace heddle::sched {

// Whether sysmon sleeps, and how deeply: see sysmon.h.
enum class SysmonWait { kAwake, kShort, kLong, kDeep };

// nmspinning, needspinning and npidle are Spinning's.
struct Sched : Spinning {
  // Starts no thread. `options` is valid: what ResolveOptions returned.
  explicit Sched(const Options& options);
  // Stops every M and waits for its thread. See proc.h for what becomes of
  // goroutines that are left.
  ~Sched();
  Sched(const Sched&) = delete;
  Sched& operator=(const Sched&) = delete;

  const Options options;
  // os::Nanotime() of its start, for reports.
  const int64_t start_ns = os::Nanotime();

  // os::Forks() when its first Run began, which makes threads; before that it
  // is a child's of fork as well as the parent's.
  static constexpr uint32_t kNoThreads = std::numeric_limits<uint32_t>::max();
  std::atomic<uint32_t> forks{kNoThreads};

  // Protects what is marked with it, and the passing of Ps and Ms. Taken for
  // short; nothing allocates under it but in ProcResize.
  os::Lock lock{os::LockRank::kSched};

  // ---- Ms ----
  // Idle Ms, last in first out.
  M* midle ABSL_GUARDED_BY(lock) = nullptr;
  int32_t nmidle ABSL_GUARDED_BY(lock) = 0;
  // The next M's id, which is also how many there have been.
  int64_t mnext ABSL_GUARDED_BY(lock) = 0;
  // Ms that have a thread or are about to; m0 only while it is in Run. Go's
  // mcount.
  int32_t nm ABSL_GUARDED_BY(lock) = 0;
  // Ms that run no goroutines: sysmon, the template thread, and m0 once it only
  // waits (see proc.h).
  int32_t nmsys ABSL_GUARDED_BY(lock) = 0;
  // Ms that sleep and have a locked goroutine.
  int32_t nmidlelocked ABSL_GUARDED_BY(lock) = 0;
  M* allm ABSL_GUARDED_BY(lock) = nullptr;
  // Ms that have ended, their threads perhaps not yet; see locked_m.h.
  M* freem ABSL_GUARDED_BY(lock) = nullptr;

  // ---- the template thread, see template_thread.h ----
  struct NewmHandoff {
    os::Lock lock{os::LockRank::kNewmHandoff};
    bool started = false;                     // under sched.lock
    M* newm ABSL_GUARDED_BY(lock) = nullptr;  // linked by schedlink
    bool waiting ABSL_GUARDED_BY(lock) = false;
    bool stop ABSL_GUARDED_BY(lock) = false;
    os::Note wake;  // woken under lock
  };
  NewmHandoff newm_handoff;

  // ---- sysmon ----
  bool sysmon_started ABSL_GUARDED_BY(lock) = false;
  M* sysmon ABSL_GUARDED_BY(lock) = nullptr;
  // Written under lock; read by anyone, as a guess.
  base::Relaxed<SysmonWait> sysmonwait{SysmonWait::kAwake};
  os::Note sysmonnote;  // woken under lock
  // The monotonic clock in nanoseconds, as sysmon last saw it: 10 ms late at
  // most while a P is busy.
  std::atomic<int64_t> coarse_now{0};
  // One taker of Ps at a time; no M is freed meanwhile.
  os::Lock steal_lock{os::LockRank::kSysmon};
  // What is done depends on options.seed alone, and not on the clock: one P and
  // options.randomize. Immutable.
  const bool deterministic;
  // Sysmon takes Ps from goroutines that compute for long. Immutable.
  const bool preempt;
  // Ps can be taken from their Ms at all. Immutable.
  const bool takes_ps = os::HaveAsymmetricFences();
  // No option makes a go statement more than usual. Immutable.
  const bool plain_go;
  // Goroutines that compute without a P, which was taken from them.
  std::atomic<int64_t> nhogs{0};

  // ---- Ps ----
  // Ps by id, [0, gomaxprocs) in use. Grows with the world stopped; entries
  // are never removed.
  std::unique_ptr<std::atomic<P*>[]> allp;
  std::atomic<int32_t> gomaxprocs{0};
  P* pidle ABSL_GUARDED_BY(lock) = nullptr;
  // Bit per P that is idle: thieves pass it by. Written under lock.
  PMask idlep_mask;
  // Changed with the world stopped only.
  RandomOrder steal_order;

  // ---- the global run queue ----
  GFifo runq ABSL_GUARDED_BY(lock);
  // Written under lock; read by anyone, as a guess.
  std::atomic<int32_t> runqsize{0};
  // How many have been taken from its head. sched.lock.
  uint64_t runqtaken ABSL_GUARDED_BY(lock) = 0;

  // ---- goroutines ----
  std::atomic<uint64_t> goidgen{kMainGoid};  // the last id given to a P
  os::Lock allglock{os::LockRank::kAllg};
  AllGs allgs;  // appended to under allglock; read by anyone
  GFreeGlobal gfree{&allgs};
  // Never null. Only files that take stacks, or give them back, read its
  // header.
  const std::unique_ptr<stack::StackPool> stackpool;
  // Usable bytes of a new goroutine's stack. Gs with another size on a free
  // list give theirs back when they are reused.
  std::atomic<size_t> starting_stack_size;
  // As P's counters, for goroutines started by threads without a P.
  std::atomic<uint64_t> ngcreated_without_p{0};
  // System goroutines that exist: too few, and too seldom started, for counters
  // per P.
  std::atomic<int64_t> nsystem{0};

  // ---- the poller, see poll.h ----
  struct Poll {
    M* m = nullptr;  // under sched.lock
    // Until when it sleeps; 0: it is awake, or there is none, or it is being
    // woken, by who set it to that.
    std::atomic<int64_t> until{0};
    os::Note note;
  };
  Poll poll;

  // ---- why no goroutine is to be run ----
  // In one word: each switch looks at it. Written under lock; released, as who
  // then runs goroutines, or stops, is to see what was done before.
  enum Halt : uint8_t {
    // Every M that comes to the scheduler gives its P up. (Go's gcwaiting)
    kGcWaiting = 1,
    // No Run is under way: no M is woken either. (Not Go's mainStarted)
    kNoRun = 2,
  };
  std::atomic<uint8_t> halted{kNoRun};
  bool gcwaiting() const { return (LoadHalted() & kGcWaiting) != 0; }
  bool main_started() const { return (LoadHalted() & kNoRun) == 0; }
  // Acquire: pairs with the releases in the next two.
  uint8_t LoadHalted() const { return halted.load(std::memory_order_acquire); }
  void SetHalted(Halt why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock) {
    halted.store(LoadHalted() | why, std::memory_order_release);
  }
  void ClearHalted(Halt why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock) {
    halted.store(LoadHalted() & ~why, std::memory_order_release);
  }

  // ---- stop the world ----
  int32_t stopwait ABSL_GUARDED_BY(lock) = 0;
  os::Note stopnote;

  // ---- one Run ----
  // Main has returned, or called Goexit.
  bool main_done ABSL_GUARDED_BY(lock) = false;
  // Run may return.
  std::atomic<bool> run_done{false};
  // m0 waits here under OnMainReturn::kAbandon.
  os::Note main_note;
  bool m0_waits ABSL_GUARDED_BY(lock) = false;
  M* m0 = nullptr;  // immutable
  bool run_under_way ABSL_GUARDED_BY(lock) = false;
  // The runtime ends: Ms leave.
  std::atomic<bool> exiting{false};
  // How threads of others reach this runtime. The runtime's end waits while one
  // visits: a thread that readies a goroutine may still be busy with that when
  // the goroutine has ended, and Run has returned.
  SchedRef ref;                  // immutable
  Sched* next_orphan = nullptr;  // see proc.cc
  // The process exits, and nobody waits for what is left of this.
  bool left_behind ABSL_GUARDED_BY(lock) = false;

  // Released when a goroutine ends, and when the main one does; acquired by
  // Run when it returns. That of system goroutines, by ~Sched.
  [[no_unique_address]] sanitizer::RaceSync ends;
  [[no_unique_address]] sanitizer::RaceSync main_ends;
  [[no_unique_address]] sanitizer::RaceSync system_ends;

  // ---- reports ----
  std::atomic<Sched*> next_sched{nullptr};  // see all_scheds.h
  // Sources, of the packages above, that may make a goroutine runnable though
  // all threads sleep: timers that run, descriptors that are polled. While
  // there are any, CheckDead finds no deadlock.
  std::atomic<int32_t> wakers{0};
  // The last M to go was one that ended: sysmon watches for a deadlock.
  std::atomic<bool> dead_suspected{false};
  // ---- what is measured (tracking.h) ----
  // How long goroutines were runnable before they ran; one in
  // kGTrackingPeriod.
  TimeHistogram time_to_run;
  // Nanoseconds that goroutines have waited for mutexes, all together, as the
  // sample has it.
  std::atomic<int64_t> mutex_wait_ns{0};
};

// How large a goroutine's stack is that asks for no size of its own. Relaxed: a
// size orders nothing.
inline size_t StartingSize(const Sched* sched) {
  return sched->starting_stack_size.load(std::memory_order_relaxed);
}

// The free lists as the owner of pp sees them, or a thread without a P (null).
inline GFreeEnv FreeEnv(Sched* sched, P* pp) {
  if (pp == nullptr) {
    return {nullptr, &sched->gfree, sched->stackpool.get(), nullptr};
  }
  return {&pp->gfree, &sched->gfree, sched->stackpool.get(), &pp->stackcache};
}

// Goroutines of the user's that exist: a sum that is exact when nothing runs.
int64_t GCount(const Sched* sched);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_SCHED_H_
