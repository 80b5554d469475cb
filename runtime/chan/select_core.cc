#include "heddle/runtime/chan/select_core.h"

#include <alloca.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>

#include "heddle/runtime/base/fast_rand.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/chan/closed_channel.h"
#include "heddle/runtime/chan/hand_over.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/hooks.h"
#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/park_inline.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/wait_reason.h"
#include "heddle/runtime/sync/waiter.h"

namespace heddle::chan {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);
// So many waiters lie on the stack of who waits, of most selects in a frame
// that leaves it a page; more are allocated.
constexpr size_t kFew = 4;
constexpr size_t kOnStack = 32;

// Out of line: a thread_local's address must not be kept over a park.
[[gnu::noinline]] base::FastRand* ThreadRandom() {
  constinit static thread_local base::FastRand random(0);
  static thread_local const bool seeded = [] {
    random = base::FastRand(reinterpret_cast<uintptr_t>(&random) ^
                            static_cast<uint64_t>(os::Nanotime()));
    return true;
  }();
  static_cast<void>(seeded);
  return &random;
}

// Uniform in [0, n). On an M its own generator, which is seeded by
// Options::seed. Out of line: most selects find one case ready, or none.
[[gnu::noinline]] uint32_t Below(uint32_t n) {
  sched::M* mp = sched::Getm();
  return (mp != nullptr ? &mp->random : ThreadRandom())->Below(n);
}

class Select {
 public:
  Select(const Case* cases, size_t stride, size_t n, void* scratch)
      : cases_(reinterpret_cast<const std::byte*>(cases)),
        stride_(stride),
        n_(n),
        scratch_(scratch) {}

  // Step 1: a case that seems to be ready, or kNone; and that case carried out,
  // or kNone if it was not ready.
  size_t DrawReady() const {
    const sched::RaceScope not_looked_at;
    return Draw([](const Case& c) { return Ready(c); });
  }
  HEDDLE_INLINE size_t TryOne(size_t i);
  // Whether case i needs the scratch.
  bool NeedsScratch(size_t i) const {
    return At(i).kind == CaseKind::kRecv && TargetOf(At(i)).deliver != nullptr;
  }
  // The others. `order` and `waiters` have place for n.
  size_t Run(uint32_t* order, Waiter* waiters, size_t default_case) {
    return RunHere(order, waiters, default_case);
  }
  // The same in the caller's code, for what most selects do: see
  // sched/park_inline.h.
  HEDDLE_INLINE size_t RunHere(uint32_t* order, Waiter* waiters,
                               size_t default_case);
  // For sched::SetUnlinkHook.
  static bool Unlink(sched::G* gp, void* select);
  // Tells the receiver of case i what it got. Without locks.
  HEDDLE_INLINE void Tell(size_t i, bool ok);

 private:
  enum class Outcome { kNotReady, kDone, kClosed };

  const Case& At(size_t i) const {
    return *reinterpret_cast<const Case*>(cases_ + i * stride_);
  }
  // Where a receiver's value goes at first: T's assignment, which destroys what
  // the receiver had, is not for under a lock.
  Target TargetOf(const Case& c) const {
    const MoveFn construct = c.c->ops->construct;
    if (c.elem == nullptr) return {nullptr, nullptr};
    return {construct != nullptr ? scratch_ : c.elem, construct};
  }
  static bool Ready(const Case& c) {
    if (c.c == nullptr) return false;
    return c.kind == CaseKind::kRecv ? CanRecv(c.c) : CanSend(c.c);
  }
  // One of those of which ready(i) is true; kNone if it is of none.
  template <typename ReadyFn>
  HEDDLE_INLINE size_t Draw(ReadyFn ready) const;
  HEDDLE_INLINE Outcome Do(const Case& c, sched::WaitNode** wake);
  HEDDLE_INLINE size_t Finish(size_t i, Outcome outcome);
  HEDDLE_INLINE size_t TryAll(Outcome* outcome, sched::WaitNode** wake);
  [[gnu::noinline]] void WaitOnThread(Waiter* waiters,
                                      std::atomic<uint32_t>* fired,
                                      sched::WaitReason reason);
  HEDDLE_INLINE size_t Wait(Waiter* waiters, Outcome* outcome);
  HEDDLE_INLINE size_t Choose(Waiter* waiters, size_t default_case,
                              Outcome* outcome);
  HEDDLE_INLINE void SortByAddress();
  HEDDLE_INLINE void LockAll();
  void UnlockAll();
  static void Commit(Select* select) { select->UnlockAll(); }
  HEDDLE_INLINE void Enqueue(Waiter* waiters, sched::WaitNode* node,
                             std::atomic<uint32_t>* fired);
  HEDDLE_INLINE size_t Dequeue(Waiter* waiters);

  const std::byte* const cases_;
  const size_t stride_;
  const size_t n_;
  void* const scratch_;
  // The cases that have a channel, by its address.
  uint32_t* order_ = nullptr;
  size_t norder_ = 0;
};

template <typename ReadyFn>
inline size_t Select::Draw(ReadyFn ready) const {
  size_t drawn = kNone;
  uint32_t nready = 0;
  const std::byte* at = cases_;
  for (size_t i = 0; i < n_; i++, at += stride_) {
    if (!ready(*reinterpret_cast<const Case*>(at))) continue;
    nready++;
    if (nready == 1 || Below(nready) == 0) drawn = i;
  }
  return drawn;
}

// Carries c out, under its channel's lock, if it is ready.
inline Select::Outcome Select::Do(const Case& c, sched::WaitNode** wake) {
  Hchan* ch = c.c;
  const bool closed = ch->closed.load(std::memory_order_relaxed);
  if (c.kind == CaseKind::kSend) {
    if (closed) return Outcome::kClosed;
    if (Waiter* w = ch->recvq.Pop(); w != nullptr) {
      SendToWaiter(ch, w, c.elem, wake);
    } else if (ch->count.load(std::memory_order_relaxed) < ch->cap) {
      PushElem(ch, c.elem);
    } else {
      return Outcome::kNotReady;
    }
    return Outcome::kDone;
  }
  if (Waiter* w = ch->sendq.Pop(); w != nullptr) {
    RecvFromWaiter(ch, w, TargetOf(c), wake);
  } else if (ch->count.load(std::memory_order_relaxed) > 0) {
    PopElem(ch, TargetOf(c));
  } else {
    if (!closed) return Outcome::kNotReady;
    sched::RaceAcquire(&ch->closed);
    return Outcome::kClosed;
  }
  return Outcome::kDone;
}

inline void Select::Tell(size_t i, bool ok) {
  const Case& c = At(i);
  if (c.kind != CaseKind::kRecv) return;
  if (c.ok != nullptr) *c.ok = ok;
  if (c.elem == nullptr) return;
  const ElemOps* ops = c.c->ops;
  if (!ok) {
    if (ops->reset != nullptr) ops->reset(c.elem);
  } else if (ops->assign != nullptr) {
    ops->assign(c.elem, scratch_);
  }
}

[[noreturn, gnu::noinline, gnu::cold]] void ThrowClosed() {
  throw ClosedChannel("send on closed channel");
}

// After the locks are released.
inline size_t Select::Finish(size_t i, Outcome outcome) {
  if (outcome == Outcome::kClosed && At(i).kind == CaseKind::kSend) {
    ThrowClosed();
  }
  Tell(i, outcome == Outcome::kDone);
  return i;
}

// Wakes, at the end of a scope, in which it is found whom.
struct WakeAtEnd {
  ~WakeAtEnd() {
    if (ABSL_PREDICT_FALSE(node != nullptr)) sync::Waiter::Wake(node);
  }
  sched::WaitNode* node = nullptr;
};

inline size_t Select::TryOne(size_t i) {
  Outcome outcome;
  {
    const sched::RaceScope not_looked_at;
    WakeAtEnd wake;
    const os::SpinLockGuard guard(At(i).c->lock);
    outcome = Do(At(i), &wake.node);
  }
  return outcome == Outcome::kNotReady ? kNone : Finish(i, outcome);
}

inline void Select::SortByAddress() {
  uint32_t* const order = order_;
  size_t n = 0;
  for (uint32_t i = 0; i < n_; i++) {
    if (At(i).c != nullptr) order[n++] = i;
  }
  norder_ = n;
  const auto before = [this](uint32_t a, uint32_t b) {
    return std::less<>()(At(a).c, At(b).c);
  };
  constexpr size_t kInserted = 8;
  if (n > kInserted) {
    std::sort(order, order + n, before);
    return;
  }
  for (size_t k = 1; k < n; k++) {
    const uint32_t i = order[k];
    size_t at = k;
    for (; at > 0 && before(i, order[at - 1]); at--) order[at] = order[at - 1];
    order[at] = i;
  }
}

// Each channel once, though it may be in several cases. (sellock)
inline void Select::LockAll() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const Hchan* last = nullptr;
  const uint32_t* const end = order_ + norder_;
  for (const uint32_t* order = order_; order != end; order++) {
    Hchan* c = At(*order).c;
    if (c != last) c->lock.lock();
    last = c;
  }
}

inline void Select::UnlockAll() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  // What comes next is read before a lock is released: when it was the last,
  // the select may have returned. (Until then it has not, as it cannot have
  // taken its waiters off all queues: see Dequeue.)
  size_t left = norder_;
  const uint32_t* order = order_;
  Hchan* c = left > 0 ? At(*order).c : nullptr;
  while (left > 0) {
    Hchan* next = nullptr;
    do {
      left--;
      order++;
      next = left > 0 ? At(*order).c : nullptr;
    } while (next == c);
    c->lock.unlock();
    c = next;
  }
}

inline void Select::Enqueue(Waiter* waiters, sched::WaitNode* node,
                            std::atomic<uint32_t>* fired) {
  const uint32_t* const end = order_ + norder_;
  for (const uint32_t* order = order_; order != end; order++) {
    const Case& c = At(*order);
    auto* w = ::new (&waiters[*order]) Waiter();
    w->node = node;
    w->fired = fired;
    sched::RaceRelease(w);
    if (c.kind == CaseKind::kRecv) {
      const Target to = TargetOf(c);
      w->elem = to.elem;
      w->deliver = to.deliver;
      c.c->recvq.PushBack(w);
    } else {
      w->elem = c.elem;
      c.c->sendq.PushBack(w);
    }
  }
}

// Takes the waiters off their queues, but for that which was carried out, and
// is off it: returns the case. The lock of each other channel is taken, so the
// park's commit is through with all of them.
inline size_t Select::Dequeue(Waiter* waiters) {
  size_t done = kNone;
  const uint32_t* const end = order_ + norder_;
  for (const uint32_t* order = order_; order != end; order++) {
    const size_t i = *order;
    Waiter* w = &waiters[i];
    // Acquire: pairs with the release in Finish and in Close.
    if (w->result.load(std::memory_order_acquire) != Result::kWaiting) {
      done = i;
      continue;
    }
    const Case& c = At(i);
    const os::SpinLockGuard guard(c.c->lock);
    if (!w->queued) continue;
    (c.kind == CaseKind::kRecv ? c.c->recvq : c.c->sendq).Remove(w);
  }
  return done;
}

// Whoever claims a select's waiter is the only one that wakes its goroutine.
// This claims one, and wakes nobody.
bool Select::Unlink(sched::G* gp, void* select) {
  const auto* self = static_cast<const Select*>(select);
  std::atomic<uint32_t>* fired = nullptr;
  bool mine = false;
  for (size_t i = 0; i < self->norder_; i++) {
    Hchan* c = self->At(self->order_[i]).c;
    const os::SpinLockGuard guard(c->lock);
    for (WaitQueue* q : {&c->recvq, &c->sendq}) {
      while (Waiter* w = q->RemoveFirstOf(gp)) {
        if (fired == nullptr) {
          fired = w->fired;
          mine = w->Claim();
        }
      }
    }
  }
  // Without a waiter on any queue, its only one was fired.
  return mine || self->norder_ == 0;
}

[[maybe_unused]] const bool hook_set = [] {
  sched::SetUnlinkHook(sched::WaitReason::kSelect, Select::Unlink);
  return true;
}();

// Carries one out under all locks; kNone if none is ready.
inline size_t Select::TryAll(Outcome* outcome, sched::WaitNode** wake) {
  for (;;) {
    // The dead do not count; one that is alive may die before it is popped.
    const size_t i = Draw([](const Case& c) {
      if (c.c == nullptr) return false;
      const uint32_t count = c.c->count.load(std::memory_order_relaxed);
      return c.c->closed.load(std::memory_order_relaxed) ||
             (c.kind == CaseKind::kRecv
                  ? count != 0 || c.c->sendq.AnyAlive()
                  : count < c.c->cap || c.c->recvq.AnyAlive());
    });
    if (i == kNone) return kNone;
    *outcome = Do(At(i), wake);
    if (*outcome != Outcome::kNotReady) return i;
  }
}

void Select::WaitOnThread(Waiter* waiters, std::atomic<uint32_t>* fired,
                          sched::WaitReason reason) {
  sync::Waiter waiter;
  Enqueue(waiters, waiter.node(), fired);
  waiter.Wait(
      [](sched::G*, void* select) {
        static_cast<Select*>(select)->UnlockAll();
        return true;
      },
      this, reason);
}

// Parks, and releases the locks then, until a case has been carried out; kNone
// if it has to be tried again.
inline size_t Select::Wait(Waiter* waiters, Outcome* outcome) {
  std::atomic<uint32_t> fired{0};
  const sched::WaitReason reason = norder_ == 0
                                       ? sched::WaitReason::kSelectNoCases
                                       : sched::WaitReason::kSelect;
  // As sync::Waiter, without what a thread needs.
  if (sched::G* gp = sched::ParkableG(); ABSL_PREDICT_TRUE(gp != nullptr)) {
    Enqueue(waiters, gp, &fired);
    sched::ParkHere<Select, Commit>(gp, this, reason);  // selparkcommit
    sched::RaceAcquire(sanitizer::RaceWoken(&gp->fiber));
  } else {
    WaitOnThread(waiters, &fired, reason);
  }
  const size_t i = Dequeue(waiters);
  if (i == kNone) return kNone;
  switch (waiters[i].result.load(std::memory_order_relaxed)) {
    case Result::kDone:
      *outcome = Outcome::kDone;
      return i;
    case Result::kClosed:
      *outcome = Outcome::kClosed;
      return i;
    default:
      return kNone;
  }
}

// Steps 2 to 4, inside the runtime.
inline size_t Select::Choose(Waiter* waiters, size_t default_case,
                             Outcome* outcome) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const sched::InRuntime in;
  SortByAddress();
  for (;;) {
    WakeAtEnd wake;
    struct AllLocked {
      explicit AllLocked(Select* s) : s(s) { s->LockAll(); }
      ~AllLocked() {
        if (s != nullptr) s->UnlockAll();
      }
      Select* s;
    } locked(this);
    size_t i = TryAll(outcome, &wake.node);
    if (i != kNone) return i;
    if (default_case != kNoDefault) return default_case;
    locked.s = nullptr;
    i = Wait(waiters, outcome);
    if (i != kNone) return i;
  }
}

inline size_t Select::RunHere(uint32_t* order, Waiter* waiters,
                              size_t default_case) {
  order_ = order;
  Outcome outcome = Outcome::kNotReady;
  const size_t i = Choose(waiters, default_case, &outcome);
  return outcome == Outcome::kNotReady ? i : Finish(i, outcome);
}

// Bytes that the largest received value needs that is not trivial.
// Out of line: not for the select that finds a case ready.
[[gnu::noinline]] size_t ScratchSize(const Case* cases, size_t stride, size_t n,
                                     size_t* align) {
  size_t size = 0;
  *align = 1;
  for (size_t i = 0; i < n; i++) {
    const auto& c = *reinterpret_cast<const Case*>(
        reinterpret_cast<const std::byte*>(cases) + i * stride);
    if (c.c == nullptr || c.kind != CaseKind::kRecv || c.elem == nullptr ||
        c.c->ops->construct == nullptr) {
      continue;
    }
    size = std::max(size, c.c->ops->size);
    *align = std::max(*align, c.c->ops->align);
  }
  return size;
}

// A select of few cases that may have to wait.
[[gnu::noinline]] size_t SelectFew(const Case* cases, size_t stride, size_t n,
                                   void* scratch, size_t default_case) {
  uint32_t order[kFew];
  alignas(Waiter) std::byte waiters[kFew * sizeof(Waiter)];
  Select select(cases, stride, n, scratch);
  return select.RunHere(order, reinterpret_cast<Waiter*>(waiters),
                        default_case);
}

[[gnu::noinline]] size_t RunOnStack(Select* select, size_t default_case) {
  uint32_t order[kOnStack];
  alignas(Waiter) std::byte waiters[kOnStack * sizeof(Waiter)];
  return select->Run(order, reinterpret_cast<Waiter*>(waiters), default_case);
}

// SelectCases with all that it may need; `size` and `align` are the scratch's.
[[gnu::noinline]] size_t SelectSlowly(const Case* cases, size_t stride,
                                      size_t n, size_t size, size_t align,
                                      size_t default_case) {
  void* scratch = nullptr;
  if (size > 0) {
    const auto at = reinterpret_cast<uintptr_t>(alloca(size + align - 1));
    scratch = reinterpret_cast<void*>((at + align - 1) & ~(align - 1));
  }
  Select select(cases, stride, n, scratch);
  if (size > 0) {
    size_t i = select.DrawReady();
    if (i != kNone) i = select.TryOne(i);
    if (i != kNone) return i;
  }
  if (n <= kFew) return SelectFew(cases, stride, n, scratch, default_case);
  if (n <= kOnStack) return RunOnStack(&select, default_case);
  const std::unique_ptr<uint32_t[]> order(new uint32_t[n]);
  const std::unique_ptr<Waiter[]> waiters(new Waiter[n]);
  return select.Run(order.get(), waiters.get(), default_case);
}

}  // namespace

size_t SelectCases(const Case* cases, size_t stride, size_t n,
                   size_t default_case) {
  if (n > kMaxCases) {
    throw std::invalid_argument("select: too many cases (max 65536)");
  }
  Select select(cases, stride, n, /*scratch=*/nullptr);
  size_t i = select.DrawReady();
  if (i != kNone && !select.NeedsScratch(i)) {
    i = select.TryOne(i);
    if (i != kNone) return i;
  }
  size_t align;
  const size_t size = ScratchSize(cases, stride, n, &align);
  return size == 0 && n <= kFew
             ? SelectFew(cases, stride, n, /*scratch=*/nullptr, default_case)
             : SelectSlowly(cases, stride, n, size, align, default_case);
}

}  // namespace heddle::chan
