#include "heddle/runtime/chan/hchan.h"

#include <cstddef>
#include <limits>
#include <stdexcept>

#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/chan/closed_channel.h"
#include "heddle/runtime/chan/hand_over.h"
#include "heddle/runtime/sched/hooks.h"
#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/park_inline.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/wait_reason.h"
#include "heddle/runtime/sync/waiter.h"

namespace heddle::chan {
namespace {

using sched::WaitReason;

// Bytes of the Hchan and what fills up to the buffer, which follows it.
size_t HeaderSize(size_t align) {
  return (sizeof(Hchan) + align - 1) / align * align;
}

size_t Align(const ElemOps* ops) {
  return ops->align > alignof(Hchan) ? ops->align : alignof(Hchan);
}

void* Allocate(size_t bytes, size_t align) {
  if (align <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return ::operator new(bytes);
  return ::operator new(bytes, static_cast<std::align_val_t>(align));
}

void Free(void* memory, size_t align) {
  if (align <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) {
    ::operator delete(memory);
  } else {
    ::operator delete(memory, static_cast<std::align_val_t>(align));
  }
}

// On a nil channel.
[[noreturn]] void BlockForever(WaitReason reason) {
  const sched::InRuntime in;
  for (;;) {
    sync::Waiter waiter;
    waiter.Wait([](sched::G*, void*) { return true; }, nullptr, reason);
  }
}

[[gnu::noinline]] void WaitOnThread(Hchan* c, WaitQueue* q, Waiter* w,
                                    WaitReason reason) {
  sync::Waiter waiter;
  w->node = waiter.node();
  q->PushBack(w);
  sched::RaceRelease(w);
  waiter.Wait(&c->lock, reason);
}

// Waits in q, under c's lock, which it releases, until somebody has carried w
// out.
HEDDLE_INLINE Result WaitIn(Hchan* c, WaitQueue* q, Waiter* w,
                            WaitReason reason) {
  // As sync::Waiter, without what a thread needs.
  if (sched::G* gp = sched::ParkableG(); ABSL_PREDICT_TRUE(gp != nullptr)) {
    w->node = gp;
    q->PushBack(w);
    sched::RaceRelease(w);
    sched::ParkHere(gp, &c->lock, reason);
    sched::RaceAcquire(sanitizer::RaceWoken(&gp->fiber));
  } else {
    WaitOnThread(c, q, w, reason);
  }
  // Acquire: pairs with the release in Finish and in Close.
  return w->result.load(std::memory_order_acquire);
}

// Releases c's lock, which its maker holds, and then wakes whom that has found
// to be woken.
class Unlocks {
 public:
  explicit Unlocks(Hchan* c) : c_(c) {}
  ~Unlocks() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    c_->lock.unlock();
    if (wake != nullptr) sync::Waiter::Wake(wake);
  }
  Unlocks(const Unlocks&) = delete;
  Unlocks& operator=(const Unlocks&) = delete;

  sched::WaitNode* wake = nullptr;

 private:
  Hchan* const c_;
};

// What SendOn and RecvOn seldom do, or for types with moves of their own: under
// c's lock, which they release. Apart, so that the usual way saves no registers
// for them.

[[noreturn, gnu::noinline]] void ThrowClosed(Hchan* c) {
  { const Unlocks unlocks(c); }
  throw ClosedChannel("send on closed channel");
}

[[gnu::noinline]] void SendByMove(Hchan* c, Waiter* w, void* elem) {
  Unlocks held(c);
  SendToWaiter(c, w, elem, &held.wake);
}

[[gnu::noinline]] void SendToPlace(Hchan* c, void* elem) {
  const Unlocks held(c);
  PushElem(c, elem);
}

[[gnu::noinline]] void RecvByMove(Hchan* c, Waiter* w, Target to) {
  Unlocks held(c);
  RecvFromWaiter(c, w, to, &held.wake);
}

[[gnu::noinline]] void RecvFromPlace(Hchan* c, Target to) {
  const Unlocks held(c);
  PopElem(c, to);
}

// Who may block is inside the runtime.
template <bool kBlock>
void WakeFrom(sched::WaitNode* node) {
  if (kBlock) {
    sync::Waiter::WakeInside(node);
  } else {
    sync::Waiter::Wake(node);
  }
}

// Send, where c is not null, and TrySend. What has to be tried again, as the
// other side's move threw, is again(c, elem)'s: a loop here would keep for it
// what nobody else needs after a park, in registers that the park wants.
template <bool kBlock, typename Again>
HEDDLE_INLINE bool SendOn(Hchan* c, void* elem,
                          Again again) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const sched::RaceScope not_looked_at;
  c->lock.lock();
  if (ABSL_PREDICT_FALSE(c->closed.load(std::memory_order_relaxed))) {
    ThrowClosed(c);
  }
  if (Waiter* w = c->recvq.Pop(); w != nullptr) {
    if (w->elem != nullptr && w->deliver != nullptr) {
      SendByMove(c, w, elem);
      return true;
    }
    sched::RaceAcquire(w);
    Deliver(c, {w->elem, nullptr}, elem);
    sched::WaitNode* const wake = Finish(w, Result::kDone);
    c->lock.unlock();
    WakeFrom<kBlock>(wake);
    return true;
  }
  if (c->count.load(std::memory_order_relaxed) < c->cap) {
    SendToPlace(c, elem);
    return true;
  }
  if (!kBlock) {
    c->lock.unlock();
    return false;
  }
  Waiter me;
  me.elem = elem;
  switch (WaitIn(c, &c->sendq, &me, WaitReason::kChanSend)) {
    case Result::kClosed:
      throw ClosedChannel("send on closed channel");
    case Result::kRetry:
      return again(c, me.elem);
    default:
      return true;
  }
}

// Recv, where c is not null, and TryRecv; again(c, to) as in SendOn.
template <bool kBlock, typename Again>
HEDDLE_INLINE Received RecvOn(Hchan* c, Target to,
                              Again again) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const sched::RaceScope not_looked_at;
  c->lock.lock();
  if (Waiter* w = c->sendq.Pop(); w != nullptr) {
    if (c->cap != 0 || (to.elem != nullptr && to.deliver != nullptr)) {
      RecvByMove(c, w, to);
      return Received::kValue;
    }
    sched::RaceAcquire(w);
    Deliver(c, {to.elem, nullptr}, w->elem);
    sched::WaitNode* const wake = Finish(w, Result::kDone);
    c->lock.unlock();
    WakeFrom<kBlock>(wake);
    return Received::kValue;
  }
  if (c->count.load(std::memory_order_relaxed) > 0) {
    RecvFromPlace(c, to);
    return Received::kValue;
  }
  if (c->closed.load(std::memory_order_relaxed)) {
    sched::RaceAcquire(&c->closed);
    c->lock.unlock();
    return Received::kClosed;
  }
  if (!kBlock) {
    c->lock.unlock();
    return Received::kEmpty;
  }
  Waiter me;
  me.elem = to.elem;
  me.deliver = to.deliver;
  switch (WaitIn(c, &c->recvq, &me, WaitReason::kChanReceive)) {
    case Result::kClosed:
      return Received::kClosed;
    case Result::kRetry:
      return again(c, Target{me.elem, me.deliver});
    default:
      return Received::kValue;
  }
}

[[gnu::noinline, gnu::cold]] bool SendAgain(Hchan* c, void* elem) {
  for (bool again = true; again;) {
    again = false;
    SendOn<true>(c, elem, [&](Hchan*, void*) { return again = true; });
  }
  return true;
}

[[gnu::noinline, gnu::cold]] Received RecvAgain(Hchan* c, Target to) {
  for (;;) {
    bool again = false;
    const Received received = RecvOn<true>(c, to, [&](Hchan*, Target) {
      again = true;
      return Received::kEmpty;
    });
    if (!again) return received;
  }
}

// The channel whose lock it was that gp released.
bool UnlinkFromOne(sched::G* gp, void* waits_at) {
  // Who sends or receives and is runnable waits nowhere.
  if (sched::ReadGStatus(gp) != sched::GStatus::kWaiting) return true;
  static_assert(offsetof(Hchan, lock) == 0);
  auto* c = static_cast<Hchan*>(waits_at);
  const os::SpinLockGuard guard(c->lock);
  return c->recvq.RemoveFirstOf(gp) || c->sendq.RemoveFirstOf(gp);
}

[[maybe_unused]] const bool hooks_set = [] {
  sched::SetUnlinkHook(WaitReason::kChanReceive, UnlinkFromOne);
  sched::SetUnlinkHook(WaitReason::kChanSend, UnlinkFromOne);
  return true;
}();

}  // namespace

Hchan* New(const ElemOps* ops, size_t cap) {
  const size_t align = Align(ops);
  const size_t header = HeaderSize(align);
  constexpr size_t kMost = std::numeric_limits<ptrdiff_t>::max();
  if (cap > std::numeric_limits<uint32_t>::max() ||
      cap > (kMost - header) / ops->size) {
    throw std::invalid_argument("makechan: size out of range");
  }
  auto* memory =
      static_cast<std::byte*>(Allocate(header + cap * ops->size, align));
  return ::new (memory) Hchan(ops, memory + header, static_cast<uint32_t>(cap));
}

void Delete(Hchan* c) {
  sched::RaceAcquire(&c->refs);
  if (!c->recvq.empty() || !c->sendq.empty()) {
    base::FatalText(
        "heddle: a channel was destroyed while a goroutine waits in it, or has "
        "waited and not run since: it has a reference to the last handle; give "
        "it a copy");
  }
  const ElemOps* ops = c->ops;
  if (ops->destroy != nullptr) {
    for (uint32_t n = c->count.load(std::memory_order_relaxed); n > 0; n--) {
      ops->destroy(c->Place(c->recvx));
      c->recvx = c->Next(c->recvx);
    }
  }
  c->~Hchan();
  Free(c, Align(ops));
}

void Send(Hchan* c, void* elem) {
  if (c == nullptr) BlockForever(WaitReason::kChanSendNilChan);
  // Who may park has to be inside before it takes the lock.
  const sched::InRuntime in;
  SendOn<true>(c, elem, SendAgain);
}

bool TrySend(Hchan* c, void* elem) {
  return c != nullptr && CanSend(c) && SendOn<false>(c, elem, SendAgain);
}

Received Recv(Hchan* c, Target to) {
  if (c == nullptr) BlockForever(WaitReason::kChanReceiveNilChan);
  const sched::InRuntime in;  // as in Send
  return RecvOn<true>(c, to, RecvAgain);
}

Received TryRecv(Hchan* c, Target to) {
  if (c == nullptr || !CanRecv(c)) return Received::kEmpty;
  return RecvOn<false>(c, to, RecvAgain);
}

void Close(Hchan* c) {
  if (c == nullptr) throw ClosedChannel("close of nil channel");
  sched::RaceRelease(&c->closed);
  const sched::RaceScope not_looked_at;
  Waiter* first = nullptr;
  Waiter** link = &first;
  {
    const os::SpinLockGuard guard(c->lock);
    if (c->closed.load(std::memory_order_relaxed)) {
      throw ClosedChannel("close of closed channel");
    }
    // Release: pairs with the acquire in Chan::closed.
    c->closed.store(true, std::memory_order_release);
    for (WaitQueue* q : {&c->recvq, &c->sendq}) {
      while (Waiter* w = q->Pop()) {
        // Release: pairs with the acquire in WaitIn, and in Select.
        w->result.store(Result::kClosed, std::memory_order_release);
        *link = w;
        link = &w->next;
      }
    }
    *link = nullptr;
  }
  sched::GoreadyBatch batch;
  while (first != nullptr) {
    Waiter* w = first;
    first = w->next;
    sched::WaitNode* node = w->node;
    if (node->home != nullptr) {
      sync::Waiter::NoteWake(node);
      batch.Add(static_cast<sched::G*>(node));
    } else {
      sync::Waiter::Wake(node);
    }
  }
}

}  // namespace heddle::chan
