#include "heddle/runtime/sched/newproc.h"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string>

#include "absl/base/optimization.h"
#include "absl/strings/str_format.h"
#include "heddle/runtime/arch/fp_modes.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sched/first_run.h"
#include "heddle/runtime/sched/freeze.h"
#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/go_statement.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/resolve_options.h"
#include "heddle/runtime/sched/switch.h"
#include "heddle/runtime/sched/tracking.h"

namespace heddle::sched {
namespace {

// As TakeG, where the P has none.
[[gnu::noinline]] G* TakeOrMakeG(Sched* sched, P* pp, bool bare, size_t size) {
  const GFreeEnv env = FreeEnv(sched, pp);
  G* newg = bare ? GfGetBare(env, size) : GfGet(env, size);
  if (newg == nullptr) {
    newg = Malg(sched, env.cache, bare ? 0 : size);
  } else if (!bare && newg->stack.hi == 0) {
    GiveStack(sched, env.cache, newg, size);
  }
  if (ReadGStatus(newg) == GStatus::kIdle) {
    newg->home = sched;
    CasGStatus(newg, GStatus::kIdle, GStatus::kDead);
  }
  return newg;
}

// A dead G, with a stack of `size` bytes unless it is to be bare, for mp, which
// is inside the runtime, or a thread that is none (null).
G* TakeG(Sched* sched, M* mp, bool bare, size_t size) {
  P* pp = CurrentP(sched, mp);
  G* newg = nullptr;
  if (pp != nullptr && bare)
    newg = GfGetBareLocal(&pp->gfree, sched->gfree, size);
  if (newg == nullptr) newg = TakeOrMakeG(sched, pp, bare, size);
  // A report that saw it running may be reading its fields yet.
  while (Frozen()) WaitForThaw();
  if (!bare && newg->stack.hi == 0) base::Throw("newproc1: newg missing stack");
  if (ReadGStatus(newg) != GStatus::kDead) {
    base::Throw("newproc1: new g is not Gdead");
  }
  return newg;
}

HEDDLE_INLINE uint64_t NextGoid(Sched* sched, P* pp) {
  if (pp == nullptr) {
    return sched->goidgen.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  if (pp->goidcache == pp->goidcacheend) {
    // goidgen is the last id that was given away; at the start that is the main
    // goroutine's.
    pp->goidcache =
        sched->goidgen.fetch_add(kGoidCacheBatch, std::memory_order_relaxed) +
        1;
    pp->goidcacheend = pp->goidcache + kGoidCacheBatch;
  }
  return pp->goidcache++;
}

// What a goroutine gets that asks for `asked` bytes.
size_t GivenStackSize(absl::string_view what, size_t asked) {
  const absl::Status status = CheckStackSize(what, asked);
  if (!status.ok()) throw std::invalid_argument(std::string(status.message()));
  // Instrumented frames do not fit into the smallest.
  constexpr size_t kLeast =
      sanitizer::kAsan || sanitizer::kTsan || sanitizer::kMsan ? 16 << 10 : 0;
  return std::max(kLeast, stack::Round2(asked));
}

size_t StackSize(Sched* sched, const GoOptions& options) {
  if (options.stack_size == 0) {
    return StartingSize(sched);
  }
  return GivenStackSize("GoOptions::stack_size", options.stack_size);
}

// Out of NewProc1's way, as is Build.
[[noreturn, gnu::noinline]] void ThrowTooLarge(size_t size, size_t stack_size) {
  throw std::invalid_argument(absl::StrFormat(
      "heddle: the callable of a go statement is %d bytes, more than half of "
      "its stack of %d; pass a pointer, or raise GoOptions::stack_size",
      size, stack_size));
}

// Who starts a goroutine, and where.
struct Origin {
  G* gp;
  uintptr_t pc;
};

// Builds fn at `at`, and what else newg has of its own, where that may run the
// user's code, allocate or throw: newg goes back then.
[[gnu::noinline]] void Build(Sched* sched, const FuncVal& fn,
                             const GoOptions& options, const Origin& origin,
                             G* newg, void* at) {
  try {
    if (sched->options.debug.traceback_ancestors > 0) {
      Extra(newg)->ancestors = SaveAncestors(
          origin.gp, origin.pc, sched->options.debug.traceback_ancestors);
    }
    if (!options.name.empty() || newg->extra != nullptr) {
      Extra(newg)->name.assign(options.name);
    }
    // The last that may throw: nobody would destroy it.
    const RaceUserCode looked_at;
    fn.construct(at, fn.from);
  } catch (...) {
    if (newg->extra != nullptr) newg->extra->ancestors = nullptr;
    M* mp = Acquirem();
    GfPut(FreeEnv(sched, CurrentP(sched, mp)), newg, newg->stack.size());
    Releasem(mp);
    throw;
  }
}

// What newg, which is dead yet, is to do, and what reports tell of it.
HEDDLE_INLINE void Describe(G* newg, const FuncVal& fn, void* at,
                            const Origin& origin) {
  newg->fn = fn.ops;
  newg->fn_arg = at;
  newg->parent_goid = origin.gp != nullptr ? origin.gp->goid : 0;
  newg->gopc = origin.pc;
  newg->startpc = fn.pc;
  newg->started = false;
  newg->lastm = 0;
  newg->saved_errno = 0;
}

// A goroutine of the user's is started on pp, or by who has none (null).
HEDDLE_INLINE void CountCreated(Sched* sched, P* pp) {
  if (ABSL_PREDICT_TRUE(pp != nullptr)) {
    AddOwned(&pp->ngcreated, 1);
  } else {
    sched->ngcreated_without_p.fetch_add(1, std::memory_order_release);
  }
}

// newg, of which all is said but its number, can be queued.
HEDDLE_INLINE void BecomeRunnable(Sched* sched, P* pp, G* newg,
                                  Role role = Role::kUsual) {
  SetGoid(newg, role == Role::kMain ? kMainGoid : NextGoid(sched, pp));
  TrackNew(newg);
  // (racegostart)
  RaceRelease(sanitizer::RaceBirth(&newg->fiber));
  CasGStatus(newg, GStatus::kDead, GStatus::kRunnable);
}

// A G for a go statement as most are: of a goroutine, on its own P, without
// options, of a callable that can wait in a G, of which its P has one. Null: it
// is not. As NewProc1, of which it leaves out what cannot be then.
HEDDLE_INLINE G* TakePlainG(Sched* sched, P* pp, const FuncVal& fn,
                            const G* callergp) {
  if (!fn.plain || !sched->plain_go || !callergp->labels.empty() || Frozen()) {
    return nullptr;
  }
  G* newg = GfGetBareLocal(&pp->gfree, sched->gfree, StartingSize(sched));
  if (newg == nullptr) return nullptr;
  if (ABSL_PREDICT_FALSE(newg->extra != nullptr)) newg->extra = nullptr;
  NoteCallableReuse(newg);
  return newg;
}

// Builds fn in newg, for the caller, gp, which is inside the runtime on mp, and
// then on the M that is returned.
HEDDLE_INLINE M* BuildPlain(const FuncVal& fn, G* newg, M* mp, G* gp) {
  if (fn.trivial) {
    const RaceUserCode looked_at;
    fn.construct(newg->callable, fn.from);
    return mp;
  }
  // It is the user's code, and may park.
  Releasem(mp);
  fn.construct(newg->callable, fn.from);
  return AcquiremOf(gp);
}

[[gnu::noinline]] void NewProcOfGoroutine(const FuncVal& fn,
                                          const GoOptions& options,
                                          uintptr_t callerpc) {
  G* callergp = Getg();
  if (callergp == nullptr) {
    base::Throw(
        "heddle::Go called outside any runtime: call it from heddle::Run, or "
        "use heddle::Runtime::Go");
  }
  NewProc(Getm()->sched, fn, options, callerpc);
}

uintptr_t Address(const void* pc) { return reinterpret_cast<uintptr_t>(pc); }

}  // namespace

G* Malg(Sched* sched, stack::StackCache* cache, size_t stack_size) {
  G* newg;
  {
    os::LockGuard guard(sched->allglock);
    newg = sched->allgs.New();
  }
  if (newg == nullptr) base::Throw("out of memory: no room for a goroutine");
  if (stack_size != 0) GiveStack(sched, cache, newg, stack_size);
  return newg;
}

G* NewProc1(Sched* sched, const FuncVal& fn, const GoOptions& options,
            G* callergp, uintptr_t callerpc, Role role) {
  if (fn.ops == nullptr) base::Throw("go of nil func value");
  const size_t stack_size = StackSize(sched, options);
  const bool bare = fn.ops->run_moved != nullptr;
  if (!bare && fn.ops->size + fn.ops->align > stack_size / 2) {
    ThrowTooLarge(fn.ops->size, stack_size);
  }
  const RaceScope not_looked_at;
  M* mp = Acquirem();
  G* newg = TakeG(sched, mp, bare, stack_size);
  void* at;
  if (bare) {
    NoteCallableReuse(newg);
    at = newg->callable;
  } else {
    at = reinterpret_cast<void*>(
        FirstSp(newg->stack, fn.ops->size, fn.ops->align));
  }
  if (ABSL_PREDICT_TRUE(fn.trivial && options.name.empty() &&
                        newg->extra == nullptr &&
                        sched->options.debug.traceback_ancestors == 0)) {
    const RaceUserCode looked_at;
    fn.construct(at, fn.from);
  } else {
    Releasem(mp);
    Build(sched, fn, options, {callergp, callerpc}, newg, at);
    mp = Acquirem();
  }
  if (bare) {
    MakeBare(newg);
    if (options.stack_size != 0) AskForSize(newg, stack_size);
  } else {
    MakeContext(newg, reinterpret_cast<uintptr_t>(at), arch::CurrentFpModes());
  }
  Describe(newg, fn, at, {callergp, callerpc});

  P* pp = CurrentP(sched, mp);
  newg->marks.Set(Marks::kSystem, options.system);
  if (ABSL_PREDICT_FALSE(options.system)) {
    sched->nsystem.fetch_add(1, std::memory_order_relaxed);
  } else {
    // A dead G has none.
    if (callergp != nullptr && !callergp->labels.empty()) {
      newg->labels = callergp->labels;
    }
    CountCreated(sched, pp);
  }
  newg->marks.Set(Marks::kMain, role == Role::kMain);
  BecomeRunnable(sched, pp, newg, role);
  Releasem(mp);
  return newg;
}

size_t StartingStackSize(Sched* sched, size_t bytes) {
  // Relaxed: a size orders nothing.
  if (bytes == 0) {
    return StartingSize(sched);
  }
  return sched->starting_stack_size.exchange(
      GivenStackSize("the starting stack size", bytes),
      std::memory_order_relaxed);
}

void NewProc(Sched* sched, const FuncVal& fn, const GoOptions& options,
             uintptr_t callerpc) {
  G* newg = NewProc1(sched, fn, options, Getg(), callerpc);
  Submit(sched, newg);
}

void GoStatement(const FuncVal& fn) {
  const uintptr_t callerpc = Address(__builtin_return_address(0));
  G* gp = Getg();
  if (ABSL_PREDICT_TRUE(gp != nullptr)) {
    M* mp = AcquiremOf(gp);
    G* newg = nullptr;
    if (ABSL_PREDICT_TRUE(mp->p != nullptr)) {
      newg = TakePlainG(mp->sched, mp->p, fn, gp);
    }
    if (ABSL_PREDICT_TRUE(newg != nullptr)) {
      mp = BuildPlain(fn, newg, mp, gp);
      MakeBare(newg);
      Describe(newg, fn, newg->callable, {gp, callerpc});
      // None by now, perhaps, if this is inside Blocking, and fn took long.
      Sched* sched = mp->sched;
      P* pp = mp->p;
      CountCreated(sched, pp);
      BecomeRunnable(sched, pp, newg);
      if (ABSL_PREDICT_TRUE(pp != nullptr)) {
        RunqPutNextInOrder(sched, pp, newg);
        WakeP(sched, pp);
      } else {
        SubmitFromOutside(sched, mp, newg);
      }
      return Releasem(mp);
    }
    Releasem(mp);
  }
  NewProcOfGoroutine(fn, GoOptions(), callerpc);
}

void GoStatement(const FuncVal& fn, const GoOptions& options) {
  NewProcOfGoroutine(fn, options, Address(__builtin_return_address(0)));
}

}  // namespace heddle::sched
